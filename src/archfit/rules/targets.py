"""Which targets a file can be started as, from its facts."""

from __future__ import annotations

from typing import Any

from archfit.facts import binary as b
from archfit.model.fact import Facts


def started_slices(facts: Facts) -> list[tuple[str, str]]:
    """(ISA, OS) of each slice that somebody could start; empty for libraries and objects.

    An executable only: a library, an object file or a core dump is never started.
    """
    if b.TYPE.of(facts) != "executable":
        return []
    system = b.OS.of(facts)
    isa = b.ISA.of(facts)
    if isa is not None:
        return [(isa, system)] if system is not None else []
    return [
        (str(one["isa"]), str(one.get("os") or system))
        for one in b.SLICES.of(facts) or ()
        if one.get("isa") and (one.get("os") or system)
    ]


def library_sets(facts: Facts) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(ISA, OS, rows of `binary.libraries`) of each slice whose libraries were looked for."""
    system, isa, rows = b.OS.of(facts), b.ISA.of(facts), b.LIBRARIES.of(facts)
    if isa is not None:
        return [(isa, system, rows)] if system is not None and rows is not None else []
    return [
        (str(one["isa"]), str(one.get("os") or system), one["libraries"])
        for one in b.SLICES.of(facts) or ()
        if one.get("isa") and one.get("libraries") and (one.get("os") or system)
    ]
