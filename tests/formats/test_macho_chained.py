"""Chained fixups of every pointer format, laid out by hand after <mach-o/fixup-chains.h>."""

from __future__ import annotations

import struct

import pytest

import macho_bytes as made
from archfit.formats import macho, macho_chained, macho_linkedit
from archfit.model.errors import Malformed

BASE = 0x100000000
DATA = BASE + 0x4000


def image(form: int, words: list[tuple[int, int]], names: bytes = b"\0_a\0_b\0", page: int = 0x4000,
          starts: tuple[int, ...] = (0,), imports: int = 1) -> macho.Slice:  # fmt: skip
    """Words (place, value) in a __DATA of one page; its chains and two imports behind it."""
    width = 8 if form not in (3, 4, 5) else 4
    data = bytearray(0x4000)
    for at, value in words:
        data[at : at + width] = value.to_bytes(width, "little")
    head = struct.pack("<7I", 0, 32, 96, 128, 2, imports, 0) + bytes(4)
    where = struct.pack("<4I", 3, 0, 16, 0)
    rows = struct.pack(f"<IHHQIH{len(starts)}H", 22 + 2 * len(starts), page, form, 0x4000, 0, 1,
                       *starts)  # fmt: skip
    blob = (head + where + rows).ljust(96, b"\0")
    blob += struct.pack("<2I", 1 | 1 << 9, 0xFE | 1 << 8 | 4 << 9)
    blob = blob.ljust(128, b"\0") + names
    commands = (
        made.segment("__TEXT", BASE, 0x4000, 0, 0x4000),
        made.segment("__DATA", DATA, 0x4000, 0x4000, 0x4000, 3,
                     [("__data", DATA, 0x4000, 0x4000, 0)]),
        made.segment("__LINKEDIT", BASE + 0x8000, 0x4000, 0x8000, len(blob), 1),
        made.dylib("/usr/lib/libone.dylib"),
        made.command(0x80000034, struct.pack("<II", 0x8000, len(blob))),
    )  # fmt: skip
    raw = made.thin(commands).ljust(0x4000, b"\0") + bytes(data) + blob
    return macho.read(raw).slices[0]


def read(part: macho.Slice) -> macho_chained.Chained:
    return macho_chained.read(part, macho_linkedit.places(part)["chained"])


@pytest.mark.parametrize(("form", "base"), [(2, 0), (6, BASE)])
def test_generic(form: int, base: int) -> None:
    first = 0x123 | 0xAB << 36 | 4 << 51
    found = read(image(form, [(0, first), (16, 1 << 63 | 7 << 24 | 1)]))
    assert found.slid == [(DATA, base + 0x123 | 0xAB << 56, "")]
    assert found.bound == [macho_chained.Bound(DATA + 16, 1, 7, "")]
    assert found.imports == [
        macho_chained.Import(1, False, "_a", 0),
        macho_chained.Import(-2, True, "_b", 0),
    ]


@pytest.mark.parametrize(
    ("form", "stride", "base"),
    [(1, 8, 0), (7, 4, BASE), (9, 8, BASE), (10, 4, 0), (12, 8, BASE)],
)
def test_arm64e(form: int, stride: int, base: int) -> None:
    step = 8 // stride << 51
    minus = (1 << 19) - 3 << 32
    found = read(
        image(
            form,
            [
                (0, 0x55 | 0x80 << 43 | step),
                (8, 0x77 | 0x1234 << 32 | 1 << 48 | 2 << 49 | step | 1 << 63),
                (16, 1 | minus | step | 1 << 62),
                (24, 0xBEEF << 32 | 1 << 49 | 3 << 62),
            ],
        )
    )
    assert found.slid == [
        (DATA, base + 0x55 | 0x80 << 56, ""),
        (DATA + 8, BASE + 0x77, "DA, diversity 0x1234, address"),
    ]
    assert found.bound == [
        macho_chained.Bound(DATA + 16, 1, -3, ""),
        macho_chained.Bound(DATA + 24, 0, 0, "IB, diversity 0xbeef"),
    ]
    assert (found.segments[0].slid, found.segments[0].bound, found.segments[0].signed) == (2, 2, 2)


@pytest.mark.parametrize(("form", "shift"), [(3, 26), (4, 30), (5, 26)])
def test_words_of_four_bytes(form: int, shift: int) -> None:
    found = read(image(form, [(0, 0x1000 | 1 << shift), (4, 0x2000)]))
    assert found.slid == [(DATA, 0x1000, ""), (DATA + 4, 0x2000, "")]


def test_import_of_32_bits() -> None:
    found = read(image(3, [(0, 1 | 5 << 20 | 1 << 31)]))
    assert found.bound == [macho_chained.Bound(DATA, 1, 5, "")]


@pytest.mark.parametrize(("form", "stride"), [(8, 4), (11, 1)])
def test_kernel_cache(form: int, stride: int) -> None:
    found = read(image(form, [(0, 0x40 | 8 // stride << 51), (8, 0x80 | 7 << 32 | 1 << 63)]))
    assert found.slid == [(DATA, BASE + 0x40, ""), (DATA + 8, BASE + 0x80, "IA, diversity 0x0007")]


def test_shared_cache() -> None:
    found = read(image(13, [(0, 0x40 | 1 << 52), (8, 0x80 | 7 << 34 | 1 << 51 | 1 << 63)]))
    assert found.slid == [(DATA, BASE + 0x40, ""), (DATA + 8, BASE + 0x80, "DA, diversity 0x0007")]


def test_segmented() -> None:
    found = read(image(14, [(0, 0x40 | 1 << 28 | 2 << 51), (8, 0x80)]))
    assert found.slid == [(DATA, DATA + 0x40, ""), (DATA + 8, BASE + 0x80, "")]


def test_several_chains_in_a_page() -> None:
    found = read(image(3, [(0, 0x10), (64, 0x20)], starts=(0x8001, 0, 0x8000 | 64)))
    assert [row[0] for row in found.slid] == [DATA, DATA + 64]


@pytest.mark.parametrize(
    "part",
    [
        image(2, [(0, 1 << 63 | 9)]),
        image(2, [(0x3FF8, 1 << 51 | 1)], starts=(0x3FF8,)),
        image(99, []),
        image(2, [], names=b"\0_a"),
        image(2, [], imports=4),
        image(3, [], starts=(0x8005,)),
    ],
)
def test_refused(part: macho.Slice) -> None:
    with pytest.raises(Malformed):
        read(part)
