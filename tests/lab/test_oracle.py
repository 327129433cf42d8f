"""Same cause, same phase, same symbol; never the exact text."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from archfit.lab import twins
from archfit.lab.oracle import Goal, Verdict, goal_of, known_verdict, phase_of

_SEEN = Verdict(
    "build.symbol-mangled", "link", ("other", "weigh"), "m", 1, 0.5, False, "t",
    (("weigh", "_Z5weighi", "a.o"),),
)  # fmt: skip


def test_a_goal_is_the_symbol_that_has_a_twin() -> None:
    goal = goal_of(_SEEN)
    assert goal == Goal("build.symbol-mangled", "link", "weigh", True)
    assert goal.holds(replace(_SEEN, text="other words", message="x"))
    assert not goal.holds(replace(_SEEN, phase="compile"))
    assert not goal.holds(replace(_SEEN, cause="build.symbol-missing"))
    assert not goal.holds(replace(_SEEN, symbols=("other",)))
    assert not goal.holds(replace(_SEEN, twins=()))


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("# p\n/usr/bin/ld: cannot find -lx\ncollect2: error: ld returned 1 exit status\n", "link"),
        ("# p\na.c:1:10: fatal error: x.h: No such file or directory\n", "compile"),
        ("panic: runtime error: cgo argument has Go pointer\n\ngoroutine 1 [running]:\n", "run"),
        ("go: updates to go.mod needed\n", "load"),
    ],
)
def test_phases(text: str, phase: str) -> None:
    assert phase_of(text) == phase


def test_a_verdict_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "v"
    assert known_verdict(str(path)) is None
    path.write_text(json.dumps(asdict(_SEEN)))
    assert known_verdict(str(path)) == _SEEN


def test_missing_names_and_what_is_no_object() -> None:
    text = "/usr/bin/ld: a.o: in function `f':\nx.c:1: undefined reference to `weigh'\n"
    assert twins.undefined(text) == ["weigh"]
    assert list(twins.defined(b"\x7fELF")) == []
    assert list(twins.defined(b"!<arch>\nshort")) == []
    assert twins.twins(["weigh"], {"a": b"weigh"}) == []
