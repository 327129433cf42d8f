"""DWARF 2 to 5: the frames at an address, inlined calls included.

Only units that the addresses lie in are read: found by .debug_aranges, and for units that it
leaves out by the ranges of their first entry.

Sources: DWARF 5, sections 3.3 (subroutines and inlined calls), 6.1.2 (.debug_aranges), 7.5;
the same in DWARF 2 to 4.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from archfit.formats import dwarf_forms as forms
from archfit.formats import dwarf_lines
from archfit.formats.dwarf_forms import Abbreviation, Plan
from archfit.formats.dwarf_sections import Sections
from archfit.formats.dwarf_units import Unit, header, open_unit
from archfit.formats.dwarf_walk import Row
from archfit.formats.go_records import Place
from archfit.formats.walks import entries
from archfit.model.errors import Malformed

_AT_LANGUAGE = 0x13
#: DW_LANG_C_plus_plus, _03, _11, _14, _17, _20, _23.
_CPLUSPLUS = frozenset((0x04, 0x19, 0x1A, 0x21, 0x2A, 0x2B, 0x3A))
_HEAD = 3  #: Of a row: offset, code, parent; then `forms.KEPT`.
_LOW = _HEAD + forms.LOW
_LENGTHS = frozenset((0x05, 0x06, 0x07, 0x0B, 0x0F))  #: data1 to data8 and udata
_MOST_UNITS = 1 << 20
_MOST_RANGES = 8_000_000
_DEEPEST = 16
_BACK = 32  #: Ranges that may lie over each other are looked at so far back.


@dataclass(slots=True)
class _Details:
    """What was read of one unit: ``starts`` and ``spans`` of its subprograms, in order;
    ``inside``: the inlined calls that stand in each row, by its number."""

    unit: Unit
    rows: list[Row]
    spans: list[tuple[int, int, int]]
    starts: list[int]
    lines: dwarf_lines.Lines | None
    ranges: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    inside: dict[int, list[int]] = field(default_factory=dict)


class Dwarf:
    """The DWARF of one file. ``split``: finds the unit of a .dwo file for its skeleton.
    ``alt``: the file that dwz moved shared entries to. ``missing``: split files not found.
    """

    def __init__(self, sections: Sections) -> None:
        """Reads nothing yet."""
        self.sections = sections
        self.split: Callable[[Unit], Unit | None] | None = None
        self.alt: Dwarf | None = None
        self.missing: set[str] = set()
        self._tables: dict[int, dict[int, Abbreviation]] = {}
        self._plans: dict[tuple[int, ...], Plan] = {}
        self._units: dict[int, Unit] = {}
        self._headers: tuple[list[int], list[Unit]] | None = None
        self._index: list[tuple[list[int], list[tuple[int, int, int]]]] = []
        self._named: set[int] = set()
        self._details: dict[int, _Details] = {}
        self._names: dict[tuple[int, int], tuple[str, int | None]] = {}

    # Units

    def headers(self) -> Iterator[Unit]:
        """The header of every unit, in order. What is broken ends it."""
        at, total = 0, len(self.sections.info)
        for _ in range(_MOST_UNITS):
            if at >= total:
                return
            try:
                unit = header(self.sections, at)
            except Malformed:
                return
            yield unit
            at = unit.end

    def unit(self, at: int) -> Unit:
        """The unit whose header stands at ``at``, opened."""
        found = self._units.get(at)
        if found is None:
            found = self._units[at] = open_unit(header(self.sections, at), self._tables)
            found.plans = self._plans
        return found

    def _owner(self, at: int) -> Unit:
        """The unit that an offset in .debug_info lies in."""
        if self._headers is None:
            units = list(self.headers())
            self._headers = ([unit.start for unit in units], units)
        starts, units = self._headers
        number = bisect_right(starts, at) - 1
        if number < 0 or at >= units[number].end:
            raise Malformed("a reference leads to no unit")
        return self.unit(starts[number])

    def _find_unit(self, pc: int) -> Iterator[Unit]:
        """Units that may cover the address, the likely one first."""
        tried: set[int] = set()
        for step in range(2):
            if len(self._index) <= step:
                self._index.append(self._aranges() if not step else self._tops())
            starts, rows = self._index[step]
            number = bisect_right(starts, pc) - 1
            for back in range(number, max(-1, number - _BACK), -1):
                start, end, at = rows[back]
                if start <= pc < end and at not in tried:
                    tried.add(at)
                    yield self.unit(at)

    def _aranges(self) -> tuple[list[int], list[tuple[int, int, int]]]:
        data, order = self.sections.get("aranges"), self.sections.order
        rows: list[tuple[int, int, int]] = []
        at, total = 0, len(data)
        while at + 12 <= total and len(rows) < _MOST_RANGES:
            length, offset, base = struct.unpack_from(order + "I", data, at)[0], 4, at
            at += 4
            if length == 0xFFFFFFFF:
                if at + 8 > total:
                    break
                length, offset = struct.unpack_from(order + "Q", data, at)[0], 8
                at += 8
            end = at + length
            if end > total or length < 4 + offset:
                break
            unit = struct.unpack_from(order + ("Q" if offset == 8 else "I"), data, at + 2)[0]
            size = data[at + 2 + offset]
            at += 4 + offset
            if size not in (4, 8):
                break
            at += -(at - base) % (2 * size)
            pair = struct.Struct(order + ("QQ" if size == 8 else "II"))
            stop = at + max(0, end - at) // pair.size * pair.size
            self._named.add(unit)
            for start, span in pair.iter_unpack(data[at:stop]):
                if span and start:
                    rows.append((start, start + span, unit))
            at = end
        rows.sort()
        return [row[0] for row in rows], rows

    def _tops(self) -> tuple[list[int], list[tuple[int, int, int]]]:
        rows: list[tuple[int, int, int]] = []
        for unit in self.headers():
            if unit.start in self._named or unit.kind in (2, 3, 5, 6):
                continue
            try:
                rows.extend((a, b, unit.start) for a, b in self.unit(unit.start).ranges() if a)
            except Malformed:
                continue
        rows.sort()
        return [row[0] for row in rows], rows

    def _read(self, unit: Unit) -> _Details:
        found = self._details.get(unit.start)
        if found is not None:
            return found
        whole = unit
        if unit.dwo is not None:
            other = self.split(unit) if self.split else None
            if other is None:
                self.missing.add(unit.dwo[0])
            whole = other or unit
        lines = None
        if unit.lines_at is not None:
            lines = dwarf_lines.read(unit, unit.lines_at)
        sections = whole.sections
        rows = entries(
            sections.info,
            whole.first,
            whole.end,
            whole.plan,
            sections.order,
            whole.address,
            whole.offset,
        )
        found = _Details(whole, rows, [], [], lines)
        shapes, spans = whole.plan.forms, found.spans
        functions = {code for code, step in whole.plan.steps.items() if step[0] == forms.SUBPROGRAM}
        table = whole.addresses
        size = len(table) if table is not None else 0
        for number, row in enumerate(rows):
            code = row[1] or 0
            if code not in functions:
                found.inside.setdefault(row[2] or 0, []).append(number)
                continue
            start, length = row[_LOW], row[_LOW + 1]
            shape = shapes[code]
            # The form of nearly all, without a call: an address or its index, and a length.
            if shape[forms.HIGH] in _LENGTHS and length and start is not None:
                if shape[forms.LOW] == forms.ADDR:
                    if start:
                        spans.append((start, start + length, number))
                    continue
                if table is not None and start < size and shape[forms.LOW] in forms.ADDRESS_INDEX:
                    start = table[start]
                    if start:
                        spans.append((start, start + length, number))
                    continue
            spans.extend((a, b, number) for a, b in _ranges(found, number) if a)
        spans.sort()
        found.starts = [span[0] for span in found.spans]
        self._details[unit.start] = found
        return found

    # Frames

    def frames(self, pc: int) -> list[Place]:
        """The frames at this address, innermost first; empty: no unit covers it.

        A function "" is one that DWARF does not name here. Raises Malformed.
        """
        bare: list[Place] = []
        for unit in self._find_unit(pc):
            details = self._read(unit)
            number = _function(details, pc)
            place = details.lines.find(pc) if details.lines else None
            if number is None:
                if place and not bare:
                    bare = [Place("", place[0], place[1], False, None)]
                continue
            file, line = place or ("", 0)
            chain = _chain(details, number, pc)
            found: list[Place] = []
            for index in reversed(chain):
                row = details.rows[index]
                name, start = self._name_of(details, row)
                found.append(Place(name, file, line, index != number, start))
                calls = row[_HEAD + forms.CALL_FILE]
                file = details.lines.names.get(calls) if details.lines and calls is not None else ""
                line = row[_HEAD + forms.CALL_LINE] or 0
            return found
        return bare

    def is_cplusplus(self, pc: int) -> bool:
        """The unit at this address is C++, whose functions are named by their symbols."""
        for unit in self._find_unit(pc):
            whole = self._read(unit).unit
            return whole.number(_AT_LANGUAGE) in _CPLUSPLUS
        return False

    def _name_of(self, details: _Details, row: Row) -> tuple[str, int | None]:
        key = (id(details.unit), row[0] or 0)
        found = self._names.get(key)
        if found is None:
            kept = row[_HEAD:]
            shapes = details.unit.plan.forms[row[1] or 0]
            entry = {
                attribute: (form, value)
                for attribute, form, value in zip(forms.KEPT, shapes, kept, strict=True)
                if form and value is not None
            }
            found = self._names[key] = self._named_by(details.unit, entry, 0)
        return found

    def _named_by(
        self, unit: Unit, entry: dict[int, tuple[int, int]], deep: int
    ) -> tuple[str, int | None]:
        """(name, line of declaration), followed through abstract origins and specifications."""
        linkage = entry.get(0x6E) or entry.get(0x2007)
        name, line = "", entry[0x3B][1] if 0x3B in entry else None
        for text in (linkage, entry.get(0x03)):
            if text is not None and not name:
                name = self._text(unit, text)
        if (name and linkage) or deep >= _DEEPEST:
            return name, line
        for attribute in (0x31, 0x47):
            other = entry.get(attribute)
            if other is None:
                continue
            owner = self._referred(unit, *other)
            if owner is None:
                continue
            dwarf, where, at = owner
            more, other_line = dwarf._named_by(where, where.entry(at)[1], deep + 1)
            return more or name, line or other_line
        return name, line

    def _text(self, unit: Unit, text: tuple[int, int]) -> str:
        if text[0] in forms.ALT_STRING:
            return self.alt._string(text[1]) if self.alt else ""
        return unit.text(*text)

    def _string(self, at: int) -> str:
        units = self.headers()
        first = next(units, None)
        return first.text(forms.STRP, at) if first else ""

    def _referred(self, unit: Unit, form: int, value: int) -> tuple[Dwarf, Unit, int] | None:
        if form in forms.UNIT_REFERENCE:
            return self, unit, unit.start + value
        if form == forms.REF_ADDR:
            if unit.sections is not self.sections:  # of a .dwo file: its own only unit
                return self, unit, value + unit.shift.get("info", 0)
            return self, self._owner(value), value
        if form in forms.ALT_REFERENCE and self.alt is not None:
            return self.alt, self.alt._owner(value), value
        return None


def _ranges(details: _Details, number: int) -> list[tuple[int, int]]:
    found = details.ranges.get(number)
    if found is None:
        row = details.rows[number]
        shapes = details.unit.plan.forms[row[1] or 0]
        low, high, ranges = (
            None if value is None else (shapes[slot], value)
            for slot in (forms.LOW, forms.HIGH, forms.RANGES)
            for value in (row[_HEAD + slot],)
        )
        found = details.ranges[number] = details.unit.ranges_of(low, high, ranges)
    return found


def _function(details: _Details, pc: int) -> int | None:
    """The number of the row of the innermost subprogram that covers the address."""
    number = bisect_right(details.starts, pc) - 1
    for back in range(number, max(-1, number - _BACK), -1):
        start, end, row = details.spans[back]
        if start <= pc < end:
            return row
    return None


def _chain(details: _Details, number: int, pc: int) -> list[int]:
    """The row of the function, then of each inlined call that covers the address."""
    found = [number]
    while True:
        for index in details.inside.get(found[-1], ()):
            if any(start <= pc < end for start, end in _ranges(details, index)):
                found.append(index)
                break
        else:
            return found
