"""The lines of a crash below the finding."""

from __future__ import annotations

from archfit.facts import log as keys
from archfit.model.fact import Fact, Trust
from archfit.report.crash_lines import crash_lines


def test_lines_say_where_who_and_how_far() -> None:
    values = {
        keys.CRASH_KIND.name: "SIGSEGV: segmentation violation",
        keys.CRASH_SIGNAL.name: "SIGSEGV",
        keys.CRASH_RAISED.name: "by the kernel: si_code 1",
        keys.CRASH_WHERE.name: "C: Go had called parse",
        keys.CRASH_GOROUTINE.name: {"id": 1, "state": "syscall", "m": 0},
        keys.CRASH_TRUST.name: "go-part: C is not shown",
        keys.CRASH_STACK.name: [
            {"function": f"main.f{n}", "file": "main.go", "line": n, "trust": "tables"}
            for n in range(12)
        ],
    }
    facts = {name: Fact(value, Trust.REPORTED, "the text") for name, value in values.items()}
    lines = list(crash_lines(facts, 80))
    assert lines[0] == "  crash   SIGSEGV: segmentation violation"
    assert lines[1] == "  died in C: Go had called parse"
    assert lines[2] == "  signal  SIGSEGV raised by the kernel: si_code 1"
    assert lines[3] == "  on      goroutine 1 [syscall], thread 0 (Go's number of it)"
    assert "main.f0 main.go:0  [tables]" in lines[5]
    assert "4 more" in lines[-1]


def test_no_crash_no_lines() -> None:
    assert list(crash_lines({}, 80)) == []
