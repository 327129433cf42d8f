"""qemu-user programs on PATH: for which ISA, which version, and whether a container can use them.

The version is read from the file, where it stands as one text with the program's name
(qemu linux-user/main.c, usage and version: "qemu-ISA version X.Y.Z"), so none is started.
"""

from __future__ import annotations

from archfit.facts.host import OS, QEMU
from archfit.formats.slice_isa import HEAD
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import rows
from archfit.platforms.table import table


def run(door: Door, facts: dict[str, Fact]) -> None:
    """An empty list is an answer too."""
    if OS.of(facts) != "linux":
        return
    found: list[dict[str, object]] = []
    for isa, row in rows().items():
        for suffix in row["qemu"]:
            for name in (f"qemu-{suffix}", f"qemu-{suffix}-static"):
                found += [_row(door, isa, name, path) for path in door.which(name)[:1]]
    facts[QEMU.name] = Fact(found, Trust.STORED, "qemu-* on PATH")


def _row(door: Door, isa: str, name: str, path: str) -> dict[str, object]:
    return {
        "isa": isa,
        "path": path,
        "version": _version(door, name, path),
        "static": _static(door, path),
    }


def _version(door: Door, name: str, path: str) -> str | None:
    needle = f"{name.removesuffix('-static')} version ".encode()
    try:
        places = door.find(path, needle, len(needle) + 24, 1)
    except Unavailable:
        return None
    words = [place[len(needle) :].decode("latin-1").split() for place in places]
    return next((found[0] for found in words if found and found[0][0].isdigit()), None)


def _static(door: Door, path: str) -> bool | None:
    """No loader is named in the file's head, where PT_INTERP's text stands."""
    try:
        head = door.read(path, HEAD)
    except Unavailable:
        return None
    return not any(f"{row['path']}\0".encode() in head for row in table("loaders")["loader"])


PROBE = HostProbe(name="host_qemu", gives=(QEMU,), run=run, after=("host_machine",), costly=True)
