"""The ledger as JSON, text and HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from archfit import __version__
from archfit.lab.claim import Verdict
from archfit.lab.ledger import Entry
from archfit.lab.reproduce_report import wrap
from archfit.report.html_page import Cell, Table, page

SCHEMA = "archfit.lab-claims/1"


def document(entries: Sequence[Entry], machine: str) -> dict[str, object]:
    """``machine``: this one's target; trust is that of what a trial has shown."""
    return {
        "schema": SCHEMA,
        "archfit": __version__,
        "machine": machine,
        "claims": [_row(entry) for entry in entries],
    }


def _row(entry: Entry) -> dict[str, object]:
    claim, judged = entry.claim, entry.judged
    done = judged.verdict is not Verdict.NOT_RUN
    return {
        "id": claim.id,
        "chapter": claim.chapter,
        "claim": claim.says,
        "recipes": list(claim.recipes),
        "verdict": judged.verdict.value,
        "twin": judged.twin,
        "observed": judged.observed,
        "trust": ("REPORTED" if judged.mac else "REPRODUCED") if done else None,
        "date": entry.date or None,
        "inputs": entry.inputs or None,
        "stale": entry.stale,
        "settled": {
            "verdict": claim.settled.value,
            "truth": claim.truth,
            "source": claim.source,
        },
        "agrees": entry.agrees,
    }


def lines(entries: Sequence[Entry], width: int) -> Iterator[str]:
    """For people: each claim, its verdict, what was seen."""
    chapter = ""
    for entry in entries:
        if entry.claim.chapter != chapter:
            chapter = entry.claim.chapter
            yield f"chapter {chapter}"
        yield from _entry(entry, width)
    yield ""
    yield summary(entries)


def _entry(entry: Entry, width: int) -> Iterator[str]:
    claim, judged = entry.claim, entry.judged
    day = entry.date[:10] if judged.verdict is not Verdict.NOT_RUN else ""
    yield f"  {_verdict(entry):<22} {claim.id:<26} {day}".rstrip()
    yield from _wrapped(f"claim: {claim.says}", width)
    yield from _wrapped(f"seen: {judged.observed}", width)
    if entry.agrees is not True:
        yield from _wrapped(
            f"settled: {claim.settled.value} - {claim.truth} ({claim.source})", width
        )
    names = ", ".join(claim.recipes) or "a Mac's answer"
    yield from _wrapped(f"recipe: {names}", width)
    if entry.stale:
        yield "      the recipe changed since: archfit lab claims --run"


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, width, " " * 6, " " * 8)


def _verdict(entry: Entry) -> str:
    return entry.judged.verdict.value + (" (Linux twin)" if entry.judged.twin else "")


def summary(entries: Sequence[Entry]) -> str:
    """`23 claims: 9 false, ...; 22 agree with documents and sources, 1 not run here`."""
    counts = Counter(entry.judged.verdict for entry in entries)
    said = ", ".join(f"{counts[v]} {v.value}" for v in Verdict if counts[v])
    agree = sum(entry.agrees is True for entry in entries)
    against = [entry.claim.id for entry in entries if entry.agrees is False]
    text = f"{len(entries)} claims: {said}; {agree} as documents and sources settle them"
    return text + (f"; otherwise: {', '.join(against)}" if against else "")


def html(entries: Sequence[Entry], machine: str) -> str:
    """A self-contained page."""
    chapters = dict.fromkeys(entry.claim.chapter for entry in entries)
    head = ("claim", "verdict here", "seen", "settled", "recipe", "date")
    tables = [
        Table(f"Chapter {c}", "", head, [_cells(e) for e in entries if e.claim.chapter == c])
        for c in chapters
    ]
    lead = ["What the article says, and what a recipe of the lab shows.", f"{summary(entries)}."]
    return page("archfit lab claims", lead, tables, f"archfit {__version__} on {machine}")


def _cells(entry: Entry) -> list[Cell | str]:
    claim, judged = entry.claim, entry.judged
    looks = {
        Verdict.TRUE: "good",
        Verdict.PARTLY: "half",
        Verdict.NOT_RUN: "soft",
        Verdict.UNVERIFIABLE: "half",
    }
    settled = f"{claim.settled.value}: {claim.truth} ({claim.source})"
    return [
        f"{claim.id}: {claim.says}",
        Cell(_verdict(entry), looks.get(judged.verdict, "bad")),
        judged.observed,
        Cell(settled, "soft"),
        ", ".join(claim.recipes) or "a Mac's answer",
        Cell(entry.date[:10], "name"),
    ]
