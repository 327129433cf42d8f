"""What a rule, a probe and a result are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from archfit.model.fact import Facts, Key
from archfit.model.finding import Finding, NotChecked
from archfit.model.subject import Kind, Subject

#: (facts of the subject, facts of the host) -> findings. No files, no processes, no clock.
Judge = Callable[[Facts, Facts], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One cause.

    ``needs``: facts of the subject without which the question does not arise.
    ``host``: facts of the host without which the rule can't judge; when one
    is absent the engine reports NotChecked and does not call the judge.
    """

    id: str
    kinds: tuple[Kind, ...]
    needs: tuple[Key[Any], ...]
    host: tuple[Key[Any], ...]
    judge: Judge


@dataclass(frozen=True, slots=True)
class Result:
    """All that is known of one subject after it was judged, findings in rank order."""

    subject: Subject
    facts: Facts
    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
