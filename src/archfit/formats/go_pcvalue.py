"""Go's pc-value tables: what holds at each instruction of one function, packed as differences.

Source: `runtime/symtab.go` (step, pcvalue) of Go 1.19.8, 1.26.8 and 1.27.3, and
golang.org/s/go12symtab; the encoding has not changed since Go 1.2.

A table is a run of pairs: how much the value changes, zigzag-coded, and over how many
instruction steps it then holds. Both are unsigned LEB128 of 32 bits. The value before the first
pair is -1; a change of 0 that is not the first ends the table.
"""

from __future__ import annotations

from archfit.model.image import Window

#: Bytes that are looked at at once; most tables end before.
_CHUNK = 1024
#: No table of a real function is longer.
_MOST = 8 << 20


def value_at(data: Window, start: int, end: int, steps: int) -> tuple[int, int] | None:
    """(value, steps from the entry where it began) that holds ``steps`` after the entry.

    ``start``: where the table stands in the window, ``end``: what it can't reach past. A step
    is a quantum of the header (1 byte on x86, 4 on arm64). None: the table ends before.
    """
    length = _CHUNK
    while True:
        found, whole = _walk(bytes(data[start : min(start + length, end)]), steps)
        if whole or length >= min(_MOST, end - start):
            return found
        length *= 8


def _walk(table: bytes, steps: int) -> tuple[tuple[int, int] | None, bool]:
    """(what was found, whether the bytes were enough to tell)."""
    value, reached, at, size = -1, 0, 0, len(table)
    while at < size:
        change = table[at]
        at += 1
        if change > 127:
            change &= 127
            shift = 7
            while at < size and shift < 35:
                byte = table[at]
                at += 1
                change |= (byte & 127) << shift
                if byte < 128:
                    break
                shift += 7
        if at >= size:
            break  # also in the middle of a number
        if not change and reached:
            return None, True
        span = table[at]
        at += 1
        if span > 127:
            span &= 127
            shift = 7
            while at < size and shift < 35:
                byte = table[at]
                at += 1
                span |= (byte & 127) << shift
                if byte < 128:
                    break
                shift += 7
        value += -(change >> 1) - 1 if change & 1 else change >> 1
        if steps < reached + span:
            if at >= size and span > 127:
                break  # the last number may have been cut off
            return (value, reached), True
        reached += span
        if not span:
            return None, True  # no table has an empty run: not one, or broken
    return None, False


def rows(data: Window, start: int, end: int) -> list[tuple[int, int]]:
    """Every (steps at which it ends, value), in order; what is broken or cut off ends it."""
    table = bytes(data[start : min(end, start + _MOST)]) if end - start < 1 << 16 else data
    found: list[tuple[int, int]] = []
    value, reached, at = -1, 0, 0 if isinstance(table, bytes) and table is not data else start
    last = len(table) if at == 0 else end
    while at < last:
        change, at = _number(table, at, last)
        if (not change and reached) or at >= last:
            break
        span, at = _number(table, at, last)
        value += -(change >> 1) - 1 if change & 1 else change >> 1
        if not span:
            break
        reached += span
        found.append((reached, value))
    return found


def _number(table: Window, at: int, last: int) -> tuple[int, int]:
    number = shift = 0
    while at < last and shift < 35:
        byte = table[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
    return number, at
