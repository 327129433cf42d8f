"""`--format json`: one object, schema `archfit.report/1`; subjects stream, findings come after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from archfit import __version__
from archfit.facts.frozen import freeze_facts, freeze_not_checked
from archfit.model.finding import Finding
from archfit.model.report import Tally
from archfit.model.rule import Result

SCHEMA = "archfit.report/1"

#: (subject as JSON, findings, not checked as JSON objects)
Item = tuple[str, tuple[Finding, ...], list[dict[str, str]]]


def each(result: Result) -> Item | None:
    """What the report keeps of a result; None for a file that carries nothing."""
    if not (result.facts or result.findings or result.not_checked):
        return None
    return json.dumps(subject(result)), result.findings, freeze_not_checked(result.not_checked)


def write(items: Iterator[Item], out: TextIO, tally: Tally) -> None:
    """The whole report. Memory grows with findings and what was not checked, not with subjects."""
    out.write(f'{{"schema": "{SCHEMA}", "archfit": "{__version__}",\n "subjects": [')
    findings: list[Finding] = []
    gaps: list[dict[str, str]] = []
    before = "\n  "
    for text, found, missing in items:
        out.write(before + text)
        before = ",\n  "
        findings += found
        gaps += missing
    findings.sort(key=lambda f: (f.severity.rank, -f.confidence))
    out.write('],\n "findings": [')
    out.write(",".join(f"\n  {json.dumps(finding(f))}" for f in findings))
    out.write('],\n "not_checked": [')
    out.write(",".join(f"\n  {json.dumps(gap)}" for gap in gaps))
    out.write("]}\n")


def subject(result: Result) -> dict[str, object]:
    """A subject with its facts, as in ``subjects``."""
    who = result.subject
    return {
        "id": who.id,
        "kind": who.kind.value,
        "name": who.name,
        "facts": freeze_facts(result.facts),
    }


def finding(found: Finding) -> dict[str, object]:
    """A finding as in ``findings``."""
    return {
        "rule": found.rule,
        "subject": found.subject,
        "severity": found.severity.value,
        "confidence": round(found.confidence, 3),
        "message": found.message,
        "need": dict(found.need),
        "offer": dict(found.offer),
        "evidence": [{"where": e.where, "text": e.text} for e in found.evidence],
        "remedies": [
            {"title": r.title, "command": r.command, "safe": r.safe, "verify": r.verify}
            for r in found.remedies
        ],
    }
