"""Where a Mach-O slice keeps what its loader reads: opcode streams, fixups, exports, symbols.

Source: <mach-o/loader.h>: `dyld_info_command`, `linkedit_data_command`, `symtab_command`,
`dysymtab_command`, `section_64` (type in the low byte of flags, reserved1 and reserved2).
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from typing import NamedTuple

from archfit.formats.macho import Slice
from archfit.formats.macho_commands import sections
from archfit.model.errors import Malformed

_INFO, _INFO_ONLY = 0x22, 0x80000022
_TRIE, _CHAINED = 0x80000033, 0x80000034
_SYMTAB, _DYSYMTAB = 0x02, 0x0B
_STREAMS = ("rebase", "bind", "weak_bind", "lazy_bind", "exports")

#: dyld's special ordinals, <mach-o/loader.h> BIND_SPECIAL_DYLIB_*.
SPECIAL = {
    0: "this-image",
    -1: "main-executable",
    -2: "flat-namespace",
    -3: "weak",
}


class Place(NamedTuple):
    """``offset`` counts in the slice, as written; ``size`` in bytes."""

    offset: int
    size: int


def places(part: Slice) -> dict[str, Place]:
    """{rebase, bind, weak_bind, lazy_bind, exports, chained, symtab, strings, indirect: place}.

    Absent or empty ones are left out. Malformed: one reaches beyond the slice.
    """
    commands = part.commands
    found: dict[str, Place] = {}
    if commands is None:
        return found
    raw, at, order = commands.raw, 0, commands.order
    wide = 16 if part.bits == 64 else 12
    for _ in range(commands.count):
        command, size = struct.unpack_from(order + "II", raw, at)
        if command in (_INFO, _INFO_ONLY) and size >= 48:
            words = struct.unpack_from(order + "10I", raw, at + 8)
            for number, name in enumerate(_STREAMS):
                found[name] = Place(*words[2 * number : 2 * number + 2])
        elif command in (_TRIE, _CHAINED) and size >= 16:
            name = "exports" if command == _TRIE else "chained"
            found[name] = Place(*struct.unpack_from(order + "II", raw, at + 8))
        elif command == _SYMTAB and size >= 24:
            symbols, count, strings, length = struct.unpack_from(order + "4I", raw, at + 8)
            found["symtab"] = Place(symbols, count * wide)
            found["strings"] = Place(strings, length)
        elif command == _DYSYMTAB and size >= 80:
            start, count = struct.unpack_from(order + "II", raw, at + 56)
            found["indirect"] = Place(start, 4 * count)
        at += size
    for name, place in found.items():
        if place.size and place.offset + place.size > part.size:
            raise Malformed(f"the {name.replace('_', ' ')} data reaches beyond the slice")
    return {name: place for name, place in found.items() if place.size}


def data_of(part: Slice, place: Place | None) -> bytes:
    """The bytes at a place; empty for None."""
    if place is None:
        return b""
    start = part.offset + place.offset
    return bytes(part.data[start : start + place.size])


def base_of(part: Slice) -> int:
    """The address that the image's header is linked at; 0 when no segment has it."""
    for segment in part.segments:
        if segment.offset == 0 and segment.file_size:
            return segment.addr
    return next((s.addr for s in part.segments if s.name == "__TEXT"), 0)


def library_of(part: Slice, ordinal: int) -> str:
    """The library that a two-level ordinal names, or what a special one means.

    Ordinals count the LC_LOAD_* commands from 1, in order. One out of range gives
    ``ordinal:N``.
    """
    if ordinal <= 0:
        return SPECIAL.get(ordinal, f"ordinal:{ordinal}")
    needed = part.needed
    return needed[ordinal - 1].name if ordinal <= len(needed) else f"ordinal:{ordinal}"


class Map:
    """Segment and section of an address, by bisection."""

    def __init__(self, part: Slice) -> None:
        rows: list[tuple[int, int, str, str]] = []
        if part.commands is not None:
            for segment in part.segments:
                rows += [
                    (s.addr, s.addr + s.size, s.segment, s.name)
                    for s in sections(part.commands, segment, part.offset)
                    if s.size
                ]
        self._rows = sorted(rows)
        self._starts = [row[0] for row in self._rows]
        self._segments = [(s.addr, s.addr + s.size, s.name) for s in part.segments]

    def section(self, address: int) -> tuple[str, str, int]:
        """(segment, section, end of it); "" where the address is in none, end 0 then."""
        number = bisect_right(self._starts, address)
        if number:
            start, end, segment, name = self._rows[number - 1]
            if start <= address < end:
                return segment, name, end
        for start, end, segment in self._segments:
            if start <= address < end:
                return segment, "", 0
        return "", "", 0


class Slot(NamedTuple):
    """A symbol pointer or stub and the symbol it stands for; ``symbol`` is "" for a local one."""

    address: int
    size: int
    kind: str
    symbol: str
    ordinal: int | None


_KINDS = {6: "pointer", 7: "lazy pointer", 8: "stub", 0x10: "lazy library pointer"}
#: INDIRECT_SYMBOL_LOCAL and INDIRECT_SYMBOL_ABS.
_NO_SYMBOL = 0xC0000000
_MOST_SLOTS = 1 << 19


def slots(part: Slice, found: dict[str, Place]) -> list[Slot]:
    """Every entry of the indirect symbol table, in the order of the sections.

    The library's ordinal stands in the high byte of n_desc, <mach-o/nlist.h>
    GET_LIBRARY_ORDINAL; None for a symbol that the image defines itself.
    """
    commands = part.commands
    if commands is None or "indirect" not in found:
        return []
    order, wide = commands.order, part.bits == 64
    table = data_of(part, found["indirect"])
    numbers = struct.unpack(f"{order}{len(table) // 4}I", table[: len(table) & ~3])
    symbols = data_of(part, found.get("symtab"))
    strings = data_of(part, found.get("strings"))
    entry = struct.Struct(order + ("IBBHQ" if wide else "IBBHI"))
    section = struct.Struct(order + ("16s16sQQ8I" if wide else "16s16sII7I"))
    out: list[Slot] = []
    for segment in part.segments:
        for number in range(segment.section_count):
            row = section.unpack_from(commands.raw, segment.sections + number * section.size)
            kind = _KINDS.get(row[8] & 0xFF)
            if kind is None:
                continue
            width = row[10] if kind == "stub" else (8 if wide else 4)
            if not width:
                raise Malformed("a section of stubs that have no size")
            count, first = row[3] // width, row[9]
            if first + count > len(numbers):
                raise Malformed("a section has more pointers than there are indirect symbols")
            if len(out) + count > _MOST_SLOTS:
                raise Malformed(f"more than {_MOST_SLOTS} indirect symbols")
            for index, which in enumerate(numbers[first : first + count]):
                address = row[2] + index * width
                at = which * entry.size
                if which & _NO_SYMBOL or at + entry.size > len(symbols):
                    out.append(Slot(address, width, kind, "", None))
                    continue
                name, form, _, desc, _ = entry.unpack_from(symbols, at)
                end = strings.find(b"\0", name, name + 65536)
                text = strings[name:end].decode("utf-8", "backslashreplace") if end >= 0 else ""
                level = desc >> 8
                ordinal = None if form & 0x0E else level - 256 if level > 0xFC else level
                out.append(Slot(address, width, kind, text, ordinal))
    return out
