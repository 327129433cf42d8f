"""Bulk work in processes: one pool, ordered answers, a bounded number under way.

Work is a row of places, and a task is a stretch of them. A worker that finds a stretch longer
than it looked hands back what it left, which takes its place in the row: so a tree is shared
out while it is discovered, and nobody has to know it before.

`concurrent.futures` is not used: its two helper threads share the interpreter lock with
the caller, who is busy finding the next task, and each hand-over then waits for the lock;
on two cores the second one stood idle. Here the caller itself hands out and collects.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

Place = TypeVar("Place")
Answer = TypeVar("Answer")

#: Answers kept until it is their turn, for each worker.
_KEPT = 16


def workers() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def ordered_map(
    function: Callable[[list[Place]], tuple[Answer, list[Place]]],
    places: Sequence[Place],
    *,
    start: Callable[..., None],
    args: tuple[Any, ...],
    lost: Callable[[list[Place]], tuple[Answer, list[Place]]],
    longest: int = 64,
) -> Iterator[Answer]:
    """What ``function`` makes of stretches of ``places`` in other processes, in their order.

    ``function`` is given at most ``longest`` neighbours and returns its answer, and what is
    still to be done before the places that follow. ``start(*args)`` runs once in each process.
    A process that dies (a mapped file that shrinks under its reader kills it with SIGBUS)
    takes one stretch with it: that is tried once more, then answered by ``lost``; all others
    go on. What ``function`` raises is raised here.
    """
    pool = _Pool(function, start, args, lost, longest)
    try:
        yield from pool.over(places)
    finally:
        pool.end()


class _Step(Generic[Place, Answer]):
    """A part of the row: places that wait, are at work, or are answered."""

    __slots__ = ("answer", "at_work", "places", "tried")

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        self.at_work = False
        self.tried = False
        self.answer: list[Answer] = []


class _Worker(Generic[Place, Answer]):
    """A process, the pipe to it, and the step at work.

    It gets a step only when it waits for one, so neither side ever blocks the other.
    """

    def __init__(
        self,
        context: Any,
        function: Callable[[list[Place]], Any],
        start: Callable[..., None],
        args: tuple[Any, ...],
        inherited: list[Connection],
    ) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self.held: _Step[Place, Answer] | None = None
        # A forked child also gets the pipes of its elder siblings; it must let them go,
        # or nobody would notice when one of those dies.
        others = [*inherited, self.pipe]
        self.process = context.Process(
            target=_serve, args=(theirs, others, function, start, args), daemon=True
        )
        self.process.start()
        theirs.close()


class _Pool(Generic[Place, Answer]):
    def __init__(
        self,
        function: Callable[[list[Place]], tuple[Answer, list[Place]]],
        start: Callable[..., None],
        args: tuple[Any, ...],
        lost: Callable[[list[Place]], tuple[Answer, list[Place]]],
        longest: int,
    ) -> None:
        # On macOS a forked child may not use system frameworks, so it starts afresh there.
        method = "spawn" if sys.platform == "darwin" else "fork"
        self._context: Any = multiprocessing.get_context(method)
        self._made = (function, start, args)
        self._lost = lost
        self._longest = longest
        self._workers: list[_Worker[Place, Answer]] = []
        self._row: list[_Step[Place, Answer]] = []
        for _ in range(workers()):
            self._hire()

    def _hire(self) -> None:
        pipes = [worker.pipe for worker in self._workers]
        if self._context.get_start_method() != "fork":
            pipes = []
        self._workers.append(_Worker(self._context, *self._made, pipes))

    def over(self, places: Sequence[Place]) -> Iterator[Answer]:
        row = self._row
        if places:
            row.append(_Step(list(places)))
        while row:
            self._hand_out()
            if not row[0].answer:
                self._collect([worker for worker in self._workers if worker.held is not None])
            while row and row[0].answer:
                yield row.pop(0).answer[0]

    def _hand_out(self) -> None:
        """Every worker that waits gets the first stretch that waits, as long as few are ahead."""
        for worker in [worker for worker in self._workers if worker.held is None]:
            step = self._next()
            if step is None:
                return
            step.at_work = True
            worker.held = step
            # One that has died is noticed when its answer is awaited.
            with suppress(OSError):
                worker.pipe.send(step.places)

    def _next(self) -> _Step[Place, Answer] | None:
        for index, step in enumerate(self._row[: _KEPT * len(self._workers)]):
            if step.at_work or step.answer:
                continue
            # Others wait too, and the last places are shared out one by one.
            count = min(self._longest, max(1, len(step.places) // (2 * len(self._workers))))
            if step.tried or count == len(step.places):
                return step
            first = _Step[Place, Answer](step.places[:count])
            del step.places[:count]
            self._row.insert(index, first)
            return first
        return None

    def _collect(self, busy: list[_Worker[Place, Answer]]) -> None:
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
                self._put(worker.held, *answer)
            worker.held = None

    def _put(self, step: _Step[Place, Answer], answer: Answer, left: list[Place]) -> None:
        step.answer.append(answer)
        step.at_work = False
        if not left:
            return
        index = self._row.index(step) + 1
        after = self._row[index] if index < len(self._row) else None
        if after is None or after.at_work or after.answer or after.tried:
            self._row.insert(index, _Step(left))
        else:
            after.places[:0] = left

    def _bury(self, worker: _Worker[Place, Answer]) -> None:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join()
        step = worker.held
        if step is not None:
            if step.tried:
                self._put(step, *self._lost(step.places))
            else:
                step.tried = True
                step.at_work = False
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
