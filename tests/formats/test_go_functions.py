"""Go's function tables: a made one of Go 1.2 to 1.15, and real ones of newer releases."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archfit.formats import elf, go_program, pclntab, walks
from archfit.formats.go_functions import Functions
from archfit.formats.go_layout import Layout, Span
from archfit.formats.go_pcvalue import rows, value_at
from archfit.formats.memory import Memory
from archfit.model.errors import Malformed
from go_programs import build


def number(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def table(*pairs: tuple[int, int]) -> bytes:
    """(value, over how many steps) as a pc-value table."""
    out, last = b"", -1
    for value, steps in pairs:
        change = value - last
        out += number(change << 1 ^ change >> 63 if change >= 0 else (-change << 1) - 1)
        out += number(steps)
        last = value
    return out + b"\0"


@pytest.mark.parametrize("look", [value_at, walks.value_at])
def test_pc_values(look: object) -> None:
    data = b"xx" + table((7, 3), (-2, 200), (70_000, 1), (70_001, 5000)) + b"tail"
    seek = look  # each implementation
    assert callable(seek)
    for steps, value in ((0, 7), (2, 7), (3, -2), (202, -2), (203, 70_000), (204, 70_001)):
        assert seek(data, 2, len(data), steps)[0] == value
    assert seek(data, 2, len(data), 204 + 5000) is None
    assert seek(data, 2, 4, 100) is None
    assert seek(b"", 0, 0, 0) is None
    assert seek(b"\x02\x00" * 50, 0, 100, 1) is None
    assert rows(data, 2, len(data)) == [(3, 7), (203, -2), (204, 70_000), (5204, 70_001)]


def test_a_long_table_is_read_in_pieces() -> None:
    pairs = [(line * 300, 1) for line in range(3000)]
    data = table(*pairs)
    for steps in (0, 500, 1023, 2999):
        for look in (value_at, walks.value_at):
            found = look(data, 0, len(data), steps)
            assert found is not None
            assert found[0] == steps * 300


def old_table() -> bytes:
    """Two functions as Go 1.2 to 1.15 write them, on a 64-bit little-endian machine."""
    entry = 0x1000
    head = struct.pack("<IBBBBQ", 0xFFFFFFFB, 0, 0, 1, 8, 2)
    start = len(head) + 5 * 8 + 4
    names, body = b"main.main\0main.other\0", b""
    at = start + len(names)
    parts = {}
    for name, bits in (
        ("sp", table((0, 4), (24, 28))),
        ("file", table((1, 32))),
        ("line", table((10, 8), (12, 24))),
    ):
        parts[name] = at
        body += bits
        at += len(bits)
    pad = -at % 8
    body += bytes(pad)
    at += pad
    records, funcs = [], b""
    for number_, offset in enumerate((0, 10)):
        records.append(at + len(funcs))
        funcs += struct.pack(
            "<QiiIIIIIi",
            *(entry + 32 * number_, start + offset, 16, 0, parts["sp"], parts["file"]),
            *(parts["line"], 0, 0),
        )
    at += len(funcs)
    file_table, name_at = at, at + 8
    files = struct.pack("<II", 1, name_at) + b"main.go\0"
    words = struct.pack("<5Q", entry, records[0], entry + 32, records[1], entry + 64)
    return head + words + struct.pack("<I", file_table) + names + body + funcs + files


def test_tables_of_go_1_2_to_1_15() -> None:
    data = old_table()
    layout = Layout((Span(0x5000, 0, len(data)),))
    header = pclntab.read_header(data, 0, len(data))
    functions = Functions(Memory(data, layout), header, 0x5000, 0x1000)
    first = functions.find(0x1009)
    assert first is not None
    assert (first.name, first.entry, first.end, first.args) == ("main.main", 0x1000, 0x1020, 16)
    assert functions.line(first, 0x1009) == ("main.go", 12)
    assert functions.sp_delta(first, 0x1002) == 0
    assert functions.sp_delta(first, 0x1010) == 24
    assert [place.function for place in functions.frames(0x1020)] == ["main.other"]
    assert functions.find(0x0FFF) is None
    assert functions.find(0x1040) is None


@contextmanager
def program(path: Path) -> Iterator[go_program.Program]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        found = go_program.read_elf(elf.read(data))
        assert found is not None
        yield found
        del found


@pytest.mark.parametrize("way", ["pure", "pure-stripped", "cgo-stripped", "cgo-pie", "library"])
def test_real_programs(way: str) -> None:
    with program(build(way)) as found:
        functions = found.functions
        assert found.base == "moduledata"
        assert found.sure
        names = {function.name: function for function in functions}
        main = names["main.main"]
        assert functions.line(main, main.entry)[0].endswith("main.go")
        assert functions.sp_delta(main, main.entry) == 0
        assert functions.sp_rows(main)[-1][0] <= main.end
        assert names["runtime.goexit"].flags
        assert functions.find(functions.text - 1) is None
        assert functions.find(functions.end) is None


def test_many_at_once_are_what_each_is() -> None:
    with program(build("pure")) as found:
        functions = found.functions
        pcs = list(range(functions.text - 50, functions.end + 50, 1009))
        each = [functions.frames(pc) for pc in pcs]
        assert [list(frames) for frames in functions.frames_of(pcs)] == each
        assert any(len(frames) > 1 for frames in each)


def test_a_broken_record_is_malformed() -> None:
    data = bytearray(old_table())
    header = pclntab.read_header(bytes(data), 0, len(data))
    struct.pack_into("<Q", data, header.function_table + 8, 1 << 40)
    layout = Layout((Span(0x5000, 0, len(data)),))
    functions = Functions(Memory(bytes(data), layout), header, 0x5000, 0x1000)
    with pytest.raises(Malformed):
        functions.find(0x1000)
