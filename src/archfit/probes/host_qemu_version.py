"""Which version each qemu-user program on PATH is, and whether a container can use it.

The version is read from the file, where it stands as one text with the program's name
(qemu linux-user/main.c, usage and version: "qemu-ISA version X.Y.Z"), so none is started.
"""

from __future__ import annotations

from archfit.facts.host import QEMU
from archfit.formats.slice_isa import HEAD
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact
from archfit.model.image import HostProbe
from archfit.platforms.table import table


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Adds to the rows of `host.qemu`; nothing where there are none."""
    known = facts.get(QEMU.name)
    if known is None:
        return
    found = [
        {**row, "version": _version(door, row["path"]), "static": _static(door, row["path"])}
        for row in QEMU.of(facts) or ()
    ]
    facts[QEMU.name] = Fact(found, known.trust, known.source)


def _version(door: Door, path: str) -> str | None:
    name = path.rpartition("/")[2].removesuffix("-static")
    needle = f"{name} version ".encode()
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


PROBE = HostProbe(
    name="host_qemu_version",
    gives=(QEMU,),
    run=run,
    after=("host_qemu",),
    costly=True,
)
