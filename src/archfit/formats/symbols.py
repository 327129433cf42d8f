"""Symbol tables: which function an address lies in, when nothing better says so.

Sources: System V gABI 4.1 chapter 4, "Symbol Table"; <mach-o/nlist.h>; Microsoft's "PE Format",
"COFF Symbol Table" (18 bytes each, names of up to 8 bytes in place).
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archfit.model.image import Window

if TYPE_CHECKING:
    from archfit.formats.elf import Elf
    from archfit.formats.macho import Slice
    from archfit.formats.pe import Pe

_STT_NOTYPE, _STT_FUNC, _STT_IFUNC = 0, 2, 10
_MOST = 4_000_000
_LONGEST = 1 << 14
_TABLES = ((".symtab", ".strtab", "symtab"), (".dynsym", ".dynstr", "dynsym"))
_LC_SYMTAB = 2
_N_STAB, _N_TYPE, _N_SECT = 0xE0, 0x0E, 0x0E


@dataclass(slots=True)
class Symbols:
    """Functions by address. ``source``: symtab, dynsym, nlist or coff.

    ``rows``: (address, size or 0, offset of the name in ``names``), in order of address.
    """

    source: str
    names: tuple[Window, int, int] = field(repr=False)
    rows: list[tuple[int, int, int]] = field(repr=False)
    skip: int = 0
    texts: list[str] = field(default_factory=list, repr=False)
    _starts: list[int] | None = field(default=None, repr=False)

    def find(self, pc: int) -> tuple[str, bool, int] | None:
        """(name, whether the symbol's size covers the address, its own address), or None.

        Without a size it is the nearest one before, which may be wrong.
        """
        if self._starts is None:
            self._starts = [row[0] for row in self.rows]
        at = bisect_right(self._starts, pc)
        nearest = self.rows[at - 1][0] if at else 0
        for number in range(at - 1, max(-1, at - 9), -1):
            address, size, name = self.rows[number]
            if size and pc < address + size:
                return self.name(name), True, address
            if not size and address == nearest:
                return self.name(name), False, address
        return None

    def name(self, offset: int) -> str:
        """A symbol's name; "" when it is not in the table of strings."""
        if offset < 0:  # of a COFF table, in place
            return self.texts[-1 - offset]
        data, start, end = self.names
        at = start + offset
        if not start <= at < end:
            return ""
        cut = data.find(b"\0", at, min(end, at + _LONGEST))
        text = bytes(data[at : end if cut < 0 else cut]).decode("utf-8", "backslashreplace")
        return text[self.skip :] if self.skip and text.startswith("_") else text


def of_elf(elf: Elf) -> Symbols | None:
    """.symtab, or where it is gone .dynsym; None: neither."""
    for table, strings, source in _TABLES:
        symbols, names = elf.section(table), elf.section(strings)
        if symbols is None or names is None:
            continue
        order = "<" if elf.endian == "little" else ">"
        wide = elf.bits == 64
        shape = struct.Struct(order + ("IBBHQQ" if wide else "IIIBBH"))
        _, offset, size = symbols
        count = min(size // shape.size, _MOST)
        thumb = elf.isa == "arm"
        rows = []
        for row in shape.iter_unpack(elf.data[offset : offset + count * shape.size]):
            if wide:
                name, info, _, section, value, length = row
            else:
                name, value, length, info, _, section = row
            kind = info & 15
            if section and value and (kind in (_STT_FUNC, _STT_IFUNC) or (not kind and length)):
                rows.append((value & ~1 if thumb else value, length, name))
        if rows:
            rows.sort()
            return Symbols(source, (elf.data, names[1], names[1] + names[2]), rows)
    return None


def address_elf(elf: Elf, wanted: bytes) -> int | None:
    """The address of one symbol of .symtab, without reading the others."""
    symbols, names = elf.section(".symtab"), elf.section(".strtab")
    if symbols is None or names is None:
        return None
    data = elf.data
    at = data.find(b"\0" + wanted + b"\0", names[1], names[1] + names[2])
    if at < 0:
        return None
    order = "<" if elf.endian == "little" else ">"
    size, place = (24, 8) if elf.bits == 64 else (16, 4)
    sought = struct.pack(order + "I", at + 1 - names[1])
    found = data.find(sought, symbols[1], symbols[1] + symbols[2])
    while found >= 0:
        if (found - symbols[1]) % size == 0:
            letter = "Q" if elf.bits == 64 else "I"
            return int(struct.unpack_from(order + letter, data, found + place)[0])
        found = data.find(sought, found + 1, symbols[1] + symbols[2])
    return None


def _symtab(part: Slice) -> tuple[int, int, int, int] | None:
    commands = part.commands
    if commands is None:
        return None
    raw, at = commands.raw, 0
    for _ in range(commands.count):
        command, size = struct.unpack_from(commands.order + "II", raw, at)
        if command == _LC_SYMTAB and size >= 24:
            offset, count, strings, length = struct.unpack_from(commands.order + "4I", raw, at + 8)
            wide = 16 if commands.bits == 64 else 12
            if offset + count * wide > part.size or strings + length > part.size:
                return None
            return part.offset + offset, min(count, _MOST), part.offset + strings, length
        at += size
    return None


def of_macho(part: Slice) -> Symbols | None:
    """The symbols of a slice that lie in a section; their first underscore is taken away."""
    place = _symtab(part)
    if place is None or part.commands is None:
        return None
    offset, count, strings, length = place
    wide = part.commands.bits == 64
    shape = struct.Struct(part.commands.order + ("IBBHQ" if wide else "IBBHI"))
    code = {
        number
        for number, section in enumerate(part.sections(), 1)
        if section.flags & 0x80000400  # S_ATTR_PURE_INSTRUCTIONS, S_ATTR_SOME_INSTRUCTIONS
    }
    rows = [
        (value, 0, name)
        for name, kind, section, _, value in shape.iter_unpack(
            part.data[offset : offset + count * shape.size]
        )
        if not kind & _N_STAB and kind & _N_TYPE == _N_SECT and section in code
    ]
    if not rows:
        return None
    rows.sort()
    return Symbols("nlist", (part.data, strings, strings + length), rows, skip=1)


def of_pe(pe: Pe, data: Window) -> Symbols | None:
    """Functions of a COFF symbol table, as MinGW's and Go's linkers leave it."""
    at = struct.unpack_from("<I", data, 60)[0]
    table, count = struct.unpack_from("<II", data, at + 12)
    end = table + count * 18
    if not table or end + 4 > len(data) or count > _MOST:
        return None
    base = pe.image_base
    rows = []
    texts: list[str] = []
    number = table
    while number < end:
        short = bytes(data[number : number + 8])
        value, section, kind, _, more = struct.unpack_from("<IhHBB", data, number + 8)
        if kind == 0x20 and 0 < section <= len(pe.sections):
            if short[:4] == b"\0\0\0\0":
                name = end + struct.unpack_from("<I", short, 4)[0]
            else:
                name = -1 - len(texts)
                texts.append(short.rstrip(b"\0").decode("utf-8", "backslashreplace"))
            rows.append((base + pe.sections[section - 1].addr + value, 0, name))
        number += 18 * (1 + more)
    if not rows:
        return None
    rows.sort()
    return Symbols("coff", (data, 0, len(data)), rows, texts=texts)
