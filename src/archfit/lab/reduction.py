"""One pass of a reduction: picire's parallel ddmin over the pieces of a case.

picire (BSD-3-Clause) implements Zeller's ddmin with tests in parallel processes; what a
test is, where it runs and what is known of it from before is said here. All tests are
kept on disk by content, so that a reduction that was killed goes over them without
running anything, and two passes that come to the same candidate test it once.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from archfit.host import slots
from archfit.lab.case import Case, Pass
from archfit.lab.oracle import Goal, Setting, known_verdict, look
from archfit.lab.restructure import Move


class Trial:
    """Tests which pieces are enough; called by picire, in a process of its own."""

    def __init__(
        self, step: Pass, case: Case, setting: Setting, goal: Goal, say: Callable[[str], None]
    ) -> None:
        self.step, self.case, self.setting, self.goal, self.say = step, case, setting, goal, say
        self._maker = os.getpid()

    def shows(self, kept: Sequence[int]) -> bool:
        """The case with these pieces still shows what it is about."""
        self.say(f"{self.step.name}: {len(kept)} left")
        small = self.step.build(self.case, frozenset(kept))
        return self.goal.holds(look(small, self.setting, self.goal))

    def known(self, kept: Sequence[int]) -> bool | None:
        """The same, where it was tested before."""
        small = self.step.build(self.case, frozenset(kept))
        seen = known_verdict(os.path.join(self.setting.home, "tried", small.key()))
        return None if seen is None else self.goal.holds(seen)

    def __call__(self, config: Sequence[int], _config_id: object) -> Any:
        """As picire wants it: FAIL is a case that still shows the failure."""
        if os.getpid() != self._maker:
            slots.die_with(self._maker)
        outcome = _picire().Outcome
        return outcome.FAIL if self.shows(config) else outcome.PASS


class _Known:
    """picire's cache of outcomes, which is the folder of tried cases."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def add(self, config: Sequence[int], result: object) -> None:
        """`look` has written it down."""

    def lookup(self, config: Sequence[int]) -> Any:
        known = self.trial.known(config)
        outcome = _picire().Outcome
        return None if known is None else outcome.FAIL if known else outcome.PASS


def reduced(trial: Trial, fine: bool) -> Case:
    """The case with as few pieces of this pass as still show its failure.

    ``fine``: most of what is left is needed, so that no halves are tried by themselves.
    """
    pieces = list(range(len(trial.step.pieces(trial.case))))
    if not pieces:
        return trial.case
    if trial.shows(()):  # ddmin itself never tries to do without all
        return trial.step.build(trial.case, frozenset())
    if len(pieces) == 1:
        return trial.case
    orders = _picire().config_iterators
    ddmin = _picire().ParallelDD(
        trial,
        cache=_Known(trial),
        proc_num=trial.setting.jobs,
        subset_iterator=orders.skip if fine else orders.forward,
        # Later pieces use earlier ones, so they are taken away first.
        complement_iterator=orders.backward,
    )
    kept = ddmin(pieces)
    return trial.step.build(trial.case, frozenset(kept))


def moved(move: Move, case: Case, setting: Setting, goal: Goal, say: Callable[[str], None]) -> Case:
    """The case after all moves of a kind that leave its failure as it is."""
    refused: set[str] = set()
    while True:
        for small in move.candidates(case):
            key = small.key()
            if key in refused or key == case.key():
                continue
            say(f"{move.name}: {len(small.files)} files")
            if goal.holds(look(small, setting, goal)):
                case = small
                break
            refused.add(key)
        else:
            return case


def _picire() -> Any:
    with warnings.catch_warnings():
        # Its command line, loaded along, uses pkg_resources of setuptools.
        warnings.simplefilter("ignore")
        import picire

    return picire
