"""Universal ("fat") files: several slices, one for each architecture.

Source: <mach-o/fat.h> in cctools and xnu-11417: `fat_header` is magic and
nfat_arch; `fat_arch` is cputype, cpusubtype, offset, size, align (32 bits
each), `fat_arch_64` has offset and size in 64 bits and a reserved word. All
is big endian on disk; a byte-swapped header, which no Apple tool writes, is
read too. One more `fat_arch` may stand after the counted ones, for arm64,
hidden there from systems that did not know it (dyld-1378 mach_o/Universal.cpp).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from archfit.formats.macho_names import ISAS, variant_of
from archfit.model.errors import Malformed
from archfit.model.image import Window

#: More slices than there are CPU types make no sense; `file` draws the same line to
#: tell a universal file from a Java class, which has the same magic.
MOST_SLICES = 42

_ARM64 = 0x0100000C


@dataclass(frozen=True, slots=True)
class Arch:
    """One entry of the header. ``offset`` and ``size`` in bytes, ``align`` as a power of two."""

    cpu: int
    subtype: int
    offset: int
    size: int
    align: int

    @property
    def isa(self) -> str:
        """In Go's spelling; `cpu:N` for a number without a name."""
        return ISAS.get(self.cpu) or f"cpu:{self.cpu}"

    @property
    def variant(self) -> str:
        """arm64e, x86_64h, armv7k ..., or ""."""
        return variant_of(self.cpu, self.subtype)


def entries(head: Window) -> tuple[Arch, ...]:
    """The header's entries, not held against the file's size: a window on its start will do.

    Malformed: no universal header, a senseless number of slices, or the window ends within.
    """
    magic = head[:4]
    order = ">" if magic[:1] == b"\xca" else "<"
    if magic in (b"\xca\xfe\xba\xbe", b"\xbe\xba\xfe\xca"):
        entry = struct.Struct(order + "5I")
    elif magic in (b"\xca\xfe\xba\xbf", b"\xbf\xba\xfe\xca"):
        entry = struct.Struct(order + "2I2Q2I")
    else:
        raise Malformed("no universal header")
    if len(head) < 8:
        raise Malformed("the universal header is cut off")
    count = struct.unpack_from(order + "I", head, 4)[0]
    if not 0 < count <= MOST_SLICES:
        raise Malformed(f"a universal header with {count} slices")
    end = 8 + count * entry.size
    if end > len(head):
        raise Malformed(f"a universal header with {count} slices is cut off")
    found = [Arch(*fields[:5]) for fields in entry.iter_unpack(head[8:end])]
    if entry.size == 20 and end + 20 <= len(head):
        hidden = Arch(*entry.unpack_from(head, end))
        if hidden.cpu == _ARM64 and hidden.size and hidden.offset >= end + 20:
            found.append(hidden)
    return tuple(found)


def arches(data: Window) -> tuple[Arch, ...]:
    """The entries, each within ``data``, none over another.

    Malformed: as `entries`, or a slice that lies outside the file or over another slice.
    """
    found = entries(data)
    last = 0
    for arch in sorted(found, key=lambda a: a.offset):
        if arch.offset < 8 or arch.offset + arch.size > len(data):
            raise Malformed(f"the {arch.isa} slice reaches beyond the file")
        if arch.offset < last:
            raise Malformed(f"the {arch.isa} slice lies over another")
        last = arch.offset + arch.size
    return found
