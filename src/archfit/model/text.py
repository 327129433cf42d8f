"""What a rule looks for in text that people paste, and what it was given back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archfit.model.finding import Finding, Remedy


@dataclass(frozen=True, slots=True)
class Text:
    """A message that proves a cause, as one or more tools print it.

    ``needle``: the message's fixed part, a substring of one line, case as printed. It
    begins and ends where a run of ASCII letters and digits does (`cannot open shared`,
    not `annot open shar`): the search first asks whether all its words are there at all.
    ``pattern``: a regular expression searched in the line once the needle is there, in
    linear time (no nested quantifiers, bounded counts); its named groups fill ``says``
    and the remedies. ``confidence``: that this cause is the answer when the line stands
    in a failing log. ``unless``: substrings of the same line that make it another message.
    ``tool``: who prints it and where that is written down (program, source file).
    """

    needle: str
    says: str
    tool: str
    pattern: str = ""
    confidence: float = 0.9
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """``text`` found: in ``line`` (plain, without decoration), which is line ``number``
    (from 1) of the text as it was given, at ``column`` (from 1)."""

    text: Text
    number: int
    column: int
    line: str
    groups: Mapping[str, str] = field(default_factory=dict)

    def group(self, name: str, default: str = "") -> str:
        """What a named group of the pattern matched; ``default`` when it did not."""
        return self.groups.get(name) or default


#: (hits of the rule's own texts, in the order of the lines; the log) -> findings. Pure.
#: The log is an `archfit.formats.log.Log`.
Weigh = Callable[[Sequence[Hit], Any], Iterable[Finding]]

#: (the hit that decided, the log) -> what to do in this very case.
Mend = Callable[[Hit, Any], Iterable[Remedy]]
