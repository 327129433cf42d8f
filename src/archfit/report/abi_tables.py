"""Calling conventions as text, and as JSON (`schema/archfit.abi-1.json`)."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from archfit.platforms.calling_conventions import FACTS, Convention, Fact, different

_WIDTH = 72


def document(shown: Sequence[Convention], differences: list[str] | None = None) -> str:
    """One JSON object; ``differences`` names the facts in which two conventions differ."""
    rows = [
        {
            "name": convention.name,
            "title": convention.title,
            "isa": convention.isa,
            "targets": list(convention.targets),
            "specification": convention.specification,
            "facts": {
                key: {"is": fact.said, "section": fact.section}
                for key, fact in convention.facts.items()
            },
        }
        for convention in shown
    ]
    whole: dict[str, object] = {"schema": "archfit.abi/1", "conventions": rows}
    if differences is not None:
        whole["differences"] = differences
    return json.dumps(whole, indent=2)


def lines(convention: Convention) -> Iterator[str]:
    """One convention: every fact, with its section below it."""
    yield f"{convention.title} ({', '.join(convention.targets)})"
    yield f"specification: {convention.specification}"
    for key, fact in convention.facts.items():
        yield ""
        yield from _wrapped(f"{FACTS[key]}:", words(fact))
        yield f"    [{fact.section}]"


def difference_lines(a: Convention, b: Convention) -> Iterator[str]:
    """Two conventions: what differs, then the names of what does not."""
    unlike = different(a, b)
    yield f"A  {a.title} ({a.specification})"
    yield f"B  {b.title} ({b.specification})"
    for key in unlike:
        yield ""
        yield FACTS[key]
        for mark, convention in (("A", a), ("B", b)):
            yield from _wrapped(f"  {mark} ", words(convention.facts.get(key)))
    alike = [said for key, said in FACTS.items() if key in a.facts and key not in unlike]
    yield ""
    yield f"the same in both: {', '.join(alike) or 'nothing'}"


def words(fact: Fact | None) -> str:
    """What a fact says, in one line."""
    if fact is None:
        return "not stated"
    if isinstance(fact.said, str):
        return fact.said
    mark = "; " if any(":" in one for one in fact.said) else " "
    if any(" " in one for one in fact.said) and mark == " ":
        mark = ", "
    return mark.join(fact.said) or "none"


def _wrapped(head: str, said: str) -> list[str]:
    return textwrap.wrap(f"{head} {said}", _WIDTH, subsequent_indent="    ")
