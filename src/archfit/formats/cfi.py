"""Call frame information: where `.eh_frame` and `.debug_frame` keep the frame of a pc.

Sources: DWARF 5 section 6.4; LSB Core 5.0 sections 10.6.1 (`.eh_frame`) and 10.6.2
(`.eh_frame_hdr`), and 10.5.1 for the encodings of pointers.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field

from archfit.formats.dwarf_expression import sleb, uleb
from archfit.model.errors import Malformed
from archfit.model.image import Window

#: Entries of a section that are looked at when it has no search table.
_MOST_ENTRIES = 1 << 19
_SIZES = {0: 8, 2: 2, 3: 4, 4: 8, 0xA: 2, 0xB: 4, 0xC: 8}


@dataclass(frozen=True, slots=True)
class Section:
    """A section of frame information. ``offset``, ``size``: in the file; ``address``: of
    its first byte when loaded (the file's own addresses); ``eh``: the form of `.eh_frame`."""

    data: Window = field(repr=False)
    offset: int
    size: int
    address: int
    eh: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of one function: ``start``, ``end`` are the file's own addresses.

    ``signal``: it is the frame of a signal handler's caller; ``return_column``: the number
    of the register that holds the return address; ``first``, ``program``: the instructions
    of the CIE and of the FDE.
    """

    start: int
    end: int
    signal: bool
    code_align: int
    data_align: int
    return_column: int
    first: bytes
    program: bytes


@dataclass(slots=True)
class Table:
    """Finds entries in one section; without a search table it is read through once."""

    section: Section
    header: Section | None = None
    _starts: list[int] = field(default_factory=list)
    _offsets: list[int] = field(default_factory=list)
    _read: bool = False

    def find(self, pc: int) -> Entry | None:
        """The entry of an address; None when nothing is said of it. Raises Malformed."""
        if not self._read:
            self._read = True
            rows = _searchable(self.header) if self.header else None
            if rows is not None:
                shift = self.section.offset - self.section.address
                rows = [(start, fde + shift) for start, fde in rows]
            else:
                rows = _all(self.section)
            rows.sort()
            self._starts = [start for start, _ in rows]
            self._offsets = [offset for _, offset in rows]
        at = bisect_right(self._starts, pc) - 1
        if at < 0:
            return None
        entry = read_entry(self.section, self._offsets[at])
        return entry if entry is not None and entry.start <= pc < entry.end else None


def _searchable(header: Section) -> list[tuple[int, int]] | None:
    """(first address, address of the FDE) of the search table; None when it has none."""
    data, at = header.data, header.offset
    if header.size < 16 or at + 16 > len(data) or data[at] != 1 or data[at + 3] != 0x3B:
        return None
    encoding = data[at + 2]
    if encoding & 0x0F != 3:
        return None
    after = at + 4 + _SIZES.get(data[at + 1] & 0x0F, 4)
    count = struct.unpack_from("<I", data, after)[0]
    end = after + 4 + 8 * count
    if end > header.offset + header.size or end > len(data):
        return None
    base = header.address
    rows = struct.iter_unpack("<ii", bytes(data[after + 4 : end]))
    return [(base + start & (1 << 64) - 1, base + fde & (1 << 64) - 1) for start, fde in rows]


def _all(section: Section) -> list[tuple[int, int]]:
    """(first address, offset in the file) of every FDE."""
    rows: list[tuple[int, int]] = []
    at, end = section.offset, min(section.offset + section.size, len(section.data))
    while at + 4 <= end and len(rows) < _MOST_ENTRIES:
        length, wide = _length(section.data, at)
        if not length:
            if section.eh:  # zero ends the section
                break
            at += 4
            continue
        body = at + (12 if wide else 4)
        if body + length > end:
            break
        try:
            entry = read_entry(section, at)
        except Malformed:
            entry = None
        if entry is not None:
            rows.append((entry.start, at))
        at = body + length
    return rows


def _length(data: Window, at: int) -> tuple[int, bool]:
    length = int.from_bytes(data[at : at + 4], "little")
    if length == 0xFFFFFFFF:
        return int.from_bytes(data[at + 4 : at + 12], "little"), True
    return length, False


def _body(section: Section, at: int) -> tuple[int, bytes, int, bool]:
    """(offset of what follows the id, the bytes from there, the id, 64-bit form)."""
    if not section.offset <= at < section.offset + section.size:
        raise Malformed("frame information outside of its section")
    length, wide = _length(section.data, at)
    start = at + (12 if wide else 4)
    size = 8 if wide and not section.eh else 4
    if length < size or start + length > min(section.offset + section.size, len(section.data)):
        raise Malformed("an entry of the frame information is cut off")
    number = int.from_bytes(section.data[start : start + size], "little")
    return start, bytes(section.data[start + size : start + length]), number, wide


def read_entry(section: Section, at: int) -> Entry | None:
    """The FDE at an offset of the file; None for a CIE. Raises Malformed."""
    start, body, number, wide = _body(section, at)
    size = 8 if wide and not section.eh else 4
    alone = 0 if section.eh else (1 << 8 * size) - 1
    if number == alone:
        return None
    cie = start - number if section.eh else section.offset + number
    _, first, kind, _ = _body(section, cie)
    if kind != alone:
        raise Malformed("an FDE that does not name a CIE")
    try:
        return _entry(section, start + size, body, first)
    except (IndexError, struct.error):
        raise Malformed("an entry of the frame information is cut off") from None


def _entry(section: Section, place: int, body: bytes, cie: bytes) -> Entry:
    version = cie[0]
    end = cie.index(b"\0", 1) if b"\0" in cie[1:] else len(cie)
    augmentation = cie[1:end]
    at = end + 1 + (2 if version >= 4 else 0)
    code_align, at = uleb(cie, at)
    data_align, at = sleb(cie, at)
    column = cie[at]
    at += 1
    if version > 1:
        column, at = uleb(cie, at - 1)
    encoding, signal = 0, False
    if augmentation[:1] == b"z":
        length, at = uleb(cie, at)
        after = at + length
        for letter in augmentation[1:]:
            if letter == ord("R"):
                encoding, at = cie[at], at + 1
            elif letter == ord("P"):
                _, at = pointer(cie, at + 1, cie[at], 0)
            elif letter == ord("L"):
                at += 1
            elif letter == ord("S"):
                signal = True
        at = after
    elif augmentation:
        raise Malformed("an augmentation of frame information that is not known")
    address = section.address + place - section.offset
    start, here = pointer(body, 0, encoding, address)
    length, here = pointer(body, here, encoding & 0x0F, 0)
    if augmentation[:1] == b"z":
        skip, here = uleb(body, here)
        here += skip
    return Entry(
        start, start + length, signal, code_align, data_align, column, cie[at:], body[here:]
    )


def pointer(data: bytes, at: int, encoding: int, address: int) -> tuple[int, int]:
    """(value, offset after it) of a DW_EH_PE pointer; ``address``: where ``data`` is loaded."""
    form, base = encoding & 0x0F, encoding & 0x70
    if encoding == 0xFF:
        return 0, at
    if form == 1:
        value, after = uleb(data, at)
    elif form == 9:
        value, after = sleb(data, at)
    else:
        if (size := _SIZES.get(form)) is None or at + size > len(data):
            raise Malformed("a pointer of the frame information can't be read")
        value, after = int.from_bytes(data[at : at + size], "little", signed=form > 8), at + size
    if base == 0x10:
        value += address + at
    elif base not in (0, 0x30, 0x20, 0x50):
        raise Malformed(f"pointer encoding {encoding:#x} is not known")
    return value & (1 << 64) - 1, after
