"""A finding: a need that no offer meets, with both sides' evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """`error`: it will not run. `warning`: it may not. `note`: worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return _RANK[self]


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of proof: where it stands and what stands there."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do. ``safe`` = loses nothing and can be undone by itself.

    ``command`` may be empty when no command does it; ``verify`` is the
    command which shows that it worked. ``{subject}`` in them stands for the subject's
    path; the engine puts it in, quoted for a shell.
    """

    title: str
    command: str = ""
    safe: bool = False
    verify: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule's judge returns; the engine adds rule id and subject."""

    message: str
    need: Mapping[str, object]
    offer: Mapping[str, object]
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    confidence: float = 0.95
    severity: Severity = Severity.ERROR
    rule: str = field(default="")
    subject: str = field(default="")


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something that could not be looked at: never the same as "all is well"."""

    what: str  #: a rule id, or a probe's name
    subject: str
    reason: str
