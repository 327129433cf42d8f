"""The two loops of DWARF that see every byte: entries of a unit, and a line program.

Pure Python; `archfit.formats._walk` holds the same in C where it was compiled, with the same
answers (tests run both).

Sources: DWARF 5, section 7.5 (entries) and 6.2.5 (line number program); the same in 2 to 4.
"""

from __future__ import annotations

from array import array

from archfit.formats.dwarf_forms import (
    BLOCK,
    BLOCK1,
    BLOCK2,
    BLOCK4,
    CONST,
    FIXED,
    FORMS,
    INDIRECT,
    KEPT,
    PRESENT,
    SLEB,
    STRING,
    ULEB,
    Bytes,
    Order,
    Plan,
    sleb,
    uleb,
)
from archfit.model.errors import Malformed

#: A row of the walk: offset of the entry, code of its abbreviation, the number of the row that
#: it stands in (-1: none), then `KEPT`.
Row = tuple[int | None, ...]

_MOST_ROWS = 1_000_000
_MOST_LINES = 8_000_000


def entries(
    info: Bytes, at: int, end: int, plan: Plan, order: str, address: int, offset: int
) -> list[Row]:
    """The subprograms and inlined calls that have addresses, in order, from ``at`` to ``end``.

    A string's value is its offset. Raises Malformed.
    """
    found: list[Row] = []
    open_at: list[tuple[int, int]] = []  # (depth, row) of those that enclose what comes
    depth = 0
    little: Order = "little" if order == "<" else "big"
    steps, width = plan.steps, len(KEPT)
    end = min(end, len(info))
    while at < end:
        start = at
        code, at = uleb(info, at)
        if not code:
            depth -= 1
            if depth <= 0:
                break
            continue
        step = steps.get(code)
        if step is None:
            raise Malformed(f"an entry at {start:#x} has no abbreviation")
        _, children, wanted, attributes = step
        while open_at and open_at[-1][0] >= depth:
            open_at.pop()
        row: list[int | None] = [None] * width
        for slot, kind, size, constant in attributes:
            value, at = read_value(info, at, kind, size, constant, little, address, offset)
            if slot < width:
                row[slot] = value
        if wanted:
            found.append((start, code, open_at[-1][1] if open_at else -1, *row))
            if children:
                open_at.append((depth, len(found) - 1))
            if len(found) > _MOST_ROWS:
                raise Malformed("a unit of DWARF has too many functions")
        if children:
            depth += 1
        elif not depth:
            break
    return found


def read_value(
    info: Bytes,
    at: int,
    kind: int,
    size: int,
    constant: int,
    order: Order,
    address: int,
    offset: int,
) -> tuple[int, int]:
    """(value, offset after it); of strings and blocks the value is where they begin."""
    if kind == FIXED:
        if at + size > len(info):
            raise Malformed("an entry of DWARF is cut off")
        return int.from_bytes(info[at : at + size], order), at + size
    if kind == ULEB:
        return uleb(info, at)
    if kind == SLEB:
        return sleb(info, at)
    if kind == PRESENT:
        return 1, at
    if kind == CONST:
        return constant, at
    if kind == STRING:
        return at, _after_string(info, at)
    if kind == INDIRECT:
        form, at = uleb(info, at)
        if form not in FORMS or FORMS[form][0] in (INDIRECT, CONST):
            raise Malformed(f"DWARF has an attribute of unknown form {form:#x}")
        kind, size = FORMS[form]
        size = address if size == -2 else offset if size == -1 else size
        return read_value(info, at, kind, size, 0, order, address, offset)
    width = {BLOCK1: 1, BLOCK2: 2, BLOCK4: 4}.get(kind)
    if kind == BLOCK or width is None:
        length, at = uleb(info, at)
    else:
        length = int.from_bytes(info[at : at + width], order)
        at += width
    if at + length > len(info):
        raise Malformed("a block of DWARF is cut off")
    return at, at + length


def _after_string(info: Bytes, at: int) -> int:
    start = at
    while start < len(info):
        part = bytes(info[start : start + 256])
        cut = part.find(b"\0")
        if cut >= 0:
            return start + cut + 1
        start += 256
    raise Malformed("a string of DWARF has no end")


def lines(
    data: Bytes,
    at: int,
    end: int,
    order: str,
    shape: tuple[int, int, int, int, int, bytes],
) -> tuple[array[int], array[int], array[int], list[int]]:
    """Runs a line program: addresses, files, lines, and the rows after which a sequence ends.

    ``shape``: bytes of an address, shortest instruction, line base, line range, opcode base,
    and the operands of each standard opcode. Raises Malformed.
    """
    size, shortest, base, spread, first, operands = shape
    little: Order = "little" if order == "<" else "big"
    addresses, files, numbers, ends = array("Q"), array("I"), array("I"), []
    address, file, line = 0, 1, 1
    end = min(end, len(data))
    while at < end:
        code = data[at]
        at += 1
        if code >= first:
            code -= first
            address += code // spread * shortest
            line += base + code % spread
        elif code == 1:
            pass
        elif not code:
            length, at = uleb(data, at)
            if not length or at + length > end:
                raise Malformed("a line program is cut off")
            kind, after = data[at], at + length
            if kind == 1:
                addresses.append(address & 0xFFFFFFFFFFFFFFFF)
                files.append(0)
                numbers.append(0)
                ends.append(len(addresses))
                address, file, line = 0, 1, 1
            elif kind == 2:
                address = int.from_bytes(data[at + 1 : at + 1 + min(size, length - 1)], little)
            at = after
            continue
        elif code == 2:
            step, at = uleb(data, at)
            address += step * shortest
            continue
        elif code == 3:
            step, at = sleb(data, at)
            line += step
            continue
        elif code == 4:
            file, at = uleb(data, at)
            continue
        elif code == 8:
            address += (255 - first) // spread * shortest
            continue
        elif code == 9:
            address += int.from_bytes(data[at : at + 2], little)
            at += 2
            continue
        else:
            count = operands[code - 1] if code <= len(operands) else 0
            for _ in range(count):
                _, at = uleb(data, at)
            continue
        addresses.append(address & 0xFFFFFFFFFFFFFFFF)
        files.append(file & 0xFFFFFFFF)
        numbers.append(line & 0xFFFFFFFF)
        if len(addresses) > _MOST_LINES:
            raise Malformed("a line program has no end")
    return addresses, files, numbers, ends
