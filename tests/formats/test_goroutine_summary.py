"""Goroutines in bulk say the same as read one by one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from archfit.formats.go_traceback import read
from archfit.formats.goroutine_summary import summary
from log_disguises import DISGUISES

CORPUS = Path(__file__).parents[1] / "corpus" / "tracebacks"
#: In those of onstack, dumps of memory stand between the goroutines.
REAL = [p for p in sorted(CORPUS.glob("go*/*.txt")) if not p.name.startswith("onstack")]


def by_hand(text: str) -> Counter[tuple[object, ...]]:
    """How many goroutines stand in each state with each stack."""
    count: Counter[tuple[object, ...]] = Counter()
    for dump in read(text):
        for part in (dump, *dump.others):
            for goroutine in part.goroutines:
                frames = tuple((f.function, f.file, f.line) for f in goroutine.frames)
                count[(goroutine.state, frames)] += 1
    return count


def in_bulk(text: str) -> Counter[tuple[object, ...]]:
    count: Counter[tuple[object, ...]] = Counter()
    for bucket in summary(text):
        frames = tuple((f.function, f.file, f.line) for f in bucket.frames)
        count[(bucket.state, frames)] += len(bucket.ids)
    return count


@pytest.mark.parametrize("path", REAL, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_agrees_with_reading_one_by_one(path: Path) -> None:
    text = path.read_text()
    assert in_bulk(text) == by_hand(text)


def test_counts_waits_and_places() -> None:
    text = (
        "panic: enough\n\n"
        "goroutine 1 [running]:\nmain.main()\n\t/x.go:9 +0x1\n\n"
        "goroutine 7 [select, 3 minutes]:\nmain.w(0xc0001)\n\t/x.go:5 +0x2\n"
        "created by main.main in goroutine 1\n\t/x.go:8 +0x3\n\n"
        "goroutine 8 [select, 12 minutes, locked to thread]:\nmain.w(0xc0002)\n\t/x.go:5 +0x2\n"
        "created by main.main in goroutine 6\n\t/x.go:8 +0x3\n\n"
        "goroutine 9 [chan send]:\nmain.w(0xc0002)\n\t/x.go:5 +0x2\n"
        "exit status 2\n"
    )
    full, *rest = summary(text)
    assert (full.state, full.ids, full.minutes, full.locked) == ("select", [7, 8], (3, 12), 1)
    assert full.line == 7
    assert full.stack.created_by is not None
    assert [(b.state, b.ids, b.line) for b in rest] == [("running", [1], 3), ("chan send", [9], 19)]
    assert full.frames[0].at == (8, 1)


@pytest.mark.parametrize("name", ["github actions", "compose", "crlf", "red", "cri", "docker json"])
def test_disguised(name: str) -> None:
    text = (CORPUS / "go1.27.3-linux-amd64" / "pure-profile.single.txt").read_text()
    disguised = "\n".join(DISGUISES[name](text.rstrip("\n").split("\n")))
    assert in_bulk(disguised) == in_bulk(text)
    assert [b.line for b in summary(disguised)] == [b.line for b in summary(text)]


def test_blank_lines_lost() -> None:
    text = (CORPUS / "go1.27.3-linux-amd64" / "pure-profile.single.txt").read_text()
    assert in_bulk(text.replace("\n\n", "\n")) == in_bulk(text)


def test_nothing_to_count() -> None:
    assert summary("") == []
    assert summary("goroutine leak found\ngoroutine x [y]:\n") == []
