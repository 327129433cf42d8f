"""Experiments side by side."""

from __future__ import annotations

import os
import signal

import pytest

from archfit.host.lab_pool import unordered_map
from archfit.model.errors import Unavailable


def double(number: int) -> int:
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 14:
        raise Unavailable("not this one")
    return 2 * number


def test_all_tasks_are_answered_once() -> None:
    assert sorted(unordered_map(double, range(10), 3)) == [(n, 2 * n) for n in range(10)]
    assert list(unordered_map(double, [], 3)) == []


def test_a_process_that_dies_takes_one_task_with_it() -> None:
    answers = dict(unordered_map(double, [1, 13, 2, 3], 2))
    assert answers == {1: 2, 2: 4, 3: 6, 13: None}


def test_an_error_on_purpose_is_raised_here() -> None:
    with pytest.raises(Unavailable, match="not this one"):
        list(unordered_map(double, [1, 14, 2], 2))
