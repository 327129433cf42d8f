"""Frame information: rules at an address, encodings, and what must be refused."""

from __future__ import annotations

import struct

import pytest

from archfit.formats import cfi, cfi_rules
from archfit.formats.cfi import Section, Table
from archfit.formats.dwarf_expression import evaluate
from archfit.model.errors import Malformed


def eh_frame(program: bytes, *, start: int = 0x1000, size: int = 0x40) -> bytes:
    cie_body = b"\x01zR\0" + bytes((1, 0x78, 16, 1, 0x1B)) + b"\x0c\x07\x08\x90\x01"
    cie_body += b"\0" * (-(len(cie_body) + 4) % 4)
    cie = struct.pack("<II", len(cie_body) + 4, 0) + cie_body
    where = len(cie) + 8  # of the FDE's first field, at address 0
    body = struct.pack("<iI", start - where, size) + b"\0" + program
    body += b"\0" * (-(len(body) + 4) % 4)
    return cie + struct.pack("<II", len(body) + 4, len(cie) + 4) + body + b"\0\0\0\0"


def table(data: bytes) -> Table:
    return Table(Section(data, 0, len(data), 0, True))


PUSH_RBP = b"\x41\x0e\x10\x86\x02\x43\x0d\x06"  # push %rbp; mov %rsp,%rbp


@pytest.mark.parametrize(
    ("pc", "cfa", "saved"),
    [(0x1000, (7, 8), False), (0x1001, (7, 16), True), (0x1004, (6, 16), True)],
)
def test_rules_change_within_a_function(pc: int, cfa: tuple[int, int], saved: bool) -> None:
    entry = table(eh_frame(PUSH_RBP)).find(pc)
    assert entry is not None
    row = cfi_rules.row(entry, pc)
    assert row.cfa == cfa
    assert (6 in row.rules) == saved
    assert row.rules[16] == ("offset", -8)


def test_a_caller_is_found_from_the_stack() -> None:
    entry = table(eh_frame(PUSH_RBP)).find(0x1010)
    assert entry is not None
    memory = struct.pack("<QQ", 0xAAAA, 0x4321)

    def read(address: int, size: int) -> bytes:
        return memory[address - 0x7000 : address - 0x7000 + size]

    cfa, registers = cfi_rules.caller(entry, 0x1010, {6: 0x7000, 7: 0x6FF0, 16: 0x1010}, read, 7)
    assert cfa == 0x7010
    assert registers[16] == 0x4321
    assert registers[6] == 0xAAAA
    assert registers[7] == 0x7010


def test_nothing_is_said_outside() -> None:
    found = table(eh_frame(PUSH_RBP))
    assert found.find(0xFFF) is None
    assert found.find(0x1040) is None


def test_cut_anywhere_is_an_error_or_nothing() -> None:
    data = eh_frame(PUSH_RBP)
    for end in range(len(data)):
        try:
            entry = table(data[:end]).find(0x1004)
            if entry is not None:
                cfi_rules.row(entry, 0x1004)
        except Malformed:
            pass


def test_an_expression_that_never_ends_is_ended() -> None:
    with pytest.raises(Malformed):
        evaluate(b"\x2f\xfd\xff", {}, lambda _a, _s: b"")


def test_numbers_of_expressions() -> None:
    assert evaluate(b"\x77\x08", {7: 0x100}, lambda _a, _s: b"") == 0x108
    assert evaluate(b"\x08\x05\x08\x03\x1c", {}, lambda _a, _s: b"") == 2
    with pytest.raises(Malformed):
        evaluate(b"\x22", {}, lambda _a, _s: b"")


def test_an_unknown_instruction_is_refused() -> None:
    entry = table(eh_frame(b"\x3f")).find(0x1004)
    assert entry is not None
    with pytest.raises(Malformed):
        cfi_rules.row(entry, 0x1004)


def test_a_pointer_is_relative_to_its_place() -> None:
    assert cfi.pointer(struct.pack("<i", -4), 0, 0x1B, 0x2000) == (0x1FFC, 4)
