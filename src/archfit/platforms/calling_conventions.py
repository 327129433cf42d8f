"""Calling conventions by target: which register carries what, and who keeps it.

The facts stand in `calling_conventions.toml`, each with the section of its specification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archfit.platforms.table import table

#: Every fact with the words that name it to people, in the order they are shown.
FACTS = {
    "int_args": "integer arguments",
    "fp_args": "floating-point arguments",
    "int_results": "integer results",
    "fp_results": "floating-point results",
    "callee_saved": "kept by the callee",
    "fp_callee_saved": "kept, floating point",
    "reserved": "special registers",
    "stack_alignment": "stack alignment",
    "stack_args": "arguments on the stack",
    "red_zone": "red zone",
    "variadic": "variadic arguments",
    "small_struct": "structures",
    "tls": "thread-local storage",
    "syscall": "system calls",
    "char": "char",
    "long_double": "long double",
    "wchar_t": "wchar_t",
    "va_list": "va_list",
    "size_t": "size_t",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """``said``: registers in order, or words; ``section`` of the specification."""

    said: Sequence[str] | str
    section: str


@dataclass(frozen=True, slots=True)
class Convention:
    """One calling convention; a fact that its specification doesn't state is absent."""

    name: str
    title: str
    isa: str
    targets: Sequence[str]
    specification: str
    facts: Mapping[str, Fact]


def conventions() -> list[Convention]:
    """Every convention of the table, in its order."""
    return [_convention(row) for row in table("calling_conventions")["convention"]]


def find(name: str) -> Convention | None:
    """The convention of a target (``linux/arm64``) or with this name (``aapcs64``)."""
    wanted = name.lower()
    for convention in conventions():
        if wanted == convention.name or wanted in convention.targets:
            return convention
    return None


def different(a: Convention, b: Convention) -> list[str]:
    """The facts, in order, that two conventions state differently or only one states."""
    return [key for key in FACTS if _said(a, key) != _said(b, key)]


def _said(convention: Convention, key: str) -> Sequence[str] | str | None:
    fact = convention.facts.get(key)
    return None if fact is None else fact.said


def _convention(row: dict[str, Any]) -> Convention:
    facts = {key: Fact(row[key]["is"], row[key]["at"]) for key in FACTS if key in row}
    return Convention(row["name"], row["title"], row["isa"], row["targets"], row["spec"], facts)
