"""The ELF header and the program header table.

Source: System V gABI 4.1, chapters 4 (ELF header, extended section numbering)
and 5 (program header); numbers as in glibc 2.42 elf/elf.h.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple, Protocol

from archfit.formats.elf_machines import identify
from archfit.model.errors import Malformed
from archfit.model.image import Window

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR = 1, 2, 3, 4, 6
PT_GNU_STACK, PT_GNU_PROPERTY = 0x6474E551, 0x6474E553

#: Rows of a table that are looked at, at the most: 15 MiB of them. Few cores have more.
MAX_ROWS = 1 << 15


class Slices(Protocol):
    """The part of a window that headers and the dynamic section are read with.

    So they can also be read from a file which is fetched piece by piece.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes: ...
    def find(self, needle: bytes, start: int, end: int, /) -> int: ...


class Layout(NamedTuple):
    """The record shapes of one class and byte order."""

    header: Struct
    segment: Struct
    section: Struct
    dynamic: Struct
    half: Struct
    word: Struct
    verneed: Struct
    vernaux: Struct
    note: Struct


def _layout(bits: int, order: str) -> Layout:
    wide = bits == 64
    shapes = (
        "16xHHIQQQIHHHHHH" if wide else "16xHHIIIIIHHHHHH",
        "IIQQ8xQQQ" if wide else "IIIIIIII",
        "IIQQQQIIQQ" if wide else "IIIIIIIIII",
        "QQ" if wide else "II",
        "H",
        "I",
        "HHIII",
        "IHHII",
        "III",
    )
    return Layout(*(Struct(order + shape) for shape in shapes))


#: By EI_CLASS and EI_DATA.
_LAYOUTS = {
    (1, 1): _layout(32, "<"),
    (1, 2): _layout(32, ">"),
    (2, 1): _layout(64, "<"),
    (2, 2): _layout(64, ">"),
}


class Segment(NamedTuple):
    """A program header; addresses and sizes in bytes."""

    type: int
    flags: int  #: 1 execute, 2 write, 4 read
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


class Header(NamedTuple):
    """What the first 52 or 64 bytes of a file say."""

    bits: int
    little: bool
    osabi: int
    abiversion: int
    isa: str
    variant: str | None
    layout: Layout
    type: int
    machine: int
    version: int
    entry: int
    phoff: int
    shoff: int
    flags: int
    ehsize: int
    phentsize: int
    phnum: int
    shentsize: int
    shnum: int
    shstrndx: int


def read_header(data: Window) -> Header:
    """The header; 64 bytes of the file are enough. Raises Malformed."""
    ident = data[:16]
    if len(ident) < 16 or ident[:4] != b"\x7fELF":
        raise Malformed("no ELF header")
    layout = _LAYOUTS.get((ident[4], ident[5]))
    if layout is None:
        raise Malformed(f"ELF class {ident[4]} and byte order {ident[5]} are not known")
    if len(data) < layout.header.size:
        raise Malformed("the ELF header is cut off")
    fields = layout.header.unpack_from(data, 0)
    bits = 32 * ident[4]
    little = ident[5] == 1
    isa, variant = identify(fields[1], bits, little, fields[6])
    return Header(bits, little, ident[7], ident[8], isa, variant, layout, *fields)


def read_segments(data: Slices, header: Header) -> tuple[Segment, ...]:
    """The program headers in the file's order, the first `MAX_ROWS` of them.

    With e_phnum = PN_XNUM (0xffff) their number stands in sh_info of section 0.
    Raises Malformed when the table is not wholly in the file or its entries have
    another size than the kernel demands (fs/binfmt_elf.c, load_elf_phdrs).
    """
    count = header.phnum
    if count == 0 or header.phoff == 0:
        return ()
    layout = header.layout
    if count == 0xFFFF:
        first = data[header.shoff : header.shoff + layout.section.size]
        if header.shoff and len(first) < layout.section.size:
            raise Malformed("section 0, which has the number of program headers, is cut off")
        count = (header.shoff and layout.section.unpack(first)[7]) or count
    size = layout.segment.size if header.bits == 32 else 56
    if header.phentsize != size:
        raise Malformed(f"program headers of {header.phentsize} bytes instead of {size}")
    end = header.phoff + min(count, MAX_ROWS) * size
    table = data[header.phoff : end]
    if len(table) < end - header.phoff:
        raise Malformed(f"the program headers end at {end:#x}, after the file")
    rows = layout.segment.iter_unpack(table)
    if header.bits == 32:
        return tuple([Segment(t, f, o, v, fs, ms, a) for t, o, v, _, fs, ms, f, a in rows])
    return tuple(map(Segment._make, rows))
