"""The formats by name. Every one is drawn from results alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from archfit.model.report import Tally
from archfit.model.rule import Result

NAMES = ("text", "json", "jsonl", "sarif")


@dataclass(frozen=True, slots=True)
class Format:
    """``each`` runs where a result was judged and keeps what the format needs of it
    (``named``: for a subject given by name); ``write`` draws what was kept."""

    each: Callable[[Result], Any]
    named: Callable[[Result], Any]
    write: Callable[[Iterator[Any], TextIO, Tally], None]


def load(
    name: str, width: int, colour: bool, card: Callable[[str], str], all_rules: bool = True
) -> Format:
    """One of `NAMES`; ``card`` gives a rule's card by its id; ``all_rules``: none was left out."""
    if name == "json":
        from archfit.report import json_report

        return Format(json_report.each, json_report.each, json_report.write)
    if name == "jsonl":
        from archfit.report import jsonl_report

        return Format(jsonl_report.each, jsonl_report.each, jsonl_report.write)
    if name == "sarif":
        from archfit.report import sarif_report

        return Format(sarif_report.each, sarif_report.each, sarif_report.writer(card))
    from archfit.report import text_report

    style = text_report.Style(width, colour, all_rules)
    return Format(text_report.each, text_report.each_named, text_report.writer(style))
