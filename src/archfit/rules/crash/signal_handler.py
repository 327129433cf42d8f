"""A signal handler that is not Go's

What is wrong
-------------
`fatal error: non-Go code set up signal handler without SA_ONSTACK flag`, after `signal N
received but handler not on signal stack`; or `non-Go code disabled sigaltstack`.

Why it happens
--------------
C code (a database client, a crash reporter, a JVM, a GUI toolkit) called sigaction without
SA_ONSTACK, or cleared Go's alternate stack. Goroutines run on small stacks, so Go must get
every signal on the signal stack; SIGURG comes all the time, as Go preempts with it.

Remedy
------
Add SA_ONSTACK in the library, or set the flag after the library was loaded; load a JVM with
libjsig.

References
----------
- Go os/signal, "Go programs that use cgo or SWIG"; runtime/signal_unix.go (sigNotOnStack)
- HotSpot os/posix/signals_posix.cpp (-Xcheck:jni)

Limits
------
The text does not name the library: strace does.
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
    sign("SIGTRAP", "Go runtime/sigtab_*.go"),
    Text(
        "handler not on signal stack",
        "signal {number} came to a handler that was set without SA_ONSTACK",
        "Go runtime/signal_unix.go (sigNotOnStack)",
        r"signal (?P<number>\d{1,3}) received but handler not on signal stack",
        0.93,
    ),
    Text(
        "non-Go code set up signal handler without SA_ONSTACK flag",
        "C set a signal handler without SA_ONSTACK",
        "Go runtime/signal_unix.go (sigNotOnStack)",
        confidence=0.93,
    ),
    Text(
        "non-Go code disabled sigaltstack",
        "C took Go's signal stack away",
        "Go runtime/signal_unix.go (noSignalStack)",
        confidence=0.93,
    ),
    Text(
        "received on thread with no signal stack",
        "C took Go's signal stack away",
        "Go runtime/signal_unix.go (noSignalStack)",
        confidence=0.9,
    ),
    *(
        Text(
            f"{name} handler",
            "something took the JVM's signal handler away",
            "HotSpot signals_posix.cpp (-Xcheck:jni)",
            r"Warning: SIG[A-Z]{2,5} handler (?:flags )?(?:modified|expected)|"
            r"Warning: SIG[A-Z]{2,5} handler\s*$",
            0.85,
        )
        for name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE")
    ),
    Text(
        "Handler was modified",
        "something took the JVM's signal handler away",
        "HotSpot signals_posix.cpp (-Xcheck:jni)",
        r"\*\*\* Handler was modified!",
        0.85,
    ),
    Text(
        "Consider using jsig library",
        "something took the JVM's signal handler away",
        "HotSpot signals_posix.cpp (-Xcheck:jni)",
        "",
        0.85,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("signal-handler", hits, log, _mend)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    yield Remedy(
        "Find who sets the handler",
        "strace -f -k -e trace=rt_sigaction,sigaltstack ./app 2>&1 | grep -B2 -A12 'sa_handler'",
    )
    yield Remedy(
        "Add SA_ONSTACK to it, or set the flag after the library has started",
        "struct sigaction a; sigaction(SIGNO, 0, &a); a.sa_flags |= SA_ONSTACK; "
        "sigaction(SIGNO, &a, 0);",
        verify="grep SigCgt /proc/$(pidof app)/status",
    )
    if log.says("java", "Java", "JVM", "jni", "JNI"):
        yield Remedy("Chain the JVM's handlers", "LD_PRELOAD=$JAVA_HOME/lib/libjsig.so ./app")


RULE = Rule(
    "crash.signal-handler",
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
