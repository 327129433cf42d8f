"""A reduction in words, as a document for machines, and as files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from archfit.host import slots
from archfit.lab.minimise import Reduction
from archfit.model.errors import Misuse

SCHEMA = "archfit.lab-minimise/1"
#: Lines of a file that are printed.
_SHOWN = 60


def document(found: Reduction) -> dict[str, Any]:
    """The result as JSON: the tree, the flags that went and stayed, command and cause."""
    return {
        "schema": SCHEMA,
        "cause": found.goal.cause,
        "phase": found.goal.phase,
        "message": found.after.message,
        "command": found.command,
        "files": {path: _shown(data) for path, data in sorted(found.last.files.items())},
        "before": _size(found, first=True),
        "after": _size(found, first=False),
        "flags": {"needed": found.last.flags(), "dropped": _dropped(found)},
        "twins": [
            {"wanted": twin.wanted, "there": twin.there, "where": twin.where, "fix": twin.fix}
            for twin in found.twins
        ],
        "steps": [
            {"name": name, "before": before, "after": after, "seconds": round(seconds, 2)}
            for name, before, after, seconds in found.steps
        ],
        "candidates": found.tried,
        "resumed": found.resumed,
        "seconds": round(found.seconds, 2),
        "output": found.after.text,
    }


def _dropped(found: Reduction) -> list[str]:
    return [row[2:] for row in found.flag_changes if row.startswith("- ")]


def _size(found: Reduction, first: bool) -> dict[str, int]:
    case = found.first if first else found.last
    return {"files": len(case.files), "flags": len(case.flags()), "lines": case.lines()}


def _shown(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"({len(data)} bytes)"


def lines(found: Reduction, quiet: bool) -> Iterator[str]:
    """The text: cause, sizes, tree, flags, command, and what the cause says."""
    small, big = _size(found, first=False), _size(found, first=True)
    yield f"{found.goal.cause} ({found.goal.phase}): {found.after.message}"
    sizes = ", ".join(f"{big[name]} {name} -> {small[name]}" for name in big)
    again = ", going on from an earlier run" if found.resumed else ""
    yield f"{sizes}; {found.tried} candidates in {found.seconds:.0f} s{again}"
    for path, data in sorted(found.last.files.items()):
        yield ""
        yield f"--- {path}"
        text = _shown(data).splitlines()
        yield from (f"    {line}".rstrip() for line in text[:_SHOWN])
        if len(text) > _SHOWN:
            yield f"    ... {len(text) - _SHOWN} more lines"
    yield ""
    yield "flags (- not needed):"
    yield from (f"  {row}" for row in found.flag_changes or ["  none"])
    yield ""
    yield f"shows it: {found.command}"
    for twin in found.twins:
        yield f"twin:     {twin.wanted} is wanted, {twin.there} is in {twin.where}"
        yield f"fix:      {twin.fix}"
    if not quiet:
        yield f"more:     archfit explain {found.goal.cause}"


def write(found: Reduction, folder: str) -> None:
    """Put the reduced module into a new or empty folder. Raises Misuse, Unavailable."""
    if not slots.is_empty(folder):
        raise Misuse(f"--out {folder}: not empty", "name a folder that is not there yet")
    slots.put_tree(os.path.abspath(folder), found.last.files, found.programs)
