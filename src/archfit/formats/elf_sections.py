"""The section headers of an ELF file. A loader looks at none of them: they are hints.

Source: System V gABI 4.1 chapter 4, "Sections", with extended section numbering.
"""

from __future__ import annotations

from archfit.formats.elf_header import MAX_ROWS, Header
from archfit.model.image import Window

_SHT_NOTE, _SHT_NOBITS = 7, 8
_SHF_ALLOC, _SHF_EXECINSTR = 2, 4
_SHN_XINDEX = 0xFFFF
#: 64 bytes of name for each row that is looked at.
_MAX_NAMES = 4 << 20
_MAX_SPANS = 256


def read_rows(data: Window, header: Header) -> list[tuple[int, ...]]:
    """Name, type, flags, addr, offset, size, link, info, align, entsize of each section.

    The first `MAX_ROWS`; none where the table is cut off. With e_shnum = 0 the
    number of sections stands in sh_size of section 0.
    """
    shape = header.layout.section
    start = header.shoff
    if not start or header.shentsize != shape.size or start + shape.size > len(data):
        return []
    count = header.shnum or shape.unpack_from(data, start)[5]
    end = start + min(count, MAX_ROWS) * shape.size
    if end > len(data):
        return []
    return list(shape.iter_unpack(data[start:end]))


def by_name(
    data: Window, header: Header, rows: list[tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """The first row of each name. With e_shstrndx = SHN_XINDEX the index of the section
    that holds the names stands in sh_link of section 0."""
    if not rows:
        return {}
    index = rows[0][6] if header.shstrndx == _SHN_XINDEX else header.shstrndx
    shape = header.layout.section
    at = header.shoff + index * shape.size
    if at + shape.size > len(data):
        return {}
    holder = shape.unpack_from(data, at)
    names = data[holder[4] : holder[4] + min(holder[5], _MAX_NAMES)]
    found: dict[str, tuple[int, ...]] = {}
    for row in rows:
        end = names.find(b"\0", row[0], row[0] + 256)
        if end > 0:
            found.setdefault(names[row[0] : end].decode("latin-1"), row)
    return found


def has_bytes(row: tuple[int, ...], data: Window) -> bool:
    """The section is wholly in the file."""
    return row[1] != _SHT_NOBITS and row[4] + row[5] <= len(data)


def notes(
    rows: list[tuple[int, ...]], spans: list[tuple[int, int, int]]
) -> list[tuple[int, int, int]]:
    """(offset, size, align) of the note sections that don't lie in one of these spans."""
    found = [(row[4], row[5], row[8]) for row in rows if row[1] == _SHT_NOTE][:_MAX_SPANS]
    held = [(start, start + size) for start, size, _ in spans[:_MAX_SPANS]]
    return [one for one in found if not any(a <= one[0] < b for a, b in held)]


def code_is_elsewhere(rows: list[tuple[int, ...]]) -> bool:
    """The code was taken out: `objcopy --only-keep-debug` leaves NOBITS in its place."""
    wanted = _SHF_ALLOC | _SHF_EXECINSTR
    code = [row[1] for row in rows if row[2] & wanted == wanted]
    return bool(code) and code.count(_SHT_NOBITS) == len(code)
