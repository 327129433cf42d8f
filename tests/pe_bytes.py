"""PE images made by hand, byte by byte, for tests of the reader and the probe."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def image(
    machine: int = 0x8664, wide: bool = True, dll: bool = False, subsystem: int = 3,
    imports: Sequence[str] = (), delayed: Sequence[str] = (), name: str = "",
    chpe: int = 0, cli_flags: int | None = None, certificate: tuple[int, int] = (0, 0),
    os_version: tuple[int, int] = (6, 1), delay_by_address: bool = False,
) -> bytes:  # fmt: skip
    """One section, mapped at RVA 0x1000, that stands at 0x400 and holds all tables."""
    base = 0x140000000 if wide else 0x400000
    body = bytearray(16)  # RVA 0x1000 is kept free, so that no table stands at its start
    directories = [(0, 0)] * 16

    def put(raw: bytes) -> int:
        body.extend(bytes(-len(body) % 8))
        at = 0x1000 + len(body)
        body.extend(raw)
        return at

    def text(word: str) -> int:
        return put(word.encode() + b"\0")

    if imports:
        rows = b"".join(struct.pack("<5I", 0, 0, 0, text(dll_name), 0) for dll_name in imports)
        directories[1] = (put(rows + bytes(20)), len(rows) + 20)
    if delayed:
        shift, attribute = (base, 0) if delay_by_address else (0, 1)
        rows = b"".join(struct.pack("<8I", attribute, shift + text(n), *[0] * 6) for n in delayed)
        directories[13] = (put(rows + bytes(32)), len(rows) + 32)
    if name:
        directories[0] = (put(struct.pack("<3I", 0, 0, 0) + struct.pack("<I", text(name))), 40)
        body.extend(bytes(40))
    if chpe:
        size = 208 if wide else 128
        table = bytearray(size)
        struct.pack_into("<I", table, 0, size)
        struct.pack_into("<Q" if wide else "<I", table, 200 if wide else 124, base + chpe)
        directories[10] = (put(bytes(table)), size)
    if cli_flags is not None:
        directories[14] = (put(struct.pack("<IHHIII", 72, 2, 5, 0, 0, cli_flags)), 72)
    directories[4] = certificate
    body.extend(bytes(-len(body) % 512))

    optional = struct.pack("<HBB5I", 0x20B if wide else 0x10B, 14, 0, 0, 0, 0, 0x1000, 0x1000)
    optional += struct.pack("<Q", base) if wide else struct.pack("<II", 0, base)
    optional += struct.pack("<II6HI", 0x1000, 0x200, *os_version, 0, 0, *os_version, 0)
    optional += struct.pack("<IIIHH", 0x2000, 0x400, 0, subsystem, 0x8160)
    optional += struct.pack("<4QII" if wide else "<4III", 0, 0, 0, 0, 0, 16)
    for rva, size in directories:
        optional += struct.pack("<II", rva, size)
    flags = 0x22 | (0x2000 if dll else 0)
    coff = struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, len(optional), flags)
    section = struct.pack(
        "<8s6IHHI", b".rdata", len(body), 0x1000, len(body), 0x400, 0, 0, 0, 0, 0x40000040
    )
    head = b"MZ" + bytes(58) + struct.pack("<I", 0x80) + bytes(64) + b"PE\0\0"
    head += coff + optional + section
    return head + bytes(0x400 - len(head)) + bytes(body)
