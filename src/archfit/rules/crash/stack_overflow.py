"""A stack is exhausted

What is wrong
-------------
`runtime: goroutine stack exceeds 1000000000-byte limit` and `fatal error: stack overflow`, or a
SIGSEGV in C right at the stack pointer, or `Thread stack size exceeded`.

Why it happens
--------------
Endless recursion, most often: String() that formats its receiver, MarshalJSON that marshals it,
a method that calls itself. In C also large local arrays on the small stack of a thread: 128 KB
with musl, 512 KB on macOS, while glibc gives 8 MB.

Remedy
------
End the recursion: the frames that repeat in the dump are its loop. In C use the heap for large
arrays, or a larger thread stack.

References
----------
- Go runtime/stack.go (newstack), runtime/debug.SetMaxStack
- musl "Functional differences from glibc", thread stack size; Apple Thread Programming Guide

Limits
------
Of a fault in C without registers in the dump the stack can't be seen as its cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.crash.verdict import Cause
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.died import FATAL, FAULTS, died, rebuilt_with_symbols, sign

TEXTS = (
    FATAL,
    *FAULTS,
    sign("Exception 0xc00000fd", "Go runtime/signal_windows.go"),
    Text(
        "goroutine stack exceeds",
        "a goroutine's stack grew over the limit of {limit} bytes",
        "Go runtime/stack.go (newstack)",
        r"runtime: goroutine stack exceeds (?P<limit>\d{1,12})-byte limit",
        0.93,
    ),
    *(
        Text(
            needle,
            "a thread's stack is exhausted: musl gives it less than glibc",
            "field reports",
            r"(?i)(?:seg ?fault|segmentation fault|stack overflow|crash)[^\n]{0,200}stack (?:size"
            r"|space)[^\n]{0,80}(?:musl|alpine)|(?:musl|alpine)[^\n]{0,160}stack (?:size|space)"
            r"[^\n]{0,120}"
            r"(?:seg ?fault|segmentation|overflow|crash)",
            0.8,
        )
        for needle in ("stack size", "stack space")
    ),
    Text(
        "AddressSanitizer: stack-overflow",
        "C's stack is exhausted",
        "compiler-rt lib/asan",
        "",
        0.92,
    ),
    Text(
        "Thread stack size exceeded",
        "a thread's stack is exhausted",
        "Apple's crash reports",
        "",
        0.9,
    ),
    Text(
        "has overflowed its stack",
        "a thread's stack is exhausted",
        "Rust std (stack_overflow.rs)",
        "",
        0.9,
    ),
    *(
        Text(code, "a thread's stack is exhausted", "Windows STATUS_STACK_OVERFLOW", "", 0.85)
        for code in ("0xC00000FD", "0xc00000fd", "1073741571", "3221225725")
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("stack-overflow", hits, log, _mend, native=True)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    first = log.dumps[0].first if log.dumps else None
    names = [frame.function for frame in first.frames] if first else []
    loop = next((name for name in names if names.count(name) > 2), "")
    if loop:
        yield Remedy(f"End the recursion of {loop}: it stands in the dump again and again")
    elif "C " in cause.says or not names:
        yield Remedy(
            "Give C's thread more stack, or put large local arrays on the heap (musl gives a "
            "thread 128 KB)",
            "CGO_LDFLAGS='-Wl,-z,stack-size=8388608' go build .",
            verify="ulimit -s",
        )
        yield rebuilt_with_symbols(cause.function)
    else:
        yield Remedy(
            "End the recursion, or raise the limit where it is meant to be deep",
            "debug.SetMaxStack(4 << 30)",
        )


RULE = Rule(
    "crash.stack-overflow",
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
