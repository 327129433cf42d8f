"""Finds, explains, reproduces and fixes where what you built does not fit where it runs.

>>> import archfit
>>> for result in archfit.check("dist/"):
...     for finding in result.findings:
...         print(result.subject.name, finding.rule, finding.message)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archfit.engine.api import check, diagnose, explain, facts
    from archfit.model.errors import ArchfitError, Malformed, Misuse, Unavailable
    from archfit.model.fact import Fact, Trust
    from archfit.model.finding import Finding, NotChecked, Remedy, Severity
    from archfit.model.rule import Result
    from archfit.model.subject import Subject

__version__ = "0.1.0"

#: name -> the module it is loaded from, when it is first asked for.
_HOMES = {
    "check": "archfit.engine.api",
    "diagnose": "archfit.engine.api",
    "explain": "archfit.engine.api",
    "facts": "archfit.engine.api",
    "ArchfitError": "archfit.model.errors",
    "Malformed": "archfit.model.errors",
    "Misuse": "archfit.model.errors",
    "Unavailable": "archfit.model.errors",
    "Fact": "archfit.model.fact",
    "Trust": "archfit.model.fact",
    "Finding": "archfit.model.finding",
    "NotChecked": "archfit.model.finding",
    "Remedy": "archfit.model.finding",
    "Severity": "archfit.model.finding",
    "Result": "archfit.model.rule",
    "Subject": "archfit.model.subject",
}

__all__ = [
    "ArchfitError",
    "Fact",
    "Finding",
    "Malformed",
    "Misuse",
    "NotChecked",
    "Remedy",
    "Result",
    "Severity",
    "Subject",
    "Trust",
    "Unavailable",
    "check",
    "diagnose",
    "explain",
    "facts",
]


def __getattr__(name: str) -> object:
    """Public names are loaded when they are asked for, so that `import archfit` costs nothing."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'archfit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
