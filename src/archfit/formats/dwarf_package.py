"""A package of split units (.dwp): one file for all .dwo files of a program.

Source: DWARF 5, section 7.3.5.3 (package file index), version 5 and GCC's earlier version 2.
"""

from __future__ import annotations

import struct

from archfit.formats.dwarf_sections import Sections
from archfit.formats.dwarf_units import Unit, header, open_unit
from archfit.model.errors import Malformed

#: Column (DW_SECT_*) -> our name; 8 is of version 5 alone.
_COLUMNS = {1: "info", 3: "abbrev", 4: "line", 6: "str_offsets", 8: "rnglists"}
_MOST = 1 << 22


class Package:
    """Units by the id that their skeletons name. Raises Malformed when the index is broken."""

    def __init__(self, sections: Sections) -> None:
        """Reads the index."""
        self.sections = sections
        self._rows: dict[int, dict[str, int]] = {}
        data, order = sections.get("cu_index"), sections.order
        if len(data) < 16:
            return
        version, columns, units, slots = struct.unpack_from(order + "4I", data, 0)
        if version & 0xFFFF not in (2, 5) or slots > _MOST or units > slots or columns > 16:
            raise Malformed("the index of a package of DWARF breaks its rules")
        table = 16 + 12 * slots
        if table + 4 * columns * (2 * units + 1) > len(data):
            raise Malformed("the index of a package of DWARF is cut off")
        ids = struct.unpack_from(f"{order}{slots}Q", data, 16)
        numbers = struct.unpack_from(f"{order}{slots}I", data, 16 + 8 * slots)
        names = struct.unpack_from(f"{order}{columns}I", data, table)
        for number, row in zip(ids, numbers, strict=True):
            if not 0 < row <= units:
                continue
            at = table + 4 * columns * row
            offsets = struct.unpack_from(f"{order}{columns}I", data, at)
            self._rows[number] = {
                _COLUMNS[name]: offset
                for name, offset in zip(names, offsets, strict=True)
                if name in _COLUMNS
            }

    def unit(self, number: int) -> Unit | None:
        """The unit of this id, opened; None: it is not in the package."""
        shift = self._rows.get(number)
        if shift is None or "info" not in shift:
            return None
        unit = header(self.sections, shift["info"])
        unit.shift = shift
        return open_unit(unit, {})
