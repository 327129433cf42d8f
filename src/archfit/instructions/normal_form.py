"""Code without its addresses: two functions that differ in where things lie become equal.

The form has the size of the code. A branch to the start of another function carries that
function's number instead of a distance, so that a call of another function still differs. A
reference to data is emptied: where data lies says nothing, and what it holds is not compared.
Branches within a function stay as they are.

Sources: Arm ARM (DDI 0487) C4.1, "Branches", "Data processing, immediate", "Loads and stores";
Intel SDM volume 2, 2.2.1.6 "RIP-Relative Addressing" and the opcodes CALL, JMP and Jcc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from archfit.instructions.code import Code

#: Of an address made in two steps, the second stands within so many instructions.
_REACH = 8
_CHUNK = 1 << 20
#: Opcodes after which a ModRM byte follows that may speak of RIP: moves, arithmetic, SSE.
_MODRM = bytes.fromhex(
    "000102030809 0a0b 20212223 28292a2b 2c2d2e2f 30313233 38393a3b 63"
    "69 80 81 83 84 85 86 87 88 89 8a 8b 8d c6 c7 f6 f7 fe ff 10 11 12 13 14 15 16 17"
    "51 52 53 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f"
    "6e 6f 7e 7f d6 b6 b7 be bf af b0 b1 c0 c1"
)


def normal(code: Code, numbers: dict[str, int]) -> list[bytearray]:
    """The form of each part. ``numbers``: name -> number, shared by the binaries compared."""
    starts = np.array([f.start for f in code.functions], dtype=np.int64)
    ids = np.array([numbers.setdefault(f.name, len(numbers) + 1) for f in code.functions], "<i8")
    form = _arm64 if code.isa == "arm64" else _amd64
    return [form(code, address, data, starts, ids) for address, data in code.parts]


def _numbers_of(targets: Any, starts: Any, ids: Any) -> Any:
    """The number of the function that starts at each target; 0: none does."""
    if not len(starts):
        return np.zeros(len(targets), np.int64)
    at = np.searchsorted(starts, targets)
    at[at == len(starts)] = 0
    return np.where(starts[at] == targets, ids[at], 0)


def _within(targets: Any, ranges: Any) -> Any:
    inside = np.zeros(len(targets), bool)
    for start, end in ranges:
        inside |= (targets >= start) & (targets < end)
    return inside


def _apart(at: Any) -> Any:
    """Which of these fields of 4 bytes stay: one that begins in a field before it is chance."""
    keep = np.ones(len(at), bool)
    # Only those that are near one another need to be walked.
    near = np.flatnonzero(np.diff(at, prepend=-8) <= 4)
    for index in near.tolist():
        before = index - 1
        while before >= 0 and not keep[before]:
            before -= 1
        last = int(at[before]) if before >= 0 else -8
        keep[index] = int(at[index]) - last > 4
    return keep


def _arm64(code: Code, address: int, data: memoryview, starts: Any, ids: Any) -> bytearray:
    form = bytearray(data)
    everything = np.frombuffer(form, "<u4", len(form) // 4)
    source = np.frombuffer(data, "<u4", len(form) // 4)
    for first in range(0, len(everything), _CHUNK):
        words = source[first : first + _CHUNK + _REACH]
        out = everything[first : first + _CHUNK + _REACH]
        own = min(_CHUNK, len(words))
        base = address + 4 * first
        # b and bl, with 26 bits of distance in words
        at = np.flatnonzero((words[:own] & 0x7C000000) == 0x14000000)
        distance = (words[at].astype(np.int64) << 38 >> 38) << 2
        number = _numbers_of(base + 4 * at + distance, starts, ids)
        at, number = at[number > 0], number[number > 0]
        out[at] = (words[at] & 0xFC000000) | (number & 0x3FFFFFF).astype(np.uint32)
        # adrp, and what adds the low 12 bits to its register or loads from there
        at = np.flatnonzero((words[:own] & 0x9F000000) == 0x90000000)
        if not len(at):
            continue
        word = words[at].astype(np.int64)
        page = ((word >> 5 & 0x7FFFF) << 2 | (word >> 29 & 3)) << 43 >> 43 << 12
        page += (base + 4 * at) & -4096
        register = word & 31
        out[at] = words[at] & 0x9F00001F
        alive = np.ones(len(at), bool)
        for step in range(1, _REACH + 1):
            place = at + step
            alive &= place < len(words)
            place = np.minimum(place, len(words) - 1)
            word = words[place].astype(np.int64)
            adds = (word & 0xFF800000) == 0x91000000
            loads = (word & 0x3B000000) == 0x39000000
            uses = alive & (adds | loads) & (word >> 5 & 31 == register)
            out[place[uses]] = (words[place[uses]] & 0xFFC003FF).astype(np.uint32)
            full = uses & adds & (word & 0x400000 == 0)
            number = _numbers_of((page + (word >> 10 & 0xFFF))[full], starts, ids)
            named = place[full][number > 0]
            number = number[number > 0]
            out[named] |= ((number & 0xFFF) << 10).astype(np.uint32)
            # whatever writes the register ends it; a branch does, too
            writes = ((word & 31) == register) & ~(loads & (word & 0xC00000 == 0))
            alive &= ~(writes | ((word & 0x1C000000) == 0x14000000))
    return form


def _amd64(code: Code, address: int, data: memoryview, starts: Any, ids: Any) -> bytearray:
    form = bytearray(data)
    raw = np.frombuffer(data, np.uint8)
    out = np.frombuffer(form, np.uint8)
    known = np.zeros(256, bool)
    known[list(_MODRM)] = True
    texts = [(start, start + len(part)) for start, part in code.parts]
    for first in range(0, max(0, len(raw) - 5), _CHUNK):
        piece = raw[first : first + _CHUNK]
        before = raw[max(0, first - 1) : first + _CHUNK - (not first)]
        if not first:
            before = np.concatenate((np.zeros(1, np.uint8), before))
        before = before[: len(piece)]
        call = (piece == 0xE8) | (piece == 0xE9) | ((before == 0x0F) & (piece & 0xF0 == 0x80))
        rip = ((piece & 0xC7) == 0x05) & known[before] & ~call
        taken = np.zeros(len(piece) + 5, bool)  # bytes of a distance, by their place
        for mask, is_call in ((call, True), (rip, False)):
            at = np.flatnonzero(mask & ~taken[: len(piece)]) + first + 1
            at = at[at + 4 <= len(raw)]
            field = raw[at].astype(np.int64)
            for byte in (1, 2, 3):
                field |= raw[at + byte].astype(np.int64) << (8 * byte)
            targets = address + at + 4 + (field << 32 >> 32)
            number = _numbers_of(targets, starts, ids)
            keep = number > 0
            if not is_call:
                keep |= _within(targets, code.mapped) & ~_within(targets, texts)
            at, number = at[keep], number[keep]
            if not is_call:
                free = _apart(at)
                at, number = at[free], number[free]
            for byte in range(4):
                taken[at + byte - first] = True
                out[at + byte] = (number >> (8 * byte) & 0xFF).astype(np.uint8)
    return form
