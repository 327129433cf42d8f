"""The ledger: every claim with its recipe, its verdict here, what was seen, and when."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from archfit.lab.claim import Claim, Judged, Seen, Verdict
from archfit.lab.claims import chapter_1, chapter_2, chapter_3, chapter_4
from archfit.lab.mac_answer import MacAnswer
from archfit.lab.recipe import load
from archfit.lab.reproduce import tried
from archfit.lab.trial import Trial, kept
from archfit.model.errors import Misuse, Unavailable

CLAIMS = (*chapter_1.CLAIMS, *chapter_2.CLAIMS, *chapter_3.CLAIMS, *chapter_4.CLAIMS)
#: How often the steps that may vary are repeated.
RUNS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """``date``: of the newest trial, "" when none was carried out; ``inputs``: a sha256 over
    its recipes, sources and tools' versions; ``stale``: a recipe changed since it was run."""

    claim: Claim
    judged: Judged
    date: str
    inputs: str
    stale: bool

    @property
    def agrees(self) -> bool | None:
        """With what documents and sources settle; None when it was not run."""
        if self.judged.verdict is Verdict.NOT_RUN:
            return None
        return self.judged.verdict is self.claim.settled


def chosen(ids: Sequence[str]) -> list[Claim]:
    """The claims of these ids or chapters (``ch3.1``); all when none is given. Misuse."""
    found = [c for c in CLAIMS if not ids or any(_named(c.id, name) for name in ids)]
    strange = [name for name in ids if not any(_named(c.id, name) for c in CLAIMS)]
    if strange:
        raise Misuse(f"no claim {strange[0]!r}", "archfit lab claims")
    return found


def _named(claim_id: str, name: str) -> bool:
    return claim_id == name or claim_id.startswith(f"{name}.")


def run(
    claims: Sequence[Claim],
    offline: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> None:
    """Carry out each recipe that these claims need, once; the trials are kept."""
    for recipe_id in dict.fromkeys(recipe for claim in claims for recipe in claim.recipes):
        recipe = load(recipe_id)
        for variant in recipe.variants:
            tried(recipe, variant, RUNS, offline, progress)


def entries(claims: Sequence[Claim], mac: MacAnswer | None = None) -> list[Entry]:
    """Each claim judged on the trials that are kept, and on a Mac's answer where it is of a Mac."""
    return [entry(claim, _trials(claim), mac) for claim in claims]


def _trials(claim: Claim) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for recipe_id in claim.recipes:
        recipe = _recipe(recipe_id)
        trials = (kept(recipe, variant) for variant in recipe.variants)
        found[recipe_id] = [trial for trial in trials if trial is not None]
    return found


_recipe = cache(load)


def entry(claim: Claim, trials: dict[str, list[Trial]], mac: MacAnswer | None = None) -> Entry:
    """One claim judged on these trials."""
    try:
        judged = claim.judge(Seen(trials, mac))
    except Unavailable as error:
        judged = Judged(Verdict.NOT_RUN, error.why)
    every = [trial for group in trials.values() for trial in group]
    digest = hashlib.sha256()
    for trial in every:
        digest.update(f"{trial.recipe} {trial.variant} {trial.digest}\n".encode())
        digest.update("".join(f"{k}={v}\n" for k, v in sorted(trial.tools.items())).encode())
    stale = any(trial.digest != _recipe(trial.recipe).digest for trial in every)
    date = max((trial.date for trial in every), default="")
    if mac is not None and judged.mac:
        date = mac.date
    return Entry(claim, judged, date, digest.hexdigest() if every else "", stale)
