"""Caches of ldconfig made by hand, for tests of the reader and the library search."""

from __future__ import annotations

import struct
from collections.abc import Sequence

#: name, path, flags, hwcap.
Lib = tuple[str, str, int, int]


def new(
    libs: Sequence[Lib],
    order: str = "<",
    mark: int = 2,
    levels: Sequence[str] = (),
    at: int = 0,
    generator: bytes = b"ldconfig (test) 2.42",
) -> bytes:
    """The new format; ``at``: where it will stand in the file."""
    text = bytearray()
    first = 48 + 24 * len(libs)

    def put(word: str) -> int:
        text.extend(word.encode() + b"\0")
        return first + len(text) - len(word) - 1

    rows = b"".join(
        struct.pack(order + "iIIIQ", flags, put(name), put(path), 0, hwcap)
        for name, path, flags, hwcap in libs
    )
    indices = struct.pack(f"{order}{len(levels)}I", *[put(level) for level in levels])
    text.extend(bytes(-(first + len(text)) % 4))
    extension = at + first + len(text)
    data = extension + 8 + 32
    tail = struct.pack(
        order + "II4I4I",
        -358342284 & 0xFFFFFFFF, 2,
        0, 0, data, len(generator),
        1, 0, data + len(generator) + (-len(generator) % 4), len(indices),
    )  # fmt: skip
    tail += generator + bytes(-len(generator) % 4) + indices
    head = b"glibc-ld.so.cache1.1"
    head += struct.pack(order + "IIB3xI12x", len(libs), len(text), mark, extension)
    return head + rows + bytes(text) + tail


def old(libs: Sequence[Lib], order: str = "<", inner: bytes = b"") -> bytes:
    text = bytearray()
    rows = bytearray()
    for name, path, flags, _ in libs:
        rows += struct.pack(order + "iII", flags, len(text), len(text) + len(name) + 1)
        text += name.encode() + b"\0" + path.encode() + b"\0"
    raw = b"ld.so-1.7.0\0" + struct.pack(order + "I", len(libs)) + rows
    if inner:
        return raw + bytes(-len(raw) % 8) + inner
    return raw + bytes(text)
