"""A rule of passing pointers between Go and C is broken

What is wrong
-------------
`panic: runtime error: cgo argument has Go pointer to unpinned Go pointer` (in other words since
Go 1.6), `cgo result is unpinned Go pointer`, or `unpinned Go pointer stored into non-Go memory`.

Why it happens
--------------
Memory that Go allocated was given to C, and in it stands a pointer to other memory of Go. The
collector may free or move what only C knows of. Pinning the outer object is not enough: what
its pointers lead to must be pinned too.

Remedy
------
Pin the inner objects with runtime.Pinner (Go 1.21), allocate with C.malloc, pass a
cgo.Handle in place of a pointer, or flatten the data before the call.

References
----------
- Go cmd/cgo, "Passing pointers"; runtime/cgocall.go (cgoCheckArg), runtime/cgocheck.go
- runtime.Pinner, runtime/cgo.Handle

Limits
------
GODEBUG=cgocheck=0 only silences it: the memory may still be freed under C's hands.
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
    sign("panic", "Go runtime/panic.go", r"^\s{0,16}panic: "),
    FATAL,
    *(
        Text(
            needle,
            "a pointer passed between Go and C leads to memory of Go that is not pinned",
            "Go runtime/cgocall.go (1.6 to 1.27)",
            pattern,
            0.9,
        )
        for needle, pattern in (
            ("cgo argument has Go pointer", ""),
            ("cgo function has Go pointer", ""),
            ("cgo result has Go pointer", ""),
            ("cgo result is unpinned Go pointer", ""),
            (
                "unpinned Go",
                r"(?:is|stored|write of|to) (?:an )?unpinned Go (?:pointer|\w+)",
            ),
            ("Go pointer stored into non-Go memory", ""),
            ("found leaking pinned pointer", ""),
        )
    ),
    Text(
        "misuse of an invalid Handle",
        "a cgo.Handle was used that is not valid",
        "Go runtime/cgo/handle.go",
        confidence=0.7,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("cgo-pointer", hits, log, _mend)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    yield Remedy(
        "Pin what the pointers inside lead to, not only the outer object, until C is done",
        "var p runtime.Pinner; p.Pin(inner); p.Pin(outer); defer p.Unpin()",
        verify="GOEXPERIMENT=cgocheck2 go test ./...",
    )
    yield Remedy(
        "Give C memory of its own, and a cgo.Handle where it only hands the value back",
        "h := cgo.NewHandle(value); C.call(C.uintptr_t(h)); h.Delete()",
    )


RULE = Rule(
    "crash.cgo-pointer",
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
