"""The page size that programs of the machine's own ISA meet.

A translator may show another one: a process under Rosetta 2 sees 4096 where native ones
have 16384 (Apple, "Porting your macOS apps to Apple silicon"), qemu-user may be told one
(-p). So for a translated process the kernel's own figure is looked for: AT_PAGESZ, entry
6 of the auxiliary vector (getauxval(3)), of the process as the kernel sees it.
"""

from __future__ import annotations

import struct

from archfit.facts.host import ISA, OS, PAGE_SIZE, TRANSLATED
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import bits
from archfit.platforms.page_size import possible

_AT_PAGESZ = 6
_AUXV = "/proc/thread-self/auxv"


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Raises Unavailable when a translator hides it."""
    if not TRANSLATED.of(facts):
        facts[PAGE_SIZE.name] = Fact(door.page_size(), Trust.OBSERVED, "sysconf(_SC_PAGESIZE)")
        return
    isa, os = ISA.of(facts) or "", OS.of(facts) or ""
    sizes = possible(isa, os)
    if len(sizes) == 1:
        facts[PAGE_SIZE.name] = Fact(sizes[0], Trust.STORED, f"the only one of {os}/{isa}")
        return
    size = _from_auxv(door, isa)
    if size not in sizes:
        raise Unavailable("a translator answers for the kernel, and hides its page size")
    facts[PAGE_SIZE.name] = Fact(size, Trust.OBSERVED, f"{_AUXV}: AT_PAGESZ")


def _from_auxv(door: Door, isa: str) -> int | None:
    data = door.read(_AUXV, 4096)
    pair = struct.Struct("<QQ" if bits(isa) == 64 else "<II")
    whole = len(data) - len(data) % pair.size
    return next(
        (value for kind, value in pair.iter_unpack(data[:whole]) if kind == _AT_PAGESZ), None
    )


PROBE = HostProbe(name="host_page_size", gives=(PAGE_SIZE,), run=run, after=("host_machine",))
