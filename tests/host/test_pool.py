"""The pool: order, bounds, work that is found underway, and a process that dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from archfit.host.pool import ordered_map


class State:
    marker = ""


def start(marker: str) -> None:
    State.marker = marker


def double(numbers: list[int]) -> tuple[list[int], list[int]]:
    if 13 in numbers:
        os.kill(os.getpid(), signal.SIGKILL)
    if 17 in numbers and not Path(State.marker).exists():
        # The first time only: as if a file had shrunk for a moment.
        Path(State.marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return [2 * number for number in numbers], []


def lost(numbers: list[int]) -> tuple[list[int], list[int]]:
    """The first is given up, the others come back."""
    return [-numbers[0]], numbers[1:]


def flat(answers: list[list[int]]) -> list[int]:
    return [number for answer in answers for number in answer]


def test_order_and_a_dying_worker(tmp_path: Path) -> None:
    marker = str(tmp_path / "m")
    for longest in (1, 8):
        answers = list(
            ordered_map(
                double, list(range(40)), start=start, args=(marker,), lost=lost, longest=longest
            )
        )
        given_up = [number for number in flat(answers) if number < 0]
        assert -13 in given_up
        assert flat(answers) == [-n if -n in given_up else 2 * n for n in range(40)]
        assert max(map(len, answers)) <= longest


def below(paths: list[str]) -> tuple[str, list[str]]:
    """A tree of three to the sixth leaves: the first place is done, what it leads to is left."""
    first = paths[0]
    return first, [first + letter for letter in "abc" if len(first) < 6] + paths[1:]


def test_what_a_worker_leaves_is_done_before_what_follows() -> None:
    def wanted(path: str) -> list[str]:
        return [path] + [p for letter in "abc" if len(path) < 6 for p in wanted(path + letter)]

    answers = ordered_map(below, ["", "x"], start=start, args=("",), lost=lambda p: ("", p[1:]))
    assert list(answers) == wanted("") + wanted("x")


def test_nothing_to_do() -> None:
    assert list(ordered_map(double, [], start=start, args=("",), lost=lost)) == []
