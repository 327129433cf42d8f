"""What a rule, a probe and a result are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from archfit.model.fact import Facts, Key
from archfit.model.finding import Finding, NotChecked
from archfit.model.subject import Kind, Subject
from archfit.model.text import Mend, Text, Weigh

#: (facts of the subject, facts of the host) -> findings. No files, no processes, no clock.
Judge = Callable[[Facts, Facts], Iterable[Finding]]


def nothing(facts: Facts, host: Facts) -> Iterable[Finding]:
    """The judge of a cause that no facts show."""
    return ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One cause.

    ``needs``: facts of the subject without which the question does not arise.
    ``host``: facts of the host without which the rule can't judge; when one
    is absent the engine reports NotChecked and does not call the judge.

    For text: ``texts`` are the messages that prove the cause. ``weigh`` turns their hits
    into findings; without it the surest hit becomes one finding with the lines as
    evidence and what ``mend`` advises. ``yields_to``: rules whose cause explains this
    one's messages as a mere consequence; when one of them is found in the same text,
    this one is no answer.
    """

    id: str
    kinds: tuple[Kind, ...] = ()
    needs: tuple[Key[Any], ...] = ()
    host: tuple[Key[Any], ...] = ()
    judge: Judge = nothing
    texts: tuple[Text, ...] = ()
    weigh: Weigh | None = None
    mend: Mend | None = None
    yields_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """All that is known of one subject after it was judged, findings in rank order."""

    subject: Subject
    facts: Facts
    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    judged: bool = True  #: False when every rule that applies lacked what it needs
