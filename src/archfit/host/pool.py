"""Bulk work in processes: one pool, ordered answers, a bounded number under way.

`concurrent.futures` is not used: its two helper threads share the interpreter lock with
the caller, who is busy finding the next task, and each hand-over then waits for the lock;
on two cores the second one stood idle. Here the caller itself hands out and collects.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")

#: Answers kept until it is their turn, for each worker.
_KEPT = 16


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

    ``start(*args)`` runs once in each process. A process that dies (a mapped file that
    shrinks under its reader kills it with SIGBUS) takes one task with it: that one is
    tried once more, then answered by ``lost``; all others go on. What ``function`` raises
    is raised here.
    """
    pool = _Pool(function, start, args, lost)
    try:
        yield from pool.over(iter(tasks))
    finally:
        pool.end()


class _Worker(Generic[Task]):
    """A process, the pipe to it, and the task at work.

    It gets a task only when it waits for one, so neither side ever blocks the other.
    """

    def __init__(
        self,
        context: Any,
        function: Callable[[Task], Any],
        start: Callable[..., None],
        args: tuple[Any, ...],
        inherited: list[Connection],
    ) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self.held: tuple[int, Task] | None = None
        # A forked child also gets the pipes of its elder siblings; it must let them go,
        # or nobody would notice when one of those dies.
        others = [*inherited, self.pipe]
        self.process = context.Process(
            target=_serve, args=(theirs, others, function, start, args), daemon=True
        )
        self.process.start()
        theirs.close()


class _Pool(Generic[Task, Answer]):
    def __init__(
        self,
        function: Callable[[Task], Answer],
        start: Callable[..., None],
        args: tuple[Any, ...],
        lost: Callable[[Task], Answer],
    ) -> None:
        # On macOS a forked child may not use system frameworks, so it starts afresh there.
        method = "spawn" if sys.platform == "darwin" else "fork"
        self._context: Any = multiprocessing.get_context(method)
        self._made = (function, start, args)
        self._lost = lost
        self._workers: list[_Worker[Task]] = []
        self._answers: dict[int, Answer] = {}
        self._again: deque[tuple[int, Task]] = deque()
        self._tried: set[int] = set()
        for _ in range(workers()):
            self._hire()

    def _hire(self) -> None:
        pipes = [worker.pipe for worker in self._workers]
        if self._context.get_start_method() != "fork":
            pipes = []
        self._workers.append(_Worker(self._context, *self._made, pipes))

    def over(self, source: Iterator[Task]) -> Iterator[Answer]:
        turn = given = 0
        more = True
        while True:
            for worker in [worker for worker in self._workers if worker.held is None]:
                if self._again:
                    worker.held = self._again.popleft()
                elif more and given - turn < _KEPT * len(self._workers):
                    try:
                        worker.held = (given, next(source))
                    except StopIteration:
                        more = False
                        break
                    given += 1
                else:
                    break
                # One that has died is noticed when its answer is awaited.
                with suppress(OSError):
                    worker.pipe.send(worker.held[1])
            busy = [worker for worker in self._workers if worker.held is not None]
            if not busy and not self._answers:
                return
            if turn not in self._answers:
                self._collect(busy)
            while turn in self._answers:
                yield self._answers.pop(turn)
                turn += 1

    def _collect(self, busy: list[_Worker[Task]]) -> None:
        ready = wait([worker.pipe for worker in busy])
        for worker in [worker for worker in busy if worker.pipe in ready]:
            try:
                good, answer = worker.pipe.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if not good:
                raise answer
            if worker.held is not None:
                self._answers[worker.held[0]] = answer
            worker.held = None

    def _bury(self, worker: _Worker[Task]) -> None:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join()
        if worker.held is not None:
            number, task = worker.held
            if number in self._tried:
                self._answers[number] = self._lost(task)
            else:
                self._tried.add(number)
                self._again.append((number, task))
        self._hire()

    def end(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.terminate()
            worker.process.join()


def _serve(
    pipe: Connection,
    others: list[Connection],
    function: Callable[[Any], Any],
    start: Callable[..., None],
    args: tuple[Any, ...],
) -> None:
    for other in others:
        other.close()
    # The parent alone answers Ctrl-C.
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start(*args)
    try:
        while True:
            pipe.send(_done(function, pipe.recv()))
    except (EOFError, OSError):
        return


def _done(function: Callable[[Any], Any], task: Any) -> tuple[bool, Any]:
    from archfit.model.errors import ArchfitError

    try:
        return True, function(task)
    except ArchfitError as error:
        return False, error
