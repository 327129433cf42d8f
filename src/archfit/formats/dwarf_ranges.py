"""Range lists: the addresses of a function or a unit that is not in one piece.

Source: DWARF 5, section 7.25 and 2.17.3 (.debug_rnglists); DWARF 4, section 2.17.3 (.debug_ranges).
"""

from __future__ import annotations

from archfit.formats.dwarf_forms import RNGLISTX, uleb
from archfit.formats.dwarf_units import Unit, gnu_ranges_base, rnglists_base
from archfit.model.errors import Malformed

_MOST = 1 << 18
_INDEX = 0x1B  #: DW_FORM_addrx


def read(unit: Unit, form: int, value: int) -> list[tuple[int, int]]:
    """(start, end) of each piece, those without a byte left out. Raises Malformed."""
    if unit.version < 5:
        owner = unit.skeleton or unit
        return _before_5(owner, value + gnu_ranges_base(unit))
    if form == RNGLISTX:
        base = rnglists_base(unit)
        value = base + unit.word("rnglists", base + value * unit.offset, unit.offset)
    return _since_5(unit, value)


def _before_5(unit: Unit, at: int) -> list[tuple[int, int]]:
    size = unit.address
    base, top = unit.low, (1 << 8 * size) - 1
    found: list[tuple[int, int]] = []
    for _ in range(_MOST):
        start, end = unit.word("ranges", at, size), unit.word("ranges", at + size, size)
        at += 2 * size
        if not start and not end:
            return found
        if start == top:
            base = end
        elif end > start:
            found.append((base + start, base + end))
    raise Malformed("a range list has no end")


def _since_5(unit: Unit, at: int) -> list[tuple[int, int]]:
    data = unit.sections.get("rnglists")
    size, base, total = unit.address, unit.low, len(data)
    found: list[tuple[int, int]] = []
    for _ in range(_MOST):
        if not 0 <= at < total:
            raise Malformed("a range list lies outside of .debug_rnglists")
        kind = data[at]
        at += 1
        if kind in (3, 4):
            if at + 1 < total and data[at] < 128 and data[at + 1] < 128:
                first, second = data[at], data[at + 1]
                at += 2
            else:
                first, at = uleb(data, at)
                second, at = uleb(data, at)
            if kind == 4:
                start, end = base + first, base + second
            else:
                start = unit.address_of(_INDEX, first)
                end = start + second
        elif not kind:
            return found
        elif kind == 1:
            first, at = uleb(data, at)
            base = unit.address_of(_INDEX, first)
            continue
        elif kind == 2:
            first, at = uleb(data, at)
            second, at = uleb(data, at)
            start, end = unit.address_of(_INDEX, first), unit.address_of(_INDEX, second)
        elif kind == 5:
            base = unit.word("rnglists", at, size)
            at += size
            continue
        elif kind == 6:
            start, end = unit.word("rnglists", at, size), unit.word("rnglists", at + size, size)
            at += 2 * size
        elif kind == 7:
            start = unit.word("rnglists", at, size)
            length, at = uleb(data, at + size)
            end = start + length
        else:
            raise Malformed(f"a range list has an entry of unknown kind {kind}")
        if end > start:
            found.append((start, end))
    raise Malformed("a range list has no end")
