"""`--format sarif`: SARIF 2.1.0 (OASIS Standard), for code scanning services.

Section numbers in comments are those of the OASIS standard.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TextIO
from urllib.parse import quote

from archfit import __version__
from archfit.model.finding import Finding, NotChecked
from archfit.model.report import Tally
from archfit.model.rule import Result

#: (path of the subject, findings, not checked)
Item = tuple[str, tuple[Finding, ...], tuple[NotChecked, ...]]


def each(result: Result) -> Item | None:
    """Findings and gaps only; a subject with neither is not in the report."""
    if not (result.findings or result.not_checked):
        return None
    return result.subject.name, result.findings, result.not_checked


def writer(card: Callable[[str], str]) -> Callable[[Iterator[Item], TextIO, Tally], None]:
    """``write`` with the rules' cards at hand: ``card(id)`` is the card's text."""

    def write(items: Iterator[Item], out: TextIO, tally: Tally) -> None:
        results: list[dict[str, Any]] = []
        gaps: list[dict[str, Any]] = []
        rules: dict[str, dict[str, Any]] = {}
        for path, findings, missing in items:
            for found in findings:
                if found.rule not in rules:
                    rules[found.rule] = _rule(found.rule, card(found.rule))
                results.append(_result(path, found, list(rules).index(found.rule)))
            gaps += [_notification(path, gap) for gap in missing]
        # 3.20.21: what could not be done stands in the invocation's notifications.
        invocation = {"executionSuccessful": True, "toolExecutionNotifications": gaps}
        driver = {
            "name": "archfit",
            "version": __version__,
            "semanticVersion": __version__,
            "rules": list(rules.values()),
        }
        run = {
            "tool": {"driver": driver},
            "invocations": [invocation],
            "results": results,
            "columnKind": "unicodeCodePoints",
        }
        json.dump({"version": "2.1.0", "runs": [run]}, out, indent=1)
        out.write("\n")

    return write


def _rule(rule_id: str, text: str) -> dict[str, Any]:
    title, _, rest = text.partition("\n")
    # 3.49: reportingDescriptor
    return {
        "id": rule_id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "help": {"text": rest.strip() or title},
    }


def _result(path: str, found: Finding, index: int) -> dict[str, Any]:
    evidence = "".join(f"\n{e.where}: {e.text}" for e in found.evidence)
    remedies = "".join(
        f"\nRemedy: {r.title}" + (f"\n  {r.command}" if r.command else "") for r in found.remedies
    )
    # 3.27: result
    return {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": found.severity.value,
        "message": {"text": found.message + evidence + remedies},
        "rank": round(found.confidence * 100, 1),
        "locations": [_location(path)],
        "properties": {"need": dict(found.need), "offer": dict(found.offer)},
    }


def _location(path: str) -> dict[str, Any]:
    # 3.4.3: a relative or absolute URI reference; a path's own colons and spaces are escaped.
    name = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    return {"physicalLocation": {"artifactLocation": {"uri": name}}}


def _notification(path: str, gap: NotChecked) -> dict[str, Any]:
    # 3.58: notification
    return {
        "level": "note",
        "message": {"text": f"not checked: {gap.what}: {gap.reason}"},
        "locations": [_location(path)],
    }
