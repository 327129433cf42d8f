"""Messages of crashes without what differs from death to death, and what they are a kind of.

Sources: runtime/error.go (`boundsErrorFmts`, `TypeAssertionError`, `plainErrorString`),
runtime/panic.go (`printpanicval`, `printpanics`) of Go 1.19, 1.26 and 1.27.
"""

from __future__ import annotations

import re

from archfit.crash import throws

_QUOTED = re.compile(r'"[^"\n]{0,200}"|`[^`\n]{0,200}`|\'[^\'\n]{3,200}\'')
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:/[^\s:,;)/]{1,100}){2,20}")
_NUMBER = re.compile(r"\b(?:0x[0-9a-fA-F]+|[0-9a-f]{8,}|\d+)(?:[._:-]?[0-9a-f]*\d[0-9a-f]*)*")
_RECOVERED = re.compile(r" \[recovered[^\]\n]{0,40}\]")
_VALUE = re.compile(r"\A(?:\(|&)?([\w./*%]{1,120}\.[\w*]{1,80})\)?(?: ?[({].*)\Z")
#: One and the same access is SIGSEGV on one system and SIGBUS on another; __builtin_trap is
#: SIGILL on amd64 and SIGTRAP on arm64. Go before 1.20 calls a signal in C a fatal error.
_SIGNALS = {
    "SIGSEGV": "memory fault",
    "SIGBUS": "memory fault",
    "SIGILL": "trap",
    "SIGTRAP": "trap",
}
#: Characters of a message that are looked at.
_REACH = 240
_KEPT = 120


def template(message: str) -> str:
    """The first line with N for numbers, Q for what is quoted, P for paths."""
    line = message[:_REACH].partition("\n")[0]
    if " [recovered" in line:
        line = _RECOVERED.sub("", line)
    if "goroutine " in line and line.startswith("runtime: "):
        line = line[9:]
    if line.endswith((")", "}")) and (value := _VALUE.match(line)):
        return value[1]
    if '"' in line or "`" in line or "'" in line:
        line = _QUOTED.sub("Q", line)
    if "/" in line:
        line = _PATH.sub("P", line)
    return _NUMBER.sub("N", line).strip()[:_KEPT]


def kind_of(kind: str, said: str, signal: str) -> tuple[str, str]:
    """(what must be alike for two crashes to have one cause, what may differ a little).

    ``kind`` as in `archfit.formats.go_dump.Dump`; ``said``: a `template`.
    """
    if kind == "panic":
        if any(words in said for words in throws.POINTER_RULE):
            return "panic: cgo pointer rule", ""
        if said.startswith("runtime error: "):
            return f"panic: {_class(said[15:])}", ""
        if said.startswith("interface conversion: "):
            return "panic: interface conversion", said[22:]
        return "panic", said
    if kind == "fatal" and not said.startswith("unexpected signal"):
        return f"fatal: {_class(said)}", ""
    if kind in ("signal", "fatal"):
        return _SIGNALS.get(signal, signal) or kind, "" if kind == "fatal" else said
    return kind, said


def _class(said: str) -> str:
    """`index out of range` of `index out of range [N] with length N`."""
    for mark in (" [", " ("):
        said = said.partition(mark)[0]
    return said


def spoken(before: str) -> str:
    """What a C library said before it ended the program, as a fixed phrase; "" for nothing."""
    if not before:
        return ""
    for phrases in (throws.HEAP, throws.ABORT):
        for phrase in phrases:
            if phrase in before:
                return "heap" if phrases is throws.HEAP else phrase.strip("`: ")
    return ""
