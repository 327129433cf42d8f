"""Chained fixups of a Mach-O slice: which of its words are pointers, and to what.

Source: <mach-o/fixup-chains.h> (`dyld_chained_fixups_header`, `dyld_chained_starts_in_image`,
`dyld_chained_starts_in_segment`, `dyld_chained_ptr_64_rebase`). Each page names its first
pointer; each pointer says how many strides of four bytes on the next one stands, 0 at the end.
Pointer formats 2 and 6 (DYLD_CHAINED_PTR_64, _64_OFFSET) are read: 36 bits of target, which is
an address in the first and counts from the image's start in the second.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from archfit.formats.macho import Slice

_LC_CHAINED = 0x80000034
_NONE, _MULTI = 0xFFFF, 0x8000
_TARGET = (1 << 36) - 1
_MOST_SEGMENTS, _MOST_PAGES = 64, 1 << 16


class _Starts(NamedTuple):
    address: int
    page: int
    pages: tuple[int, ...]


class Chains(NamedTuple):
    """``base`` is added to a target. Looked up a page at a time, as dyld does it."""

    part: Slice
    base: int
    segments: tuple[_Starts, ...]

    def pointers(self, address: int, end: int) -> dict[int, int]:
        """{address of a word: what it points at} for the words from ``address`` to ``end``.

        Imports (binds) are left out.
        """
        found: dict[int, int] = {}
        for segment in self.segments:
            first = max(0, (address - segment.address) // segment.page)
            last = min(len(segment.pages) - 1, (end - 1 - segment.address) // segment.page)
            for number in range(first, last + 1):
                self._walk(segment, number, address, end, found)
        return found

    def _walk(
        self, segment: _Starts, number: int, address: int, end: int, found: dict[int, int]
    ) -> None:
        start = segment.pages[number]
        if start == _NONE or start & _MULTI:
            return
        page = segment.address + number * segment.page
        offset = self.part.offset_of(page)
        if offset is None:
            return
        data = bytes(self.part.data[offset : min(offset + segment.page, len(self.part.data))])
        at = start
        while at + 8 <= len(data):
            word = int.from_bytes(data[at : at + 8], "little")
            if address <= page + at < end and not word >> 63:
                found[page + at] = self.base + (word & _TARGET)
            step = word >> 51 & 0xFFF
            if not step:
                break
            at += 4 * step


def read(part: Slice) -> Chains | None:
    """None: there are none, or they are of a form that is not read."""
    place = _command(part)
    if place is None or part.endian != "little":
        return None
    offset, length = place
    if length < 28 or offset + length > part.size:
        return None
    blob = bytes(part.data[part.offset + offset : part.offset + offset + min(length, 8 << 20)])
    starts = struct.unpack_from("<I", blob, 4)[0]
    if starts + 4 > len(blob):
        return None
    image = next((s.addr for s in part.segments if s.name == "__TEXT"), 0)
    count = min(struct.unpack_from("<I", blob, starts)[0], _MOST_SEGMENTS)
    segments: list[_Starts] = []
    kinds = set()
    for number in range(count):
        at = starts + 4 + 4 * number
        if at + 4 > len(blob):
            break
        one = struct.unpack_from("<I", blob, at)[0]
        at = starts + one
        if not one or at + 22 > len(blob):
            continue
        page, kind, where, _, pages = struct.unpack_from("<HHQIH", blob, at + 4)
        if at + 22 + 2 * pages > len(blob) or page < 0x1000:
            continue
        kinds.add(kind)
        segments.append(
            _Starts(image + where, page, struct.unpack_from(f"<{pages}H", blob, at + 22))
        )
    if len(kinds) != 1 or not kinds <= {2, 6}:
        return None
    return Chains(part, image if kinds == {6} else 0, tuple(segments))


def _command(part: Slice) -> tuple[int, int] | None:
    commands = part.commands
    if commands is None or part.fixups != "chained":
        return None
    raw, at = commands.raw, 0
    for _ in range(commands.count):
        command, size = struct.unpack_from(commands.order + "II", raw, at)
        if command == _LC_CHAINED and size >= 16:
            offset, length = struct.unpack_from(commands.order + "II", raw, at + 8)
            return offset, length
        at += size
    return None
