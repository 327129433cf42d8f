"""What a program's words hold once its loader has been over them.

A reader of Go's tables follows pointers. In a program that may be loaded anywhere they are
not always in the file: an ELF with RELA relocations may hold zeros and say the value in the
relocation, and a Mach-O with chained fixups holds links of a chain (`macho_chains`). The
addresses here are those that the file itself uses, as if it were loaded where it asks to be.

Source: System V psABI of each ISA (R_*_RELATIVE). Words of PE and of Mach-O with
`LC_DYLD_INFO` hold the address itself, relocations only move it.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archfit.formats.go_layout import Layout
from archfit.model.errors import Malformed
from archfit.model.image import Window

if TYPE_CHECKING:
    from archfit.formats.elf import Elf
    from archfit.formats.macho import Slice
    from archfit.formats.macho_chains import Chains

#: ISA -> R_*_RELATIVE (glibc elf/elf.h); all of these use RELA.
_RELATIVE = {
    "amd64": 8, "arm64": 1027, "riscv64": 3, "loong64": 3, "s390x": 12,
    "ppc64": 22, "ppc64le": 22, "mips64": 3, "mips64le": 3,
}  # fmt: skip
_MOST_RELOCATIONS = 4_000_000
_ALL_BITS = 0xFFFFFFFFFFFFFFFF
_PIECE = 1 << 18


@dataclass(slots=True)
class Memory:
    """``rela``: (offset, size) in the window of ELF relocations with an addend, or None.

    ``relative``: r_info of those that add the load address alone. ``chains``: of a Mach-O with
    chained fixups.
    """

    data: Window = field(repr=False)
    layout: Layout
    rela: tuple[int, int] | None = None
    relative: int = 0
    chains: Chains | None = None
    _places: list[int] | None = field(default=None, repr=False)
    _values: list[int] = field(default_factory=list, repr=False)

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """``count`` pointers from ``address`` on, relocated. Malformed: they are not all there."""
        layout = self.layout
        place = layout.at(address)
        size = layout.pointer * count
        if count < 0 or place is None or place[0] + size > place[1]:
            raise Malformed(f"{count} words at {address:#x} are not in the file")
        letter = "Q" if layout.pointer == 8 else "I"
        words = struct.unpack_from(f"{layout.order}{count}{letter}", self.data, place[0])
        if self.chains is not None:
            linked = self.chains.pointers(address, address + size)
            spots = range(address, address + size, layout.pointer)
            return tuple(linked.get(spot, word) for spot, word in zip(spots, words, strict=True))
        if self.rela is None:
            return words
        places, values = self._relocations()
        number = bisect_left(places, address)
        if number == len(places) or places[number] >= address + size:
            return words
        found = list(words)
        while number < len(places) and places[number] < address + size:
            index, rest = divmod(places[number] - address, layout.pointer)
            if not rest:
                found[index] = values[number]
            number += 1
        return tuple(found)

    def _relocations(self) -> tuple[list[int], list[int]]:
        if self._places is None:
            offset, size = self.rela or (0, 0)
            size = min(size, _MOST_RELOCATIONS * 24)
            rows = struct.unpack_from(f"{self.layout.order}{size // 8}Q", self.data, offset)
            places, kinds, values = rows[0::3], rows[1::3], rows[2::3]
            kept = [
                (place, value)
                for place, kind, value in zip(places, kinds, values, strict=True)
                if kind == self.relative
            ]
            kept.sort()
            self._places = [row[0] for row in kept]
            self._values = [row[1] for row in kept]
        return self._places, self._values

    def pointers_to(self, address: int) -> Iterator[int]:
        """Addresses of words that hold ``address``; in the last parts of the file first.

        Data stand after the text, and are searched before it.
        """
        layout, data = self.layout, self.data
        letter = layout.order + ("Q" if layout.pointer == 8 else "I")
        if self.rela is not None:
            offset, size = self.rela
            wanted = struct.pack(layout.order + "QQ", self.relative, address & _ALL_BITS)
            for at in _places(data, wanted, offset, offset + size):
                if (at - offset) % 24 == 8:
                    yield struct.unpack_from(layout.order + "Q", data, at - 8)[0]
        base, size = (self.chains.base, 4) if self.chains else (0, layout.pointer)
        if not 0 <= address - base < 1 << 8 * layout.pointer:
            return
        wanted = struct.pack(letter, address - base)[:size]
        for span in reversed(layout.mapped):
            for at in _places(data, wanted, span.offset, span.end):
                where = span.address + at - span.offset
                if where % layout.pointer == 0 and self._holds(where, address):
                    yield where

    def _holds(self, where: int, address: int) -> bool:
        if self.chains is None:
            return True
        try:
            return self.words(where, 1)[0] == address
        except Malformed:
            return False


def _places(data: Window, wanted: bytes, start: int, end: int) -> Iterator[int]:
    """Where ``wanted`` stands. In pieces, for bytes are searched many times as fast as a map."""
    overlap = len(wanted) - 1
    while start < end:
        piece = data[start : min(start + _PIECE + overlap, end)]
        at = piece.find(wanted)
        while at >= 0:
            yield start + at
            at = piece.find(wanted, at + 1)
        start += _PIECE


def of_elf(elf: Elf, layout: Layout) -> Memory:
    """The memory of an ELF program or library."""
    kind = _RELATIVE.get(elf.isa)
    found = elf.section(".rela.dyn")
    if kind is None or found is None or elf.header.type != 3 or layout.pointer != 8:
        return Memory(elf.data, layout)
    _, offset, size = found
    return Memory(elf.data, layout, (offset, size - size % 24), kind)


def of_macho(part: Slice, layout: Layout) -> Memory:
    """The memory of one slice of a Mach-O file."""
    from archfit.formats import macho_chains

    return Memory(part.data, layout, chains=macho_chains.read(part))
