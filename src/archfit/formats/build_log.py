"""What a build's output tells beside its messages: packages, settings, symbols, checks.

A linker says which symbols it lacks, each in its own form; `go build` puts `# package`
above what a package's tools said; `go env`, prompts and commands show what was asked for.
Rules of the build family read these together with their own messages.

Forms, and where they are written down: GNU ld `undefined reference to` (ldmain.c,
undefined_symbol), gold (errors.cc, Errors::undefined_symbol), lld (ELF/Relocations.cpp,
reportUndefinedSymbol; MachO/SymbolTable.cpp; wasm), mold (passes.cc, report_undef_errors),
ld64 (Resolver.cpp, checkUndefines), MSVC LNK2001 and LNK2019, Go cmd/link (ld/errors.go);
go list headings and `[pkg.test]` (cmd/go/internal/work/shell.go, reportCmd); `go env`
(cmd/go/internal/envcmd/env.go, PrintEnv).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

#: Settings of Go that a text may show, as `go env` prints or a command sets them.
_SETTING = re.compile(
    r"(?:^|[\s;&|\"'(`:])"
    r"(GOOS|GOARCH|GOHOSTOS|GOHOSTARCH|GOARM|CGO_ENABLED|CC|CXX|GOVERSION|GOROOT|GOTOOLDIR)"
    r"\s?[=:]\s?[\"']?([\w./\\:+-]{0,120})"
)
_GO_VERSION = re.compile(r"\bgo version (?:go|devel )\S{1,60}(?: \S{1,60}){0,8}? (\w+)/(\w+)")
_TOOL_FOLDER = re.compile(r"pkg[/\\]tool[/\\](\w{2,12})_(\w{2,12})[/\\]")
_HEADING = re.compile(
    r"(?:^|: |\s)# (runtime/cgo|command-line-arguments|net|os/user"
    r"|[A-Za-z0-9][\w.-]{0,80}(?:/[\w.@~+-]{1,80}){1,12})(?: \[[^\]\n]{1,200}\])?\s*$"
)
_UNDEFINED = (
    re.compile(r"undefined references? to [`'‘]([^'’\n]{1,2000})"),
    re.compile(r"undefined reference to symbol '([^'\n]{1,2000})'"),
    re.compile(r"undefined (?:hidden |protected |internal )?symbol: ([^\n]{1,2000})"),
    re.compile(r"unresolved external symbol ([^\n]{1,2000}?)(?: referenced in function|\s*$)"),
    re.compile(r"relocation target ([^\s]{1,400}) not defined"),
)
#: Work files of configure, CMake and Meson checks: what fails there is asked, not needed.
_PROBES = (
    "conftest",
    "CMakeScratch",
    "CMakeTmp",
    "TryCompile-",
    "CheckSymbolExists.c",
    "CheckIncludeFile",
    "CheckFunctionExists.c",
    "CheckTypeSize",
    "testfile.c",
    "meson-private/tmp",
    "feature_tests",
)
_MISSING_SYMBOL = ("ndefined reference", "ndefined symbol", "unresolved external symbol")


@dataclass(frozen=True, slots=True)
class Undefined:
    """A symbol that a linker lacks; ``number``: its line; ``user``: that line or the next
    one, which tells who uses it."""

    symbol: str
    number: int
    user: str = ""


#: What the last lines of a build that ended well say, and what those of a failed one do.
_ENDS_WELL = re.compile(
    r"^\[100%\] Built target|Build files have been written to|BUILD SUCCE|Build succeeded"
    r"|Build completed successfully|^\s*Finished [`\w]|Successfully (?:built|installed)"
    r"|^configure: creating |^config\.status: creating |Now type 'make'"
)
_FAILS = re.compile(
    r"(?i)\berror\b(?!s?: 0)|\*\*\*|\bfailed\b|\bfatal\b|failure|cannot find|not found:"
)


class BuildLog:
    """``lines``: number -> plain line; ``told``: what the user added, as one text."""

    def __init__(self, lines: Mapping[int, str], told: str = "") -> None:
        self._lines = lines
        self._told = told

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """`# package` lines of `go build`: (line, import path), in order."""
        found = []
        for number, line in self._lines.items():
            if "# " in line:
                match = _HEADING.search(line[-400:])
                if match is not None:
                    found.append((number, match[1]))
        return found

    def package(self, number: int) -> str:
        """The Go package under whose heading line ``number`` stands, or ""."""
        name = ""
        for at, package in self.headings:
            if at > number:
                break
            name = package
        return name

    @cached_property
    def settings(self) -> Mapping[str, tuple[str, ...]]:
        """Settings of Go by name, all values in the order of the text; the user's first."""
        found: dict[str, list[str]] = {}
        asked = False
        for line in (*self._told.splitlines(), *self._lines.values()):
            if asked and line.strip() in ("0", "1"):
                found.setdefault("CGO_ENABLED", []).append(line.strip())
            asked = line.endswith("go env CGO_ENABLED")
            if "GO" in line or "CC" in line or "CXX" in line:
                for match in _SETTING.finditer(line[:4000]):
                    found.setdefault(match[1], []).append(match[2])
        return {name: tuple(values) for name, values in found.items()}

    @cached_property
    def host(self) -> tuple[str, str]:
        """(os, ISA) that the go command was built for, "" where the text does not tell."""
        told = re.search(r"\b(linux|darwin|windows|freebsd)/(\w{3,10})\b", self._told)
        system = next(iter(self.settings.get("GOHOSTOS", ())), "")
        isa = next(iter(self.settings.get("GOHOSTARCH", ())), "")
        if isa:
            return system, isa
        for line in self._lines.values():
            if "pkg/tool/" in line or "pkg\\tool\\" in line:
                match = _TOOL_FOLDER.search(line[:4000])
                if match is not None:
                    return match[1], match[2]
        for line in self._lines.values():
            if "go version " in line:
                match = _GO_VERSION.search(line[:1000])
                if match is not None:
                    return match[1], match[2]
        return (told[1], told[2]) if told is not None else ("", "")

    @cached_property
    def target(self) -> tuple[str, str]:
        """(GOOS, GOARCH) that was asked for last, "" where none was."""
        return (
            next(reversed(self.settings.get("GOOS", ("",))), ""),
            next(reversed(self.settings.get("GOARCH", ("",))), ""),
        )

    @property
    def crosses(self) -> bool:
        """A target other than the go command's own is asked for."""
        pairs = zip(self.target, self.host, strict=True)
        return any(asked and own and asked != own for asked, own in pairs)

    @property
    def cgo(self) -> str:
        """CGO_ENABLED as it was set last: 0, 1, or "" when the text does not show it."""
        return next((v for v in reversed(self.settings.get("CGO_ENABLED", ())) if v), "")

    @cached_property
    def undefined(self) -> list[Undefined]:
        """Symbols that a linker lacks, each once, in order."""
        found: dict[str, Undefined] = {}
        listed = False
        numbers = list(self._lines)
        for index, number in enumerate(numbers):
            line = self._lines[number]
            listed = listed or "ndefined symbols" in line
            symbol = _symbol(line[:4000], listed)
            if symbol:
                after = self._lines[numbers[index + 1]] if index + 1 < len(numbers) else ""
                before = self._lines[numbers[index - 1]] if index else ""
                user = before if "in function" in before.lower() else f"{line}\n{after}"
                found.setdefault(symbol, Undefined(symbol, number, user[:1000]))
        return list(found.values())

    def probe(self, number: int) -> bool:
        """Line ``number`` is what a compiler said to a check of configure, CMake or Meson."""
        near = [self._lines.get(at, "") for at in range(number - 3, number + 4)]
        return any(sign in line for line in near for sign in _PROBES)

    def went_on(self, number: int) -> bool:
        """After this line the build ended well: what is said there stopped nothing."""
        well, failed = self._ends
        return failed <= number < well

    @cached_property
    def _ends(self) -> tuple[int, int]:
        """The last lines that tell of a good end, and of a failure; 0 where there is none."""
        well = failed = 0
        for number, line in self._lines.items():
            if _FAILS.search(line[:1000]) is not None:
                failed = number
            elif _ENDS_WELL.search(line[:1000]) is not None:
                well = number
        return well, failed

    def after(self, number: int, reach: int = 100_000) -> Iterator[tuple[int, str]]:
        """Lines behind line ``number`` that are here."""
        for at, line in self._lines.items():
            if number < at <= number + reach:
                yield at, line


def _symbol(line: str, listed: bool) -> str:
    if "relocation target " in line or any(sign in line for sign in _MISSING_SYMBOL):
        for pattern in _UNDEFINED:
            match = pattern.search(line)
            if match is not None:
                return match[1].strip().split(" (EC symbol)")[0].strip("\"'")
    if listed and ", referenced from:" in line:
        name = line.partition(", referenced from:")[0].rstrip().removesuffix('"')
        return name.rpartition('"')[2].strip()
    return ""
