"""Headers of every form of the function table, and names in it."""

from __future__ import annotations

import struct

import pytest

from archfit.formats import elf, go_places, pclntab
from archfit.formats.go_layout import Layout, Span
from archfit.model.errors import Malformed
from go_programs import build


def table(
    magic: int, order: str = "<", pointer: int = 8, names: tuple[bytes, ...] = (b"main.main",)
) -> bytes:
    """A table of two functions with the parts that `generatePCHeader` writes."""
    word = "Q" if pointer == 8 else "I"
    step = 4 if magic in (0xFFFFFFF0, 0xFFFFFFF1) else pointer
    text = b"".join(name + b"\0" for name in names)
    parts = [text, bytes(8), b"main.go\0", bytes(16), bytes(5 * step + 40)]
    count = 7 if magic == 0xFFFFFFFA else 8
    at = 8 + count * pointer
    offsets = []
    for part in parts:
        offsets.append(at)
        at += len(part)
    head = [2, 1] + ([0x401000] if count == 8 else []) + offsets
    start = struct.pack(order + "IBBBB", magic, 0, 0, 1, pointer)
    return start + struct.pack(f"{order}{count}{word}", *head) + b"".join(parts)


def go12(order: str, pointer: int) -> bytes:
    word = "Q" if pointer == 8 else "I"
    start = struct.pack(order + "IBBBB", 0xFFFFFFFB, 0, 0, 4, pointer)
    functions = struct.pack(f"{order}5{word}", 0x1000, 100, 0x1010, 120, 0x1020)
    names = b"\x07main.main\0" + bytes(40)
    file_table = 8 + pointer + len(functions) + 4 + len(names)
    files = struct.pack(order + "II", 1, 0)
    head = start + struct.pack(order + word, 2) + functions
    return head + struct.pack(order + "I", file_table) + names + files


@pytest.mark.parametrize("magic", [0xFFFFFFFA, 0xFFFFFFF0, 0xFFFFFFF1])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pointer", [4, 8])
def test_headers_since_1_16(magic: int, order: str, pointer: int) -> None:
    data = bytes(32) + table(magic, order, pointer)
    header = pclntab.read_header(data, 32, len(data))
    assert header.since == pclntab.MAGICS[magic]
    assert (header.order, header.pointer, header.quantum) == (order, pointer, 1)
    assert (header.functions, header.files) == (2, 1)
    assert header.text_start == (None if magic == 0xFFFFFFFA else 0x401000)
    assert header.field == (pointer if magic == 0xFFFFFFFA else 4)
    assert data[header.names :].startswith(b"main.main\0")
    assert data[header.file_table :].startswith(b"main.go\0")
    assert header.function_table == header.funcs
    assert pclntab.has_name(data, header, b"main.main")
    assert pclntab.search(data, 0, len(data), order) == header


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pointer", [4, 8])
def test_headers_before_1_16(order: str, pointer: int) -> None:
    data = go12(order, pointer)
    header = pclntab.read_header(data, 0, len(data))
    assert header.since == (1, 2)
    assert (header.functions, header.files, header.field) == (2, 1, pointer)
    assert header.function_table == 8 + pointer
    assert pclntab.has_name(data, header, b"main.main")
    assert not pclntab.has_name(data, header, b"main.mai")


def test_names_are_matched_whole() -> None:
    data = table(0xFFFFFFF1, names=(b"runtime.x", b"x.crosscall2", b"crosscall2x", b"crosscall2"))
    header = pclntab.read_header(data, 0, len(data))
    at = pclntab.find_name(data, header, b"crosscall2")
    assert at is not None
    assert data[at - 1 : at + 11] == b"\0crosscall2\0"
    assert pclntab.has_name(data, header, b"runtime.x")
    assert not pclntab.has_name(data, header, b"main.go")


def test_broken_headers() -> None:
    good = table(0xFFFFFFF1)
    for at, byte in ((0, 0), (4, 1), (6, 3), (7, 7), (8, 0), (15, 0xFF), (40, 0xFF), (72 - 8, 0)):
        data = bytearray(good)
        data[at] = byte
        if bytes(data) != good:
            with pytest.raises(Malformed):
                pclntab.read_header(bytes(data), 0, len(data))
    for size in range(0, 80, 7):
        with pytest.raises(Malformed):
            pclntab.read_header(good[:size], 0, size)
    with pytest.raises(Malformed):
        pclntab.read_header(good, -1, len(good))
    with pytest.raises(Malformed):
        pclntab.read_header(go12("<", 8)[:-9], 0, 1000)


def test_search_passes_false_starts() -> None:
    false = (b"\xf1\xff\xff\xff\0\0\1\x08" + bytes(24)) * 5
    data = false + table(0xFFFFFFF1)
    header = pclntab.search(data, 0, len(data), "<")
    assert header is not None
    assert header.base == len(false)
    assert pclntab.search(false, 0, len(false), "<") is None
    assert pclntab.search(false, 0, len(false), ">") is None


@pytest.mark.parametrize(
    ("release", "since"), [("1.19", (1, 18)), ("", (1, 20)), ("1.27.3", (1, 20))]
)
@pytest.mark.parametrize("way", ["pure", "cgo", "cgo-pie", "cgo-stripped"])
def test_real_programs(release: str, since: tuple[int, int], way: str) -> None:
    data = build(way, release).read_bytes()
    layout = go_places.of_elf(elf.read(data))
    assert layout is not None
    header = go_places.table_of(data, layout, known=True)
    assert header is not None
    assert header.since == since
    assert header.functions > 1000
    for name in (b"main.main", b"runtime.goexit", b"runtime.main"):
        assert pclntab.has_name(data, header, name)
    assert pclntab.has_name(data, header, b"crosscall2") == way.startswith("cgo")
    assert (header.text_start != 0) == (release == "1.19")


def test_a_search_that_is_not_known_to_succeed_is_bounded() -> None:
    data = bytes(65 << 20) + table(0xFFFFFFF1)
    layout = Layout((), constants=(Span(0, 0, len(data)),))
    assert go_places.table_of(data, layout, known=False) is None
    assert go_places.table_of(data, layout, known=True) is not None
