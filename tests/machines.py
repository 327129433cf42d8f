"""The recorded machines of tests/recorded, and what host probes make of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from archfit.engine.registry import host_probes
from archfit.host.door import Door
from archfit.host.recorded import Recorded
from archfit.model.errors import ArchfitError
from archfit.model.fact import Fact

FOLDER = Path(__file__).parent / "recorded"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def document(name: str) -> dict[str, Any]:
    """A recording as it stands in its file."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def ask(door: Door, *, costly: bool = True) -> tuple[dict[str, Fact], dict[str, str]]:
    """All facts that the host probes find, and why a probe could not, by its name."""
    facts: dict[str, Fact] = {}
    failed: dict[str, str] = {}
    for probe in host_probes():
        if probe.costly and not costly:
            continue
        try:
            probe.run(door, facts)
        except ArchfitError as error:
            failed[probe.name] = error.why
    return facts, failed


@cache
def _asked(name: str) -> tuple[dict[str, Fact], dict[str, str]]:
    return ask(Recorded(document(name)))


def facts_of(name: str) -> dict[str, Fact]:
    """Facts of a recorded machine."""
    return dict(_asked(name)[0])


def failures_of(name: str) -> dict[str, str]:
    """Probes that could not run there."""
    return dict(_asked(name)[1])


def value(name: str, key: str) -> Any:
    """One fact's value; None when it is absent."""
    fact = facts_of(name).get(key)
    return None if fact is None else fact.value
