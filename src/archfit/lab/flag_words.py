"""Compiler flags as words, and the `#cgo` lines that hold them.

Words are split as cmd/go does: the CGO_* variables by go/build and cmd/internal/quoted
(single or double quotes around a word, no escapes), `#cgo` lines by splitQuoted of
go/build/build.go (quotes and backslashes). Both agree on words without quotes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

#: The variables whose words go to tools (cmd/cgo documentation, "Using cgo with the go command").
VARIABLES = ("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS")

#: Flags of compilers and linkers whose value is the next word.
# fmt: off
_OF_COMPILERS = frozenset((
    "-I", "-L", "-D", "-U", "-l", "-x", "-arch", "-framework", "-include", "-isystem",
    "-iquote", "-idirafter", "-isysroot", "-target", "-Xlinker", "-Xclang",
    "-Xpreprocessor", "-Xassembler", "-imacros", "-u", "-z", "-T", "-o",
))
#: Those of `go build`, `go run` and `go test` (go help build, go help testflag).
_OF_GO = frozenset((
    "-C", "-tags", "-ldflags", "-gcflags", "-asmflags", "-gccgoflags", "-o", "-p", "-mod",
    "-modfile", "-overlay", "-buildmode", "-compiler", "-covermode", "-coverpkg", "-exec",
    "-installsuffix", "-pgo", "-pkgdir", "-toolexec", "-run", "-bench", "-count", "-cpu",
    "-timeout", "-skip",
))
# fmt: on
_CGO_LINE = re.compile(r"^(?P<head>\s*(?://\s*)?#cgo\b[^:\n]*:)(?P<words>[^\n]*)$", re.M)


def split(text: str) -> list[str]:
    """The words of a variable or of a `#cgo` line; an unclosed quote is a character."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def join(words: Iterable[str]) -> str:
    """Words put together again; quoted where they hold a space."""
    return " ".join(f'"{word}"' if re.search(r"[\s'\"]", word) else word for word in words)


def grouped(words: Sequence[str], of_go: bool = False) -> list[tuple[str, ...]]:
    """A flag with its value, where that is a word of its own; the others alone.

    ``of_go``: they are flags of the go command, not of a compiler.
    """
    with_value = _OF_GO if of_go else _OF_COMPILERS
    groups: list[tuple[str, ...]] = []
    at = 0
    while at < len(words):
        size = 2 if words[at] in with_value and at + 1 < len(words) else 1
        groups.append(tuple(words[at : at + size]))
        at += size
    return groups


def cgo_lines(source: str) -> list[tuple[str, list[str]]]:
    """(``#cgo linux CFLAGS:``, its words) of a Go file, in order."""
    return [(found["head"], split(found["words"])) for found in _CGO_LINE.finditer(source)]


def with_cgo_lines(source: str, words: Sequence[Sequence[str]]) -> str:
    """The file with other words in its `#cgo` lines; a line without words is taken out."""
    left = iter(words)

    def line(found: re.Match[str]) -> str:
        own = next(left, ())
        return f"{found['head']} {join(own)}" if own else "\0"

    return re.sub(r"\0\n?", "", _CGO_LINE.sub(line, source))
