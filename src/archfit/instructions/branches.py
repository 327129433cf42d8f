"""Every indirect branch of the functions given, and what its register was fed from.

Sources: Arm ARM (DDI 0487) C4.1.66, "Unconditional branch (register)" (BR, BLR, RET and their
authenticated forms); Intel SDM volume 2, opcode FF /2 and /4 (CALL and JMP through r/m).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from archfit.instructions import listing
from archfit.instructions.code import Code, Function

#: So many instructions back a source is looked for.
REACH = 16
_CHUNK = 1 << 20
#: (mask, value, kind): the words of arm64.
_WORDS = (
    (0xFFFFFC1F, 0xD61F0000, "br"),
    (0xFFFFFC1F, 0xD63F0000, "blr"),
    (0xFFFFFC1F, 0xD65F0000, "ret"),
    (0xFEFFF800, 0xD61F0800, "bra (authenticated)"),
    (0xFEFFF800, 0xD63F0800, "blra (authenticated)"),
    (0xFFFFFBFF, 0xD65F0BFF, "reta (authenticated)"),
)
#: What may stand as FF /2 or FF /4, near.
_FF = re.compile(rb"\xff[\x10-\x17\x20-\x27\x50-\x57\x60-\x67\x90-\x97\xa0-\xa7\xd0-\xd7\xe0-\xe7]")

#: Calls, and what writes registers that it doesn't name.
_HIDDEN = re.compile(
    r"(blr?|bl|call|svc|syscall|int|i?mul|i?div|cpuid|rdtscp?|xgetbv|cmpxchg.*|xchg|xadd|lods.*"
    r"|stos.*|movs[bwdq]|cmps.*|scas.*|rep.*|cqo|cdqe?|lock.*|swp.*|cas.*)$"
)
#: What writes no register of its first operand.
_READS = re.compile(
    r"(st[^l].*|stlr.*|cmp|cmn|ccmp|test|tst|push|bt|b|b\..*|cbn?z|tbn?z|j.*|nop|prfm|dmb)$"
)


class Branch(NamedTuple):
    """``kind``: call, jump or return. ``source``: memory, register, address (a constant) or
    unknown: nothing within reach writes it. ``feeds``: that instruction, "" when unknown."""

    address: int
    function: str
    kind: str
    text: str
    source: str
    feeds: str


def counts_arm64(code: Code) -> dict[str, int]:
    """How many of each kind stand in all of the code, functions or not."""
    found = dict.fromkeys((kind for _, _, kind in _WORDS), 0)
    for _, data in code.parts:
        words = np.frombuffer(data, "<u4", len(data) // 4)
        for first in range(0, len(words), _CHUNK):
            piece = words[first : first + _CHUNK]
            # all of them begin with 1101011: the few others are looked at alone
            piece = piece[(piece & 0xFE000000) == 0xD6000000]
            for mask, value, kind in _WORDS:
                found[kind] += int(np.count_nonzero((piece & mask) == value))
    return found


def may_branch(code: Code, function: Function) -> bool:
    """Whether bytes of an indirect branch are in it at all; quick, and never wrong in a no."""
    raw = code.bytes_of(function)
    if code.isa == "amd64":
        return _FF.search(raw) is not None
    words = np.frombuffer(raw, "<u4", len(raw) // 4)
    some = words[(words & 0xFE000000) == 0xD6000000]
    return any(bool(np.any((some & mask) == value)) for mask, value, _ in _WORDS)


def branches(code: Code, functions: Iterable[Function]) -> tuple[list[Branch], int]:
    """Those of the functions in order (returns of amd64, which have no register, are not
    listed), and how many bytes are no known instruction."""
    machine: Any = listing.engine(code.isa)
    found: list[Branch] = []
    unknown = 0
    for function in functions:
        if not may_branch(code, function):
            continue
        rows, bad = listing.lines(machine, code, function)
        unknown += bad
        for index, row in enumerate(rows):
            name, _, operands = row.text.partition(" ")
            kind = _kind(code.isa, name, operands)
            if kind:
                source, feeds = _source(code.isa, rows, index, operands)
                found.append(Branch(row.address, function.name, kind, row.text, source, feeds))
    return found, unknown


def _kind(isa: str, name: str, operands: str) -> str:
    if isa == "arm64":
        if name.startswith("ret"):
            return "return"
        if name.startswith("blr"):
            return "call"
        return "jump" if name in ("br", "braa", "brab", "braaz", "brabz") else ""
    through = "[" in operands or re.fullmatch(r"r[a-z0-9]+", operands)
    if through and name.endswith(("call", "jmp")):
        return "call" if name.endswith("call") else "jump"
    return ""


def _source(isa: str, rows: list[listing.Line], index: int, operands: str) -> tuple[str, str]:
    if "[" in operands:
        return "memory", rows[index].text
    register = operands.partition(",")[0].strip() or ("x30" if isa == "arm64" else "")
    own = re.compile(rf"\b({'|'.join(_names(isa, register))})\b")
    for at in range(index - 1, max(-1, index - 1 - REACH), -1):
        row = rows[at]
        name, _, rest = row.text.partition(" ")
        if _HIDDEN.match(name):
            return "unknown", ""  # it may write the register without naming it
        moves_base = ("]," in rest or rest.endswith("]!")) and own.search(rest.partition("[")[2])
        written = rest.partition("[")[0] if name.startswith("ld") else rest.partition(",")[0]
        if isa == "arm64" and moves_base and not own.search(written):
            return "unknown", ""
        if _READS.match(name) or "[" in written or not own.search(written):
            continue
        if name == "add" and isa == "arm64" and at and rows[at - 1].text.startswith("adrp "):
            return "address", f"{rows[at - 1].text}; {row.text}"
        if "[" in rest and not name.startswith("lea"):
            return "memory", row.text
        constant = name.startswith(("adr", "lea", "movz")) or "0x" in rest
        return ("address" if constant else "register"), row.text
    return "unknown", ""


def _names(isa: str, register: str) -> tuple[str, ...]:
    """The register and the narrower names by which it is written, too."""
    if isa == "arm64":
        return register, f"w{register[1:]}"
    if register[1:2].isdigit():
        return register, f"{register}d", f"{register}w", f"{register}b"
    bare = register[1:]
    low = f"{bare[0]}l" if bare.endswith("x") else f"{bare}l"
    return register, f"e{bare}", bare, low
