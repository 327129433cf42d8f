"""The cases of `crash-cgo` as JSON, text and HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from archfit import __version__
from archfit.lab.outcome import Word
from archfit.lab.reproduce import CLAIM, Case, conclusion
from archfit.report.html_page import Cell, Table, page

SCHEMA = "archfit.lab-reproduce/1"
_ROLES = {
    "claim": "the claim itself",
    "relative": "what is near it",
    "control": "controls",
}
#: Characters of the last output that the JSON carries.
_TAIL = 2000


def document(cases: Sequence[Case], machine: str) -> dict[str, object]:
    """``machine``: its target, as ``linux/amd64``."""
    word, why = conclusion(cases)
    return {
        "schema": SCHEMA,
        "archfit": __version__,
        "recipe": "crash-cgo",
        "machine": machine,
        "claim": CLAIM,
        "conclusion": {"verdict": word, "why": why},
        "cases": [_case(case) for case in cases],
    }


def _case(case: Case) -> dict[str, object]:
    said = case.outcome
    trial = case.trial
    last = trial.said[-1].text if trial.said else ""
    return {
        "case": case.name,
        "variant": case.variant,
        "role": case.role,
        "title": case.title,
        "asks": case.asks,
        "verdict": said.verdict,
        "failed": said.failed,
        "runs": said.runs,
        "manner": said.manner,
        "cause": {"rule": case.cause.rule, "message": case.cause.message, "by": case.cause.by},
        "claim": case.stands,
        "not_run": trial.gap,
        "date": trial.date,
        "inputs": trial.digest,
        "tools": dict(trial.tools),
        "folder": trial.folder,
        "output": last[-_TAIL:],
    }


def lines(cases: Sequence[Case], machine: str, width: int) -> Iterator[str]:
    """For people."""
    yield from wrap(f"claim: {CLAIM}", width, rest="  ")
    for role, heading in _ROLES.items():
        of_role = [case for case in cases if case.role == role]
        if of_role:
            yield f"\n{heading} ({machine})"
        last = ""
        for case in of_role:
            if case.name != last:
                yield f"  {case.name}: {case.title}"
            last = case.name
            yield from _rows(case, width)
    word, why = conclusion(cases)
    yield ""
    yield from wrap(f"the claim: {word} - {why}", width, rest="  ")


def _rows(case: Case, width: int) -> Iterator[str]:
    yield f"    {case.variant:<44} {case.outcome.text}"
    said = f"{case.cause.rule}: {case.cause.message}" if case.cause.rule else ""
    if case.outcome.word is Word.NOT_RUN:
        said = case.trial.gap
    elif case.outcome.word is not Word.NEVER:
        said = said or "no cause was found"
    note = "; ".join(text for text in (said, case.stands) if text and not _same(text, case))
    yield from wrap(note, width, " " * 6, " " * 8)


def wrap(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Lines of ``width`` columns; paths and ids are not broken in two."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _same(text: str, case: Case) -> bool:
    """The cause is named already."""
    return text.startswith("another fault: ") and bool(case.cause.rule)


def html(cases: Sequence[Case], machine: str) -> str:
    """A self-contained page."""
    word, why = conclusion(cases)
    tables = [
        Table(
            heading,
            "",
            ("case", "variant", "verdict", "how", "cause", "the claim"),
            [_cells(case) for case in cases if case.role == role],
        )
        for role, heading in _ROLES.items()
    ]
    lead = [f"Claim: {CLAIM}.", f"Verdict on {machine}: {word} - {why}."]
    date = max((case.trial.date for case in cases), default="")
    return page(
        "archfit lab reproduce crash-cgo", lead, tables, f"archfit {__version__}, run {date}"
    )


def _cells(case: Case) -> list[Cell | str]:
    looks = {Word.NEVER: "good", Word.NOT_RUN: "soft", Word.SOMETIMES: "half"}
    how = case.trial.gap if case.outcome.word is Word.NOT_RUN else case.outcome.manner
    cause = f"{case.cause.rule}: {case.cause.message}" if case.cause.rule else ""
    return [
        Cell(case.name, "name"),
        case.variant,
        Cell(case.outcome.text, looks.get(case.outcome.word, "bad")),
        how,
        cause,
        case.stands,
    ]
