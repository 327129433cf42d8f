"""The section table of AIX's object format."""

from __future__ import annotations

import struct

import pytest

from archfit.formats import xcoff_sections
from archfit.formats.xcoff_sections import BSS, DATA, TEXT
from archfit.model.errors import Malformed
from go_programs import build


def small() -> bytes:
    """A 32-bit file of two sections."""
    head = struct.pack(">HHiIIHH", 0x01DF, 2, 0, 0, 0, 0, 2)
    text = struct.pack(">8s6IHHI", b".text", 0, 0x100, 16, 100, 0, 0, 0, 0, TEXT)
    bss = struct.pack(">8s6IHHI", b".bss", 0, 0x200, 16, 0, 0, 0, 0, 0, BSS)
    return head + text + bss + bytes(16)


def test_sections() -> None:
    data = small()
    assert xcoff_sections.bits(data) == 32
    found = xcoff_sections.sections(data)
    assert [(s.name, s.kind, s.address, s.offset, s.size) for s in found] == [
        (".text", TEXT, 0x100, 100, 16)
    ]


def test_sizes_end_with_the_file() -> None:
    assert xcoff_sections.sections(small()[:-10])[0].size == 6


@pytest.mark.parametrize("data", [b"", b"\x01\xdf", b"\x01\xf7" + bytes(10), small()[:60], b"MZ"])
def test_broken(data: bytes) -> None:
    with pytest.raises(Malformed):
        xcoff_sections.sections(data)


def test_real_program() -> None:
    data = build("pure", target="aix/ppc64").read_bytes()
    assert xcoff_sections.bits(data) == 64
    kinds = {s.kind for s in xcoff_sections.sections(data)}
    assert {TEXT, DATA} <= kinds
    assert BSS not in kinds
