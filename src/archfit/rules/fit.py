"""What judges are made of: a need held against an offer, and proof from facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archfit.model.fact import Facts, Key
from archfit.model.finding import Evidence, Finding, Remedy, Severity
from archfit.model.words import in_words


def proof(facts: Facts, *keys: Key[Any]) -> tuple[Evidence, ...]:
    """The facts under these keys as evidence; absent ones are left out."""
    return tuple(
        Evidence(fact.source, f"{key.name} = {in_words(fact.value)}")
        for key in keys
        if (fact := facts.get(key.name)) is not None
    )


def slice_proof(one: Mapping[str, Any], *names: str) -> tuple[Evidence, ...]:
    """Members of one object of `binary.slices` as evidence; absent ones are left out."""
    where = f"slice {one.get('isa')} @{int(one.get('offset') or 0):#x}"
    return tuple(
        Evidence(where, f"{name} = {in_words(one[name])}") for name in names if name in one
    )


def fit(
    *,
    need: Mapping[str, object],
    offer: Mapping[str, object],
    holds: bool = False,
    message: str,
    evidence: tuple[Evidence, ...] = (),
    remedies: tuple[Remedy, ...] = (),
    confidence: float = 0.95,
    severity: Severity = Severity.ERROR,
) -> Iterator[Finding]:
    """One finding, unless the offer ``holds`` what is needed.

    A judge that runs over whole trees asks first and calls this only for a misfit, since
    evidence and remedies cost more than the question.
    """
    if not holds:
        yield Finding(message, need, offer, evidence, remedies, confidence, severity)


def version(text: object) -> tuple[int, ...]:
    """`2.34` or `15.4.1` as numbers to compare; what is no number ends it."""
    parts: list[int] = []
    for word in str(text).split("."):
        if not word.isascii() or not word.isdigit():
            break
        parts.append(int(word))
    return tuple(parts)
