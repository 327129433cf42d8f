"""What the rules of the family `crash` share: a text's crashes decide, its words alone less.

A message of this family stands in crashes, in discussions of them and in source code. Where a
dump, a report or a debugger's session is there, its cause is the answer and the messages are
the proof. Without one a message counts by itself, and less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from archfit.crash.verdict import Cause
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

if TYPE_CHECKING:
    from archfit.crash.deaths import Death

#: Confidence of a Text that proves a crash only together with the dump around it.
WITH_DUMP = 0.3
#: Something in the text is Go's: a message of C alone may be any program's.
GO_SIGNS = (
    "goroutine ",
    "_Cfunc_",
    "cgo",
    ".go:",
    "golang",
    "go run",
    "go test",
    "go build",
    "runtime.cgocall",
    "signal: aborted",
    "signal: abort trap",
    "signal: segmentation fault",
    "FAIL\t",
)
#: What a later crash of the same text is worth: the first brings about the rest.
_LATER = 0.6


def sign(needle: str, tool: str, pattern: str = "") -> Text:
    """A message that many crashes share: it is proof, but the dump decides of what."""
    return Text(needle, "", tool, pattern, WITH_DUMP)


#: How Go, debuggers and Apple's reports name a fault.
FAULTS: tuple[Text, ...] = (
    sign("SIGSEGV", "Go runtime/sigtab_*.go, gdb, lldb, Apple's reports"),
    sign("SIGBUS", "Go runtime/sigtab_*.go, gdb, lldb, Apple's reports"),
    sign("signal 0xb", "Go before 1.8", r"\[signal 0xb code="),
    sign("signal 0xa", "Go before 1.8 on BSD", r"\[signal 0xa code="),
    sign("unexpected signal during runtime execution", "Go runtime/signal_unix.go"),
    sign("Exception 0xc0000005", "Go runtime/signal_windows.go"),
    sign("EXC_BAD_ACCESS", "Apple's reports, lldb"),
    sign("runtime.sigpanic", "debuggers"),
)
FATAL = sign("fatal error", "Go runtime/panic.go", r"fatal error: ")

Advise = Callable[[Cause, Log], Iterable[Remedy]]


def died(
    cause_id: str, hits: Sequence[Hit], log: Log, advise: Advise, *, native: bool = False
) -> Iterator[Finding]:
    """The finding of the rule `crash.<cause_id>`, if this text's crash is its own.

    ``native``: its words are C's own, and count less where nothing speaks of Go.
    """
    # The readers of dumps are imported when a text has something to read.
    from archfit.crash.deaths import deaths

    found = deaths(log)
    known = [death for death in found if death.cause is not None]
    for number, death in enumerate(known):
        cause = death.cause
        if cause is not None and cause.id == cause_id:
            sure = cause.confidence if number == 0 else cause.confidence * _LATER
            yield _shown(cause, death, hits, log, advise, sure)
            return
    if known:
        return
    alone = [hit for hit in hits if hit.text.confidence > WITH_DUMP and not _in_dump(hit, found)]
    if not alone:
        return
    best = surest(alone)
    sure = best.text.confidence
    if native and not log.says(*GO_SIGNS) and "go" not in log.context:
        sure *= 0.82
    cause = Cause(cause_id, sure, best.text.says)
    yield said(best, alone, remedies=advise(cause, log), confidence=sure)


def _in_dump(hit: Hit, found: Sequence[Death]) -> bool:
    """It belongs to a crash whose cause is none of this family's."""
    return any(death.line - 12 <= hit.number <= death.line + 3 for death in found)


def _shown(
    cause: Cause, death: Death, hits: Sequence[Hit], log: Log, advise: Advise, sure: float
) -> Finding:
    near = sorted(hits, key=lambda hit: (hit.number < death.line - 12, hit.number))
    message = cause.says[:1].upper() + cause.says[1:] if cause.says[:2] != "C " else cause.says
    return said(near[0], near, message=message, remedies=advise(cause, log), confidence=sure)


def rebuilt_with_symbols(name: str) -> Remedy:
    """How to see the C frames, which Go does not print."""
    where = f"inside {name}" if name else "in C"
    return Remedy(
        f"See where {where} it happens: Go prints no C frames, a debugger does",
        "CGO_CFLAGS='-g -O0' go build -gcflags=all='-N -l' -o app . && "
        "gdb -batch -ex run -ex 'bt full' --args ./app",
    )


def sanitised() -> Remedy:
    """The tool that finds the first damage of C's heap, not its consequence."""
    return Remedy(
        "Build it with AddressSanitizer, which stops at the first bad access of C and not later",
        "CC=clang go build -asan -o app . && ./app",
        verify="go run -asan .",
    )
