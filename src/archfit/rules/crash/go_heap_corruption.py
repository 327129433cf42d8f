"""Memory of Go's heap or stacks is damaged

What is wrong
-------------
`fatal error: found bad pointer in Go heap (incorrect use of unsafe or cgo?)`, `found pointer to
free object`, `sweep increased allocation count`, `invalid pointer found on stack`, `bad span
state`, or a fault inside the collector.

Why it happens
--------------
Something wrote to Go's memory past Go's back: C beyond the end of a buffer that Go gave it, C
keeping a Go pointer after the call, unsafe.Pointer arithmetic, a uintptr kept as a pointer, a
data race on an interface or a slice. The collector only finds it, later and elsewhere.

Remedy
------
Look for the writer with the race detector, checkptr, AddressSanitizer and cgocheck2.

References
----------
- Go runtime/mbitmap.go (badPointer), mgcsweep.go, mgcmark.go, mheap.go, stack.go
- cmd/cgo, "Passing pointers"; package unsafe

Limits
------
Broken memory modules give the same words; a crash on one machine alone speaks for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.crash.verdict import Cause
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.died import FATAL, FAULTS, died, sanitised, sign

TEXTS = (
    FATAL,
    *FAULTS,
    sign("checkptr", "Go runtime/checkptr.go"),
    *(
        Text(
            needle,
            "Go's heap or a stack is damaged",
            "Go runtime (mbitmap.go, mgcsweep.go, mgcmark.go, mheap.go, stack.go)",
            pattern,
            0.85,
        )
        for needle, pattern in (
            ("found bad pointer in Go heap", ""),
            ("found pointer to free object", ""),
            ("sweep increased allocation count", ""),
            ("invalid pointer found on stack", ""),
            ("bad pointer in frame", r"runtime: bad pointer in frame"),
            ("bad span state", r"bad span state(?: after sweep)?\s*$"),
            ("to unallocated span", r"runtime: pointer 0x[0-9a-f]{1,16} to unallocated span"),
            ("unused region of span", r"runtime: pointer 0x[0-9a-f]{1,16} to unused region"),
            ("marked free object in span", ""),
            ("checkmark found unmarked object", r"fatal error: checkmark found"),
            ("bad pointer in write barrier", r"fatal error: bad pointer in write barrier"),
            ("bad pointer in unexpected span", r"fatal error: objectstart: bad pointer"),
            ("allocCount", r"fatal error: s\.allocCount (?:!=|>) s\.nelems"),
            ("invalid heap pointer", r"garbage collector found invalid heap pointer"),
        )
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("go-heap-corruption", hits, log, _mend)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    yield Remedy(
        "Let the race detector and the checks of unsafe pointers look (they need cgo)",
        "go test -race ./... && go build -gcflags=all=-d=checkptr -o app . && ./app",
    )
    if log.has("_Cfunc_", "cgo", "_cgoexp_"):
        yield Remedy(
            "Check what C stores of Go's pointers, and build C with AddressSanitizer",
            "GOEXPERIMENT=cgocheck2 go build -o app . && ./app; go build -asan -o app . && ./app",
        )
    else:
        yield Remedy(
            "Find what of the program uses unsafe or cgo",
            'grep -rlE \'"unsafe"|import "C"\' --include=*.go . $(go env GOMODCACHE)',
        )
    if cause.confidence < 0.7:
        yield sanitised()


RULE = Rule(
    "crash.go-heap-corruption",
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
