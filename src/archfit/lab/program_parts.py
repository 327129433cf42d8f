"""A program file taken apart into named runs of bytes, and what a byte of it belongs to.

Sources: ELF gABI 4.1 (sections, symbol table), <mach-o/loader.h> (LC_SYMTAB, nlist_64 of
<mach-o/nlist.h>), PE/COFF specification 3 and 4; for names of Go functions `archfit.formats`.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from archfit.formats import elf, elf_sections, go_buildinfo, go_places, go_program, macho, pe
from archfit.formats.go_buildinfo import ModuleInfo
from archfit.formats.go_layout import Layout
from archfit.formats.go_program import Program
from archfit.formats.magic import recognise
from archfit.model.errors import Malformed
from archfit.model.image import Window

_LC_SYMTAB = 2
#: Symbols that are looked at, at the most.
_MOST_SYMBOLS = 1 << 20
_N_SECT, _N_STAB = 0x0E, 0xE0
_NLIST = {"<": struct.Struct("<IBBHQ"), ">": struct.Struct(">IBBHQ")}


@dataclass(frozen=True, slots=True)
class Part:
    """``address``: where its first byte is mapped; -1 when it is not."""

    name: str
    offset: int
    size: int
    address: int = -1


@dataclass(slots=True)
class Taken:
    """A file taken apart. ``info`` and ``release``: Go's build info; ``id``: Go's build id."""

    data: Window
    format: str
    parts: list[Part]
    info: ModuleInfo | None = None
    release: str = ""
    program: Program | None = None
    symbols: list[tuple[int, int, int]] = field(default_factory=list)  # address, size, name
    names: tuple[int, int] = (0, 0)

    def symbol(self, address: int) -> str:
        """The symbol that covers an address (its nearest one before it); "" for none."""
        at = bisect_right(self.symbols, (address, 1 << 63, 0)) - 1
        if at < 0:
            return ""
        value, size, name = self.symbols[at]
        if size and address >= value + size:
            return ""
        begin, end = self.names[0] + name, self.names[0] + self.names[1]
        stop = self.data.find(b"\0", begin, min(end, begin + 4096))
        text = bytes(self.data[begin : stop if stop >= 0 else begin])
        return text.decode("utf-8", "replace")

    def has_symbol(self, name: str) -> bool:
        """The name stands in the table of symbols' names."""
        begin, size = self.names
        return self.data.find(b"\0" + name.encode() + b"\0", begin, begin + size) >= 0

    def function(self, address: int) -> str:
        """``main.main (main.go)`` at an address of Go code; "" for none."""
        if self.program is None:
            return ""
        found = self.program.functions.find(address)
        return found.name if found else ""


def take(data: Window) -> Taken:
    """Take a program apart. Raises Malformed; a file of no known format is one part."""
    kind = recognise(data[:64])
    if kind == "elf":
        return _elf(data)
    if kind == "macho":
        return _macho(data)
    if kind == "pe":
        return _pe(data)
    return Taken(data, kind, [Part("the whole file", 0, len(data))])


def _go(taken: Taken, layout: Layout | None) -> None:
    if layout is None:
        return
    blob = go_buildinfo.read(taken.data, layout)
    if blob is not None:
        taken.release = blob.version
        taken.info = go_buildinfo.parse(blob.text)


def _named(taken: Taken, read: Callable[[], Program | None]) -> None:
    """The function table gives names to what differs; without it the bytes are compared too."""
    try:
        taken.program = read()
    except Malformed:
        taken.program = None


def _elf(data: Window) -> Taken:
    read = elf.read(data)
    header = read.header
    rows = elf_sections.read_rows(data, header)
    parts = [Part("ELF header", 0, header.layout.header.size)]
    if header.phnum:
        size = header.phentsize * header.phnum
        parts.append(Part("program headers", header.phoff, size))
    named = elf_sections.by_name(data, header, rows)
    for name, row in named.items():
        if elf_sections.has_bytes(row, data) and row[5]:
            parts.append(Part(name, row[4], row[5], row[3] or -1))
    if rows:
        parts.append(Part("section headers", header.shoff, header.shentsize * len(rows)))
    taken = Taken(data, "elf", parts)
    _go(taken, go_places.of_elf(read))
    table, names = named.get(".symtab"), named.get(".strtab")
    if table and names and header.bits == 64:
        shape = struct.Struct(("<" if header.little else ">") + "IBBHQQ")
        count = min(table[5] // shape.size, _MOST_SYMBOLS)
        raw = bytes(data[table[4] : table[4] + count * shape.size])
        whole = raw[: len(raw) // shape.size * shape.size]
        taken.symbols = sorted(
            (value, size, name)
            for name, kind, _, index, value, size in shape.iter_unpack(whole)
            if index and kind & 15 in (1, 2, 10)
        )
        taken.names = names[4], names[5]
    _named(taken, lambda: go_program.read_elf(read))
    return taken


def _macho(data: Window) -> Taken:
    part = macho.read(data).slices[0]
    commands = part.commands
    if commands is None:
        return Taken(data, "macho", [Part("the whole file", 0, len(data))])
    parts = [Part("header and load commands", 0, 32 + len(commands.raw))]
    for section in part.sections():
        if section.offset >= 0 and section.size:
            name = f"{section.segment},{section.name}"
            parts.append(Part(name, section.offset, section.size, section.addr))
    taken = Taken(data, "macho", parts)
    _go(taken, go_places.of_macho(part))
    for kind, body in _commands(commands.raw, commands.order):
        if kind == _LC_SYMTAB and len(body) >= 16 and commands.bits == 64:
            place, count, strings, length = struct.unpack_from(commands.order + "4I", body)
            parts += [Part("symbols", place, count * 16), Part("symbol names", strings, length)]
            shape = _NLIST[commands.order]
            raw = bytes(data[place : place + min(count, _MOST_SYMBOLS) * 16])
            whole = raw[: len(raw) // 16 * 16]
            taken.symbols = sorted(
                (value, 0, name)
                for name, flags, _, _, value in shape.iter_unpack(whole)
                if flags & _N_SECT == _N_SECT and not flags & _N_STAB
            )
            taken.names = strings, length
    if commands.signature:
        parts.append(Part("code signature", *commands.signature))
    _named(taken, lambda: go_program.read_macho(part))
    return taken


def _commands(raw: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 8 <= len(raw):
        kind, size = struct.unpack_from(order + "II", raw, at)
        if size < 8:
            raise Malformed("a load command without a size")
        yield kind, raw[at + 8 : at + size]
        at += size


def _pe(data: Window) -> Taken:
    image = pe.read(data)
    first = min((s.offset for s in image.sections if s.file_size), default=len(data))
    parts = [Part("PE headers", 0, first)]
    parts += [
        Part(s.name, s.offset, s.file_size, image.image_base + s.addr)
        for s in image.sections
        if s.file_size
    ]
    taken = Taken(data, "pe", parts)
    _go(taken, go_places.of_pe(image, data))
    _named(taken, lambda: go_program.read_pe(image, data))
    return taken
