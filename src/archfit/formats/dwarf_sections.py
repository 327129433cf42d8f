"""The sections of DWARF in a file, decompressed when they are asked for.

Sources: System V gABI, "Section Compression" (SHF_COMPRESSED; type 1 zlib, 2 zstd); binutils
`gas/write.c` for the older `.zdebug_*` ("ZLIB" and the size in eight bytes, big endian);
names in Mach-O are `__debug_*` in `__DWARF`, cut to sixteen characters.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from archfit.formats.elf import Elf
from archfit.formats.macho import Slice
from archfit.formats.pe import Pe, Section
from archfit.model.errors import Malformed, Unavailable
from archfit.model.image import Window

_SHF_COMPRESSED = 0x800
#: Zlib's best is 1032 to 1; a section is never inflated to more.
_RATIO, _MOST = 1032, 2 << 30


@dataclass(slots=True)
class Sections:
    """``read``: a section by its name without `debug_`; b"" when absent.

    ``order``: ``<`` or ``>``. ``split``: of a .dwo file, whose sections end in `.dwo`.
    """

    order: str
    read: Callable[[str], memoryview]
    split: bool = False
    kept: dict[str, memoryview] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> memoryview:
        """One section; raises Malformed, and Unavailable when it can't be decompressed here."""
        found = self.kept.get(name)
        if found is None:
            found = self.kept[name] = self.read(name)
        return found

    @property
    def info(self) -> memoryview:
        """.debug_info."""
        return self.get("info")


def _view(data: Window, offset: int, size: int) -> memoryview:
    return memoryview(data)[offset : offset + size]


def of_elf(elf: Elf) -> Sections:
    """Of a program, library, object, .debug, .dwo or .dwp file."""
    split = elf.has_section(".debug_info.dwo")
    order = "<" if elf.endian == "little" else ">"

    def read(name: str) -> memoryview:
        full = f".debug_{name}.dwo" if split and name not in ("cu_index",) else f".debug_{name}"
        found = elf.section(full)
        if found is not None:
            _, offset, size = found
            if elf.section_flags(full) & _SHF_COMPRESSED:
                return _compressed(elf, offset, size, order)
            return _view(elf.data, offset, size)
        found = elf.section(f".z{full[1:]}")
        if found is None:
            return memoryview(b"")
        _, offset, size = found
        head = bytes(elf.data[offset : offset + 12])
        if head[:4] != b"ZLIB":
            raise Malformed(f"{full} has no head of a compressed section")
        length = int.from_bytes(head[4:], "big")
        return _inflate(elf.data, offset + 12, size - 12, length)

    return Sections(order, read, split)


def _compressed(elf: Elf, offset: int, size: int, order: str) -> memoryview:
    shape = struct.Struct(order + ("IIQQ" if elf.bits == 64 else "III"))
    if size < shape.size:
        raise Malformed("a compressed section is cut off")
    row = shape.unpack_from(elf.data, offset)
    kind, length = row[0], row[2] if elf.bits == 64 else row[1]
    start, left = offset + shape.size, size - shape.size
    if kind == 1:
        return _inflate(elf.data, start, left, length)
    if kind == 2:
        return _zstd(bytes(elf.data[start : start + left]), length)
    raise Malformed(f"a section is compressed in an unknown way ({kind})")


def _inflate(data: Window, offset: int, size: int, length: int) -> memoryview:
    if length > min(_MOST, size * _RATIO + 64):
        raise Malformed("a compressed section says it is larger than it can be")
    try:
        found = zlib.decompressobj().decompress(data[offset : offset + size], length)
    except zlib.error as error:
        raise Malformed(f"a compressed section is broken: {error}") from None
    return memoryview(found)


def _zstd(packed: bytes, length: int) -> memoryview:
    try:
        from zstandard import ZstdDecompressor, ZstdError
    except ImportError:
        raise Unavailable(
            "debug sections are compressed with zstd", "pip install zstandard"
        ) from None
    if length > min(_MOST, len(packed) * 4096 + 64):
        raise Malformed("a compressed section says it is larger than it can be")
    try:
        return memoryview(ZstdDecompressor().decompress(packed, max_output_size=length))
    except ZstdError as error:
        raise Malformed(f"a compressed section is broken: {error}") from None


def of_macho(part: Slice) -> Sections:
    """Of a slice, as a rule that of a .dSYM."""
    found = {s.name: s for s in part.sections() if s.segment == "__DWARF" and s.offset >= 0}
    end = part.offset + part.size

    def read(name: str) -> memoryview:
        section = found.get(f"__debug_{name}"[:16])
        if section is not None:
            if section.offset + section.size > end:
                raise Malformed(f"__debug_{name} reaches beyond the file")
            return _view(part.data, section.offset, section.size)
        section = found.get(f"__zdebug_{name}"[:16])
        if section is None or section.offset + section.size > end:
            return memoryview(b"")
        head = bytes(part.data[section.offset : section.offset + 12])
        if head[:4] != b"ZLIB":
            raise Malformed(f"__zdebug_{name} has no head of a compressed section")
        length = int.from_bytes(head[4:], "big")
        return _inflate(part.data, section.offset + 12, section.size - 12, length)

    return Sections("<" if part.endian == "little" else ">", read)


def of_pe(pe: Pe, data: Window) -> Sections:
    """Of an image of MinGW or Go; long names stand in the table of strings as `/offset`."""
    at = struct.unpack_from("<I", data, 60)[0]
    table, count = struct.unpack_from("<II", data, at + 12)
    strings = table + 18 * count if table else 0
    found: dict[str, Section] = {}
    for section in pe.sections:
        name = section.name
        if name.startswith("/") and name[1:].isdigit() and strings:
            start = strings + int(name[1:])
            raw = bytes(data[start : start + 64]) if start < len(data) else b""
            name = raw.partition(b"\0")[0].decode("latin-1")
        found.setdefault(name, section)

    def read(name: str) -> memoryview:
        section = found.get(f".debug_{name}")
        if section is not None:
            return _view(data, section.offset, min(section.file_size, section.size))
        section = found.get(f".zdebug_{name}")
        if section is None:
            return memoryview(b"")
        head = bytes(data[section.offset : section.offset + 12])
        if head[:4] != b"ZLIB":
            raise Malformed(f".zdebug_{name} has no head of a compressed section")
        length = int.from_bytes(head[4:], "big")
        return _inflate(data, section.offset + 12, section.file_size - 12, length)

    return Sections("<", read)
