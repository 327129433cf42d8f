"""Disassembly of single functions (capstone), with addresses turned into names."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import capstone

from archfit.instructions.code import Code, Function

_NUMBER = re.compile(r"(rip [+-] )?#?0x([0-9a-f]+)")
_RIP = re.compile(r"(rip [+-] )0x([0-9a-f]+)")
#: Instructions whose number is an address (arm64's ldr of a literal stays as it is).
_BRANCHES = re.compile(r"j|call|loop|xbegin|bl?$|b\.|cbn?z|tbn?z|adrp?$")


class Line(NamedTuple):
    """``text``: the instruction with names for addresses. ``plain``: the same without what
    depends on where things lie; "" is never an instruction."""

    address: int
    text: str
    plain: str


def engine(isa: str) -> Any:
    """A disassembler that goes on after what it doesn't know."""
    if isa == "arm64":
        found = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    else:
        found = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    found.skipdata = True
    return found


def lines(machine: Any, code: Code, function: Function) -> tuple[list[Line], int]:
    """The instructions of a function, and how many bytes are none that is known."""
    found: list[Line] = []
    unknown = 0
    last = ""
    for address, size, name, operands in machine.disasm_lite(
        bytes(code.bytes_of(function)), function.start
    ):
        if name == ".byte":
            unknown += size
            found.append(Line(address, f".byte {operands}", f".byte {operands}"))
            continue
        text = plain = f"{name} {operands}".rstrip()
        if "0x" in operands and (code.isa == "amd64" or _BRANCHES.match(name)):
            text, plain = _named(code, function, name, operands, address + size)
        if code.isa == "arm64":
            if name == "adrp":
                last = operands.partition(",")[0]
                plain = f"adrp {last}, data"
            elif last and last in operands:
                # The low bits of the page's address, once: what follows may be a constant.
                uses = f", {last}, #" in operands or f"[{last}" in operands
                if uses and (name == "add" or name.startswith(("ldr", "str"))):
                    plain = re.sub(r"#(0x)?[0-9a-f]+", "#low", plain)
                last = ""
        found.append(Line(address, text, plain))
    while found and found[-1].plain in ("int3", "udf #0", ".byte 0x00, 0x00, 0x00, 0x00"):
        if found.pop().plain.startswith(".byte"):
            unknown -= 4
    return found, unknown


def _named(code: Code, own: Function, name: str, operands: str, following: int) -> tuple[str, str]:
    def replaced(match: re.Match[str], plain: bool) -> str:
        relative, digits = match.groups()
        value = int(digits, 16)
        if relative:
            value = following + (-value if "-" in relative else value)
        target = code.at(value)
        if target is None:
            if code.is_code(value) or not code.is_mapped(value):
                return f"{value:#x}"
            return "data" if plain else f"{value:#x} (data)"
        if target.start == own.start:
            return f"+{value - own.start:#x}"
        offset = value - target.start
        return f"{target.name}+{offset:#x}" if offset else target.name

    # Other numbers may be addresses, too, but may be constants: they stay.
    numbers = _NUMBER if _BRANCHES.match(name) else _RIP
    return (
        f"{name} " + numbers.sub(lambda m: replaced(m, False), operands),
        f"{name} " + numbers.sub(lambda m: replaced(m, True), operands),
    )


def side_by_side(
    one: list[Line], other: list[Line], context: int = 2
) -> list[tuple[str, str, str]]:
    """Rows of (mark, left, right).

    Marks: " " equal, "|" differs, "<" and ">" in one only, ".." equal ones left out.
    """
    rows: list[tuple[str, str, str]] = []
    matcher = SequenceMatcher(None, [x.plain for x in one], [x.plain for x in other], False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            count = b - a
            for step in range(count):
                if context <= step < count - context:
                    if step == context:
                        rows.append(("..", f"{count - 2 * context} equal", ""))
                    continue
                rows.append((" ", one[a + step].text, other[c + step].text))
            continue
        for step in range(max(b - a, d - c)):
            left = one[a + step].text if a + step < b else ""
            right = other[c + step].text if c + step < d else ""
            rows.append(("|" if left and right else "<" if left else ">", left, right))
    return rows
