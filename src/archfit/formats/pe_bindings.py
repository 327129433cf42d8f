"""Imports and base relocations of a PE image, entry by entry.

Source: PE/COFF specification, "The .idata Section" (import directory, lookup table, hint/name
table), "Delay-Load Import Tables", "The .reloc Section".
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from archfit.formats.pe import Pe
from archfit.model.errors import Malformed
from archfit.model.image import Window

_IMPORT, _RELOC, _DELAY = 1, 5, 13
MOST = 1 << 20
_MOST_DLLS = 4096
_TYPES = {
    1: "HIGH",
    2: "LOW",
    3: "HIGHLOW",
    4: "HIGHADJ",
    5: "machine 5",
    7: "machine 7",
    8: "machine 8",
    9: "machine 9",
    10: "DIR64",
}


class Import(NamedTuple):
    """``address``: RVA of the slot in the import address table. ``symbol``: "#N" for an ordinal."""

    address: int
    library: str
    symbol: str
    hint: int
    delayed: bool


class Place(NamedTuple):
    """An RVA to slide."""

    address: int
    kind: str


def directory(data: Window, number: int) -> tuple[int, int] | None:
    """(RVA, bytes) of a data directory; None without it. ``data``: a file that `pe.read` took."""
    start = struct.unpack_from("<I", data, 60)[0] + 24
    size = struct.unpack_from("<H", data, start - 4)[0]
    at = start + (108 if data[start : start + 2] == b"\x0b\x02" else 92)
    if at + 4 > start + size or number >= struct.unpack_from("<I", data, at)[0]:
        return None
    place = at + 4 + 8 * number
    if place + 8 > start + size:
        return None
    rva, length = struct.unpack_from("<II", data, place)
    return (rva, length) if rva and length else None


def imports(image: Pe, data: Window) -> list[Import]:
    """Every symbol of the import table, then of the delayed one. Malformed: outside the file."""
    out: list[Import] = []
    look = _Look(image, data)
    found = directory(data, _IMPORT)
    if found:
        for row in look.rows(found[0], "<5I", 3):
            lookup, _, _, name, table = row
            look.thunks(out, lookup or table, table, look.name(name), delayed=False)
    found = directory(data, _DELAY)
    if found:
        for row in look.rows(found[0], "<8I", 1):
            # Old descriptors hold addresses instead of RVAs: bit 0 of the first word is clear.
            base = 0 if row[0] & 1 else image.image_base
            name, table, lookup = row[1] - base, row[3] - base, row[4] - base
            look.thunks(out, lookup, table, look.name(name), delayed=True, base=base)
    return out


class _Look:
    def __init__(self, image: Pe, data: Window) -> None:
        self.image, self.data = image, data
        self.wide = image.bits == 64

    def at(self, rva: int, size: int) -> int:
        offset = self.image.offset_of(rva) if rva > 0 else None
        if offset is None or offset + size > len(self.data):
            raise Malformed(f"{size} bytes at RVA {rva:#x} are not in the file")
        return offset

    def name(self, rva: int) -> str:
        start = self.at(rva, 1)
        raw = bytes(self.data[start : start + 4096])
        end = raw.find(b"\0")
        if end < 0:
            raise Malformed("the name of an import has no end")
        return raw[:end].decode("utf-8", "backslashreplace")

    def rows(self, rva: int, shape: str, name: int) -> list[tuple[int, ...]]:
        layout = struct.Struct(shape)
        out: list[tuple[int, ...]] = []
        for number in range(_MOST_DLLS):
            row = layout.unpack_from(self.data, self.at(rva + number * layout.size, layout.size))
            if not row[name]:
                return out
            out.append(row)
        raise Malformed(f"more than {_MOST_DLLS} imported libraries")

    def thunks(
        self, out: list[Import], lookup: int, table: int, library: str, *, delayed: bool,
        base: int = 0,
    ) -> None:  # fmt: skip
        width = 8 if self.wide else 4
        form = "<Q" if self.wide else "<I"
        high = 1 << 8 * width - 1
        for number in range(MOST):
            word = struct.unpack_from(form, self.data, self.at(lookup + number * width, width))[0]
            if not word:
                return
            slot = table + number * width
            if word & high:
                out.append(Import(slot, library, f"#{word & 0xFFFF}", 0, delayed))
            else:
                rva = (word & 0x7FFFFFFF) - base
                hint = struct.unpack_from("<H", self.data, self.at(rva, 2))[0]
                out.append(Import(slot, library, self.name(rva + 2), hint, delayed))
            if len(out) > MOST >> 2:
                raise Malformed(f"more than {MOST >> 2} imports")


def relocations(image: Pe, data: Window) -> list[Place]:
    """Every place to slide, without the padding (type ABSOLUTE). Malformed: a block is cut off."""
    found = directory(data, _RELOC)
    out: list[Place] = []
    if found is None:
        return out
    rva, size = found
    at = _Look(image, data).at(rva, size)
    end = at + size
    while at + 8 <= end:
        page, length = struct.unpack_from("<II", data, at)
        if not length:
            break
        if length < 8 or at + length > end:
            raise Malformed("a block of base relocations is cut off")
        count = (length - 8) // 2
        if len(out) + count > MOST:
            raise Malformed(f"more than {MOST} base relocations")
        extra = False
        for entry in struct.unpack_from(f"<{count}H", data, at + 8):
            kind = entry >> 12
            if extra:
                extra = False
            elif kind:
                # HIGHADJ has the low half of its value in the entry behind it.
                extra = kind == 4
                out.append(Place(page + (entry & 0xFFF), _TYPES.get(kind, f"type {kind}")))
        at += length
    return out
