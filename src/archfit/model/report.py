"""What a run has seen, in numbers that do not grow with what carries no finding."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from archfit.model.finding import Severity


@dataclass(slots=True)
class Tally:
    """Counts of a run or of a part of it; `add` joins two parts.

    ``kinds``: subjects with facts, by (kind, what they are), as
    ``("binary", "elf linux/amd64")``. ``severities``: findings by severity.
    """

    files: int = 0  #: regular files met
    judged: int = 0  #: subjects with facts
    not_checked: int = 0
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    go: int = 0  #: subjects with a Go program in them
    severities: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Take the counts of another part into this one."""
        self.files += other.files
        self.judged += other.judged
        self.not_checked += other.not_checked
        self.kinds.update(other.kinds)
        self.go += other.go
        self.severities.update(other.severities)

    @property
    def worst(self) -> Severity | None:
        """The gravest severity found, or None."""
        return next((s for s in Severity if self.severities[s.value]), None)
