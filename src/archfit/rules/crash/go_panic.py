"""Go code panicked

What is wrong
-------------
`panic: runtime error: invalid memory address or nil pointer dereference`, `index out of range`,
`interface conversion`, `assignment to entry in nil map`, or a value that the program itself
panicked with; nothing recovered it.

Why it happens
--------------
A nil pointer, an index that was not tested, a wrong type assertion: faults of the Go code that
the dump names, no matter of C, of the processor or of the platform.

Remedy
------
Correct the function at the top of the dump; the first frame that is not the runtime's.

References
----------
- Go specification, "Run-time panics" and "Handling panics"
- Go runtime/panic.go, runtime/error.go

Limits
------
A library that was not found, or a file of another ISA, may be what the value tells of: such a
cause is said in its place.
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
    sign("unrecovered-panic", "delve"),
    *FAULTS,
    sign("panic", "Go runtime/panic.go", r"^\s{0,16}panic: |panic serving |\bpanic: runtime error"),
    Text(
        "Observed a panic",
        "Go code panicked",
        "k8s.io/apimachinery/pkg/util/runtime (logPanic), with or without a dump",
        r"Observed a panic\b[^\n]{0,600}?runtime error: (?!cgo)",
        0.85,
    ),
    sign("goroutine", "Go runtime/traceback.go", r"goroutine \d{1,9} [^\n]{0,80}\["),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("go-panic", hits, log, _mend)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    name = cause.function
    if "nil pointer dereference" in cause.says:
        yield Remedy(f"Test the pointer for nil in {name or 'the function at the top of the dump'}")
    elif "out of range" in cause.says or "out of bounds" in cause.says:
        yield Remedy(f"Test the length before it is indexed in {name or 'the first function'}")
    elif "interface conversion" in cause.says:
        yield Remedy("Use the form with two results", "value, ok := x.(T)")
    elif "nil map" in cause.says:
        yield Remedy("Make the map before it is written", "m := make(map[K]V)")
    else:
        yield Remedy(f"Correct what it panics of, in {name or 'the first function of the dump'}")
    if log.has("[recovered]", "--- FAIL"):
        yield Remedy("Run this test alone", "go test -run 'TestName' -count=1 -v ./...")


RULE = Rule(
    "crash.go-panic",
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
        "run.library-missing",
        "run.library-arch",
        "run.libc-mismatch",
        "run.exec-format",
        "run.loader-missing",
        "run.os-too-old",
        "run.image-platform",
        "run.emulator-missing",
        "build.cgo-disabled",
        "crash.cgo-pointer",
    ),
)
