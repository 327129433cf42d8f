"""Names of instruction sets: from anyone's spelling to Go's, and back.

Source of every name: `isas.toml`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from archfit.platforms.table import table

_SPELLINGS = ("uname", "gnu", "debian", "docker", "qemu", "macho", "pe")


@cache
def rows() -> dict[str, dict[str, Any]]:
    """The rows of `isas.toml` by their name, Go's GOARCH where there is one."""
    return {row["name"]: row for row in table("isas")["isa"]}


@cache
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, row in rows().items():
        for spelling in (name, *(s for kind in _SPELLINGS for s in row[kind])):
            found.setdefault(spelling.lower(), name)
    return found


@cache
def _by_qemu() -> dict[str, str]:
    return {suffix: name for name, row in rows().items() for suffix in row["qemu"]}


def normalise(name: str) -> str | None:
    """Go's spelling of an ISA named by uname, a GNU triplet, Debian, Docker, lipo or Microsoft.

    ``linux/arm64/v8``, ``x86_64-linux-gnu`` and ``AArch64`` all work; None for a name
    that is unknown or that leaves the ISA open (``mips`` from uname says no byte order,
    but as Go's own word it is the big-endian one, and is taken as that).
    """
    word = name.strip().lower()
    if word in _by_name():
        return _by_name()[word]
    head, _, rest = word.partition("/")
    if rest and (rest in _by_name() or rest.split("/")[0] in _by_name()):
        return _by_name().get(rest) or _by_name()[rest.split("/")[0]]
    return _by_name().get(head.split("-")[0])


def of_qemu(program: str) -> str | None:
    """The ISA that a qemu-user program of this name runs: qemu-aarch64-static -> arm64."""
    base = program.rsplit("/", 1)[-1].removesuffix("-binfmt-P").removesuffix("-static")
    if not base.startswith("qemu-"):
        return None
    return _by_qemu().get(base.removeprefix("qemu-"))


def bits(isa: str) -> int | None:
    """32 or 64, by Go's name."""
    row = rows().get(isa)
    return None if row is None else int(row["bits"])
