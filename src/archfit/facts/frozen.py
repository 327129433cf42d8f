"""Facts as JSON and back, so that any subject can be judged on another machine.

The object is ``{"schema": "archfit.facts/1", "subject": {"id", "kind", "name"},
"facts": {key: {"value", "trust", "source"}}, "not_checked": [...]}``.
"""

from __future__ import annotations

from archfit.model.errors import Malformed
from archfit.model.fact import Fact, Facts, Trust
from archfit.model.finding import NotChecked
from archfit.model.rule import Result
from archfit.model.subject import Kind, Subject

SCHEMA = "archfit.facts/1"


def freeze_facts(facts: Facts) -> dict[str, dict[str, object]]:
    """The facts as JSON objects, by key, in the order they were found."""
    return {
        key: {"value": fact.value, "trust": fact.trust.name, "source": fact.source}
        for key, fact in facts.items()
    }


def freeze_not_checked(items: tuple[NotChecked, ...]) -> list[dict[str, str]]:
    """As the report's ``not_checked`` list."""
    return [{"rule": n.what, "subject": n.subject, "reason": n.reason} for n in items]


def freeze(result: Result) -> dict[str, object]:
    """One subject with its facts as an ``archfit.facts/1`` object."""
    subject = result.subject
    return {
        "schema": SCHEMA,
        "subject": {"id": subject.id, "kind": subject.kind.value, "name": subject.name},
        "facts": freeze_facts(result.facts),
        "not_checked": freeze_not_checked(result.not_checked),
    }


def thaw(document: object) -> tuple[Subject, dict[str, Fact]]:
    """The subject and its facts from an ``archfit.facts/1`` object.

    Raises Malformed with the place of the first thing that does not fit.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise Malformed(
            f"not a facts file: its schema is {found!r}, not {SCHEMA!r}",
            "archfit facts host > host.json",
        )
    subject = document.get("subject")
    if not isinstance(subject, dict):
        raise Malformed("facts file: `subject` is not an object")
    try:
        kind = Kind(str(subject.get("kind")))
    except ValueError:
        raise Malformed(f"facts file: unknown kind {subject.get('kind')!r}") from None
    name = str(subject.get("name", ""))
    return Subject(str(subject.get("id", name)), kind, name), thaw_facts(document.get("facts"))


def thaw_facts(table: object) -> dict[str, Fact]:
    """Facts from ``{key: {"value", "trust", "source"}}``. Raises Malformed."""
    if not isinstance(table, dict):
        raise Malformed("facts file: `facts` is not an object")
    facts: dict[str, Fact] = {}
    for key, row in table.items():
        if not isinstance(row, dict) or "value" not in row:
            raise Malformed(f"facts file: `facts.{key}` has no value")
        trust = Trust.__members__.get(str(row.get("trust", "DECLARED")))
        if trust is None:
            raise Malformed(f"facts file: `facts.{key}.trust` is {row['trust']!r}")
        facts[str(key)] = Fact(row["value"], trust, str(row.get("source", "")))
    return facts
