"""Universal headers made by hand."""

from __future__ import annotations

import struct

import pytest

import macho_bytes as make
from archfit.formats import fat
from archfit.model.errors import Malformed


def test_entries_of_a_head_alone() -> None:
    raw = make.fat([(make.AMD64, 3, bytes(100)), (make.ARM64, 0x80000002, bytes(50))])
    found = fat.entries(raw[:64])
    assert [(a.isa, a.variant, a.align) for a in found] == [
        ("amd64", "", 12),
        ("arm64", "arm64e", 12),
    ]


def test_a_byte_swapped_header() -> None:
    raw = struct.pack("<II5I", 0xCAFEBABE, 1, make.ARM64, 0, 64, 4, 2) + bytes(60)
    assert fat.arches(raw)[0].isa == "arm64"


def test_arm64_hidden_behind_the_counted_ones() -> None:
    raw = bytearray(make.fat([(make.AMD64, 3, bytes(16)), (make.ARM64, 0, bytes(16))]))
    struct.pack_into(">I", raw, 4, 1)
    assert [a.isa for a in fat.arches(bytes(raw))] == ["amd64", "arm64"]


@pytest.mark.parametrize(
    "rows",
    [
        [(make.ARM64, 0, 4096, 1 << 30, 12)],
        [(make.ARM64, 0, 4096, 200, 12), (make.AMD64, 3, 4200, 100, 12)],
        [(make.ARM64, 0, 0, 8, 12)],
    ],
)
def test_slices_out_of_place(rows: list[tuple[int, ...]]) -> None:
    raw = struct.pack(">II", 0xCAFEBABE, len(rows))
    raw += b"".join(struct.pack(">5I", *row) for row in rows)
    with pytest.raises(Malformed):
        fat.arches(raw + bytes(5000))


@pytest.mark.parametrize("count", [0, 43, 0xFFFFFFFF])
def test_senseless_counts(count: int) -> None:
    with pytest.raises(Malformed):
        fat.entries(struct.pack(">II", 0xCAFEBABE, count) + bytes(2000))
