"""Go and C sources taken apart without a compiler, for a reduction.

Borders are found by counting brackets outside of strings and comments. A border that is
wrong gives a candidate that does not build, which the reduction then drops.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

_SKIPPED = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|'(?:[^'\\\n]|\\.){1,12}'", re.S
)
_FUNC = re.compile(r"^func\b", re.M)
_IMPORT = re.compile(r"^import[ \t]*(?:\((?P<group>[^)]*)\)|(?P<one>[^\n(]+))", re.M)
_SPEC = re.compile(r"^[ \t]*(?:import[ \t]+)?(?P<name>[\w.]+[ \t]+)?\"(?P<path>[^\"\n]+)\"", re.M)


@dataclass(frozen=True, slots=True)
class Body:
    """``text[start:end]`` is a function's body without its braces; ``results``: it returns."""

    start: int
    end: int
    results: bool


def blank(text: str) -> str:
    """The text with strings and comments as spaces, of equal length and equal lines."""

    def spaces(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0])

    return _SKIPPED.sub(spaces, text)


def bodies(text: str) -> list[Body]:
    """The bodies of Go functions at top level that hold something."""
    bare = blank(text)
    found: list[Body] = []
    for head in _FUNC.finditer(bare):
        opened = _opening(bare, head.end())
        if opened is None:
            continue
        start, results = opened
        end = _closing(bare, start)
        if end is not None and text[start:end].strip() not in ("", 'panic("")'):
            found.append(Body(start, end, results))
    return found


def without_bodies(text: str, own: Sequence[Body], kept: Set[int]) -> str:
    """The text with the bodies emptied whose number is not in ``kept``."""
    for number in reversed(range(len(own))):
        if number not in kept:
            body = own[number]
            text = text[: body.start] + (' panic("") ' if body.results else "") + text[body.end :]
    return text


def _opening(bare: str, at: int) -> tuple[int, bool] | None:
    """Behind the brace that opens the body of a function whose word `func` ends at ``at``."""
    depth, lists, after = 0, 0, at
    for place in range(at, min(len(bare), at + 20_000)):
        char = bare[place]
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
            if depth == 0 and char == ")":
                lists, after = lists + 1, place + 1
        elif char == "{" and depth == 0:
            word = bare[max(at, place - 12) : place].split()
            if word and word[-1].endswith(("struct", "interface")):
                return None  # a type in the results
            return place + 1, bool(bare[after:place].strip()) or lists > _least(bare, at)
        elif char == "\n" and depth == 0 and lists:
            return None  # declared here, defined elsewhere
    return None


def _least(bare: str, at: int) -> int:
    """Bracketed lists before the results: parameters, and a receiver where there is one."""
    return 2 if bare[at : at + 40].lstrip().startswith("(") else 1


def _closing(bare: str, start: int) -> int | None:
    depth = 1
    for found in re.finditer(r"[{}]", bare[start:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return start + found.start()
    return None


def chunks(text: str) -> list[str]:
    """Declarations at top level, as runs of whole lines; put together they are the text.

    The preamble of an `import "C"` falls into its lines.
    """
    bare = blank(text)
    parts: list[list[str]] = []
    depth = 0
    for line, shown in zip(text.splitlines(True), bare.splitlines(True), strict=False):
        starts = depth <= 0 and line[:1] not in (" ", "\t", "}", ")", "\n", "")
        if starts or not parts:
            parts.append([])
        parts[-1].append(line)
        depth += sum(shown.count(c) for c in "({[") - sum(shown.count(c) for c in ")}]")
    return ["".join(part) for part in parts]


def without_unused_imports(text: str) -> str:
    """The Go file without the imports whose name stands nowhere after a use `name.`.

    The name of an import without an alias is taken from its path: the last element that
    is no major version (`/v2`, `.v3`), without `go-`. `C`, `_` and `.` stay.
    """
    bare = blank(text)
    used = set(re.findall(r"\b(\w+)\.", bare))
    dropped: list[tuple[int, int]] = []
    for found in _IMPORT.finditer(text):
        if not bare[found.start() :].startswith("import"):
            continue
        dropped += [
            span for name, span in _specs(text, found) if name not in used | {"C", "_", "."}
        ]
    for start, end in reversed(dropped):
        text = text[:start] + text[end:]
    return text


def _specs(text: str, found: re.Match[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    for spec in _SPEC.finditer(text, found.start(), found.end()):
        end = spec.end()
        while end < len(text) and text[end] != "\n":
            end += 1
        yield (spec["name"] or "").strip() or _own_name(spec["path"]), (spec.start(), end + 1)


def _own_name(path: str) -> str:
    parts = path.split("/")
    name = parts[-1]
    if re.fullmatch(r"v\d+", name) and len(parts) > 1:
        name = parts[-2]
    name = re.sub(r"\.v\d+$", "", name)
    return name.removeprefix("go-").removesuffix("-go").rsplit("-", 1)[-1]


def imported(text: str) -> list[str]:
    """The paths that a Go file imports."""
    bare = blank(text)
    return [
        spec["path"]
        for found in _IMPORT.finditer(text)
        if bare.startswith("import", found.start())
        for spec in _SPEC.finditer(text, found.start(), found.end())
    ]


def imports_apart(text: str) -> tuple[list[str], str]:
    """(import declarations, one a path, each `import "C"` with its preamble; the rest).

    The rest has no package clause.
    """
    bare = blank(text)
    heads: list[str] = []
    rest, at = "", 0
    for found in _IMPORT.finditer(text):
        if not bare.startswith("import", found.start()):
            continue
        start = found.start()
        if '"C"' in found[0]:
            # The comment right above it is its preamble.
            while start > at and bare[:start].rstrip(" \t\n") != bare[:start]:
                above = text.rfind("\n", 0, start - 1) + 1
                if bare[above:start].strip() or not text[above:start].strip():
                    break
                start = above
        rest += text[at:start]
        if found["group"] is None:
            heads.append(f"{text[start : found.end()].rstrip()}\n")
        else:
            heads += [
                f'import {spec["name"] or ""}"{spec["path"]}"\n'
                for spec in _SPEC.finditer(text, found.start(), found.end())
            ]
        at = min(found.end() + 1, len(text))
    rest += text[at:]
    return heads, re.sub(r"^package[ \t]+\w+[^\n]*\n", "", rest, count=1, flags=re.M)
