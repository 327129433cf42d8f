"""A claim of the article: what it says, which recipes show it, and the judge of what they saw.

The judges stand in `archfit.lab.claims`, one file a chapter. A judge compares observed
values and nothing else; what it lacks makes it raise Unavailable, which is `not run here`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from archfit.lab.mac_answer import MacAnswer
from archfit.lab.trial import Said, Trial
from archfit.model.errors import Unavailable

#: What brings a Mac's answer.
MAC_SCRIPT = "archfit lab reproduce crash-cgo --macos-script"


class Verdict(StrEnum):
    """`invented`: what it speaks of does not exist. `unverifiable`: nothing could show it."""

    TRUE = "true"
    PARTLY = "partly"
    FALSE = "false"
    INVENTED = "invented"
    UNVERIFIABLE = "unverifiable"
    NOT_RUN = "not run here"


@dataclass(frozen=True, slots=True)
class Judged:
    """``observed``: one line of what was seen. ``twin``: on Linux, where the claim is of
    macOS: the same mechanism, another translator. ``mac``: told by a Mac's answer."""

    verdict: Verdict
    observed: str
    twin: bool = False
    mac: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a judge has before it: trials by recipe, and a Mac's answer when one was given."""

    trials: Mapping[str, Sequence[Trial]] = field(default_factory=dict)
    mac: MacAnswer | None = None

    def run(self, recipe: str) -> list[Trial]:
        """The trials of a recipe that were carried out. Unavailable when there is none."""
        every = self.trials.get(recipe, ())
        done = [trial for trial in every if not trial.gap]
        if not done:
            raise Unavailable(next((t.gap for t in every), f"{recipe} was never run"))
        return done

    def step(self, recipe: str, step: str) -> Said:
        """One step's answer, of a recipe with one variant. Unavailable as `run`."""
        return self.run(recipe)[0].of(step)


@dataclass(frozen=True, slots=True)
class Claim:
    """``settled``: the verdict from documents and source code, with their names in
    ``source``; ``truth``: what is so. The verdict of a run comes from ``judge`` alone."""

    id: str
    chapter: str
    says: str
    recipes: tuple[str, ...]
    settled: Verdict
    truth: str
    source: str
    judge: Callable[[Seen], Judged]
