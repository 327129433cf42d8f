"""What a text's messages become: a finding with the lines that prove it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archfit.formats.secrets import masked
from archfit.model.finding import Evidence, Finding, Remedy
from archfit.model.text import Hit

#: Lines shown as evidence.
_SHOWN = 4


def said(
    best: Hit,
    hits: Sequence[Hit] = (),
    *,
    message: str = "",
    remedies: Iterable[Remedy] = (),
    confidence: float = 0.0,
) -> Finding:
    """A finding that ``best`` decided, with ``hits`` as further proof.

    ``message`` and ``confidence`` are those of its Text unless given; ``{name}`` in a
    Text's words is the group of that name, ``?`` where it was not matched.
    """
    return Finding(
        message or best.text.says.format_map(_Groups(best.groups)),
        {},
        {},
        evidence([best, *(hit for hit in hits if hit is not best)]),
        tuple(remedies),
        confidence or best.text.confidence,
    )


def evidence(hits: Iterable[Hit]) -> tuple[Evidence, ...]:
    """The lines, each once."""
    seen: dict[int, Evidence] = {}
    for hit in hits:
        seen.setdefault(hit.number, Evidence(f"line {hit.number}", shown(hit)))
        if len(seen) == _SHOWN:
            break
    return tuple(seen.values())


def shown(hit: Hit) -> str:
    """The part of the line that is worth showing: at most 300 characters around the message,
    no secret among them."""
    line = masked(hit.line.strip())
    if len(line) <= 300:
        return line
    at = max(0, line.find(hit.text.needle))
    start = max(0, at - 120)
    return ("... " if start else "") + line[start : start + 300]


def surest(hits: Sequence[Hit]) -> Hit:
    """The hit of the highest confidence, of equals the first."""
    return max(hits, key=lambda hit: hit.text.confidence)


class _Groups(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"
