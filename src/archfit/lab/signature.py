"""A death in a few words that stay the same when it happens again, in any release.

Kind, the C function that Go called, and the program's own frames; dropped are numbers,
addresses, lines, the runtime's frames and all other goroutines. Kept small on purpose: it
serves to compare cells of one matrix, whose programs are known. Crashes of unknown programs
are the business of `archfit crash cluster`.
"""

from __future__ import annotations

import re
import signal

from archfit.formats.go_dump import Dump

_ADDRESS = re.compile(r"0x[0-9a-f]+")
_NUMBER = re.compile(r"\d+")
_GENERIC = re.compile(r"\[[^\]]*\]")
#: Packages whose frames say nothing about the program.
_RUNTIME = ("runtime.", "runtime/", "internal/", "syscall.", "_cgoexp_", "crosscall", "main.main")
#: Frames that make a signature; recursion is one of them.
_DEEP = 4


def signature(dump: Dump | None, status: int) -> str:
    """As ``signal SIGABRT in main._Cfunc_outer_abort < main.doAbort``."""
    if dump is None:
        return f"{signal_name(-status)} without a text" if status < 0 else ""
    frames = dump.first.frames if dump.first else ()
    own: list[str] = []
    for frame in frames:
        name = _GENERIC.sub("", frame.function)
        # The wrapper of a method value or of a closure changes its number between releases.
        name = re.sub(r"\.func\d+(\.\d+)*$", ".func", name)
        if not name or name.startswith(_RUNTIME) or (own and own[-1] == name):
            continue
        own.append(name)
    where = " < ".join(own[:_DEEP])
    if where:
        return f"{kind(dump)} in {where}"
    # The runtime's own stack has no frame of the program: its message is all there is.
    return headline(dump, "") if dump.kind == "fatal" else kind(dump)


def kind(dump: Dump) -> str:
    """signal NAME, panic, fatal error; a signal that the runtime could not attribute is one too."""
    if dump.kind == "panic":
        return "panic"
    if dump.signal:
        return f"signal {dump.signal}"
    return "fatal error" if dump.kind == "fatal" else dump.kind


def headline(dump: Dump | None, text: str) -> str:
    """The line that tells the death, with addresses and numbers as N."""
    line = ""
    if dump is not None:
        words = {"panic": "panic: ", "fatal": "fatal error: "}.get(dump.kind, "")
        said = dump.message.splitlines()[0] if dump.message else ""
        line = f"{words}{said}" if words else f"{dump.signal}: {said}".strip(": ")
    else:
        rows = [row for row in text.splitlines() if row and not row.startswith("CHAIN: ")]
        line = rows[0] if rows else ""
    return _NUMBER.sub("N", _ADDRESS.sub("0xN", line))[:200]


def signal_name(number: int) -> str:
    """SIGSEGV for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
