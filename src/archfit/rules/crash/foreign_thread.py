"""A thread or a stack that Go does not know

What is wrong
-------------
`fatal: morestack on g0`, `fatal: bad g in signal handler`, `cgocallback ... out of bounds`,
`signal arrived on non-Go thread`, `pthread_key_create failed`: Go code ran on a thread, or on a
stack of a thread, that the runtime has not set up, or its own pointer to the goroutine is gone.

Why it happens
--------------
C called Go from a coroutine, fiber or its own stack (PHP fibers, libco, boost.context), from a
signal handler, before the Go runtime had started or after its thread was torn down, or
changed the thread's TLS; a C function that Go exports was called with another ABI.

Remedy
------
Call Go from a plain pthread stack only, hand work from the coroutine to such a thread, and
take the newest patch release of Go, as 1.21 and 1.22 changed the bounds that are checked.

References
----------
- Go runtime/proc.go (badmorestackg0, needm), runtime/cgocall.go (callbackUpdateSystemStack)
- Go issues 62130, 62440, 67881; runtime/cgo/gcc_libinit.c

Limits
------
The same words may come of damaged memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.crash.verdict import Cause
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.died import FATAL, FAULTS, died, sign

TEXTS = (
    FATAL,
    *FAULTS,
    sign("SIGTRAP", "Go runtime/asm_*.s (runtime.abort)"),
    *(
        Text(
            needle,
            "Go code runs on a stack that is not the goroutine's or the thread's",
            "Go runtime/proc.go, stubs.go, asm_*.s",
            pattern,
            0.85,
        )
        for needle, pattern in (
            ("morestack on g0", r"(?:fatal|fatal error|runtime): morestack on g0"),
            ("morestack on gsignal", r"(?:fatal|fatal error): morestack on gsignal"),
            ("systemstack called from unexpected goroutine", ""),
            ("out of bounds", r"runtime: cgocallback with sp=0x[0-9a-f]{1,16} out of bounds"),
            ("cgocallback SP out of bounds", ""),
        )
    ),
    *(
        Text(
            needle,
            "Go's pointer to the goroutine is gone on a thread that C made",
            tool,
            pattern,
            0.88,
        )
        for needle, pattern, tool in (
            (
                "bad g in signal handler",
                r"fatal: bad g in signal handler",
                "Go runtime/signal_unix.go",
            ),
            ("thread not created by Go", "", "Go runtime (before 1.6)"),
            ("cgo callback before cgo call", "", "Go runtime/proc.go"),
            (
                "pthread_key_create failed",
                r"runtime/cgo: pthread_key_create failed",
                "Go runtime/cgo",
            ),
            ("bad stack bounds", r"runtime/cgo: bad stack bounds", "Go runtime/cgo"),
            ("inittls", r"runtime/cgo: inittls: ", "Go runtime/cgo"),
        )
    ),
    Text(
        "not created by the Go runtime",
        "runtime.Goexit was called on a thread that C made",
        "Go runtime/panic.go",
        r"runtime\.Goexit called in a thread that was not created by the Go runtime",
        0.9,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("foreign-thread", hits, log, _mend)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    yield Remedy(
        "Call back into Go from a plain thread's own stack only: let the coroutine or fiber hand "
        "the work to such a thread and wait",
    )
    if log.says("1.21", "1.22"):
        yield Remedy(
            "Take the newest Go: 1.21 and 1.22 before their last patches keep stale bounds",
            "go install golang.org/dl/go1.23.12@latest && go1.23.12 download",
            verify="go version",
        )
    else:
        yield Remedy("Take the newest patch release of this Go", "go version")
    yield Remedy(
        "See which C thread calls: attach a debugger",
        "gdb -batch -ex run -ex 'thread apply all bt' --args ./app",
    )


RULE = Rule(
    "crash.foreign-thread",
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
