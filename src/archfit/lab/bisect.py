"""Between which releases a change of a matrix came.

Supposes that it came once and stayed, so that half of the releases left is tried each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from archfit.lab import catalogue
from archfit.lab.cell_run import outcome
from archfit.lab.cells import Cell, cells, configs
from archfit.lab.clusters import ASPECTS
from archfit.lab.go_catalogue import number
from archfit.lab.matrix import Plan, carry_out
from archfit.lab.matrix_document import row
from archfit.model.errors import Unavailable

#: Aspects that are narrowed down; the others follow from them, or differ by a frame.
_WORTH = ("verdict", "ending", "cause", "words", "ending with GOTRACEBACK=crash")
_KEYS = {words: key for key, words in ASPECTS}
#: Since Go 1.21 the first release of each minor one is named 1.N.0 (go.dev/doc/toolchain).
_FIRST_NAMED = 21


def bisected(
    plan: Plan,
    document: Mapping[str, Any],
    goroots: Sequence[str] = (),
    fetch: bool = False,
    jobs: int = 0,
) -> list[dict[str, Any]]:
    """One entry a change: (case, what, from, to, after, by, tried).

    ``fetch``: also over the releases 1.N.0 between, which the go command has to obtain.
    """
    here = [tool.version for tool in catalogue.go_toolchains(goroots)]
    out = []
    for change in document["differences"]:
        if change["what"] not in _WORTH:
            continue
        low, high = number(change["after"]), number(change["by"])
        between = [v for v in here if low < number(v) < high]
        if fetch:
            minors = range(max(low[0] + 1, _FIRST_NAMED), high[0])
            between += [f"1.{n}.0" for n in minors if not any(number(v)[0] == n for v in between)]
        ask = partial(_value, plan, change, fetch=fetch, goroots=goroots, jobs=jobs)
        after, by, tried = _search(change, sorted(between, key=number), ask)
        kept = {key: change[key] for key in ("case", "what", "from", "to")}
        out.append({**kept, "after": after, "by": by, "tried": tried})
    return out


def _search(
    change: Mapping[str, Any], between: list[str], ask: Callable[[str], str | None]
) -> tuple[str, str, list[str]]:
    """(the last release that is as the older end, the first that is not, those tried)."""
    old, new, tried = change["after"], change["by"], []
    while between:
        at = len(between) // 2
        middle = between[at]
        value = ask(middle)
        if value is None:  # it could not be run there
            between.remove(middle)
            continue
        tried.append(middle)
        if value == change["from"]:
            old, between = middle, between[at + 1 :]
        else:
            new, between = middle, between[:at]
    return old, new, tried


def _value(
    plan: Plan,
    change: Mapping[str, Any],
    version: str,
    *,
    fetch: bool,
    goroots: Sequence[str],
    jobs: int,
) -> str | None:
    cc, target = change["where"][0].split(" ")
    try:
        tool = catalogue.go_toolchain(version, not fetch, goroots)
    except Unavailable:
        return None
    columns = configs([version], [cc], [target], {version: tool})
    inner = [c for c in cells(plan.recipe, columns, plan.runs) if c.case.name == change["case"]]
    carry_out(Plan(plan.recipe, columns, inner, {version: tool}, plan.runs), jobs)
    return _told(inner[0], _KEYS[change["what"]])


def _told(cell: Cell, key: str) -> str | None:
    seen = row(cell, outcome(cell.key) if cell.key else None)
    if seen["state"] != "ran":
        return None
    value = str(seen[key])
    return value.partition(" ")[0] if key == "how" else value
