"""Layouts that lie."""

from __future__ import annotations

import struct

from archfit.formats import elf, go_buildinfo, go_places
from go_programs import build


def program() -> bytearray:
    return bytearray(build("pure").read_bytes())


def test_offsets_beyond_all_files() -> None:
    data = program()
    for number in range(struct.unpack_from("<H", data, 0x38)[0]):
        struct.pack_into("<Q", data, 64 + 56 * number + 8, 0xB300000000000000)  # p_offset
    layout = go_places.of_elf(elf.read(bytes(data)))
    assert layout is not None
    assert all(span.end <= len(data) for span in layout.mapped)
    blob = go_buildinfo.read(bytes(data), layout)  # its section still says where it is
    assert blob is not None


def test_no_sign_of_go() -> None:
    data = bytes(program().replace(b".go", b".xx").replace(b".note.xx", b".note.yy"))
    assert go_places.of_elf(elf.read(data)) is None


def test_a_table_merged_into_other_data() -> None:
    data = build("cgo-pie", "1.19").read_bytes()
    parsed = elf.read(data)
    assert parsed.section(".gopclntab") is None
    layout = go_places.of_elf(parsed)
    assert layout is not None
    assert layout.table is None
    assert go_places.table_of(data, layout, known=True) is not None
