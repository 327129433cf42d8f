"""Bulk work in processes: one pool, ordered answers, a bounded number under way."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")

#: Tasks handed out ahead of the one awaited, for each worker.
_AHEAD = 4


def workers() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def ordered_map(
    function: Callable[[Task], Answer],
    tasks: Iterable[Task],
    *,
    start: Callable[..., None],
    args: tuple[Any, ...],
    lost: Callable[[Task], Answer],
) -> Iterator[Answer]:
    """``function`` over ``tasks`` in other processes, answers in the order of the tasks.

    ``start(*args)`` runs once in each process. A process that dies (a mapped file
    that shrinks under the reader kills it with SIGBUS) takes one task with it: that
    one is tried once more by itself, then answered by ``lost``; the others go on.
    """
    # On macOS a forked child may not use system frameworks, so it starts afresh there.
    method = "spawn" if sys.platform == "darwin" else "fork"
    context = multiprocessing.get_context(method)
    count = workers()

    def executor(size: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(size, mp_context=context, initializer=start, initargs=args)

    pool = executor(count)
    waiting: deque[tuple[Task, Future[Answer]]] = deque()
    source = iter(tasks)
    try:
        while True:
            while len(waiting) < count * _AHEAD:
                try:
                    task = next(source)
                except StopIteration:
                    break
                waiting.append((task, pool.submit(function, task)))
            if not waiting:
                return
            task, future = waiting.popleft()
            try:
                yield future.result()
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                yield _alone(executor, function, task, lost)
                pool = executor(count)
                waiting = deque((other, pool.submit(function, other)) for other, _ in waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(
    executor: Callable[[int], ProcessPoolExecutor],
    function: Callable[[Task], Answer],
    task: Task,
    lost: Callable[[Task], Answer],
) -> Answer:
    with executor(1) as pool:
        try:
            return pool.submit(function, task).result()
        except BrokenProcessPool:
            return lost(task)
