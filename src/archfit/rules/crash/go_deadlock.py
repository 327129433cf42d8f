"""All goroutines wait

What is wrong
-------------
`fatal error: all goroutines are asleep - deadlock!`: every goroutine waits for another one, for
a channel, a lock or a WaitGroup, and nothing is left that could wake them.

Why it happens
--------------
A channel that nobody sends to or closes, a lock taken twice by one goroutine (Go's locks can't
be taken again by their owner), locks taken in different order, a WaitGroup with one Done too few.

Remedy
------
Look at what each goroutine of the dump waits for, its state in brackets, and who should have
woken it.

References
----------
- Go runtime/proc.go (checkdead); package sync

Limits
------
With cgo, or while a signal or a timer is awaited, the runtime does not find a deadlock; such a
program just hangs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.crash.verdict import Cause
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.died import FATAL, died, sign

TEXTS = (
    FATAL,
    sign("panic", "Go testing (test timed out), testing/synctest", r"^\s{0,16}panic: "),
    Text(
        "all goroutines are asleep",
        "every goroutine waits for another",
        "Go runtime/proc.go",
        r"(?:fatal error|throw): all goroutines are asleep",
        0.92,
    ),
    Text(
        "no goroutines",
        "no goroutine is left",
        "Go runtime/proc.go",
        r"no goroutines \(main called runtime\.Goexit\) - deadlock!",
        0.92,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("go-deadlock", hits, log, _mend)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    first = log.dumps[0].first if log.dumps else None
    state = first.state if first else ""
    if state.startswith("chan receive"):
        yield Remedy(
            f"Goroutine {first.id if first else 1} receives from a channel: close it, or "
            "send to it from another goroutine"
        )
    elif state.startswith(("chan send", "select (no cases)")):
        yield Remedy(
            "Start the receiver before the value is sent, or give the channel a buffer",
            "ch := make(chan T, 1)",
        )
    elif state.startswith(("sync.Mutex", "sync.RWMutex")):
        yield Remedy(
            f"The lock is held already when {cause.function or 'the function'} asks for it:"
            " unlock before the call, or call a variant that expects it held"
        )
    elif state.startswith(("sync.WaitGroup", "semacquire")):
        yield Remedy("Call Done on every path: put it first, as defer", "defer wg.Done()")
    yield Remedy("See all goroutines", "GOTRACEBACK=all ./app 2>&1 | less")


RULE = Rule(
    "crash.go-deadlock",
    texts=TEXTS,
    weigh=weigh,
    yields_to=(
        "run.memory-limit",
        "run.thread-limit",
        "run.seccomp",
        "run.emulator-bug",
        "run.page-size",
        "run.os-too-new",
        "run.code-signature",
        "run.cpu-feature",
        "build.compiler-crash",
    ),
)
