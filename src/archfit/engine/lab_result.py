"""What a matrix of the lab found (``archfit.lab/1``), as a subject with facts and findings.

A result folder is known by its ``result.json``, that by its schema; nothing in it is run.
"""

from __future__ import annotations

from archfit.facts.frozen import thaw_facts
from archfit.host.door import Door
from archfit.model.errors import Malformed, Unavailable
from archfit.model.finding import Evidence, Finding, NotChecked, Severity
from archfit.model.image import Window
from archfit.model.rule import Result
from archfit.model.subject import Kind, Subject

SCHEMA = "archfit.lab/1"
_FILE = "result.json"
#: Cases that are shown as the evidence of one cause.
_SHOWN = 8


def is_result(data: Window) -> bool:
    """The first bytes of a file say that it is one."""
    return data[:1] == b"{" and f'"{SCHEMA}"'.encode() in data[:256]


def of_folder(door: Door, folder: str) -> str:
    """The path of the result in a result folder; "" for any other folder."""
    path = f"{folder.rstrip('/')}/{_FILE}"
    try:
        return path if is_result(door.read(path, 256)) else ""
    except Unavailable:
        return ""


def result_of(document: object, name: str, mark: str = "") -> Result:
    """Its facts; a finding for each cause that made a case die; what was not run, as not checked.

    Raises Malformed for what is no such document.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise Malformed(f"not a result of the lab: no {SCHEMA!r}")
    cells = document.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Malformed("result of the lab: `cells` is not a list of objects")
    subject = Subject(f"{Kind.LOG.value}:{name}{mark}", Kind.LOG, name)
    causes: dict[str, list[dict[str, object]]] = {}
    gaps: dict[str, int] = {}
    built_in = _built_in(document)
    for cell in cells:
        cause = _cause(cell, built_in)
        if cause and cell.get("died"):
            causes.setdefault(cause, []).append(cell)
        if cell.get("state") == "not run":
            why = str(cell.get("why", ""))
            gaps[why] = gaps.get(why, 0) + 1
    findings = [_finding(cause, died, subject.id) for cause, died in causes.items()]
    findings.sort(key=lambda found: -found.confidence)
    missed = tuple(
        NotChecked("lab", subject.id, f"{count} cells not run: {why}")
        for why, count in gaps.items()
    )
    return Result(subject, thaw_facts(document.get("facts", {})), tuple(findings), missed)


def _built_in(document: dict[str, object]) -> dict[str, list[str]]:
    """Case -> the causes that its recipe has built into it."""
    recipe = document.get("recipe")
    cases = recipe.get("cases") if isinstance(recipe, dict) else None
    rows = [row for row in cases if isinstance(row, dict)] if isinstance(cases, list) else []
    return {
        str(row.get("name")): [cause for cause in causes if isinstance(cause, str)]
        for row in rows
        if isinstance(causes := row.get("cause"), list)
    }


def _cause(cell: dict[str, object], built_in: dict[str, list[str]]) -> str:
    """What the text was diagnosed as, unless the recipe knows better: it made the cause."""
    known = built_in.get(str(cell.get("case")), [])
    told = cell.get("cause")
    cause = told if isinstance(told, str) else ""
    return known[0] if known and cause not in known else cause


def _finding(cause: str, died: list[dict[str, object]], subject: str) -> Finding:
    """The cause with, for each case that died of it, the first cell that shows it."""
    cases: dict[str, list[dict[str, object]]] = {}
    for cell in died:
        cases.setdefault(str(cell.get("case")), []).append(cell)
    shown = [
        Evidence(
            f"{case}, go{first.get('go')} {first.get('cc')} {first.get('target')}"
            + (f" and {len(some) - 1} more cells" if len(some) > 1 else ""),
            str(first.get("headline") or first.get("ending")),
        )
        for case, some in list(cases.items())[:_SHOWN]
        for first in some[:1]
    ]
    sure = [c for c in (cell.get("confidence") for cell in died) if isinstance(c, float)]
    return Finding(
        f"made to happen by the lab: {', '.join(cases)} ({len(died)} cells)",
        need={"runs": "to its end"},
        offer={"died": len(died)},
        evidence=tuple(shown),
        confidence=max(sure, default=0.5),
        severity=Severity.ERROR,
        rule=cause,
        subject=subject,
    )
