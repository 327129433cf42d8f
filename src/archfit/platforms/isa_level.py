"""Levels within an ISA (x86-64-v3, armv8.2-a): which one CPU features prove.

Source of every level: `isa_levels.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from archfit.platforms.table import table


@cache
def _levels() -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in table("isa_levels")["level"]}


@cache
def _linux_names() -> dict[str, str]:
    return {row["darwin"]: row["linux"] for row in table("isa_levels")["alias"]}


def linux_name(darwin: str) -> str | None:
    """The Linux kernel's name of a CPU feature that macOS names so; None when unknown."""
    return _linux_names().get(darwin)


def darwin_names(isa: str) -> tuple[str, ...]:
    """The sysctl names of arm64 features, or the words of machdep.cpu.features for amd64."""
    prefix = "hw.optional." if isa == "arm64" else ""
    return tuple(name for name in _linux_names() if name.startswith("hw.optional.") == bool(prefix))


def needs(level: str) -> frozenset[str]:
    """All features that a level stands for, with those of the levels under it."""
    row = _levels()[level]
    return frozenset(row["features"]) | (needs(row["over"]) if row["over"] else frozenset())


def proven(isa: str, features: Iterable[str]) -> str | None:
    """The highest level of an ISA all of whose features are there, or None.

    >>> proven("amd64", [])
    """
    have = frozenset(features)
    best, size = None, -1
    for name, row in _levels().items():
        wanted = needs(name) if row["isa"] == isa else frozenset()
        if row["isa"] == isa and wanted <= have and len(wanted) > size:
            best, size = name, len(wanted)
    return best


def at_least(level: str, wanted: str) -> bool:
    """A machine of ``level`` has all that ``wanted`` stands for."""
    return needs(wanted) <= needs(level)
