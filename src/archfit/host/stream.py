"""A stream of tasks through processes: ordered answers, a bounded number under way.

`archfit.host.pool` shares out a row of places that is known before; here the tasks come one by
one (out of an archive, from standard input) and must never all be in memory.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from archfit.host.pool import workers
from archfit.model.errors import ArchfitError

Task = TypeVar("Task")
Answer = TypeVar("Answer")

#: Tasks under way or answered before their turn, for each worker.
_KEPT = 6


def streamed(
    function: Callable[[Task], Answer],
    tasks: Iterable[Task],
    *,
    start: Callable[..., None],
    args: tuple[Any, ...] = (),
    lost: Callable[[Task], Answer],
) -> Iterator[Answer]:
    """``function`` over ``tasks`` in other processes, answers in the order of the tasks.

    ``start(*args)`` runs once in each process. A process that dies takes one task with it:
    that one is tried once more, then answered by ``lost``; all others go on. An ArchfitError
    of ``function`` is raised here. Workers end when the iteration does.
    """
    stream = _Stream(function, start, args, lost)
    try:
        yield from stream.over(iter(tasks))
    finally:
        stream.end()


class _Worker(Generic[Task]):
    """A process, the pipe to it, and the task at work: it has one or waits for one."""

    def __init__(
        self,
        context: Any,
        function: Callable[[Task], Any],
        start: Callable[..., None],
        args: tuple[Any, ...],
        others: list[Connection],
    ) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self.held: tuple[int, Task] | None = None
        if context.get_start_method() == "fork":
            others = [*others, self.pipe]
        self.process = context.Process(
            target=_serve, args=(theirs, others, function, start, args), daemon=True
        )
        self.process.start()
        theirs.close()


class _Stream(Generic[Task, Answer]):
    def __init__(
        self,
        function: Callable[[Task], Answer],
        start: Callable[..., None],
        args: tuple[Any, ...],
        lost: Callable[[Task], Answer],
    ) -> None:
        # On macOS a forked child may not use system frameworks, so it starts afresh there.
        self._forks = sys.platform != "darwin"
        self._context: Any = multiprocessing.get_context("fork" if self._forks else "spawn")
        self._made = (function, start, args)
        self._lost = lost
        self._workers: list[_Worker[Task]] = []
        self._answers: dict[int, Answer] = {}
        self._again: deque[tuple[int, Task]] = deque()
        self._tried: set[int] = set()
        for _ in range(workers()):
            self._hire()

    def _hire(self) -> None:
        # A forked child inherits its siblings' pipes, and must let them go: else nobody would
        # notice when one of those dies.
        pipes = [worker.pipe for worker in self._workers] if self._forks else []
        self._workers.append(_Worker(self._context, *self._made, pipes))

    def over(self, source: Iterator[Task]) -> Iterator[Answer]:
        turn = given = 0
        more = True
        while True:
            for worker in [worker for worker in self._workers if worker.held is None]:
                if self._again:
                    worker.held = self._again.popleft()
                elif more and given - turn < _KEPT * len(self._workers):
                    task = next(source, None)
                    if task is None:
                        more = False
                        break
                    worker.held = (given, task)
                    given += 1
                else:
                    break
                # One that has died is noticed when its answer is awaited.
                with suppress(OSError):
                    worker.pipe.send(worker.held[1])
            busy = [worker for worker in self._workers if worker.held is not None]
            if not busy and not self._answers and not self._again:
                return
            if turn not in self._answers and busy:
                self._collect(busy)
            while turn in self._answers:
                yield self._answers.pop(turn)
                turn += 1

    def _collect(self, busy: list[_Worker[Task]]) -> None:
        ready = wait([worker.pipe for worker in busy])
        for worker in [worker for worker in busy if worker.pipe in ready]:
            try:
                answer = worker.pipe.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if isinstance(answer, ArchfitError):
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
        """End the workers that this stream started."""
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start(*args)
    try:
        while True:
            task = pipe.recv()
            try:
                pipe.send(function(task))
            except ArchfitError as error:
                pipe.send(error)
    except (EOFError, OSError):
        return
