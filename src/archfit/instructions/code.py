"""The code of one binary, as plain values: bytes, addresses and functions."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


class Function(NamedTuple):
    """``start`` and ``end``: addresses as the file has them, the end not included."""

    start: int
    end: int
    name: str


@dataclass(slots=True)
class Code:
    """``parts``: (address, bytes) of what may be executed. ``mapped``: (start, end) of all that
    is loaded. ``functions``: by address, none overlapping, each within one part.
    ``uncovered``: bytes of code that no function covers. ``isa``: arm64 or amd64.
    """

    isa: str
    parts: tuple[tuple[int, memoryview], ...]
    mapped: tuple[tuple[int, int], ...]
    functions: list[Function]
    uncovered: int = 0
    _starts: list[int] | None = field(default=None, repr=False)

    def bytes_of(self, function: Function) -> memoryview:
        """The bytes of a function; empty when they don't stand in the file."""
        for address, data in self.parts:
            if address <= function.start < address + len(data):
                return data[function.start - address : function.end - address]
        return memoryview(b"")

    def at(self, address: int) -> Function | None:
        """The function that covers an address."""
        if self._starts is None:
            self._starts = [function.start for function in self.functions]
        found = bisect_right(self._starts, address) - 1
        if found < 0 or address >= self.functions[found].end:
            return None
        return self.functions[found]

    def is_mapped(self, address: int) -> bool:
        """The address is one of those that are loaded."""
        return any(start <= address < end for start, end in self.mapped)

    def is_code(self, address: int) -> bool:
        """The address is in a part that may be executed."""
        return any(start <= address < start + len(data) for start, data in self.parts)


def cut(
    rows: list[tuple[int, int, str]], parts: tuple[tuple[int, memoryview], ...]
) -> list[Function]:
    """Functions of (start, end or 0, name) in any order: one for each address, cut at the next.

    Of several names for one address the first by alphabet stays, so that two files agree.
    """
    spans = [(address, address + len(data)) for address, data in parts]
    found: list[Function] = []
    rows.sort(key=lambda row: (row[0], row[2]))
    for index, (start, end, name) in enumerate(rows):
        if found and found[-1].start == start:
            continue
        limit = next((last for first, last in spans if first <= start < last), 0)
        if not limit:
            continue
        following = index + 1
        while following < len(rows) and rows[following][0] == start:
            following += 1
        if following < len(rows):
            limit = min(limit, rows[following][0])
        if end > start:
            limit = min(limit, end)
        found.append(Function(start, limit, name))
    return found
