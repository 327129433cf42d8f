"""Two goroutines use one thing at once

What is wrong
-------------
`fatal error: concurrent map writes` (or `read and map write`, `iteration and map write`),
`WARNING: DATA RACE`, `sync: unlock of unlocked mutex`.

Why it happens
--------------
A map or a variable is written by one goroutine while another uses it, with no lock between; or
a lock is given back that was not taken, for instance because a struct with a mutex was copied.

Remedy
------
Guard it with a sync.Mutex or RWMutex, or use sync.Map; the race detector names both sides.

References
----------
- Go internal/runtime/maps, sync/mutex.go; "The Go Memory Model"
- LLVM compiler-rt lib/tsan/rtl/tsan_report.cpp

Limits
------
The runtime finds races of maps by chance only; the race detector needs cgo on most systems.
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
    sign("DATA RACE", "LLVM tsan_report.cpp"),
    sign("panic", "Go runtime/panic.go", r"^\s{0,16}panic: sync: "),
    *(
        Text(
            needle,
            "a map is used by two goroutines at once",
            "Go internal/runtime/maps",
            r"concurrent map (?:writes|read and map write|iteration and map write|clone)",
            0.88,
        )
        for needle in ("concurrent map",)
    ),
    Text(
        "WARNING: DATA RACE",
        "two goroutines use one variable at once",
        "LLVM tsan_report.cpp",
        r"^\s{0,16}WARNING: DATA RACE",
        0.88,
    ),
    Text(
        "race detected during execution of test",
        "two goroutines use one variable at once",
        "Go testing/testing.go",
        "",
        0.85,
    ),
    Text(
        "data race",
        "two goroutines use one variable at once",
        "LLVM tsan (Found N data race(s))",
        r"^Found \d{1,6} data race\(s\)|WARNING: ThreadSanitizer: data race",
        0.85,
    ),
    *(
        Text(
            needle,
            "a lock was given back that was not taken",
            "Go sync/mutex.go, rwmutex.go",
            r"sync: (?:RU|U|u)nlock of unlocked (?:RW)?[Mm]utex",
            0.85,
        )
        for needle in (
            "unlock of unlocked mutex",
            "Unlock of unlocked RWMutex",
            "RUnlock of unlocked RWMutex",
        )
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("go-race", hits, log, _mend)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    if "nlock" in cause.says:
        yield Remedy(
            "Pair every Unlock with one Lock, and do not copy structs that hold a mutex",
            "go vet -copylocks ./...",
        )
    else:
        where = f" in {cause.function}" if cause.function else ""
        yield Remedy(f"Guard it{where} with a sync.Mutex (or use sync.Map)")
    yield Remedy(
        "Let the race detector name both sides",
        "CGO_ENABLED=1 go test -race ./...",
        verify="go test -race -count=10 ./...",
    )


RULE = Rule(
    "crash.go-race",
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
