"""A failing build as a value, and the ways to make it smaller.

A pass says which pieces a case consists of and builds the case that has some of them; it
knows nothing of processes, and the order of the pieces is that of the files' names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from archfit.lab import flag_words, go_source

#: A variable and its words.
Variable = tuple[str, tuple[str, ...]]

_C = (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m", ".mm")
_SOURCES = (".go", *_C, ".s", ".S", ".sx", ".f", ".F", ".f90", ".for")
#: Lines of other files are tried too, when the files are not longer than this.
_SHORT = 64 << 10
_EMPTY = re.compile(r"^/\*\s*\*/[ \t]*\n", re.M)
#: Without them there is no module, so they are not tried as a whole.
_KEPT = ("go.mod", "go.work")


@dataclass(frozen=True, slots=True)
class Case:
    """``files``: path below the root -> bytes; ``env``: the variables that hold flags."""

    files: Mapping[str, bytes]
    env: tuple[Variable, ...]
    argv: tuple[str, ...]

    def key(self) -> str:
        """SHA-256 of all that it is."""
        whole = hashlib.sha256(repr((self.env, self.argv)).encode())
        for path in sorted(self.files):
            whole.update(f"{path}\0{content_key(self.files[path])}\0".encode())
        return whole.hexdigest()

    def texts(self, suffixes: tuple[str, ...] = _SOURCES) -> Iterator[tuple[str, str]]:
        """(path, text) of the files with these endings that are text, by path."""
        for path in sorted(self.files):
            text = _text(self.files[path]) if path.endswith(suffixes) else None
            if text is not None:
                yield path, text

    def flags(self) -> list[str]:
        """Every flag with where it stands: `CGO_CFLAGS -O2`, `a.go #cgo CFLAGS: -I.`, `go -x`."""
        found = [f"{name} {' '.join(g)}" for name, ws in self.env for g in flag_words.grouped(ws)]
        for path, text in self.texts((".go",)):
            for head, words in flag_words.cgo_lines(text):
                own = head.strip().removeprefix("//").strip()
                found += [f"{path} {own} {' '.join(g)}" for g in flag_words.grouped(words)]
        return found + [" ".join(self.argv[:1] + g) for g in _own_flags(self.argv)]

    def lines(self) -> int:
        """Lines of sources that are not blank."""
        return sum(bool(line.strip()) for _, text in self.texts() for line in text.splitlines())


@lru_cache(1 << 14)
def content_key(data: bytes) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(data).hexdigest()


def _text(data: bytes) -> str | None:
    if b"\0" in data[:8192]:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True, slots=True)
class Pass:
    """``pieces``: what can be left out, by name; ``build``: the case with the numbers kept."""

    name: str
    pieces: Callable[[Case], Sequence[str]]
    build: Callable[[Case, Set[int]], Case]


def _changed(case: Case, texts: Mapping[str, str]) -> Case:
    """With other texts; what a Go file no longer uses is not imported."""
    files = dict(case.files)
    for path, text in texts.items():
        clean = go_source.without_unused_imports(text) if path.endswith(".go") else text
        files[path] = _EMPTY.sub("", clean).encode()
    return replace(case, files=files)


# -- bodies of Go functions -------------------------------------------------------------------


def _bodies(case: Case) -> list[str]:
    return [path for path, text in case.texts((".go",)) for _ in go_source.bodies(text)]


def _with_bodies(case: Case, kept: Set[int]) -> Case:
    at = 0
    texts: dict[str, str] = {}
    for path, text in case.texts((".go",)):
        own = go_source.bodies(text)
        inner = {number - at for number in kept if at <= number < at + len(own)}
        at += len(own)
        if len(inner) < len(own):
            texts[path] = go_source.without_bodies(text, own, inner)
    return _changed(case, texts)


# -- folders and files ------------------------------------------------------------------------


def _above(path: str) -> str:
    return path.rpartition("/")[0]


def _folders(case: Case) -> list[str]:
    return sorted({_above(path) for path in case.files} - {""})


def _with_folders(case: Case, kept: Set[int]) -> Case:
    left = {""} | {name for number, name in enumerate(_folders(case)) if number in kept}
    return _of_files(case, {path for path in case.files if _above(path) in left})


def _files(case: Case) -> list[str]:
    return sorted(path for path in case.files if path.rpartition("/")[2] not in _KEPT)


def _with_files(case: Case, kept: Set[int]) -> Case:
    gone = {name for number, name in enumerate(_files(case)) if number not in kept}
    return _of_files(case, set(case.files) - gone)


def _of_files(case: Case, left: Set[str]) -> Case:
    """With these files; what is gone is not included, nor imported for its effects."""
    fewer = replace(case, files={path: case.files[path] for path in case.files if path in left})
    here = {_above(path) for path in left if path.endswith(".go")}
    packages = {_above(path) for path in case.files if path.endswith(".go")} - here - {""}
    names = {path.rpartition("/")[2] for path in left}
    headers = {path.rpartition("/")[2] for path in case.files} - names
    patterns = []
    if packages:
        patterns.append(rf'^(?:import)?[ \t]*_[ \t]+"[^"\n]*/(?:{_any(packages)})"[ \t]*\n')
    if headers:
        patterns.append(rf'^[ \t/]*#[ \t]*include[ \t]*"(?:[^"\n]*/)?(?:{_any(headers)})"[^\n]*\n')
    if not patterns:
        return fewer
    line = re.compile("|".join(patterns), re.M)
    texts = {path: line.sub("", text) for path, text in fewer.texts() if line.search(text)}
    return _changed(fewer, texts)


def _any(names: Set[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names))


# -- declarations and lines -------------------------------------------------------------------


def _declarations(case: Case) -> list[str]:
    return [path for path, text in case.texts() for _ in go_source.chunks(text)]


def _with_declarations(case: Case, kept: Set[int]) -> Case:
    return _with_parts(case, kept, ((p, go_source.chunks(t)) for p, t in case.texts()))


def _lined(case: Case) -> Iterator[tuple[str, list[str]]]:
    for path in sorted(case.files):
        data = case.files[path]
        if path.endswith(_SOURCES) or (len(data) <= _SHORT and not path.endswith(".sum")):
            text = _text(data)
            if text is not None:
                yield path, text.splitlines(True)


def _lines(case: Case) -> list[str]:
    return [path for path, lines in _lined(case) for line in lines if line.strip()]


def _with_lines(case: Case, kept: Set[int]) -> Case:
    return _with_parts(
        case, kept, ((path, [line for line in ls if line.strip()]) for path, ls in _lined(case))
    )


def _with_parts(case: Case, kept: Set[int], parts: Iterator[tuple[str, list[str]]]) -> Case:
    at = 0
    texts: dict[str, str] = {}
    for path, own in parts:
        left = [part for number, part in enumerate(own, at) if number in kept]
        at += len(own)
        if len(left) < len(own):
            texts[path] = "".join(left)
    return _changed(case, texts)


# -- flags ------------------------------------------------------------------------------------


def _own_flags(argv: Sequence[str]) -> list[tuple[str, ...]]:
    """The flags of the command, each with its value; what follows a `--` is not its own."""
    end = argv.index("--") if "--" in argv else len(argv)
    return [group for group in flag_words.grouped(argv[1:end], True) if group[0].startswith("-")]


def _with_flags(case: Case, kept: Set[int]) -> Case:
    at = 0

    def of(words: Sequence[str]) -> tuple[str, ...]:
        nonlocal at
        groups = flag_words.grouped(words)
        left = [group for number, group in enumerate(groups, at) if number in kept]
        at += len(groups)
        return tuple(word for group in left for word in group)

    env = tuple((name, words) for name, old in case.env if (words := of(old)))
    texts: dict[str, str] = {}
    for path, text in case.texts((".go",)):
        lines = flag_words.cgo_lines(text)
        left = [of(old) for _, old in lines]
        if any(len(new) < len(old) for new, (_, old) in zip(left, lines, strict=True)):
            texts[path] = flag_words.with_cgo_lines(text, left)
    argv = list(case.argv[:1])
    end = case.argv.index("--") if "--" in case.argv else len(case.argv)
    for group in flag_words.grouped(case.argv[1:end], True):
        if group[0].startswith("-"):
            if at in kept:
                argv += group
            at += 1
        else:
            argv += group
    return replace(_changed(case, texts), env=env, argv=(*argv, *case.argv[end:]))


BODIES = Pass("function bodies", _bodies, _with_bodies)
FOLDERS = Pass("packages", _folders, _with_folders)
FILES = Pass("files", _files, _with_files)
FLAGS = Pass("flags", Case.flags, _with_flags)
DECLARATIONS = Pass("declarations", _declarations, _with_declarations)
LINES = Pass("lines", _lines, _with_lines)
