"""Core files: threads, memory that goes over segments, and what is cut off."""

from __future__ import annotations

import contextlib
import struct

import pytest

from archfit.formats import elf_core
from archfit.model.errors import Malformed


def note(kind: int, body: bytes) -> bytes:
    return (
        struct.pack("<III", 5, len(body), kind) + b"CORE\0\0\0\0" + body + b"\0" * (-len(body) % 4)
    )


def core(notes: bytes, loads: list[tuple[int, bytes]]) -> bytes:
    count = 1 + len(loads)
    at = 64 + 56 * count
    rows = [struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, len(notes), 0, 4)]
    body = notes
    for address, data in loads:
        place = at + len(body)
        rows.append(struct.pack("<IIQQQQQQ", 1, 6, place, address, 0, len(data), len(data), 4096))
        body += data
    head = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    head += struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    return head + b"".join(rows) + body


def prstatus(thread: int, signal: int, pc: int) -> bytes:
    head = bytearray(112)
    struct.pack_into("<h", head, 12, signal)
    struct.pack_into("<i", head, 32, thread)
    registers = [0] * 27
    registers[16], registers[19], registers[21] = pc, 0x7FF0, 0x5000
    return bytes(head) + struct.pack("<27Q", *registers) + b"\0" * 8


def files(rows: list[tuple[int, int, int, str]]) -> bytes:
    body = struct.pack("<QQ", len(rows), 4096)
    body += b"".join(struct.pack("<QQQ", *row[:3]) for row in rows)
    return body + b"".join(row[3].encode() + b"\0" for row in rows)


NOTES = note(1, prstatus(42, 11, 0x401234)) + note(
    0x46494C45, files([(0x400000, 0x401000, 0, "/bin/x"), (0x401000, 0x402000, 1, "/bin/x")])
)


def test_threads_and_mappings() -> None:
    found = elf_core.read(core(NOTES, [(0x1000, b"abcd")]))
    (thread,) = found.threads
    assert (thread.id, thread.signal, thread.tls) == (42, 11, 0x5000)
    assert thread.registers[16] == 0x401234
    assert thread.registers[7] == 0x7FF0
    assert found.mappings[1].offset == 4096
    assert found.mappings[0].path == "/bin/x"


def test_memory_goes_on_in_the_next_segment() -> None:
    found = elf_core.read(core(NOTES, [(0x1000, b"abcd"), (0x1004, b"efgh"), (0x2000, b"zz")]))
    assert found.read(0x1002, 4) == b"cdef"
    assert found.read(0x1006, 100) == b"gh"
    assert found.read(0x1FFF, 4) == b""
    assert found.read(0, 4) == b""


def test_cut_anywhere_is_an_error_or_less() -> None:
    whole = core(NOTES, [(0x1000, b"abcd" * 100)])
    for end in range(0, len(whole), 3):
        with contextlib.suppress(Malformed):
            elf_core.read(whole[:end]).read(0x1000, 8)


def test_a_program_is_no_core() -> None:
    data = bytearray(core(NOTES, []))
    data[16] = 2
    with pytest.raises(Malformed, match="not a core"):
        elf_core.read(bytes(data))
