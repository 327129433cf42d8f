"""`crash-cgo`: the article's program and its real relatives, each with a verdict and a cause."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from archfit.host import lab_store
from archfit.lab import catalogue
from archfit.lab.cause import NONE, Cause, cause_of
from archfit.lab.outcome import Outcome, Word, failures, outcome
from archfit.lab.recipe import Recipe, Variant, load, names
from archfit.lab.trial import Said, Trial, carry_out, keep
from archfit.model.errors import Misuse

FAMILY = "crash-cgo"
#: What the article says of it, in its first chapter.
CLAIM = (
    "calling C from a single-architecture Go program crashes deterministically in runtime/cgo"
    " (SIGBUS or 'fatal error: unexpected signal') where a translator is about"
)
_AS_TOLD = ("SIGBUS", "fatal error: unexpected signal")


@dataclass(frozen=True, slots=True)
class Case:
    """One variant of a recipe, judged. ``stands``: what it says of the article's claim."""

    recipe: str
    variant: str
    title: str
    asks: str
    role: str
    outcome: Outcome
    cause: Cause
    stands: str
    trial: Trial
    as_told: bool = False

    @property
    def name(self) -> str:
        """As on the command line: ``wrong-isa-library``."""
        return self.recipe.partition("/")[2]


def chosen(only: Sequence[str]) -> list[Recipe]:
    """The recipes of these names, all when none is given. Raises Misuse."""
    every = {name.partition("/")[2]: name for name in names(FAMILY)}
    strange = [name for name in only if name not in every]
    if strange:
        raise Misuse(f"no recipe {strange[0]!r}", f"one of {', '.join(every)}")
    order = {"claim": 0, "relative": 1, "control": 2}
    recipes = [load(every[name]) for name in (only or every)]
    return sorted(recipes, key=lambda recipe: (order.get(recipe.role, 3), recipe.id))


def reproduce(
    recipes: Iterable[Recipe],
    runs: int,
    offline: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> Iterator[Case]:
    """Carry every variant out and judge it, one after the other."""
    for recipe in recipes:
        for variant in recipe.variants:
            yield judged(recipe, tried(recipe, variant, runs, offline, progress))


def tried(
    recipe: Recipe,
    variant: Variant,
    runs: int,
    offline: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> Trial:
    """Carry a variant out, seek the cause of its failure while its files are there, keep both."""
    trial = carry_out(recipe, variant, runs, offline, progress)
    failed = failures(trial, recipe.expect)
    if failed:
        step = next(step for step in recipe.steps if step.name == failed[0].step)
        cwd = os.path.join(trial.folder, step.cwd)
        cause = cause_of(failed[0], cwd, goos=catalogue.machine().split("/")[0])
        trial = replace(trial, cause=asdict(cause))
        keep(trial)
    lab_store.write(os.path.join(trial.folder, "facts.json"), facts_of(judged(recipe, trial)))
    return trial


def judged(recipe: Recipe, trial: Trial) -> Case:
    """What a trial says; it is looked at and not carried out."""
    said = outcome(trial, recipe.expect)
    failed = failures(trial, recipe.expect)
    cause = Cause(**trial.cause) if failed and trial.cause else NONE
    told = told_as(failed)
    stands = standing(recipe.role, said, cause, told)
    return Case(
        recipe.id,
        trial.variant,
        recipe.title,
        recipe.asks,
        recipe.role,
        said,
        cause,
        stands,
        trial,
        told,
    )


def told_as(failed: Sequence[Said]) -> bool:
    """A failure reads as the article tells it."""
    return any(word in answer.text for answer in failed for word in _AS_TOLD)


def standing(role: str, said: Outcome, cause: Cause, as_told: bool) -> str:
    """What one case says of the claim: told from its verdict and its text alone."""
    if said.word is Word.NOT_RUN:
        return "not tried"
    if role == "control":
        return "as it is alone" if said.word is Word.NEVER else "a crash in C would be seen"
    if said.word is Word.NEVER:
        return "refuted here: it runs" if role == "claim" else "no fault here"
    if as_told:
        return "stands" if said.word is Word.ALWAYS else "stands in part: not every time"
    return f"another fault: {cause.rule or 'cause not known'}"


def conclusion(cases: Sequence[Case]) -> tuple[str, str]:
    """(`false`, `partly`, `true` or `not run here`, why), from the cases that are its claim."""
    tried = [c for c in cases if c.role == "claim" and c.outcome.word is not Word.NOT_RUN]
    if not tried:
        return "not run here", "no case of the claim itself could be run"
    told = [c for c in tried if c.as_told and c.outcome.word is Word.ALWAYS]
    some = [c for c in tried if c.as_told]
    refuting = [c for c in tried if c.outcome.word is Word.NEVER]
    if not some and not refuting:
        return "not run here", "every case of the claim itself failed for another reason"
    runs = sum(c.outcome.runs for c in tried)
    failed = sum(c.outcome.failed for c in tried)
    causes = sorted({c.cause.rule for c in cases if c.role == "relative" and c.cause.rule})
    why = f"{failed} of {runs} runs failed in {len(tried)} cases of the claim itself"
    if causes:
        why += f"; what does fail beside it: {', '.join(causes)}"
    word = "true" if len(told) == len(tried) else "partly" if some else "false"
    return word, why


def facts_of(case: Case) -> bytes:
    """The case as facts of trust REPRODUCED, which `archfit check` reads."""
    import json

    from archfit.facts import lab as keys
    from archfit.facts.frozen import freeze
    from archfit.model.fact import Fact, Trust
    from archfit.model.rule import Result
    from archfit.model.subject import Kind, Subject

    source = f"recipe {case.recipe} {case.variant}, sha256 {case.trial.digest[:12]}"
    values = {
        keys.RECIPE.name: case.recipe,
        keys.VARIANT.name: case.variant,
        keys.VERDICT.name: case.outcome.verdict,
        keys.RUNS.name: case.outcome.runs,
        keys.FAILED.name: case.outcome.failed,
        keys.CAUSE.name: case.cause.rule,
        keys.TOOLS.name: dict(case.trial.tools),
    }
    facts = {name: Fact(value, Trust.REPRODUCED, source) for name, value in values.items()}
    subject = Subject(f"log:{case.trial.folder}", Kind.LOG, case.trial.folder)
    return json.dumps(freeze(Result(subject, facts)), indent=1, ensure_ascii=False).encode()
