"""Mach-O: programs, libraries, objects of Apple's systems, thin or universal.

Sources: <mach-o/loader.h>, <mach-o/fat.h>, <mach/machine.h>. A universal file
may also hold static archives or bitcode in its slices; those are slices
without load commands.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from archfit.formats import codesign, fat
from archfit.formats.macho_commands import (
    MOST_BYTES,
    MOST_COMMANDS,
    Commands,
    Dylib,
    Section,
    Segment,
    parse,
    sections,
)
from archfit.formats.macho_names import FILE_TYPES, ISAS, ptrauth_abi, variant_of
from archfit.model.errors import Malformed
from archfit.model.image import Window

#: First four bytes -> (byte order, bits).
_MAGIC = {
    b"\xce\xfa\xed\xfe": ("<", 32),
    b"\xcf\xfa\xed\xfe": ("<", 64),
    b"\xfe\xed\xfa\xce": (">", 32),
    b"\xfe\xed\xfa\xcf": (">", 64),
}
_HEADER = {order: struct.Struct(order + "6I") for order in "<>"}

PIE = 0x200000

_ALIEN = {b"!<ar": "ar", b"!<th": "ar", b"\xde\xc0\x17\x0b": "bitcode", b"BC\xc0\xde": "bitcode"}


@dataclass(frozen=True, slots=True)
class Slice:
    """One architecture. ``offset`` and ``size`` (bytes) are where it stands in the window.

    ``kind``: macho, ar, bitcode or "" (unknown bytes); only macho slices carry more than
    isa, variant and place. ``abi``: version of the pointer-authentication ABI (arm64e).
    ``fixups``: chained, dyld-info, or None (classic relocations, or a static program).
    ``entry``: main (LC_MAIN), unixthread (LC_UNIXTHREAD) or None.
    ``platforms``: (platform, minimum OS, SDK); a library for macOS and Mac Catalyst has two.
    """

    kind: str
    isa: str
    variant: str
    offset: int
    size: int
    abi: int | None = None
    type: str | None = None
    bits: int | None = None
    endian: str | None = None
    flags: int = 0
    code_signature: codesign.Signature | None = None
    commands: Commands | None = field(default=None, repr=False)
    data: Window = field(default=b"", repr=False, compare=False)

    @property
    def pie(self) -> bool:
        """MH_PIE; of an executable only."""
        return bool(self.flags & PIE)

    @property
    def signature(self) -> str:
        """none, adhoc, linker (ad hoc, by the linker), signed (not verified) or broken."""
        return self.code_signature.kind if self.code_signature else "none"

    @property
    def needed(self) -> tuple[Dylib, ...]:
        """Libraries asked for, in order."""
        return tuple(self.commands.needed) if self.commands else ()

    @property
    def rpaths(self) -> tuple[str, ...]:
        """LC_RPATH, as written."""
        return tuple(self.commands.rpaths) if self.commands else ()

    @property
    def id(self) -> str | None:
        """Install name of a library (LC_ID_DYLIB)."""
        own = self.commands.own_id if self.commands else None
        return own.name if own else None

    @property
    def dylinker(self) -> str | None:
        """The loader asked for (LC_LOAD_DYLINKER)."""
        return self.commands.dylinker if self.commands else None

    @property
    def uuid(self) -> str | None:
        """LC_UUID, 32 hex digits."""
        return self.commands.uuid if self.commands else None

    @property
    def entry(self) -> str | None:
        """main, unixthread or None."""
        return self.commands.entry if self.commands else None

    @property
    def fixups(self) -> str | None:
        """chained, dyld-info or None."""
        return self.commands.fixups if self.commands else None

    @property
    def platforms(self) -> tuple[tuple[str, str, str], ...]:
        """(platform, minimum OS, SDK or ""), in order."""
        return tuple(self.commands.platforms) if self.commands else ()

    @property
    def platform(self) -> str | None:
        """The first platform. LC_VERSION_MIN_IPHONEOS with Intel code is the simulator."""
        if not self.commands or not self.commands.platforms:
            return None
        name = self.commands.platforms[0][0]
        if name in ("ios", "tvos", "watchos") and self.isa in ("386", "amd64"):
            return name + "simulator"
        return name

    @property
    def min_os(self) -> str | None:
        """Lowest OS version, of the first platform."""
        return self.commands.platforms[0][1] if self.commands and self.commands.platforms else None

    @property
    def sdk(self) -> str | None:
        """SDK of the first platform; None when the file says 0, which is "unknown"."""
        if not self.commands or not self.commands.platforms:
            return None
        return self.commands.platforms[0][2] or None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """In order; an object file has one without a name."""
        return tuple(self.commands.segments) if self.commands else ()

    @property
    def segment_align(self) -> int | None:
        """Bytes: the largest page that every mapped segment starts at; None when none is mapped.

        arm64 needs 16384 (dyld-1378 common/MachOFile.cpp, "not page aligned"). The place of
        the slice in a universal file counts too.
        """
        if self.commands is None or self.type in ("object", "core", "dsym"):
            return None
        bits = 0
        for segment in self.commands.segments:
            if segment.size and segment.protection:
                bits |= segment.addr
                if segment.file_size:
                    bits |= segment.offset + self.offset
        return bits & -bits or None

    @property
    def stripped(self) -> bool | None:
        """No symbol beside those which dyld needs; None when the file can't tell.

        dyld needs undefined symbols and a library's exported ones. What is left of a stripped
        executable is `__mh_execute_header`; `strip -x` leaves one local symbol as its mark.
        """
        commands = self.commands
        if commands is None or self.type not in ("executable", "shared", "bundle"):
            return None
        if not commands.symbols:
            return True
        if commands.dysymtab is None:
            return None
        local, external = commands.dysymtab
        return local <= 1 and (self.type != "executable" or external <= 1)

    def sections(self) -> Iterator[Section]:
        """All sections, in order."""
        if self.commands is not None:
            for segment in self.commands.segments:
                yield from sections(self.commands, segment, self.offset)

    def section(self, segment: str, name: str) -> Section | None:
        """By names, as ("__TEXT", "__text"); None when absent.

        Malformed: its bytes lie outside the slice, so a section returned may be read as it
        stands, if its ``offset`` is not -1.
        """
        if self.commands is None:
            return None
        for owner in self.commands.segments:
            if owner.name and owner.name != segment:
                continue
            for found in sections(self.commands, owner, self.offset):
                if found.name == name and found.segment == segment:
                    end = found.offset + found.size
                    if found.offset >= 0 and end > self.offset + self.size:
                        raise Malformed(f"section {segment},{name} reaches beyond the file")
                    return found
        return None

    def offset_of(self, addr: int) -> int | None:
        """Where the byte at this virtual address stands in the window; None when it does not."""
        for segment in self.segments:
            inside = addr - segment.addr
            if 0 <= inside < segment.file_size:
                offset = segment.offset + inside
                return self.offset + offset if offset < self.size else None
        return None


@dataclass(frozen=True, slots=True)
class MachO:
    """A file. A thin one has one slice; ``universal`` says which it is."""

    universal: bool
    slices: tuple[Slice, ...]


def read(data: Window) -> MachO:
    """Every slice of a thin or universal file, load commands read, signature looked at.

    Malformed: the file or a load command is cut off, slices lie over each other, or a slice
    is not of the CPU that the universal header says.
    """
    if data[:4] in _MAGIC:
        return MachO(False, (_slice(data, 0, len(data)),))
    slices: list[Slice] = []
    count = length = 0
    for arch in fat.arches(data):
        part = _of_arch(data, arch, MOST_COMMANDS - count, MOST_BYTES - length)
        if part.commands is not None:
            count += part.commands.count
            length += len(part.commands.raw)
        slices.append(part)
    return MachO(True, tuple(slices))


def _of_arch(data: Window, arch: fat.Arch, most: int, most_bytes: int) -> Slice:
    magic = data[arch.offset : arch.offset + 4]
    if magic not in _MAGIC or arch.size < 4:
        kind = _ALIEN.get(magic, "")
        return Slice(kind, arch.isa, arch.variant, arch.offset, arch.size, data=data)
    found = _slice(data, arch.offset, arch.size, most, most_bytes)
    if found.isa != arch.isa:
        raise Malformed(f"the slice for {arch.isa} holds {found.isa} code")
    return found


def _slice(
    data: Window, base: int, size: int, most: int = MOST_COMMANDS, most_bytes: int = MOST_BYTES
) -> Slice:
    order, bits = _MAGIC[data[base : base + 4]]
    start = base + (32 if bits == 64 else 28)
    if size < start - base:
        raise Malformed("the Mach-O header is cut off")
    cpu, subtype, filetype, count, length, flags = _HEADER[order].unpack_from(data, base + 4)
    if count > most or length > most_bytes:
        raise Malformed(f"{count} load commands in {length} bytes")
    if start + length > base + size:
        raise Malformed("the load commands reach beyond the file")
    commands = parse(data[start : start + length], count, order, bits)
    signature = None
    if commands.signature is not None:
        signature = codesign.read(data, base, base + size, *commands.signature)
    return Slice(
        kind="macho",
        isa=ISAS.get(cpu) or f"cpu:{cpu}",
        variant=variant_of(cpu, subtype),
        offset=base,
        size=size,
        abi=ptrauth_abi(cpu, subtype),
        type=FILE_TYPES.get(filetype) or f"type:{filetype}",
        bits=bits,
        endian="little" if order == "<" else "big",
        flags=flags,
        code_signature=signature,
        commands=commands,
        data=data,
    )


def verify_pages(part: Slice, most: int = 16) -> tuple[int, ...]:
    """Numbers of the signed pages that were changed after signing, ``most`` at the most.

    Reads the whole slice: about a second for a GB. Malformed: the slice has no signature,
    or one that is broken as such.
    """
    if part.code_signature is None:
        raise Malformed("the slice has no code signature")
    wrong = []
    for number in codesign.wrong_pages(part.data, part.offset, part.code_signature):
        wrong.append(number)
        if len(wrong) >= most:
            break
    return tuple(wrong)
