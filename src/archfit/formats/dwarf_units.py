"""Units of DWARF: their headers, their first entry, and single entries by their offset.

Source: DWARF 5, sections 7.5.1 (headers), 7.26 to 7.29 (offsets of strings, addresses, ranges),
7.3.5 (packages of split units); DWARF 2 to 4 in the same; GCC's wiki "DebugFission" for version 4.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass, field

from archfit.formats import dwarf_forms as forms
from archfit.formats.dwarf_forms import Abbreviation, Order, Plan, read_abbreviations, uleb
from archfit.formats.dwarf_sections import Sections
from archfit.formats.dwarf_walk import read_value
from archfit.model.errors import Malformed

_LONGEST = 1 << 16
#: Attributes of a unit's first entry.
_AT_NAME, _AT_LINES, _AT_LOW, _AT_HIGH, _AT_DIR, _AT_RANGES = 0x03, 0x10, 0x11, 0x12, 0x1B, 0x55
_STR_OFFSETS, _ADDR_BASE, _RNGLISTS, _DWO_NAME = 0x72, 0x73, 0x74, 0x76
_GNU_DWO_NAME, _GNU_DWO_ID, _GNU_RANGES, _GNU_ADDR = 0x2130, 0x2131, 0x2132, 0x2133

#: Entry as {attribute: (form, value)}.
Entry = dict[int, tuple[int, int]]


@dataclass(slots=True)
class Unit:
    """``start``: of its header, ``first``: of its first entry, ``end``: all in .debug_info.

    ``address`` and ``offset``: bytes of each. ``skeleton``: the unit that stands for it in the
    program, when it is of a .dwo file. ``shift``: where its parts of a .dwp begin.
    """

    sections: Sections = field(repr=False)
    start: int
    first: int
    end: int
    version: int
    address: int
    offset: int
    abbreviations: int
    kind: int
    dwo_id: int | None = None
    skeleton: Unit | None = field(default=None, repr=False)
    shift: dict[str, int] = field(default_factory=dict, repr=False)
    top: Entry = field(default_factory=dict, repr=False)
    table: dict[int, Abbreviation] = field(default_factory=dict, repr=False)
    plans: dict[tuple[int, ...], Plan] = field(default_factory=dict, repr=False)
    _plan: Plan | None = field(default=None, repr=False)
    _addresses: memoryview | None = field(default=None, repr=False)

    @property
    def plan(self) -> Plan:
        """Its abbreviations, prepared for the walk."""
        if self._plan is None:
            key = (id(self.table), self.address, self.offset, self.version)
            self._plan = self.plans.get(key)
            if self._plan is None:
                self._plan = forms.plan(self.table, self.address, self.offset, self.version)
                self.plans[key] = self._plan
        return self._plan

    @property
    def addresses(self) -> memoryview | None:
        """What indices of addresses count in, when it can be looked at as it is."""
        if self._addresses is None:
            owner = self.skeleton or self
            data, base = owner.sections.get("addr"), owner.address_base
            native = (owner.sections.order == "<") == (sys.byteorder == "little")
            if owner.address == 8 and native and 0 <= base <= len(data):
                self._addresses = data[base : base + (len(data) - base) // 8 * 8].cast("Q")
        return self._addresses

    @property
    def address_base(self) -> int:
        """What indices of addresses count from in .debug_addr."""
        base = self.number(_ADDR_BASE)
        return (self.number(_GNU_ADDR) or 0) if base is None else base

    def number(self, attribute: int) -> int | None:
        """A number of its first entry."""
        found = self.top.get(attribute)
        return None if found is None else found[1]

    # Values

    def word(self, section: str, at: int, size: int) -> int:
        """A number in a section. Raises Malformed."""
        data = self.sections.get(section)
        if at < 0 or at + size > len(data):
            raise Malformed(f"an offset leads out of .debug_{section}")
        little: Order = "little" if self.sections.order == "<" else "big"
        return int.from_bytes(data[at : at + size], little)

    def address_of(self, form: int, value: int) -> int:
        """An address, looked up where the form is an index."""
        if form not in forms.ADDRESS_INDEX:
            return value
        table = self.addresses
        if table is not None and value < len(table):
            return int(table[value])
        owner = self.skeleton or self
        return owner.word("addr", owner.address_base + value * owner.address, owner.address)

    def text(self, form: int, value: int) -> str:
        """A string in any of its forms; "" for one of a file that is not at hand."""
        if form == forms.STRING_HERE:
            return _string(self.sections.info, value)
        if form == forms.STRP:
            return _string(self.sections.get("str"), value)
        if form == forms.LINE_STRP:
            return _string(self.sections.get("line_str"), value)
        if form in forms.STRING_INDEX:
            base = self.number(_STR_OFFSETS)
            if base is None:
                # Split units begin after the header of version 5, and at once in version 4.
                base = (8 if self.offset == 4 else 16) if self.version >= 5 else 0
                base += self.shift.get("str_offsets", 0)
            at = self.word("str_offsets", base + value * self.offset, self.offset)
            return _string(self.sections.get("str"), at)
        return ""

    def entry(self, at: int) -> tuple[int, Entry]:
        """(tag, attributes) of the entry at this offset of .debug_info. Raises Malformed."""
        info = self.sections.info
        if not self.first <= at < self.end:
            raise Malformed(f"a reference leads out of its unit at {self.start:#x}")
        code, place = uleb(info, at)
        found = self.table.get(code)
        if found is None:
            raise Malformed(f"an entry at {at:#x} has no abbreviation")
        order: Order = "little" if self.sections.order == "<" else "big"
        values: Entry = {}
        for attribute, declared, constant in found.attributes:
            form = declared
            kind, size = forms.FORMS[form]
            size = self.address if size == -2 else self.offset if size == -1 else size
            if form == forms.REF_ADDR and self.version == 2:
                size = self.address
            if form == 0x16:
                form, place = uleb(info, place)  # the form stands in the entry
                kind, size = forms.FORMS.get(form, (forms.INDIRECT, 0))
                if kind in (forms.INDIRECT, forms.CONST):
                    raise Malformed(f"DWARF has an attribute of unknown form {form:#x}")
                size = self.address if size == -2 else self.offset if size == -1 else size
            value, place = read_value(
                info, place, kind, size, constant, order, self.address, self.offset
            )
            values[attribute] = (form, value)
        return found.tag, values

    # What its first entry says

    @property
    def low(self) -> int:
        """DW_AT_low_pc, from which ranges count; 0 when absent."""
        owner = self.skeleton or self
        found = owner.top.get(_AT_LOW)
        return owner.address_of(*found) if found else 0

    @property
    def folder(self) -> str:
        """DW_AT_comp_dir."""
        owner = self.skeleton or self
        found = owner.top.get(_AT_DIR)
        return owner.text(*found) if found else ""

    @property
    def dwo(self) -> tuple[str, str, int] | None:
        """(file, folder, id) of the split unit that it stands for; None when it is whole."""
        found = self.top.get(_DWO_NAME) or self.top.get(_GNU_DWO_NAME)
        if found is None or self.sections.split:
            return None
        number = self.dwo_id if self.dwo_id is not None else self.number(_GNU_DWO_ID)
        return self.text(*found), self.folder, number or 0

    @property
    def lines_at(self) -> int | None:
        """Where its line program begins in .debug_line."""
        return (self.skeleton or self).number(_AT_LINES)

    def ranges_of(self, low: tuple[int, int] | None, high: tuple[int, int] | None,
                  ranges: tuple[int, int] | None) -> list[tuple[int, int]]:  # fmt: skip
        """(start, end) addresses from (form, value) of low_pc, high_pc and ranges."""
        if ranges is not None:
            from archfit.formats.dwarf_ranges import read

            return read(self, *ranges)
        if low is None:
            return []
        start = self.address_of(*low)
        if high is None:
            return [(start, start + 1)]
        end = self.address_of(*high)
        if high[0] != forms.ADDR and high[0] not in forms.ADDRESS_INDEX:
            end += start
        return [(start, end)] if end > start else []

    def ranges(self) -> list[tuple[int, int]]:
        """The addresses of the whole unit, as its first entry says."""
        top = self.top
        high = top.get(_AT_HIGH)
        return self.ranges_of(top.get(_AT_LOW) if high else None, high, top.get(_AT_RANGES))


def _string(data: forms.Bytes, at: int) -> str:
    if not 0 <= at < len(data):
        raise Malformed("a string of DWARF lies outside of its section")
    size = 128
    while True:
        part = bytes(data[at : at + size])
        cut = part.find(b"\0")
        if cut >= 0 or len(part) < size or size >= _LONGEST:
            return part[: cut if cut >= 0 else None].decode("utf-8", "backslashreplace")
        size *= 8


def header(sections: Sections, at: int) -> Unit:
    """The header of the unit at ``at`` in .debug_info; its first entry is read by `open_unit`."""
    info, order = sections.info, sections.order
    if at + 11 > len(info):
        raise Malformed("a unit of DWARF is cut off")
    length = struct.unpack_from(order + "I", info, at)[0]
    start, offset = at, 4
    at += 4
    if length == 0xFFFFFFFF:
        length = struct.unpack_from(order + "Q", info, at)[0] if at + 8 <= len(info) else 0
        at, offset = at + 8, 8
    end = at + length
    if end > len(info) or length < 7:
        raise Malformed(f"the unit at {start:#x} reaches beyond .debug_info")
    letter = "Q" if offset == 8 else "I"
    version = struct.unpack_from(order + "H", info, at)[0]
    kind, dwo_id = 1, None
    try:
        if version >= 5:
            kind, address, table = struct.unpack_from(order + "BB" + letter, info, at + 2)
            at += 4 + offset
            if kind in (4, 5):
                dwo_id = struct.unpack_from(order + "Q", info, at)[0]
                at += 8
            elif kind in (2, 6):
                at += 8 + offset
        else:
            table, address = struct.unpack_from(order + letter + "B", info, at + 2)
            at += 3 + offset
    except struct.error:
        raise Malformed(f"the unit at {start:#x} is cut off") from None
    if not 2 <= version <= 5 or address not in (2, 4, 8) or at > end:
        raise Malformed(f"the unit at {start:#x} is of DWARF {version}, which is not read")
    return Unit(sections, start, at, end, version, address, offset, table, kind, dwo_id)


def open_unit(unit: Unit, tables: dict[int, dict[int, Abbreviation]]) -> Unit:
    """Reads its abbreviations (kept in ``tables`` by offset) and its first entry."""
    place = unit.abbreviations + unit.shift.get("abbrev", 0)
    table = tables.get(place)
    if table is None:
        table = tables[place] = read_abbreviations(unit.sections.get("abbrev"), place)
    unit.table = table
    unit.top = unit.entry(unit.first)[1] if unit.first < unit.end else {}
    return unit


def rnglists_base(unit: Unit) -> int:
    """What DW_FORM_rnglistx counts from."""
    found = unit.number(_RNGLISTS)
    if found is not None:
        return found
    return (12 if unit.offset == 4 else 20) + unit.shift.get("rnglists", 0)


def gnu_ranges_base(unit: Unit) -> int:
    """What DW_AT_ranges of a split unit of version 4 counts from."""
    return (unit.skeleton.number(_GNU_RANGES) or 0) if unit.skeleton else 0
