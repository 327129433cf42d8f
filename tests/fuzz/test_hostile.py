"""Files built to cost as much as a reader lets them: none over 1 s or 64 MiB."""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest

import macho_bytes
import pe_bytes
from archfit.formats import ar, bitcode, macho, pe, wasm, xcoff
from archfit.model.errors import Malformed


def macho_of_many_libraries() -> bytes:
    names = [macho_bytes.dylib("@rpath/" + "\xff" * 180 + str(n)) for n in range(10_000)]
    return macho_bytes.thin(names)


def macho_of_many_sections() -> bytes:
    rows = [("__x", 0, 1, 0, 0)] * 50_000
    return macho_bytes.thin([macho_bytes.segment("__X", 0, 1, 0, 1, 3, rows)])


def universal_of_many_commands() -> bytes:
    slices = [
        (macho_bytes.ARM64, n, macho_bytes.thin([macho_bytes.rpath("@loader_path")] * 3000))
        for n in range(42)
    ]
    return macho_bytes.fat(slices)


def pe_of_many_imports() -> bytes:
    return pe_bytes.image(imports=["a" * 500] * 4000, delayed=["b" * 500] * 4000)


def pe_of_many_sections() -> bytes:
    raw = bytearray(pe_bytes.image(imports=["a.dll"] * 4000))
    count = 0xFFFF
    table = 0x84 + 20 + 240
    section = struct.pack("<8s6IHHI", b"x", 16, 0x9000, 16, 0x400, 0, 0, 0, 0, 0)
    struct.pack_into("<H", raw, 0x86, count)
    return bytes(raw[: table + 40]) + section * count + bytes(raw[0x400:])


def ar_header(name: bytes, size: int) -> bytes:
    return name.ljust(16) + b"0           0     0     644     " + b"%-10d`\n" % size


def ar_of_empty_members() -> bytes:
    return ar.REGULAR + ar_header(b"a/", 0) * 99_000


def ar_of_long_names() -> bytes:
    names = b"x" * (8 << 20)
    return ar.REGULAR + ar_header(b"//", len(names)) + names + ar_header(b"/0", 0) * 99_000


def ar_of_go_targets() -> bytes:
    body = b"go object os%05d arch go1\n"
    return ar.REGULAR + b"".join(
        ar_header(b"#1/2000", 2000 + 28) + b"n" * 2000 + (body % n).ljust(28) for n in range(9000)
    )


def ar_of_bitcode() -> bytes:
    # A module block, then records without operands as far as the reader goes.
    value = bits = 0
    for number, width in ((1, 2), (8, 8), (3, 4)):
        value |= number << bits
        bits += width
    value |= 0xFFFF << 32
    bits = 64
    for _ in range(300):
        for number, width in ((3, 3), (1, 6), (0, 6)):
            value |= number << bits
            bits += width
    module = bitcode.RAW + value.to_bytes(bits // 8 + 1, "little")
    module += bytes(len(module) & 1)
    return ar.REGULAR + (ar_header(b"a.bc/", len(module)) + module) * 5_000


def xcoff_of_many_ids() -> bytes:
    ids = bytes(1 << 20)
    head = struct.pack(">HHIQHHI", 0x1F7, 1, 0, 0, 0, 2, 0)
    section = struct.pack(">8s6Q3II", b"", 0, 0, 56 + len(ids), 96, 0, 0, 0, 0, 0x1000, 0)
    return head + section + struct.pack(">6I4Q", 2, 0, 0, len(ids), 1 << 31, 0, 56, 0, 0, 0) + ids


def wasm_of_many_imports() -> bytes:
    body = b"\xff\xff\x7f" + b"\1a\1b\0\0" * 600_000
    size = len(body)
    length = bytes(
        [size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 21]
    )
    return b"\0asm\1\0\0\0\2" + length + body


CASES: dict[Callable[[], bytes], Callable[[bytes], object]] = {
    macho_of_many_libraries: lambda raw: [s.needed for s in macho.read(raw).slices],
    macho_of_many_sections: lambda raw: macho.read(raw).slices[0].section("__X", "__y"),
    universal_of_many_commands: macho.read,
    pe_of_many_imports: pe.read,
    pe_of_many_sections: pe.read,
    ar_of_empty_members: ar.census,
    ar_of_long_names: ar.census,
    ar_of_go_targets: ar.census,
    ar_of_bitcode: ar.census,
    xcoff_of_many_ids: xcoff.read,
    wasm_of_many_imports: wasm.read,
}


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_cost(make: Callable[[], bytes]) -> None:
    raw = make()

    def read() -> None:
        with suppress(Malformed):
            CASES[make](raw)

    started = time.process_time()
    read()
    assert time.process_time() - started < 1.0
    tracemalloc.start()
    try:
        read()
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
