"""PE images (PE32, PE32+) and COFF object files of Windows, EFI and .NET.

Sources: Microsoft's "PE Format" specification (headers, data directories,
import and delay-load tables, export table); winnt.h of the Windows SDK for
IMAGE_LOAD_CONFIG_DIRECTORY (CHPEMetadataPointer: its presence makes an amd64
machine ARM64EC and an arm64 one ARM64X) and ANON_OBJECT_HEADER_BIGOBJ;
ECMA-335 partition II 25.3.3 for the CLI header.

All integers are little endian. An RVA is an address counted from the image's
start in memory; the section table says where it stands in the file.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field

from archfit.formats import pe_names
from archfit.model.errors import Malformed
from archfit.model.image import Window

#: More DLLs than any real image imports; bounds the time a hostile table takes.
MOST_IMPORTS = 4096
_LONGEST_NAME = 512

_DLL = 0x2000
_EXECUTABLE = 0x0002

_COFF = struct.Struct("<HHIIIHH")
_SECTION = struct.Struct("<8s6IHHI")
_EXPORT, _IMPORT, _CERTIFICATE, _LOAD_CONFIG, _DELAY, _CLI = 0, 1, 4, 10, 13, 14


@dataclass(frozen=True, slots=True)
class Section:
    """``addr`` is the RVA, ``offset`` counts in the window; ``file_size`` bytes stand there."""

    name: str
    addr: int
    size: int
    offset: int
    file_size: int
    flags: int


@dataclass(frozen=True, slots=True)
class Pe:
    """An image (``kind`` pe) or an object file (``kind`` coff).

    ``system``: windows, efi, linux ... or None when the file does not say. ``type``: executable,
    shared, object, or efi: what the firmware starts, a boot loader, driver or kernel.
    ``needed``: DLLs bound at start; ``delayed``: those loaded on first use.
    ``os_version``, ``subsystem_version``: as "6.1"; the loader refuses an
    image whose subsystem version is above the system's.
    ``any_cpu``: .NET code without machine code, bound to no ISA.
    ``certificate``: a signature is there and lies in the file; it is not verified.
    ``sections``: of an image; an object file may have very many, which nobody asks for.
    """

    kind: str
    isa: str
    variant: str
    system: str | None
    type: str
    bits: int | None
    subsystem: str | None = None
    os_version: str | None = None
    subsystem_version: str | None = None
    needed: tuple[str, ...] = ()
    delayed: tuple[str, ...] = ()
    own_name: str | None = None
    section_align: int = 0
    image_base: int = 0
    symbols: int = 0
    any_cpu: bool = False
    certificate: bool = False
    sections: tuple[Section, ...] = field(default=(), repr=False)

    def section(self, name: str) -> Section | None:
        """By name, as ".text"; None when absent."""
        return next((s for s in self.sections if s.name == name), None)

    def offset_of(self, rva: int) -> int | None:
        """Where the byte at ``rva`` stands in the window; None when it stands nowhere."""
        for section in self.sections:
            inside = rva - section.addr
            if 0 <= inside < section.file_size:
                return section.offset + inside
        return None


class _Reader:
    """Looks RVAs up in one image."""

    def __init__(self, data: Window, sections: tuple[Section, ...], headers: int) -> None:
        self.data = data
        self.size = len(data)
        self._headers = min(headers, self.size)
        # Sections of an image stand in ascending order and don't overlap.
        self._rows = sorted((s.addr, s.file_size, s.offset) for s in sections)
        self._starts = [row[0] for row in self._rows]

    def offset(self, rva: int) -> int | None:
        number = bisect_right(self._starts, rva)
        if number:
            start, length, offset = self._rows[number - 1]
            if rva - start < length:
                return offset + rva - start
        return rva if 0 < rva < self._headers else None

    def name(self, rva: int, what: str) -> str:
        at = self.offset(rva)
        if at is None or at >= self.size:
            raise Malformed(f"{what} lies outside the file")
        raw = bytes(self.data[at : at + _LONGEST_NAME])
        cut = raw.find(b"\0")
        if cut < 0:
            raise Malformed(f"{what} has no end")
        return raw[:cut].decode("utf-8", "backslashreplace")


def has_header(data: Window) -> bool:
    """Whether a PE header stands where the MZ header points; if not it is a program of DOS."""
    at = _new_header(data)
    return at is not None and data[at : at + 4] == b"PE\0\0"


def _new_header(data: Window) -> int | None:
    if len(data) < 64 or data[:2] != b"MZ":
        return None
    return int(struct.unpack_from("<I", data, 60)[0])


def read(data: Window) -> Pe:
    """An image. Malformed: no PE header, or a header, table or name outside the file."""
    at = _new_header(data)
    if at is None or data[at : at + 4] != b"PE\0\0":
        raise Malformed("no PE header behind the MZ header")
    if at + 24 > len(data):
        raise Malformed("the PE header is cut off")
    machine, count, _, table, symbols, optional_size, flags = _COFF.unpack_from(data, at + 4)
    start = at + 24
    if start + optional_size + count * 40 > len(data):
        raise Malformed("the PE header's tables reach beyond the file")
    if optional_size < 72:
        raise Malformed("a PE image without its optional header")
    magic = struct.unpack_from("<H", data, start)[0]
    if magic not in (0x10B, 0x20B):
        raise Malformed(f"an optional header of unknown kind {magic:#x}")
    wide = magic == 0x20B
    align = struct.unpack_from("<I", data, start + 32)[0]
    os_major, os_minor, _, _, sub_major, sub_minor = struct.unpack_from("<6H", data, start + 40)
    headers, _, subsystem, _ = struct.unpack_from("<IIHH", data, start + 60)
    base = struct.unpack_from("<Q" if wide else "<I", data, start + (24 if wide else 28))[0]
    directories = _directories(data, start, optional_size, wide)
    sections = _sections(data, start + optional_size, count)
    reader = _Reader(data, sections, headers)

    isa, variant, system = pe_names.machine(machine)
    if _hybrid(reader, directories, wide):
        if machine == 0x8664:
            isa, variant = "arm64", "arm64ec"
        elif machine == 0xAA64:
            variant = "arm64x"
    any_cpu = machine == 0x014C and _any_cpu(reader, directories)
    system = system or pe_names.os_of(subsystem)
    return Pe(
        kind="pe",
        isa=isa,
        variant="anycpu" if any_cpu else variant,
        system=None if any_cpu else system,
        type=_type(flags, system),
        bits=64 if wide else 32,
        subsystem=pe_names.SUBSYSTEMS.get(subsystem),
        os_version=f"{os_major}.{os_minor}",
        subsystem_version=f"{sub_major}.{sub_minor}",
        needed=_imports(reader, directories.get(_IMPORT), 20, 12),
        delayed=_imports(reader, directories.get(_DELAY), 32, 4, base),
        own_name=_own_name(reader, directories.get(_EXPORT)),
        section_align=align,
        image_base=base,
        symbols=symbols if table else 0,
        any_cpu=any_cpu,
        certificate=_certificate(data, directories.get(_CERTIFICATE)),
        sections=sections,
    )


def _type(flags: int, system: str | None) -> str:
    if system == "efi":
        return "efi"
    return "shared" if flags & _DLL else "executable" if flags & _EXECUTABLE else "object"


def _directories(data: Window, start: int, size: int, wide: bool) -> dict[int, tuple[int, int]]:
    # Number of directories, then (RVA, size) of each; only those that lie in the header count.
    at = start + (108 if wide else 92)
    room = (start + size - at - 4) // 8
    if room <= 0:
        return {}
    count = min(struct.unpack_from("<I", data, at)[0], room, 16)
    rows = struct.iter_unpack("<II", data[at + 4 : at + 4 + 8 * count])
    return {number: (rva, length) for number, (rva, length) in enumerate(rows) if rva}


def _sections(data: Window, at: int, count: int) -> tuple[Section, ...]:
    total = len(data)
    found = []
    for row in _SECTION.iter_unpack(data[at : at + 40 * count]):
        name, size, addr, file_size, offset = row[:5]
        # Not mapped beyond the section's size in memory, nor is there more than the file has.
        there = max(0, min(file_size, total - offset))
        found.append(
            Section(
                name.rstrip(b"\0").decode("latin-1"),
                addr,
                size or file_size,
                offset,
                min(there, size) if size else there,
                row[9],
            )
        )
    return tuple(found)


def _imports(
    reader: _Reader, directory: tuple[int, int] | None, width: int, name: int, base: int = 0
) -> tuple[str, ...]:
    """DLL names of a table of ``width``-byte rows, the name's RVA at ``name``; a zero row ends it.

    The table's size in the directory is not to be relied on: loaders read up to the zero row.
    ``base``: the rows are delay-load descriptors, whose first word has bit 0 set when they hold
    RVAs; older ones hold addresses, which count from the image base.
    """
    if directory is None:
        return ()
    at = reader.offset(directory[0])
    if at is None:
        raise Malformed("the import table lies outside the file")
    found: list[str] = []
    for _ in range(MOST_IMPORTS):
        if at + width > reader.size:
            raise Malformed("the import table has no end")
        rva = struct.unpack_from("<I", reader.data, at + name)[0]
        if not rva:
            return tuple(found)
        if base and not reader.data[at] & 1:
            rva -= base
        found.append(reader.name(rva, "an import's name"))
        at += width
    raise Malformed(f"more than {MOST_IMPORTS} imports")


def _own_name(reader: _Reader, directory: tuple[int, int] | None) -> str | None:
    at = reader.offset(directory[0]) if directory else None
    if at is None or at + 40 > reader.size:
        return None
    rva = struct.unpack_from("<I", reader.data, at + 12)[0]
    try:
        return reader.name(rva, "the DLL's name") or None
    except Malformed:  # no one loads by this name; a bad one harms nothing
        return None


def _hybrid(reader: _Reader, directories: dict[int, tuple[int, int]], wide: bool) -> bool:
    """CHPEMetadataPointer in the load configuration is set."""
    where = directories.get(_LOAD_CONFIG)
    at = reader.offset(where[0]) if where else None
    if at is None or at + 4 > reader.size:
        return False
    size = struct.unpack_from("<I", reader.data, at)[0]
    offset, layout = (200, "<Q") if wide else (124, "<I")
    end = offset + struct.calcsize(layout)
    if size < end or at + end > reader.size:
        return False
    return bool(struct.unpack_from(layout, reader.data, at + offset)[0])


def _any_cpu(reader: _Reader, directories: dict[int, tuple[int, int]]) -> bool:
    """CLI header: COMIMAGE_FLAGS_ILONLY set, 32BITREQUIRED clear."""
    where = directories.get(_CLI)
    at = reader.offset(where[0]) if where else None
    if at is None or at + 20 > reader.size:
        return False
    flags = struct.unpack_from("<I", reader.data, at + 16)[0]
    return bool(flags & 1) and not flags & 2


def _certificate(data: Window, directory: tuple[int, int] | None) -> bool:
    # The one directory that holds an offset in the file, not an RVA.
    if directory is None:
        return False
    offset, size = directory
    return size >= 8 and offset + size <= len(data)


def read_coff(data: Window) -> Pe:
    """An object file, /bigobj or not. Malformed: its header or section table is cut off."""
    big = data[:4] == b"\0\0\xff\xff"
    if len(data) < (56 if big else 20):
        raise Malformed("the COFF header is cut off")
    if big:
        machine = struct.unpack_from("<H", data, 6)[0]
        count, _, symbols = struct.unpack_from("<3I", data, 44)
        at = 56
    else:
        machine, count, _, _, symbols, optional, _ = _COFF.unpack_from(data, 0)
        at = 20 + optional
    if at + count * 40 > len(data):
        raise Malformed("the COFF section table reaches beyond the file")
    isa, variant, _ = pe_names.machine(machine)
    wide = isa in ("amd64", "arm64", "ia64", "riscv64", "loong64")
    return Pe(
        kind="coff",
        isa=isa,
        variant=variant,
        system="windows",
        type="object",
        bits=64 if wide else 32,
        symbols=symbols,
    )
