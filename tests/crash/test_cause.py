"""Every dump of the corpus gets the cause that its program was written for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archfit.engine.diagnose import diagnose
from archfit.engine.registry import rules

CORPUS = Path(__file__).parents[1] / "corpus" / "tracebacks"
#: Program of tools/tracebacks -> rule; "" where no cause of archfit's is right.
TRUTH = {
    "abort": "crash.c-abort",
    "badpointer": "crash.go-heap-corruption",
    "callback": "crash.go-panic",
    "callbacknil": "crash.go-panic",
    "coroutine": "crash.foreign-thread",
    "custom": "crash.go-panic",
    "debugstack": "",
    "doublefree": "crash.c-heap-corruption",
    "exit3": "",
    "fault": "crash.go-panic",
    "fpe": "crash.c-segv",
    "freed": "crash.go-heap-corruption",
    "generic": "crash.go-panic",
    "ill": "crash.c-abort",  # ud2 and udf, which compilers put where C must not come
    "index": "crash.go-panic",
    "killsegv": "",
    "maps": "crash.go-race",
    "nested": "crash.go-panic",
    "nil": "crash.go-panic",
    "nullwrite": "crash.c-segv",
    "onstack": "crash.signal-handler",
    "osexit2": "",
    "overflow": "crash.stack-overflow",
    "pointer": "crash.cgo-pointer",
    "pure-ancestors": "crash.go-panic",
    "pure-deadlock": "crash.go-deadlock",
    "pure-deadlocks": "crash.go-deadlock",
    "pure-labels": "crash.go-panic",
    "pure-memory": "run.memory-limit",
    "pure-nogoroutine": "crash.go-deadlock",
    "pure-profile": "",
    "pure-value": "crash.go-panic",
    "race-race": "crash.go-race",
    "raise": "crash.c-segv",
    "raisesegv": "crash.c-segv",
    "repanic": "crash.go-panic",
    "selfkill": "",
    "stack": "crash.stack-overflow",
    "symbols-abort": "crash.c-abort",
    "symbols-fatal": "crash.go-race",
    "symbols-nosymbols": "crash.go-race",
    "symbols-panic": "crash.go-panic",
    "threadback": "crash.go-panic",
    "threadnull": "",
    "throw": "crash.c-abort",
    "unlock": "crash.go-race",
    "wait": "",
    "gccgo-nil": "crash.go-panic",
    "go1.0-deadlock": "crash.go-deadlock",
    "go1.10-abort": "crash.c-heap-corruption",
    "go1.19-test-timeout": "",
    "go1.2-cgo": "crash.c-segv",
    "go1.2-nil": "crash.go-panic",
    "go1.20-http-panic": "crash.go-panic",
    "go1.21-darwin-arm64-nil": "crash.go-panic",
    "go1.22-windows-exception": "crash.c-segv",
    "go1.25-synctest": "crash.go-deadlock",
    "go1.26-leaked": "",
    "go1.4-sigabrt": "crash.c-abort",
}
TEXTS = sorted(CORPUS.glob("*/*.txt"))


def program(path: Path) -> str:
    return path.stem if path.parent.name == "synthetic" else path.stem.rpartition(".")[0]


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_cause_is_first(path: Path) -> None:
    text = path.read_text()
    expected = TRUTH[program(path)]
    if not text.strip():
        expected = ""  # GOTRACEBACK=none, or Go before 1.20 on a stack that is gone
    if text.startswith("qemu: uncaught target signal"):
        expected = "run.emulator-bug"  # Go could not print: only qemu's line is there
    # One line is all there is: `panic: callback got 7` may be anybody's.
    allowed = {expected, ""} if path.stem.endswith(".none") else {expected}
    _, findings, failed = diagnose([text], rules(), {}, "text")
    assert not failed
    assert (findings[0].rule if findings else "") in allowed, [
        (f.rule, f.confidence, f.message) for f in findings
    ]


def test_every_program_of_the_corpus_has_a_truth() -> None:
    named = {
        name.rpartition(".")[0]
        for index in CORPUS.glob("go*/index.json")
        for name in json.loads(index.read_text())
    }
    assert named <= set(TRUTH)
