"""Homebrew: its prefixes, of what ISA they are, and whether PATH leads there.

Homebrew lives in /opt/homebrew on Apple Silicon, in /usr/local on Intel, and in
/home/linuxbrew/.linuxbrew on Linux (Homebrew documentation, "Installation"). A prefix is
that of the programs in it: the header of the first that was poured there decides.
"""

from __future__ import annotations

from archfit.facts.host import BREW, OS
from archfit.formats.slice_isa import HEAD, isas_in
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe

_USUAL = {"darwin": {"/opt/homebrew": "arm64", "/usr/local": "amd64"}, "linux": {}}
_LINUX = "/home/linuxbrew/.linuxbrew"
_LOOKED_AT = 64


def run(door: Door, facts: dict[str, Fact]) -> None:
    """An empty list is an answer too."""
    usual = _USUAL.get(OS.of(facts) or "", {})
    given = door.env.get("HOMEBREW_PREFIX", "").rstrip("/")
    folders = door.env.get("PATH", "").split(":")
    found: list[dict[str, object]] = []
    for prefix in dict.fromkeys([given, *usual, _LINUX]):
        if not prefix.startswith("/") or not door.exists(f"{prefix}/bin/brew"):
            continue
        isa = _isa(door, prefix)
        row: dict[str, object] = {"prefix": prefix, "isa": isa or usual.get(prefix)}
        row["by"] = "header" if isa else "the prefix's name"
        found.append(row | {"on_path": f"{prefix}/bin" in folders})
    facts[BREW.name] = Fact(found, Trust.HEADER, "bin/brew; programs poured there")


def _isa(door: Door, prefix: str) -> str | None:
    """The ISA of the first program that belongs to a keg; /usr/local/bin has others too."""
    for name in door.listdir(f"{prefix}/bin")[:_LOOKED_AT]:
        real = door.realpath(f"{prefix}/bin/{name}")
        if "/Cellar/" not in real:
            continue
        try:
            isas = isas_in(door.read(real, HEAD))
        except Unavailable:
            continue
        if len(isas) == 1:
            return isas[0]
    return None


PROBE = HostProbe(name="host_brew", gives=(BREW,), run=run, after=("host_machine",), costly=True)
