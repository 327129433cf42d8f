"""`--format jsonl`: one line a subject, in the order given, written as soon as it is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from archfit.facts.frozen import freeze_not_checked
from archfit.model.report import Tally
from archfit.model.rule import Result
from archfit.report.json_report import finding, subject


def each(result: Result) -> str | None:
    """The line of a subject; None for a file that carries nothing."""
    if not (result.facts or result.findings or result.not_checked):
        return None
    return json.dumps(
        {
            "subject": subject(result),
            "findings": [finding(f) for f in result.findings],
            "not_checked": freeze_not_checked(result.not_checked),
        }
    )


def write(items: Iterator[str], out: TextIO, tally: Tally) -> None:
    """Line by line."""
    for line in items:
        out.write(line + "\n")
