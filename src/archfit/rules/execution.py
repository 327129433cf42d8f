"""Whether a host can start a program of some ISA and OS, and by what.

Sources: Linux fs/binfmt_elf.c and fs/binfmt_misc.c (the kernel asks each handler
in turn), Documentation/admin-guide/binfmt-misc.rst; Apple, "About the Rosetta
translation environment" (x86_64 alone is translated; a single-architecture
arm64 binary runs natively whatever its parent is).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archfit.facts import host as h
from archfit.model.fact import Facts


@dataclass(frozen=True, slots=True)
class Start:
    """``how``: native, translated, broken (a translator is registered and can't work) or no.

    ``by``: the translator's row of `host.translators`, for translated and broken.
    """

    how: str
    by: Mapping[str, Any] | None = None

    @property
    def runs(self) -> bool:
        """The kernel starts it."""
        return self.how in ("native", "translated")


def start(isa: str, system: str, host: Facts) -> Start | None:
    """How the host starts a program; None when the host's facts do not tell."""
    runs, host_system = h.RUNS.of(host), h.OS.of(host)
    if runs is None or host_system is None:
        return None
    if system == host_system and isa in runs:
        return Start("native")
    broken: Start | None = None
    for row in h.TRANSLATORS.of(host) or ():
        if row.get("isa") != isa or row.get("os", host_system) != system:
            continue
        if row.get("enabled", True) and row.get("exists", True):
            return Start("translated", row)
        broken = Start("broken", row)
    return broken or Start("no")


def pick(slices: Sequence[Mapping[str, Any]], system: str, host: Facts) -> Mapping[str, Any] | None:
    """The slice that the host would start: a native one first, then a translated one."""
    best: Mapping[str, Any] | None = None
    for one in slices:
        how = start(str(one.get("isa")), system, host)
        if how is None:
            return None
        if how.how == "native":
            return one
        if how.runs and best is None:
            best = one
    return best
