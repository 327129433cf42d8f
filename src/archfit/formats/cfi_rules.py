"""From the frame information of a function to the registers of its caller.

Source: DWARF 5 sections 6.4.2 and 7.24; 0x2d: AADWARF64 (DW_CFA_AARCH64_negate_ra_state);
0x2e: GNU args size (LSB Core 5.0 section 10.5.2).
"""

from __future__ import annotations

from archfit.formats.cfi import Entry, pointer
from archfit.formats.dwarf_expression import Reader, evaluate, sleb, uleb
from archfit.model.errors import Malformed

_MASK = (1 << 64) - 1
_MOST_STEPS = 20_000

#: How a register is got back: its kind and a number or an expression.
Rule = tuple[str, int | bytes]


class Row:
    """The rules that hold at one pc: ``cfa`` and, by register number, ``rules``."""

    __slots__ = ("cfa", "rules")

    def __init__(self, cfa: tuple[int, int] | bytes, rules: dict[int, Rule]) -> None:
        self.cfa = cfa
        self.rules = rules


def row(entry: Entry, pc: int) -> Row:
    """The rules at an address within an entry. Raises Malformed."""
    machine = _Machine(entry)
    try:
        machine.run(entry.first, 1 << 64)
        machine.initial = dict(machine.row.rules)
        machine.run(entry.program, pc)
    except IndexError:
        raise Malformed("the frame information is cut off") from None
    return machine.row


def caller(
    entry: Entry, pc: int, registers: dict[int, int], read: Reader, stack_pointer: int
) -> tuple[int, dict[int, int]]:
    """(canonical frame address, registers of the caller); the return address stands under
    ``entry.return_column``, and is missing when there is no caller. Raises Malformed."""
    rules = row(entry, pc)
    if isinstance(rules.cfa, bytes):
        cfa = evaluate(rules.cfa, registers, read)
    else:
        number, offset = rules.cfa
        if number not in registers:
            raise Malformed(f"register {number}, from which the frame is reckoned, is not known")
        cfa = registers[number] + offset & _MASK
    found = dict(registers)
    found[stack_pointer] = cfa
    if entry.return_column not in rules.rules and entry.return_column == 16:
        raise Malformed("the frame information does not say where the return address is")
    for number, (kind, value) in rules.rules.items():
        if kind == "undefined":
            found.pop(number, None)
        elif kind == "offset" and isinstance(value, int):
            found[number] = _word(read, cfa + value & _MASK)
        elif kind == "value" and isinstance(value, int):
            found[number] = cfa + value & _MASK
        elif kind == "register" and isinstance(value, int):
            if value in registers:
                found[number] = registers[value]
            else:
                found.pop(number, None)
        elif isinstance(value, bytes):
            at = evaluate(value, registers, read, [cfa])
            found[number] = at if kind == "value expression" else _word(read, at)
    return cfa, found


def _word(read: Reader, address: int) -> int:
    found = read(address, 8)
    if len(found) < 8:
        raise Malformed(f"no memory at {address:#x}")
    return int.from_bytes(found, "little")


class _Machine:
    """Runs call frame instructions until an address is reached."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.at = entry.start
        self.row = Row((0, 0), {})
        self.initial: dict[int, Rule] = {}
        self.kept: list[tuple[tuple[int, int] | bytes, dict[int, Rule]]] = []

    def run(self, code: bytes, pc: int) -> None:
        at = steps = 0
        while at < len(code) and self.at <= pc:
            steps += 1
            if steps > _MOST_STEPS:
                raise Malformed("the frame information of one function does not end")
            at = self.step(code, at, pc)

    def advance(self, delta: int, pc: int, at: int, end: int) -> int:
        """Moves on; past ``pc`` the row stands, and so the program ends."""
        if self.at + delta > pc:
            return end
        self.at += delta
        return at

    def step(self, code: bytes, at: int, pc: int) -> int:
        op, at = code[at], at + 1
        high, low, entry, rules = op & 0xC0, op & 0x3F, self.entry, self.row.rules
        if high == 0x40:
            return self.advance(low * entry.code_align, pc, at, len(code))
        if high == 0x80:
            value, at = uleb(code, at)
            rules[low] = ("offset", value * entry.data_align)
        elif high == 0xC0:
            self.restore(low)
        elif op in (0x02, 0x03, 0x04):
            size = 1 << op - 2
            delta = int.from_bytes(code[at : at + size], "little") * entry.code_align
            return self.advance(delta, pc, at + size, len(code))
        elif op == 0x01:
            self.at, at = pointer(code, at, 0, 0)
        elif op in (0x05, 0x11, 0x14, 0x15):
            number, at = uleb(code, at)
            value, at = uleb(code, at) if op in (0x05, 0x14) else sleb(code, at)
            kind = "offset" if op in (0x05, 0x11) else "value"
            rules[number] = (kind, value * entry.data_align)
        elif op in (0x06, 0x07, 0x08):
            number, at = uleb(code, at)
            if op == 0x06:
                self.restore(number)
            elif op == 0x07:
                rules[number] = ("undefined", 0)
            else:
                rules.pop(number, None)
        elif op == 0x09:
            number, at = uleb(code, at)
            value, at = uleb(code, at)
            rules[number] = ("register", value)
        elif op == 0x0A:
            self.kept.append((self.row.cfa, dict(rules)))
        elif op == 0x0B:
            if not self.kept:
                raise Malformed("the frame information restores what it did not keep")
            self.row.cfa, self.row.rules = self.kept.pop()
        elif op in (0x0C, 0x12):
            number, at = uleb(code, at)
            value, at = uleb(code, at) if op == 0x0C else sleb(code, at)
            self.row.cfa = (number, value if op == 0x0C else value * entry.data_align)
        elif op in (0x0D, 0x0E, 0x13):
            if isinstance(self.row.cfa, bytes):
                raise Malformed("the frame information changes a register that it does not use")
            number, offset = self.row.cfa
            value, at = sleb(code, at) if op == 0x13 else uleb(code, at)
            if op == 0x0D:
                self.row.cfa = (value, offset)
            else:
                self.row.cfa = (number, value if op == 0x0E else value * entry.data_align)
        elif op == 0x0F:
            size, at = uleb(code, at)
            self.row.cfa, at = code[at : at + size], at + size
        elif op in (0x10, 0x16):
            number, at = uleb(code, at)
            size, at = uleb(code, at)
            kind = "expression" if op == 0x10 else "value expression"
            rules[number] = (kind, code[at : at + size])
            at += size
        elif op == 0x2E:
            _, at = uleb(code, at)
        elif op not in (0x00, 0x2D):
            raise Malformed(f"call frame instruction {op:#x} is not known")
        return at

    def restore(self, number: int) -> None:
        if number in self.initial:
            self.row.rules[number] = self.initial[number]
        else:
            self.row.rules.pop(number, None)
