"""Line tables: file and line of an address.

Source: DWARF 5, section 6.2 (line number information) and 7.22; DWARF 2 to 4 in section 6.2.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from archfit.formats import dwarf_forms as forms
from archfit.formats.dwarf_forms import uleb
from archfit.formats.dwarf_units import Unit
from archfit.formats.dwarf_walk import read_value
from archfit.formats.walks import lines
from archfit.model.errors import Malformed

_MOST_FILES = 1 << 18
_PATH, _FOLDER = 1, 2


#: (form, value or the text itself, number of the folder).
_File = tuple[int, int | str, int]


class Names:
    """Files by their number, each put together when it is asked for."""

    def __init__(self, unit: Unit, folders: list[str], home: str, rows: list[_File]) -> None:
        """``home``: the folder of the compiler, for a number of a folder that is not there."""
        self._unit, self._folders, self._home, self._rows = unit, folders, home, rows
        self._made: dict[int, str] = {}

    def get(self, number: int) -> str:
        """A file's path; "" for a number that stands for none."""
        found = self._made.get(number)
        if found is None:
            found = ""
            if 0 <= number < len(self._rows):
                row = self._rows[number]
                folder = self._folders[row[2]] if row[2] < len(self._folders) else self._home
                name = _resolved(self._unit, row)
                found = _join(folder, name) if name else ""
            self._made[number] = found
        return found


@dataclass(slots=True)
class Lines:
    """``names``: files by the number that rows and entries use.

    ``sequences``: (first address, end address, first row, row after the last), by address.
    """

    names: Names
    addresses: array[int] = field(repr=False)
    files: array[int] = field(repr=False)
    numbers: array[int] = field(repr=False)
    sequences: list[tuple[int, int, int, int]] = field(repr=False)
    _starts: list[int] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Sequences of code that the linker threw away begin at 0, and are left out."""
        kept = [row for row in self.sequences if row[0]] or self.sequences
        self.sequences = sorted(kept)
        self._starts = [row[0] for row in self.sequences]

    def find(self, pc: int) -> tuple[str, int] | None:
        """(file, line) of the row that covers the address; line 0: the compiler names none."""
        number = bisect_right(self._starts, pc) - 1
        while number >= 0:
            first, end, start, stop = self.sequences[number]
            if pc < end:
                row = bisect_right(self.addresses, pc, start, stop) - 1
                return self.names.get(self.files[row]), self.numbers[row]
            if number and self.sequences[number - 1][1] > first:
                number -= 1  # they lie over each other
                continue
            break
        return None


def read(unit: Unit, at: int) -> Lines:
    """The table that begins at ``at`` in .debug_line of the unit's program. Raises Malformed."""
    owner = unit.skeleton or unit
    data, order = owner.sections.get("line"), owner.sections.order
    if at < 0 or at + 16 > len(data):
        raise Malformed("a line table lies outside of .debug_line")
    length, offset = struct.unpack_from(order + "I", data, at)[0], 4
    at += 4
    if length == 0xFFFFFFFF:
        length, offset = struct.unpack_from(order + "Q", data, at)[0], 8
        at += 8
    end = at + length
    if end > len(data) or length < 16:
        raise Malformed("a line table reaches beyond .debug_line")
    version = struct.unpack_from(order + "H", data, at)[0]
    if not 2 <= version <= 5:
        raise Malformed(f"a line table of DWARF {version}, which is not read")
    at += 2
    address = owner.address
    if version >= 5:
        address = data[at]
        at += 2
    size = int.from_bytes(data[at : at + offset], "little" if order == "<" else "big")
    at += offset
    program = at + size
    if program > end or at + 7 > end:
        raise Malformed("the head of a line table is cut off")
    shortest = data[at]
    at += 2 if version >= 4 else 1
    at += 1  # default_is_stmt
    base, spread, first = struct.unpack_from(order + "bBB", data, at)
    at += 3
    if not spread or not first or at + first - 1 > program:
        raise Malformed("the head of a line table breaks its own rules")
    operands = bytes(data[at : at + first - 1])
    at += first - 1
    reader = _names_5 if version >= 5 else _names
    names = reader(owner, data, at, program, offset)
    rows = lines(data, program, end, order, (address, shortest, base, spread, first, operands))
    addresses, files, numbers, ends = rows
    sequences = []
    start = 0
    for stop in ends:
        if stop - start > 1:
            sequences.append((addresses[start], addresses[stop - 1], start, stop - 1))
        start = stop
    return Lines(names, addresses, files, numbers, [s for s in sequences if s[1] > s[0]])


def _join(folder: str, name: str) -> str:
    # As the compiler was told; nothing is normalised, since a link may be on the way.
    if not folder or name.startswith("/") or name[1:3] in (":\\", ":/"):
        return name
    return f"{folder.rstrip('/')}/{name}" if folder != "/" else f"/{name}"


def _text(data: forms.Bytes, at: int, end: int) -> tuple[str, int]:
    start = at
    while at < end:
        part = bytes(data[at : min(at + 128, end)])
        cut = part.find(b"\0")
        if cut >= 0:
            at += cut
            return bytes(data[start:at]).decode("utf-8", "backslashreplace"), at + 1
        at += 128
    raise Malformed("a name in a line table is cut off")


def _names(unit: Unit, data: forms.Bytes, at: int, end: int, _offset: int) -> Names:
    home = unit.folder
    folders = [home]
    while True:
        name, at = _text(data, at, end)
        if not name:
            break
        folders.append(_join(home, name))
        if len(folders) > _MOST_FILES:
            raise Malformed("a line table has too many folders")
    rows: list[_File] = [(0, "", 0)]
    while at < end:
        name, at = _text(data, at, end)
        if not name:
            break
        folder, at = uleb(data, at)
        _, at = uleb(data, at)
        _, at = uleb(data, at)
        rows.append((forms.STRING_HERE, name, folder))
        if len(rows) > _MOST_FILES:
            raise Malformed("a line table has too many files")
    return Names(unit, folders, home, rows)


def _names_5(unit: Unit, data: forms.Bytes, at: int, end: int, offset: int) -> Names:
    rows, at = _entries(unit, data, at, end, offset)
    home = unit.folder
    folders = [_join(home, _resolved(unit, row)) for row in rows]
    rows, at = _entries(unit, data, at, end, offset)
    return Names(unit, folders, home, rows)


def _resolved(unit: Unit, row: _File) -> str:
    return row[1] if isinstance(row[1], str) else unit.text(row[0], row[1])


def _entries(
    unit: Unit, data: forms.Bytes, at: int, end: int, offset: int
) -> tuple[list[_File], int]:
    order: forms.Order = "little" if unit.sections.order == "<" else "big"
    shape = []
    count = data[at]
    at += 1
    for _ in range(count):
        kind, at = uleb(data, at)
        form, at = uleb(data, at)
        if form not in forms.FORMS or forms.FORMS[form][0] in (forms.INDIRECT, forms.CONST):
            raise Malformed(f"a line table has a form that is not known ({form:#x})")
        how, width = forms.FORMS[form]
        size = unit.address if width == -2 else offset if width == -1 else width
        shape.append((kind, form, how, size))
    total, at = uleb(data, at)
    if total > _MOST_FILES or (total and not shape):
        raise Malformed("a line table has too many files")
    rows: list[_File] = []
    for _ in range(total):
        path: tuple[int, int | str] = (0, "")
        folder = 0
        for kind, form, how, size in shape:
            if how == forms.STRING:
                text, at = _text(data, at, end)
                if kind == _PATH:
                    path = (form, text)
                continue
            if how == forms.ULEB and at < end and data[at] < 128:
                value = data[at]
                at += 1
            else:
                value, at = read_value(data, at, how, size, 0, order, unit.address, offset)
            if at > end:
                raise Malformed("the head of a line table is cut off")
            if kind == _PATH:
                path = (form, value)
            elif kind == _FOLDER:
                folder = value
        rows.append((*path, folder))
    return rows, at
