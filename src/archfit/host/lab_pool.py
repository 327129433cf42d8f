"""Experiments side by side: more of them than cores, as many of them wait.

Each process does one at a time and is killed with the process that made it. One that dies
takes its task with it, which is then answered by None; the others go on.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from archfit.model.errors import ArchfitError

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def unordered_map(
    function: Callable[[Task], Answer], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[Task, Answer | None]]:
    """(task, what ``function`` made of it) as they come; None when its process died.

    An ArchfitError that ``function`` raises is raised here.
    """
    # On macOS a forked child may not use system frameworks, so it starts afresh there.
    context: Any = multiprocessing.get_context("spawn" if sys.platform == "darwin" else "fork")
    waiting = list(enumerate(tasks))[::-1]
    at_work: dict[Connection, tuple[Any, int | None]] = {}
    try:
        for _ in range(min(jobs, len(tasks))):
            _hire(context, function, at_work)
        while waiting or any(held is not None for _, held in at_work.values()):
            for pipe, (process, held) in list(at_work.items()):
                if held is None and waiting:
                    number, task = waiting.pop()
                    at_work[pipe] = (process, number)
                    # One that has died is noticed when its answer is awaited.
                    with suppress(OSError):
                        pipe.send(task)
            busy = [pipe for pipe, (_, held) in at_work.items() if held is not None]
            for pipe in set(busy).intersection(wait(busy)):
                process, number_done = at_work[pipe]
                assert number_done is not None
                try:
                    good, answer = pipe.recv()
                    at_work[pipe] = (process, None)
                except (EOFError, OSError):
                    del at_work[pipe]
                    process.join()
                    good, answer = True, None
                    _hire(context, function, at_work)
                if not good:
                    raise answer
                yield tasks[number_done], answer
    finally:
        for pipe, (process, held) in at_work.items():
            pipe.close()
            if held is not None:
                process.kill()
            process.join()


def _hire(context: Any, function: Callable[[Any], Any], at_work: dict[Connection, Any]) -> None:
    ours, theirs = multiprocessing.Pipe()
    # A forked child also gets the pipes of its elder siblings and must let them go.
    others = [ours, *at_work] if context.get_start_method() == "fork" else []
    process = context.Process(target=_serve, args=(theirs, others, function), daemon=True)
    process.start()
    theirs.close()
    at_work[ours] = (process, None)


def _serve(pipe: Connection, others: list[Connection], function: Callable[[Any], Any]) -> None:
    for other in others:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        # prctl(2): PR_SET_PDEATHSIG is 1. What a worker runs is killed with it in the same way.
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() == 1:
            return
    with suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            try:
                answer = (True, function(task))
            except ArchfitError as error:
                answer = (False, error)
            pipe.send(answer)
