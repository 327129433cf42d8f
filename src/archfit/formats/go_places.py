"""The layout of a Go program in each object format; None for what shows no sign of Go.

The search rules are those of `debug/buildinfo/buildinfo.go` (DataStart and DataReader of
each format, Go 1.26.8, which also looks into data where 1.27.3 wants the section); names of
sections are those of `cmd/link/internal/ld/{elf,macho,pe,xcoff}.go`. A program of a big
tree is seldom Go, so the signs asked for first cost a look at section names only:

- ELF: a section that only Go's linker makes. Where an outside linker merged them away, the
  note `.note.go.buildid` stays. Without any section header, the data is searched.
- Mach-O: a section `__go_buildinfo` or `__gopclntab`.
- PE: nothing is named after Go, so data is searched, and read-only data for a pclntab.
- XCOFF: the same in `.data` and `.text`, where its linker puts them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from archfit.formats import pclntab
from archfit.formats.go_layout import Layout, Span
from archfit.model.image import Window

if TYPE_CHECKING:  # who calls has read one of them, and need not wait for the others
    from archfit.formats.elf import Elf
    from archfit.formats.macho import Slice
    from archfit.formats.pe import Pe
    from archfit.formats.pe import Section as PeSection

_ELF_SIGNS = (".go.buildinfo", ".gopclntab", ".note.go.buildid", ".data.rel.ro.gopclntab")
_ELF_TABLES = (".gopclntab", ".data.rel.ro.gopclntab")

_PT_LOAD = 1
_ELSEWHERE = 0xFFFF  #: SHN_XINDEX
_MOST_NAMES = 4 << 20

_MACHO_NAMES = frozenset(("__go_buildinfo", "__gopclntab", "__rodata", "__const", "__cstring"))

#: IMAGE_SCN_CNT_INITIALIZED_DATA, MEM_READ and MEM_WRITE, the alignment bits left out.
_PE_WRITABLE, _PE_ALIGN, _PE_READ_ONLY = 0xC0000040, 0x600000, 0x40000040
#: Bytes that are searched for a pclntab, in a file that is known to be Go and in others.
_MOST_KNOWN, _MOST_UNKNOWN = 256 << 20, 64 << 20


def of_elf(elf: Elf) -> Layout | None:
    """ELF of any kind, programs, libraries and objects."""
    names = section_names(elf)
    if names is not None:
        # A look at a few hundred bytes, before the table is taken apart.
        if elf.data.find(b"go.build", *names) < 0 and elf.data.find(b"gopclntab", *names) < 0:
            return None
        if not any(map(elf.has_section, _ELF_SIGNS)):
            return None
    loaded = [s for s in elf.segments if s.type == _PT_LOAD and s.filesz]
    mapped = tuple(_clamped(s.vaddr, s.offset, s.filesz, len(elf.data)) for s in loaded)
    # The first that is written and not executed.
    writable = next(
        (span for s, span in zip(loaded, mapped, strict=True) if s.flags & 3 == 2), None
    )
    info = _span(elf.section(".go.buildinfo"))
    table = next((_span(s) for s in map(elf.section, _ELF_TABLES) if s is not None), None)
    constants = [_span(elf.section(name)) for name in (".data.rel.ro", ".rodata")]
    strings = tuple(span for span in (_span(elf.section(".rodata")),) if span) or mapped
    return Layout(
        mapped,
        info,
        writable,
        table,
        tuple(span for span in constants if span) if names else mapped,
        strings,
        "<" if elf.endian == "little" else ">",
        elf.bits // 8,
    )


def section_names(elf: Elf) -> tuple[int, int] | None:
    """(start, end) of the names of its sections; None when it has no whole table of them."""
    header, size = elf.header, len(elf.data)
    shape = header.layout.section
    index, first = header.shstrndx, header.shoff
    if index == _ELSEWHERE and 0 < first <= size - shape.size:
        index = shape.unpack_from(elf.data, first)[6]  # sh_link of section 0
    at = first + index * shape.size
    if not first or not index or header.shentsize != shape.size or at + shape.size > size:
        return None
    start, length = shape.unpack_from(elf.data, at)[4:6]
    return None if start + length > size else (start, start + min(length, _MOST_NAMES))


def _clamped(address: int, offset: int, size: int, end: int) -> Span:
    """A span within the file, whatever its offset and size say."""
    return Span(address, min(offset, end), max(0, min(size, end - offset)))


def _span(section: tuple[int, int, int] | None) -> Span | None:
    return None if section is None else Span(*section)


def of_macho(part: Slice) -> Layout | None:
    """One slice."""
    named: dict[str, Span] = {}
    end = part.offset + part.size
    for section in part.sections():
        if section.offset >= 0 and section.name in _MACHO_NAMES:
            span = _clamped(section.addr, section.offset, section.size, end)
            named.setdefault(section.name, span)
    info, table = named.get("__go_buildinfo"), named.get("__gopclntab")
    if info is None and table is None:
        return None
    mapped = []
    writable = None
    for segment in part.segments:
        if not segment.file_size:
            continue
        span = _clamped(segment.addr, part.offset + segment.offset, segment.file_size, end)
        mapped.append(span)
        if writable is None and segment.protection == 3 and segment.addr:
            writable = span
    strings = tuple(span for name, span in named.items() if not name.startswith("__go"))
    return Layout(
        tuple(mapped),
        info,
        writable,
        table,
        (),
        strings or tuple(mapped),
        "<" if part.endian == "little" else ">",
        (part.bits or 64) // 8,
    )


def of_pe(pe: Pe, data: Window) -> Layout | None:
    """An image; the search itself shows whether it is Go."""
    base = pe.image_base or _base32(data)

    def spans(flags: int) -> tuple[Span, ...]:
        return tuple(
            _of_pe(section, base)
            for section in pe.sections
            if section.flags & ~_PE_ALIGN == flags and section.addr and section.file_size
        )

    writable = spans(_PE_WRITABLE)
    constants = spans(_PE_READ_ONLY)
    if not writable or not constants:
        return None
    mapped = tuple(_of_pe(section, base) for section in pe.sections if section.file_size)
    pointer = (pe.bits or 64) // 8
    return Layout(mapped, None, writable[0], None, constants, constants, "<", pointer)


def _of_pe(section: PeSection, base: int) -> Span:
    return Span(base + section.addr, section.offset, section.file_size)


def _base32(data: Window) -> int:
    # ImageBase of a PE32: 28 bytes into the optional header, which `Pe` keeps for PE32+ only.
    header = struct.unpack_from("<I", data, 60)[0] + 24
    return int(struct.unpack_from("<I", data, header + 28)[0])


def of_xcoff(data: Window) -> Layout | None:
    """A program of AIX; the search itself shows whether it is Go. Raises Malformed."""
    from archfit.formats import xcoff_sections

    named = {s.kind: s for s in xcoff_sections.sections(data) if s.size}
    text, writable = named.get(xcoff_sections.TEXT), named.get(xcoff_sections.DATA)
    if text is None or writable is None:
        return None
    spans = tuple(Span(s.address, s.offset, s.size) for s in (text, writable))
    pointer = xcoff_sections.bits(data) // 8
    return Layout(spans, None, spans[1], None, spans, spans, ">", pointer)


def table_of(
    data: Window, layout: Layout, known: bool, minor: int | None = None
) -> pclntab.Header | None:
    """The program's function table; None when there is none to be found.

    ``known``: it is Go by another sign, so the search may go further. ``minor``: of its
    release, when that is known. Malformed when the section that is named after the table does
    not hold one.
    """
    if layout.table is not None:
        return pclntab.read_header(data, layout.table.offset, layout.table.end)
    left = _MOST_KNOWN if known else _MOST_UNKNOWN
    for span in layout.constants:
        end = min(span.end, span.offset + left)
        found = pclntab.search(data, span.offset, end, layout.order, minor)
        if found is not None:
            return found
        left -= end - span.offset
    return None
