"""Chained fixups: every pointer of a Mach-O slice that dyld slides, binds or signs.

Source: <mach-o/fixup-chains.h>: `dyld_chained_fixups_header`, `dyld_chained_starts_in_image`,
`dyld_chained_starts_in_segment`, DYLD_CHAINED_PTR_* 1 to 14 with their bit-fields, and
DYLD_CHAINED_IMPORT, _ADDEND, _ADDEND64.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from archfit.formats.macho import Slice
from archfit.formats.macho_linkedit import Place, base_of, data_of
from archfit.model.errors import Malformed

#: Pointers of one slice.
MOST = 1 << 20
_MOST_NAMES = 16 << 20
_NONE, _MULTI, _LAST = 0xFFFF, 0x8000, 0x8000
_KEYS = ("IA", "IB", "DA", "DB")

FORMATS = {
    1: "ARM64E", 2: "64", 3: "32", 4: "32_CACHE", 5: "32_FIRMWARE", 6: "64_OFFSET",
    7: "ARM64E_KERNEL", 8: "64_KERNEL_CACHE", 9: "ARM64E_USERLAND", 10: "ARM64E_FIRMWARE",
    11: "X86_64_KERNEL_CACHE", 12: "ARM64E_USERLAND24", 13: "ARM64E_SHARED_CACHE",
    14: "ARM64E_SEGMENTED",
}  # fmt: skip
_ARM64E = frozenset((1, 7, 9, 10, 12))
#: Of those, whose plain target counts from the image's start; a signed one always does.
_FROM_START = frozenset((7, 9, 12))
#: Format -> (bytes of a word, stride, shift of next, bits of next).
_SHAPE = {
    1: (8, 8, 51, 11), 2: (8, 4, 51, 12), 3: (4, 4, 26, 5), 4: (4, 4, 30, 2),
    5: (4, 4, 26, 6), 6: (8, 4, 51, 12), 7: (8, 4, 51, 11), 8: (8, 4, 51, 12),
    9: (8, 8, 51, 11), 10: (8, 4, 51, 11), 11: (8, 1, 51, 12), 12: (8, 8, 51, 11),
    13: (8, 8, 52, 11), 14: (8, 4, 51, 12),
}  # fmt: skip


class Import(NamedTuple):
    """A symbol wanted. ``ordinal``: see `macho_linkedit.library_of`."""

    ordinal: int
    weak: bool
    symbol: str
    addend: int


class Segment(NamedTuple):
    """One segment with chains. ``format``: a key of `FORMATS`; ``slid``, ``bound``: how many."""

    number: int
    address: int
    page: int
    format: int
    pages: int
    slid: int
    bound: int
    signed: int


class Bound(NamedTuple):
    """``wanted``: number of the import. ``auth``: "IA, diversity 0x1234, address" or ""."""

    address: int
    wanted: int
    addend: int
    auth: str


class Chained(NamedTuple):
    """``slid``: [(address, what it points at, auth)], in the order of the chains."""

    version: int
    imports_format: int
    imports: list[Import]
    segments: list[Segment]
    slid: list[tuple[int, int, str]]
    bound: list[Bound]


def read(part: Slice, place: Place) -> Chained:
    """All chains and imports. Malformed: a table or chain leaves its room, or is not known."""
    blob = data_of(part, place)
    if len(blob) < 28:
        raise Malformed("the header of chained fixups is cut off")
    if part.endian != "little":
        raise Malformed("chained fixups in a big-endian image")
    version, starts, imports, names, count, form, packing = struct.unpack_from("<7I", blob)
    found = _imports(blob, imports, names, count, form, packing)
    segments: list[Segment] = []
    slid: list[tuple[int, int, str]] = []
    bound: list[Bound] = []
    if starts + 4 > len(blob):
        raise Malformed("the starts of chained fixups lie outside of their data")
    number_of = struct.unpack_from("<I", blob, starts)[0]
    if number_of > len(part.segments) or starts + 4 + 4 * number_of > len(blob):
        raise Malformed(f"chains in {number_of} segments, of {len(part.segments)}")
    base = base_of(part)
    for number, at in enumerate(struct.unpack_from(f"<{number_of}I", blob, starts + 4)):
        if at:
            one = _segment(part, blob, starts + at, number, base, slid, bound)
            segments.append(one)
    last = max((b.wanted for b in bound), default=-1)
    if last >= len(found):
        raise Malformed(f"a chain asks for import {last}, of {len(found)}")
    return Chained(version, form, found, segments, slid, bound)


def _imports(blob: bytes, at: int, names: int, count: int, form: int, packing: int) -> list[Import]:
    width = {1: 4, 2: 8, 3: 16}.get(form)
    if width is None:
        raise Malformed(f"imports of chained fixups in format {form}")
    if at + count * width > len(blob) or names > len(blob):
        raise Malformed("the imports of chained fixups lie outside of their data")
    text = blob[names:]
    if packing == 1:
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(text, _MOST_NAMES)
        except zlib.error:
            raise Malformed("the packed names of imports are broken") from None
    elif packing:
        raise Malformed(f"names of imports packed in way {packing}")
    table = blob[at : at + count * width]
    out: list[Import] = []
    left = _MOST_NAMES
    for row in struct.iter_unpack({1: "<I", 2: "<Ii", 3: "<QQ"}[form], table):
        word = row[0]
        if form == 3:
            ordinal, weak, name = word & 0xFFFF, word >> 16 & 1, word >> 32
            ordinal -= 0x10000 if ordinal > 0xFFF0 else 0
            addend = row[1] - (1 << 64) if row[1] >> 63 else row[1]
        else:
            ordinal, weak, name = word & 0xFF, word >> 8 & 1, word >> 9
            ordinal -= 0x100 if ordinal > 0xF0 else 0
            addend = row[1] if form == 2 else 0
        end = text.find(b"\0", name)
        if end < 0:
            raise Malformed("the name of an import has no end")
        left -= end - name
        if left < 0:
            raise Malformed(f"names of imports of more than {_MOST_NAMES} bytes")
        symbol = text[name:end].decode("utf-8", "backslashreplace")
        out.append(Import(ordinal, bool(weak), symbol, addend))
    return out


def _segment(
    part: Slice, blob: bytes, at: int, number: int, base: int,
    slid: list[tuple[int, int, str]], bound: list[Bound],
) -> Segment:  # fmt: skip
    if at + 22 > len(blob):
        raise Malformed("the starts of a segment's chains are cut off")
    size, page, form, offset, highest, pages = struct.unpack_from("<IHHQIH", blob, at)
    if form not in _SHAPE:
        raise Malformed(f"chained pointers of format {form}")
    room = min(size, len(blob) - at)
    if 22 + 2 * pages > room or page < 0x400:
        raise Malformed("the starts of a segment's chains are cut off")
    firsts = struct.unpack_from(f"<{(room - 22) // 2}H", blob, at + 22)
    segment = part.segments[number]
    address = base + offset
    start = part.offset + segment.offset
    data = part.data[start : start + min(segment.file_size, part.size - segment.offset)]
    slid_before, bound_before = len(slid), len(bound)
    walk = _Walk(form, address, base, highest, [s.addr for s in part.segments], data)
    for index in range(pages):
        first = firsts[index]
        if first == _NONE:
            continue
        if not first & _MULTI:
            walk.chain(index * page + first, slid, bound)
            continue
        where = first & ~_MULTI
        while True:
            if where >= len(firsts):
                raise Malformed("a page's further chains are cut off")
            walk.chain(index * page + (firsts[where] & ~_LAST), slid, bound)
            if firsts[where] & _LAST:
                break
            where += 1
    signed = 0
    if form not in (2, 3, 4, 5, 6):
        signed = sum(1 for row in slid[slid_before:] if row[2])
        signed += sum(1 for row in bound[bound_before:] if row.auth)
    return Segment(
        number, address, page, form, pages,
        len(slid) - slid_before, len(bound) - bound_before, signed,
    )  # fmt: skip


class _Walk:
    """The words of one segment, chain by chain."""

    def __init__(
        self, form: int, address: int, base: int, highest: int, starts: list[int], data: bytes
    ) -> None:
        self._form, self._address, self._base, self._highest = form, address, base, highest
        self._starts, self._data = starts, data

    def chain(self, at: int, slid: list[tuple[int, int, str]], bound: list[Bound]) -> None:
        form, data, address = self._form, self._data, self._address
        width, stride, shift, bits = _SHAPE[form]
        unpack = struct.Struct("<Q" if width == 8 else "<I").unpack_from
        end, mask = len(data) - width, (1 << bits) - 1
        room = MOST - len(slid) - len(bound)
        if form in (2, 6):
            self._plain(at, slid, bound, room)
            return
        while True:
            if at > end:
                raise Malformed("a chain of pointers leaves its segment")
            word = unpack(data, at)[0]
            self._other(word, address + at, slid, bound)
            room -= 1
            if room < 0:
                raise Malformed(f"more than {MOST} pointers in chains")
            step = word >> shift & mask
            if not step:
                return
            at += stride * step

    def _plain(
        self, at: int, slid: list[tuple[int, int, str]], bound: list[Bound], room: int
    ) -> None:
        """Formats 2 and 6, which most files have: nothing is called for a word that is slid."""
        data, address = self._data, self._address
        unpack = struct.Struct("<Q").unpack_from
        add = self._base if self._form == 6 else 0
        before, slide = len(slid) + len(bound), slid.append
        try:
            while True:
                (word,) = unpack(data, at)
                if word >> 63:
                    bound.append(Bound(address + at, word & 0xFFFFFF, word >> 24 & 0xFF, ""))
                else:
                    # The high 8 bits of the target are kept in bits 36 to 43.
                    target = (word & 0xFFFFFFFFF) + add
                    if word & 0xFF000000000:
                        target |= (word & 0xFF000000000) << 20
                    slide((address + at, target, ""))
                step = word >> 51 & 0xFFF
                if not step:
                    break
                at += 4 * step
        except struct.error:
            raise Malformed("a chain of pointers leaves its segment") from None
        # A chain ascends by 4 at least: no more of them are held than the segment has words.
        if len(slid) + len(bound) - before > room:
            raise Malformed(f"more than {MOST} pointers in chains")

    def _other(
        self, word: int, place: int, slid: list[tuple[int, int, str]], bound: list[Bound]
    ) -> None:
        form, base = self._form, self._base
        if form in _ARM64E:
            auth = _auth(word >> 32 & 0xFFFF, word >> 48 & 1, word >> 49 & 3) if word >> 63 else ""
            if word >> 62 & 1:
                index = word & (0xFFFFFF if form == 12 else 0xFFFF)
                addend = 0 if auth else word >> 32 & 0x7FFFF
                addend -= 0x80000 if addend & 0x40000 else 0
                bound.append(Bound(place, index, addend, auth))
            elif auth:
                slid.append((place, base + (word & 0xFFFFFFFF), auth))
            else:
                target = (word & (1 << 43) - 1) + (base if form in _FROM_START else 0)
                slid.append((place, target | (word >> 43 & 0xFF) << 56, ""))
        elif form == 3:
            if word >> 31:
                bound.append(Bound(place, word & 0xFFFFF, word >> 20 & 0x3F, ""))
            elif word & 0x3FFFFFF <= self._highest or not self._highest:
                # Larger ones are plain numbers that only keep the chain going.
                slid.append((place, word & 0x3FFFFFF, ""))
        elif form in (4, 5):
            slid.append((place, word & (0x3FFFFFFF if form == 4 else 0x3FFFFFF), ""))
        elif form in (8, 11):
            auth = _auth(word >> 32 & 0xFFFF, word >> 48 & 1, word >> 49 & 3) if word >> 63 else ""
            slid.append((place, base + (word & 0x3FFFFFFF), auth))
        elif form == 13:
            auth = _auth(word >> 34 & 0xFFFF, word >> 50 & 1, 2 * (word >> 51 & 1))
            high = 0 if word >> 63 else (word >> 34 & 0xFF) << 56
            slid.append((place, base + (word & (1 << 34) - 1) | high, auth if word >> 63 else ""))
        else:
            index = word >> 28 & 0xF
            if index >= len(self._starts):
                raise Malformed(f"a pointer into segment {index}, of {len(self._starts)}")
            auth = _auth(word >> 32 & 0xFFFF, word >> 48 & 1, word >> 49 & 3) if word >> 63 else ""
            slid.append((place, self._starts[index] + (word & 0xFFFFFFF), auth))


def _auth(diversity: int, address: int, key: int) -> str:
    return f"{_KEYS[key]}, diversity {diversity:#06x}" + (", address" if address else "")
