"""How attributes of DWARF are written, and abbreviations turned into plans for a fast walk.

Source: DWARF 5, sections 7.5.3 (abbreviations), 7.5.5 and 7.5.6 (classes and forms), and
DWARF 2 to 4 in the same sections; the GNU forms of split DWARF and dwz (gcc's `dwarf2.def`).
"""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

from archfit.model.errors import Malformed

Bytes = bytes | memoryview
Order = Literal["little", "big"]

# What a form is made of.
FIXED, ULEB, SLEB, STRING, BLOCK1, BLOCK2, BLOCK4, BLOCK, PRESENT, CONST, INDIRECT = range(11)

#: Form -> (kind, size in bytes; -1 an offset of the unit's kind, -2 an address).
FORMS: dict[int, tuple[int, int]] = {
    0x01: (FIXED, -2), 0x03: (BLOCK2, 0), 0x04: (BLOCK4, 0), 0x05: (FIXED, 2), 0x06: (FIXED, 4),
    0x07: (FIXED, 8), 0x08: (STRING, 0), 0x09: (BLOCK, 0), 0x0A: (BLOCK1, 0), 0x0B: (FIXED, 1),
    0x0C: (FIXED, 1), 0x0D: (SLEB, 0), 0x0E: (FIXED, -1), 0x0F: (ULEB, 0), 0x10: (FIXED, -1),
    0x11: (FIXED, 1), 0x12: (FIXED, 2), 0x13: (FIXED, 4), 0x14: (FIXED, 8), 0x15: (ULEB, 0),
    0x16: (INDIRECT, 0), 0x17: (FIXED, -1), 0x18: (BLOCK, 0), 0x19: (PRESENT, 0),
    0x1A: (ULEB, 0), 0x1B: (ULEB, 0), 0x1C: (FIXED, 4), 0x1D: (FIXED, -1), 0x1E: (FIXED, 16),
    0x1F: (FIXED, -1), 0x20: (FIXED, 8), 0x21: (CONST, 0), 0x22: (ULEB, 0), 0x23: (ULEB, 0),
    0x24: (FIXED, 8), 0x25: (FIXED, 1), 0x26: (FIXED, 2), 0x27: (FIXED, 3), 0x28: (FIXED, 4),
    0x29: (FIXED, 1), 0x2A: (FIXED, 2), 0x2B: (FIXED, 3), 0x2C: (FIXED, 4),
    0x1F01: (ULEB, 0), 0x1F02: (ULEB, 0), 0x1F20: (FIXED, -1), 0x1F21: (FIXED, -1),
}  # fmt: skip

#: Forms by what their value is.
ADDRESS_INDEX = frozenset((0x1B, 0x29, 0x2A, 0x2B, 0x2C, 0x1F01))
STRING_INDEX = frozenset((0x1A, 0x25, 0x26, 0x27, 0x28, 0x1F02))
UNIT_REFERENCE = frozenset((0x11, 0x12, 0x13, 0x14, 0x15))
ADDR, REF_ADDR, STRING_HERE, STRP, LINE_STRP, RNGLISTX = 0x01, 0x10, 0x08, 0x0E, 0x1F, 0x23
ALT_REFERENCE, ALT_STRING = frozenset((0x1F20, 0x1C, 0x24)), frozenset((0x1F21, 0x1D))

COMPILE_UNIT, SUBPROGRAM, INLINED = 0x11, 0x2E, 0x1D

#: Attributes that the walk keeps, in the order of a row.
KEPT = (0x03, 0x6E, 0x11, 0x12, 0x55, 0x31, 0x47, 0x58, 0x59, 0x3A, 0x3B)
NAME, LINKAGE, LOW, HIGH, RANGES, ORIGIN, SPEC, CALL_FILE, CALL_LINE, DECL_FILE, DECL_LINE = range(
    11
)
_SLOTS = {attribute: slot for slot, attribute in enumerate(KEPT)} | {0x2007: LINKAGE}
SKIPPED = 255

_MOST_ABBREVIATIONS = 1 << 16
_MOST_ATTRIBUTES = 1 << 18
_ATTRIBUTE = struct.Struct("<BBBxIq")
_ABBREVIATION = struct.Struct("<HBBHxxI")


class Abbreviation(NamedTuple):
    """``attributes``: (attribute, form, implicit constant), in order."""

    tag: int
    children: bool
    attributes: tuple[tuple[int, int, int], ...]


def uleb(data: Bytes, at: int) -> tuple[int, int]:
    """(number, offset after it). Malformed: it is cut off or has more than ten bytes."""
    number = shift = 0
    end = len(data)
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
    raise Malformed("a number of DWARF is cut off")


def sleb(data: Bytes, at: int) -> tuple[int, int]:
    """The same for signed numbers."""
    number = shift = 0
    end = len(data)
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return (number - (1 << shift) if byte & 64 else number), at
    raise Malformed("a number of DWARF is cut off")


def read_abbreviations(data: Bytes, at: int) -> dict[int, Abbreviation]:
    """The table at ``at``, by code. Raises Malformed."""
    if not 0 <= at < len(data):
        raise Malformed("abbreviations lie outside of their section")
    table: dict[int, Abbreviation] = {}
    left = _MOST_ATTRIBUTES
    while True:
        code, at = uleb(data, at)
        if not code:
            return table
        tag, at = uleb(data, at)
        if at >= len(data) or len(table) >= _MOST_ABBREVIATIONS:
            raise Malformed("abbreviations have no end")
        children = data[at] != 0
        at += 1
        attributes = []
        while True:
            attribute, at = uleb(data, at)
            form, at = uleb(data, at)
            constant = 0
            if form == 0x21:
                constant, at = sleb(data, at)
            if not attribute and not form:
                break
            left -= 1
            if form not in FORMS:
                raise Malformed(f"DWARF has an attribute of unknown form {form:#x}")
            if left < 0:
                raise Malformed("abbreviations have no end")
            attributes.append((attribute, form, constant))
        table.setdefault(code, Abbreviation(tag, children, tuple(attributes)))


class Plan(NamedTuple):
    """Abbreviations prepared for the walk of a unit of one shape.

    ``forms``: code -> the form of each of `KEPT`, 0 where absent. ``steps``: code -> (tag,
    children, wanted, ((slot, kind, size, constant), ...)). ``packed``: the same for the
    compiled walk, b"" when the codes are too sparse for it.
    """

    forms: dict[int, tuple[int, ...]]
    steps: dict[int, tuple[int, bool, bool, tuple[tuple[int, int, int, int], ...]]]
    packed: bytes


def plan(table: dict[int, Abbreviation], address: int, offset: int, version: int) -> Plan:
    """``address`` and ``offset``: bytes of an address and of an offset in the unit."""
    forms: dict[int, tuple[int, ...]] = {}
    steps = {}
    for code, abbreviation in table.items():
        kept = [0] * len(KEPT)
        row = []
        for attribute, form, constant in abbreviation.attributes:
            kind, size = FORMS[form]
            if size < 0:
                size = address if size == -2 else offset
            if form == REF_ADDR and version == 2:
                size = address
            slot = _SLOTS.get(attribute, SKIPPED)
            if slot != SKIPPED:
                kept[slot] = form
            row.append((slot, kind, size, constant))
        wanted = abbreviation.tag in (SUBPROGRAM, INLINED) and bool(kept[LOW] or kept[RANGES])
        forms[code] = tuple(kept)
        steps[code] = (abbreviation.tag, abbreviation.children, wanted, tuple(row))
    highest = max(table, default=0)
    packed = _pack(steps, highest) if highest < max(4096, 4 * len(table)) else b""
    return Plan(forms, steps, packed)


def _pack(
    steps: dict[int, tuple[int, bool, bool, tuple[tuple[int, int, int, int], ...]]], highest: int
) -> bytes:
    heads, tail, count = [struct.pack("<I", highest + 1)], [], 0
    for code in range(highest + 1):
        step = steps.get(code)
        if step is None:
            heads.append(_ABBREVIATION.pack(0, 0, 0, 0, 0))
            continue
        tag, children, wanted, row = step
        heads.append(_ABBREVIATION.pack(tag & 0xFFFF, children, wanted, len(row), count))
        for slot, kind, size, constant in row:
            tail.append(_ATTRIBUTE.pack(slot, kind, size, 0, constant))
        count += len(row)
    return b"".join(heads) + b"".join(tail)
