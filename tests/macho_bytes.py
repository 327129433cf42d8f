"""Mach-O files made by hand, byte by byte, for tests of readers and probes."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import Any

ARM64, AMD64, I386, PPC = 0x0100000C, 0x01000007, 7, 18
EXECUTABLE, DYLIB, BUNDLE, OBJECT = 2, 6, 8, 1
PIE = 0x200085


def command(number: int, body: bytes, order: str = "<") -> bytes:
    """A load command, padded to 8 bytes."""
    body += bytes(-(8 + len(body)) % 8)
    return struct.pack(order + "II", number, 8 + len(body)) + body


def string_command(number: int, text: str, order: str = "<") -> bytes:
    """LC_RPATH, LC_LOAD_DYLINKER and their like."""
    return command(number, struct.pack(order + "I", 12) + text.encode() + b"\0", order)


def rpath(text: str) -> bytes:
    """LC_RPATH."""
    return string_command(0x8000001C, text)


def dylinker(text: str = "/usr/lib/dyld") -> bytes:
    """LC_LOAD_DYLINKER."""
    return string_command(0x0E, text)


def dylib(
    name: str, number: int = 0x0C, current: int = 0x10203, compatible: int = 0x10000,
    stamp: int = 2, order: str = "<",
) -> bytes:  # fmt: skip
    """LC_LOAD_DYLIB or one of its kin."""
    head = struct.pack(order + "4I", 24, stamp, current, compatible)
    return command(number, head + name.encode() + b"\0", order)


def used_dylib(name: str, flags: int) -> bytes:
    """A dylib_use_command, as Xcode 16 writes for delay-init."""
    head = struct.pack("<5I", 28, 0x1A741800, 0x10000, 0x10000, flags)
    return command(0x0C, head + name.encode() + b"\0")


def build_version(platform: int = 1, lowest: int = 0xB0000, sdk: int = 0xE0201) -> bytes:
    """LC_BUILD_VERSION: macOS 11.0, SDK 14.2.1."""
    return command(0x32, struct.pack("<4I", platform, lowest, sdk, 0))


def version_min(number: int = 0x24, lowest: int = 0xA0900, sdk: int = 0, order: str = "<") -> bytes:
    """LC_VERSION_MIN_MACOSX or another's."""
    return command(number, struct.pack(order + "II", lowest, sdk), order)


def uuid(raw: bytes = bytes(range(16))) -> bytes:
    """LC_UUID."""
    return command(0x1B, raw)


def segment(
    name: str, addr: int, size: int, offset: int, file_size: int, protection: int = 5,
    sections: Sequence[tuple[str, int, int, int, int]] = (),
) -> bytes:  # fmt: skip
    """LC_SEGMENT_64; a section is (name, address, size, offset, flags)."""
    body = struct.pack(
        "<16s4QiiII", name.encode(), addr, size, offset, file_size, 7, protection,
        len(sections), 0,
    )  # fmt: skip
    for section, at, length, place, flags in sections:
        body += struct.pack(
            "<16s16sQQ8I", section.encode(), name.encode(), at, length, place, 2, 0, 0, flags,
            0, 0, 0,
        )  # fmt: skip
    return command(0x19, body)


def thin(
    commands: Sequence[bytes] = (), cpu: int = ARM64, subtype: int = 0,
    filetype: int = EXECUTABLE, flags: int = PIE, order: str = "<", bits: int = 64,
    tail: bytes = b"",
) -> bytes:  # fmt: skip
    """A whole thin file: header, commands, then ``tail``."""
    magic = 0xFEEDFACF if bits == 64 else 0xFEEDFACE
    raw = b"".join(commands)
    head = struct.pack(order + "7I", magic, cpu, subtype, filetype, len(commands), len(raw), flags)
    return head + bytes(4 if bits == 64 else 0) + raw + tail


def fat(slices: Sequence[tuple[int, int, bytes]], wide: bool = False, align: int = 12) -> bytes:
    """A universal file of (CPU, subtype, bytes)."""
    head = struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(slices))
    at = 1 << align
    entries, body = b"", b""
    for cpu, subtype, raw in slices:
        body += bytes(at - (1 << align) - len(body)) + raw
        layout = ">IIQQII" if wide else ">5I"
        fields = (cpu, subtype, at, len(raw), align)
        entries += struct.pack(layout, *((*fields, 0) if wide else fields))
        at += len(raw)
        at += -at % (1 << align)
    head += entries
    return head + bytes((1 << align) - len(head)) + body


def signed(
    commands: Sequence[bytes], flags: int = 0x2, cms: bytes = b"", page: int = 12,
    sha: str = "sha256", size: int = 40960, **header: Any,
) -> bytes:  # fmt: skip
    """A thin file of ``size`` bytes whose pages are hashed in a signature behind them."""
    kinds = {"sha1": (1, 20), "sha256": (2, 32), "sha384": (4, 48)}
    kind, width = kinds[sha]
    slots = -(-size // (1 << page))
    name = b"a.out\0"
    length = 44 + len(name) + slots * width
    blobs = 2 if cms else 1
    total = 12 + 8 * blobs + length + (8 + len(cms) if cms else 0)
    image = thin([*commands, command(0x1D, struct.pack("<II", size, total))], **header)
    image += bytes(size - len(image))
    hashes = b"".join(
        hashlib.new(sha, image[n * (1 << page) : (n + 1) * (1 << page)]).digest()
        for n in range(slots)
    )
    directory = struct.pack(
        ">9I4BI", 0xFADE0C02, length, 0x20001, flags, 44 + len(name), 44, 0, slots, size,
        width, kind, 0, page, 0,
    )  # fmt: skip
    directory += name + hashes
    index = struct.pack(">II", 0, 12 + 8 * blobs)
    tail = b""
    if cms:
        index += struct.pack(">II", 0x10000, 12 + 8 * blobs + length)
        tail = struct.pack(">II", 0xFADE0B01, 8 + len(cms)) + cms
    return image + struct.pack(">III", 0xFADE0CC0, total, blobs) + index + directory + tail
