"""Marks of a build and what they are taken for, on small files; real builds are in lab_runs."""

from __future__ import annotations

from datetime import UTC, datetime

from archfit.lab.build_difference import Seen, explain
from archfit.lab.build_marks import Side, day_in, runs, within
from archfit.lab.program_parts import Part, Taken

BEGAN = datetime(2026, 3, 4, 10, 20, 30, tzinfo=UTC).timestamp()
FIRST = Side("first", "/w/first/source", BEGAN, BEGAN + 5)
SECOND = Side("second", "/w/second/the-source", BEGAN + 10, BEGAN + 15)


def taken(data: bytes) -> Taken:
    return Taken(data, "elf", [Part(".rodata", 0, len(data))])


def causes(a: bytes, b: bytes, seen: Seen | None = None) -> list[str]:
    found = explain(taken(a), taken(b), FIRST, SECOND, seen)
    return [] if found is None else [cause.id for cause in found.causes]


def test_the_same_bytes_have_no_cause() -> None:
    assert explain(taken(b"same"), taken(b"same"), FIRST, SECOND) is None


def test_a_folder_is_a_path_only_when_both_names_are_there() -> None:
    assert causes(b"a\0/w/first/source/main.go\0", b"b\0/w/second/the-source/main.go\0") == ["path"]
    other = b"b\0/somewhere/else/at/all/main.go\0"
    assert "path" not in causes(b"a\0/w/first/source/main.go\0", other)


def test_times_within_the_builds_are_the_clock() -> None:
    assert causes(b"at 10:20:33 of", b"at 10:20:42 of") == ["time"]
    assert causes(b"at 10:20:33 of", b"at 10:20:42 of", Seen((), ("a.c:1: __TIME__",))) == [
        "c-date"
    ]
    epochs = [str(int(side.began) + 1).encode() for side in (FIRST, SECOND)]
    assert causes(b"x " + epochs[0], b"x " + epochs[1]) == ["time"]


def test_a_number_that_only_looks_like_a_time_is_none() -> None:
    assert causes(b"at 03:20:33 of", b"at 03:20:42 of") == ["order"]
    assert causes(b"x 1234567890", b"x 1234567899") == ["order"]


def test_a_source_made_anew_explains_the_rest() -> None:
    seen = Seen(("names.go:3: a | b",))
    assert causes(b"at 10:20:33 of", b"at 10:20:42 of", seen) == ["generated"]


def test_times_of_all_forms_are_read() -> None:
    texts = b"Mar  4 2026 10:20:31 2026-03-04T10:20:32Z 2026-03-04 2026-13-40 1999-01-01"
    assert within(texts, FIRST) == ["Mar  4 2026", "10:20:31", "2026-03-04T10:20:32", "2026-03-04"]


def test_a_build_over_midnight() -> None:
    late = datetime(2026, 3, 4, 23, 59, 58, tzinfo=UTC).timestamp()
    assert within(b"00:00:01", Side("x", "", late, late + 5)) == ["00:00:01"]
    assert within(b"00:00:09", Side("x", "", late, late + 5)) == []


def test_the_day_of_the_build() -> None:
    data = taken(b"built on 2026-03-04.")
    assert day_in(data, FIRST) == "2026-03-04 in .rodata"
    assert day_in(taken(b"Mar  4 2026"), FIRST) == ""
    assert day_in(taken(b"Mar  4 2026"), FIRST, ["a.c:1"]) == "Mar  4 2026 in .rodata"


def test_runs_of_what_differs() -> None:
    one = bytes(10_000)
    two = bytearray(one)
    two[5], two[7], two[9_000] = 1, 1, 1
    assert list(runs(one, bytes(two))) == [(5, 3), (9_000, 1)]
    assert list(runs(b"abcdef", b"abXdefgh")) == [(2, 6)]
    assert list(runs(b"abc", b"abcd")) == [(3, 1)]
