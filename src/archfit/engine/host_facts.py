"""The facts of the host that subjects are judged against."""

from __future__ import annotations

from archfit.engine.attempt import attempt
from archfit.engine.registry import host_probes
from archfit.host.door import Door
from archfit.model.fact import Fact
from archfit.model.finding import NotChecked

HOST_ID = "host"


def gather(door: Door, *, costly: bool) -> tuple[dict[str, Fact], list[NotChecked]]:
    """All that the host probes find; with ``costly`` also what starts other programs."""
    facts: dict[str, Fact] = {}
    not_checked: list[NotChecked] = []
    for probe in host_probes():
        if probe.costly and not costly:
            continue
        _, failure = attempt(f"probe {probe.name}", HOST_ID, probe.run, door, facts)
        if failure is not None:
            not_checked.append(failure)
    return facts, not_checked
