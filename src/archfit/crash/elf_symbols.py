"""The symbol table of a mapped ELF file, for what the tables of Go and C do not name.

Source: System V gABI 4.1 chapter 4, "Symbol Table" (Elf64_Sym).
"""

from __future__ import annotations

import struct
from bisect import bisect_right

from archfit.crash.process_image import Module
from archfit.formats import elf_sections

_STT_FUNC, _STT_TLS, _STT_GNU_IFUNC = 2, 6, 10
#: Symbols that are read, at the most.
_MOST = 1 << 21
_SYM = struct.Struct("<IBBHQQ")


class Symbols:
    """Functions by address, and any symbol by name; addresses are the file's own."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.stripped = ".symtab" not in module.sections
        self._starts: list[int] = []
        self._rows: list[tuple[int, int, int]] = []  # value, size, place of the name
        self._tables: list[tuple[int, int, int, int]] = []
        for name, names in ((".symtab", ".strtab"), (".dynsym", ".dynstr")):
            table, strings = module.sections.get(name), module.sections.get(names)
            if not table or not strings:
                continue
            held = elf_sections.has_bytes(table, module.data)
            if held and elf_sections.has_bytes(strings, module.data):
                size = min(table[5] // _SYM.size, _MOST) * _SYM.size
                self._tables.append((table[4], size, strings[4], strings[5]))

    def _read(self) -> None:
        for start, size, names, _ in self._tables:
            rows = _SYM.iter_unpack(bytes(self.module.data[start : start + size]))
            self._rows += [
                (value, length, names + name)
                for name, info, _, index, value, length in rows
                if index and info & 15 in (_STT_FUNC, _STT_GNU_IFUNC)
            ]
        self._rows.sort()
        self._starts = [row[0] for row in self._rows]

    def function(self, address: int) -> str:
        """The function at an address; "" when no symbol covers it."""
        if not self._rows:
            self._read()
        at = bisect_right(self._starts, address) - 1
        for value, size, name in reversed(self._rows[max(0, at - 8) : at + 1]):
            # Hand-written assembly often has no size: it then reaches to the next symbol.
            if value <= address < value + size or (not size and value == self._starts[at]):
                return self._name(name)
        return ""

    def named(self, wanted: set[str]) -> dict[str, tuple[int, bool]]:
        """Of each wanted name that is there: its value, and whether it is thread-local."""
        found: dict[str, tuple[int, bool]] = {}
        data = self.module.data
        for start, size, names, length in self._tables:
            strings = bytes(data[names : names + length])
            places = {}
            for name in wanted - set(found):
                at = strings.find(b"\0" + name.encode() + b"\0")
                if at >= 0:
                    places[at + 1] = name
            if not places:
                continue
            for place, info, _, index, value, _ in _SYM.iter_unpack(
                bytes(data[start : start + size])
            ):
                if place in places and index:
                    found.setdefault(places[place], (value, info & 15 == _STT_TLS))
        return found

    def _name(self, place: int) -> str:
        data = self.module.data
        end = data.find(b"\0", place, place + 4096)
        return bytes(data[place:end]).decode("utf-8", "replace") if end > place else ""
