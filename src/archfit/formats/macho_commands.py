"""The load commands of one Mach-O slice.

Source: <mach-o/loader.h> (structures and numbers), and for
`dylib_use_command`, which hides in a dylib command, dyld-1378
mach_o/UnsafeHeader.cpp. Offsets of strings count from their command's start.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from archfit.formats.macho_names import DYLIB_KINDS, PLATFORMS, VERSION_MIN, version
from archfit.model.errors import Malformed

#: Real files have below a thousand commands in a few KiB (objects of Swift, with a linker
#: option each, are the longest); these bounds, over all slices, keep a hostile file cheap.
MOST_COMMANDS = 10_000
MOST_BYTES = 4 << 20

_HEAD = {order: struct.Struct(order + "II").unpack_from for order in "<>"}
_SEGMENT = {
    (order, bits): struct.Struct(order + body)
    for order in "<>"
    for bits, body in ((64, "16s4QiiII"), (32, "16s4IiiII"))
}
_SECTION = {
    (order, bits): struct.Struct(order + body)
    for order in "<>"
    for bits, body in ((64, "16s16sQQ8I"), (32, "16s16sII7I"))
}
#: S_ZEROFILL, S_GB_ZEROFILL, S_THREAD_LOCAL_ZEROFILL: types of sections without bytes in the file.
_ZEROFILL = frozenset((0x01, 0x0C, 0x12))

_USE_MARKER = 0x1A741800
_USE_FLAGS = ((1, "weak"), (2, "reexport"), (4, "upward"), (8, "delayed"))


@dataclass(frozen=True, slots=True)
class Dylib:
    """A library asked for. ``kind``: load, weak (may be absent), reexport, upward, lazy, delayed.

    Versions as `1.2.3`: ``current`` is the library's at link time, the one found at run time
    must be at least ``compatible``.
    """

    name: str
    kind: str
    current: str
    compatible: str


@dataclass(frozen=True, slots=True)
class Section:
    """``offset`` counts in the window, not in the slice; -1 when no bytes stand in the file."""

    segment: str
    name: str
    addr: int
    size: int
    offset: int
    flags: int


@dataclass(frozen=True, slots=True)
class Segment:
    """``offset`` counts in the slice, as written. ``sections`` is where its sections are described,
    in the bytes of the commands."""

    name: str
    addr: int
    size: int
    offset: int
    file_size: int
    protection: int
    section_count: int
    sections: int


@dataclass(slots=True)
class Commands:
    """What the load commands say, gathered; absent = None or empty."""

    raw: bytes
    count: int
    order: str
    bits: int
    segments: list[Segment]
    needed: list[Dylib]
    rpaths: list[str]
    environment: list[str]
    platforms: list[tuple[str, str, str]]  #: (platform, minimum OS, SDK)
    own_id: Dylib | None = None
    dylinker: str | None = None
    uuid: str | None = None
    entry: str | None = None
    fixups: str | None = None
    signature: tuple[int, int] | None = None  #: offset in the slice, size
    symbols: int | None = None
    dysymtab: tuple[int, int] | None = None  #: local symbols, defined external ones
    encrypted: bool = False
    version_command: str = ""  #: which kind of command the first platform comes from


def text(raw: bytes, at: int, end: int) -> str:
    """The string at ``at``, up to its NUL or ``end``; bytes that are no UTF-8 as \\xNN."""
    cut = raw.find(b"\0", at, end)
    return raw[at : end if cut < 0 else cut].decode("utf-8", "backslashreplace")


def _offset_text(raw: bytes, at: int, size: int, order: str) -> str:
    if size < 12:
        raise Malformed("a load command is too short for its string")
    offset = struct.unpack_from(order + "I", raw, at + 8)[0]
    if not 12 <= offset <= size:
        raise Malformed("a load command's string lies outside of it")
    return text(raw, at + offset, at + size)


def _dylib(raw: bytes, at: int, size: int, order: str, kind: str) -> Dylib:
    if size < 24:
        raise Malformed("a dylib command is cut off")
    offset, stamp, current, compatible = struct.unpack_from(order + "4I", raw, at + 8)
    if not 24 <= offset <= size:
        raise Malformed("a dylib command's name lies outside of it")
    if stamp == _USE_MARKER and offset == 28:
        flags = struct.unpack_from(order + "I", raw, at + 24)[0]
        kind = next((name for bit, name in _USE_FLAGS if flags & bit), kind)
    return Dylib(text(raw, at + offset, at + size), kind, version(current), version(compatible))


def parse(raw: bytes, count: int, order: str, bits: int) -> Commands:
    """``raw``: the ``count`` load commands' bytes; ``order``: < or >; ``bits``: 32 or 64.

    Malformed: a command is cut off, or a string or section lies outside of its command.
    """
    out = Commands(raw, count, order, bits, [], [], [], [], [])
    head = _HEAD[order]
    segment_command = 0x19 if bits == 64 else 0x01
    total = len(raw)
    at = 0
    for _ in range(count):
        if at + 8 > total:
            raise Malformed("the load commands are cut off")
        command, size = head(raw, at)
        if size < 8 or at + size > total:
            raise Malformed(f"load command {command:#x} is cut off")
        if command == segment_command:
            _segment(out, at, size)
        elif command in DYLIB_KINDS:
            out.needed.append(_dylib(raw, at, size, order, DYLIB_KINDS[command]))
        else:
            reader = _READERS.get(command)
            if reader is not None:
                shortest, read = reader
                if size < shortest:
                    raise Malformed(f"load command {command:#x} is cut off")
                read(out, command, at, size)
        at += size
    return out


def _segment(out: Commands, at: int, size: int) -> None:
    layout = _SEGMENT[out.order, out.bits]
    described = at + 8 + layout.size
    if size < 8 + layout.size:
        raise Malformed("a segment command is cut off")
    name, addr, length, offset, file_size, _, protection, sections, _ = layout.unpack_from(
        out.raw, at + 8
    )
    if described + sections * _SECTION[out.order, out.bits].size > at + size:
        raise Malformed("a segment has more sections than its command has room for")
    out.segments.append(
        Segment(
            name.split(b"\0", 1)[0].decode("latin-1"),
            addr,
            length,
            offset,
            file_size,
            protection,
            sections,
            described,
        )
    )


def _id(out: Commands, _command: int, at: int, size: int) -> None:
    out.own_id = _dylib(out.raw, at, size, out.order, "id")


def _rpath(out: Commands, _command: int, at: int, size: int) -> None:
    out.rpaths.append(_offset_text(out.raw, at, size, out.order))


def _environment(out: Commands, _command: int, at: int, size: int) -> None:
    out.environment.append(_offset_text(out.raw, at, size, out.order))


def _dylinker(out: Commands, _command: int, at: int, size: int) -> None:
    out.dylinker = _offset_text(out.raw, at, size, out.order)


def _uuid(out: Commands, _command: int, at: int, _size: int) -> None:
    out.uuid = out.raw[at + 8 : at + 24].hex()


def _build_version(out: Commands, _command: int, at: int, _size: int) -> None:
    number, lowest, sdk = struct.unpack_from(out.order + "3I", out.raw, at + 8)
    name = PLATFORMS.get(number) or f"platform:{number}"
    out.platforms.append((name, version(lowest), version(sdk) if sdk else ""))
    out.version_command = out.version_command or "LC_BUILD_VERSION"


def _version_min(out: Commands, command: int, at: int, _size: int) -> None:
    lowest, sdk = struct.unpack_from(out.order + "2I", out.raw, at + 8)
    out.platforms.append((VERSION_MIN[command], version(lowest), version(sdk) if sdk else ""))
    out.version_command = out.version_command or "LC_VERSION_MIN"


def _signature(out: Commands, _command: int, at: int, _size: int) -> None:
    out.signature = struct.unpack_from(out.order + "2I", out.raw, at + 8)


def _symtab(out: Commands, _command: int, at: int, _size: int) -> None:
    out.symbols = struct.unpack_from(out.order + "I", out.raw, at + 12)[0]


def _dysymtab(out: Commands, _command: int, at: int, _size: int) -> None:
    _, local, _, external = struct.unpack_from(out.order + "4I", out.raw, at + 8)
    out.dysymtab = (local, external)


def _main(out: Commands, _command: int, _at: int, _size: int) -> None:
    out.entry = "main"


def _thread(out: Commands, _command: int, _at: int, _size: int) -> None:
    out.entry = "unixthread"


def _chained(out: Commands, _command: int, _at: int, _size: int) -> None:
    out.fixups = "chained"


def _dyld_info(out: Commands, _command: int, _at: int, _size: int) -> None:
    out.fixups = out.fixups or "dyld-info"


def _encryption(out: Commands, _command: int, at: int, _size: int) -> None:
    out.encrypted = struct.unpack_from(out.order + "I", out.raw, at + 16)[0] != 0


#: Load command -> (shortest size, reader).
_READERS = {
    0x02: (24, _symtab),
    0x05: (8, _thread),
    0x0B: (80, _dysymtab),
    0x0D: (24, _id),
    0x0E: (12, _dylinker),
    0x1B: (24, _uuid),
    0x1D: (16, _signature),
    0x21: (20, _encryption),
    0x22: (48, _dyld_info),
    0x24: (16, _version_min),
    0x25: (16, _version_min),
    0x27: (12, _environment),
    0x2C: (20, _encryption),
    0x2F: (16, _version_min),
    0x30: (16, _version_min),
    0x32: (24, _build_version),
    0x8000001C: (12, _rpath),
    0x80000022: (48, _dyld_info),
    0x80000028: (24, _main),
    0x80000034: (16, _chained),
}


def sections(out: Commands, segment: Segment, base: int) -> list[Section]:
    """The sections that a segment command describes; ``base``: where the slice starts."""
    layout = _SECTION[out.order, out.bits]
    start = segment.sections
    rows = layout.iter_unpack(out.raw[start : start + segment.section_count * layout.size])
    found = []
    for row in rows:
        name, owner, addr, size, offset, flags = (*row[:5], row[8])
        found.append(
            Section(
                owner.split(b"\0", 1)[0].decode("latin-1"),
                name.split(b"\0", 1)[0].decode("latin-1"),
                addr,
                size,
                -1 if flags & 0xFF in _ZEROFILL else base + offset,
                flags,
            )
        )
    return found
