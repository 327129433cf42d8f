"""qemu-user programs on PATH, and for which ISA: what remedies need, without a file opened.

Which versions they are is asked by `host_qemu_version`.
"""

from __future__ import annotations

from archfit.facts.host import OS, QEMU
from archfit.host.door import Door
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import rows


def run(door: Door, facts: dict[str, Fact]) -> None:
    """An empty list is an answer too."""
    if OS.of(facts) != "linux":
        return
    found: list[dict[str, object]] = []
    for isa, row in rows().items():
        for suffix in row["qemu"]:
            for name in (f"qemu-{suffix}", f"qemu-{suffix}-static"):
                found += [{"isa": isa, "path": path} for path in door.which(name)[:1]]
    facts[QEMU.name] = Fact(found, Trust.STORED, "qemu-* on PATH")


PROBE = HostProbe(name="host_qemu", gives=(QEMU,), run=run, after=("host_machine",))
