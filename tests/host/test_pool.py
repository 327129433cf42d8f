"""The pool: order, bounds, and a process that dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from archfit.host.pool import ordered_map


class State:
    marker = ""


def start(marker: str) -> None:
    State.marker = marker


def double(number: int) -> int:
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 17 and not Path(State.marker).exists():
        # The first time only: as if a file had shrunk for a moment.
        Path(State.marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def lost(number: int) -> int:
    return -number


def test_order_and_a_dying_worker(tmp_path: Path) -> None:
    handed: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(40):
            handed.append(number)
            yield number

    answers = ordered_map(double, tasks(), start=start, args=(str(tmp_path / "m"),), lost=lost)
    first = next(answers)
    assert first == 0
    assert len(handed) < 40, "tasks are taken as they are needed"
    assert [first, *answers] == [-13 if n == 13 else 2 * n for n in range(40)]
