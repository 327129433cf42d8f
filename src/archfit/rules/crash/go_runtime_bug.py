"""Go's runtime or compiler is at fault

What is wrong
-------------
A fault inside Go's runtime where no C code runs, or a `fatal error` by which the runtime says
that its own state is broken (`casgstatus`, `traceback did not unwind completely`, `missing
stackmap`, `schedule: holding locks`).

Why it happens
--------------
A defect of that Go release (mostly mended in a later patch release), of its port to a system
or processor, of assembly in a package; sometimes damaged memory, or a broken memory module.

Remedy
------
Try the newest patch release of that Go, then the newest Go; look for the message in the list of
issues; test the machine's memory if it comes at one machine only.

References
----------
- Go runtime/panic.go (throw), runtime/signal_unix.go (sigpanic)
- go.dev/doc/devel/release (patch releases and what they mend)

Limits
------
Damage done by cgo or unsafe may end with the same words.
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
    sign("runtime stack", "Go runtime/traceback.go", r"runtime stack:"),
    sign("throw", "Go before 1.3", r"^throw: "),
    *(
        Text(
            needle,
            "the runtime can't follow a stack: its own or the compiler's mistake, or damage",
            "Go runtime/traceback.go (unwinder.next)",
            pattern,
            0.6,
        )
        for needle, pattern in (
            ("unexpected return pc for", r"runtime: (?:g \d{1,9}: )?unexpected return pc for"),
            ("unknown caller pc", r"fatal error: unknown caller pc"),
            ("did not unwind completely", r"fatal error: traceback did not unwind"),
        )
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("go-runtime-bug", hits, log, _mend)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    yield Remedy(
        "Try the newest patch release of this Go, then the newest Go",
        "GOTOOLCHAIN=go1.26.8 go build ./...",
        verify="go version -m ./app",
    )
    if log.has("_Cfunc_", "cgo"):
        yield Remedy(
            "Rule out that C or unsafe damaged it first",
            "go build -asan -o app . && ./app; go test -race ./...",
        )
    else:
        yield Remedy(
            "Rule out data races and the machine's memory",
            "go test -race ./...  # and memtest86+, if only one machine shows it",
        )


RULE = Rule(
    "crash.go-runtime-bug",
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
        "crash.foreign-thread",
        "crash.signal-handler",
        "crash.go-heap-corruption",
        "crash.c-heap-corruption",
        "crash.c-abort",
    ),
)
