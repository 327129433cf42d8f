"""A process as it stood: threads with registers, memory, and the files mapped into it.

A core file, a stopped process, or registers with a piece of stack: all are one of these.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from archfit.formats import elf_sections
from archfit.formats.cfi import Entry, Section, Table
from archfit.formats.elf_header import (
    PT_DYNAMIC,
    PT_LOAD,
    Header,
    Segment,
    read_header,
    read_segments,
)
from archfit.model.errors import Malformed
from archfit.model.image import Window

_ET_EXEC = 2
_EM_AARCH64 = 183
_PT_EH_FRAME = 0x6474E550
_MOST_MODULES = 2000


class Thread(Protocol):
    """As `archfit.formats.elf_core.CoreThread`."""

    @property
    def id(self) -> int: ...
    @property
    def signal(self) -> int: ...
    @property
    def registers(self) -> dict[int, int]: ...
    @property
    def tls(self) -> int | None: ...


class Mapping(Protocol):
    """A file mapped into memory; addresses and the offset in the file, in bytes."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def path(self) -> str: ...


@dataclass(slots=True)
class Module:
    """A mapped ELF file. ``bias``: what its own addresses are moved by when loaded."""

    path: str
    data: Window = field(repr=False)
    bias: int
    header: Header = field(repr=False)
    segments: tuple[Segment, ...] = field(repr=False)
    low: int = 0
    high: int = 0
    sections: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)
    _tables: list[Table] | None = field(default=None, repr=False)

    def entry(self, address: int) -> Entry | None:
        """The frame information of one of its own addresses; None when there is none."""
        if self._tables is None:
            self._tables = self._frame_tables()
        for table in self._tables:
            try:
                if found := table.find(address):
                    return found
            except Malformed:
                continue
        return None

    def read(self, address: int, size: int) -> bytes:
        """What the file holds at one of its own addresses."""
        for one in self.segments:
            if one.type == PT_LOAD and one.vaddr <= address < one.vaddr + one.filesz:
                start = one.offset + address - one.vaddr
                return bytes(self.data[start : min(start + size, one.offset + one.filesz)])
        return b""

    def executable(self, address: int) -> bool:
        """One of its own addresses lies in code."""
        return any(
            one.type == PT_LOAD and one.flags & 1 and one.vaddr <= address < one.vaddr + one.memsz
            for one in self.segments
        )

    def _frame_tables(self) -> list[Table]:
        def section(name: str, eh: bool) -> Section | None:
            row = self.sections.get(name)
            if row is None or not elf_sections.has_bytes(row, self.data) or row[2] & 0x800:
                return None
            return Section(self.data, row[4], row[5], row[3], eh)

        tables = []
        if frame := section(".eh_frame", True):
            tables.append(Table(frame, section(".eh_frame_hdr", True)))
        if debug := section(".debug_frame", False):
            tables.append(Table(debug))
        return tables


def module(path: str, data: Window, start: int | None) -> Module:
    """A file whose first byte is mapped at ``start`` (None: where it says itself).

    Raises Malformed.
    """
    header = read_header(data)
    segments = read_segments(data, header)
    loads = [one for one in segments if one.type == PT_LOAD]
    if not loads:
        raise Malformed(f"{path}: nothing of it is loaded")
    first = loads[0].vaddr - loads[0].offset
    bias = 0 if header.type == _ET_EXEC or start is None else start - first
    rows = elf_sections.read_rows(data, header)
    found = Module(path, data, bias, header, segments)
    found.sections = elf_sections.by_name(data, header, rows)
    found.low = loads[0].vaddr + bias
    found.high = max(one.vaddr + one.memsz for one in loads) + bias
    return found


@dataclass(slots=True)
class ProcessImage:
    """``read_memory(address, size)`` gives what is known of memory, fewer bytes where it ends."""

    isa: str
    program: str
    threads: tuple[Thread, ...]
    read_memory: Callable[[int, int], bytes] = field(repr=False)
    modules: list[Module] = field(default_factory=list)
    #: Files that could not be looked at: path -> why.
    missing: dict[str, str] = field(default_factory=dict)
    _lows: list[int] = field(default_factory=list)

    def add(self, found: Module) -> None:
        """One more mapped file; a second of the same place is not taken."""
        if len(self.modules) < _MOST_MODULES and all(m.low != found.low for m in self.modules):
            self.modules.append(found)
            self.modules.sort(key=lambda one: one.low)
            self._lows = [one.low for one in self.modules]

    def find(self, pc: int) -> Module | None:
        """The file that is mapped at an address."""
        at = bisect_right(self._lows, pc) - 1
        if at >= 0 and pc < self.modules[at].high:
            return self.modules[at]
        return None

    def read(self, address: int, size: int) -> bytes:
        """Memory; where a core left out what a file holds, the file's bytes."""
        found = self.read_memory(address, size)
        if not found and (module := self.find(address)):
            found = module.read(address - module.bias, size)
        return found

    def word(self, address: int) -> int | None:
        """Eight bytes as a number; None when they are not known."""
        found = self.read(address, 8)
        return int.from_bytes(found, "little") if len(found) == 8 else None


def starts(mappings: Iterable[Mapping]) -> list[tuple[str, int]]:
    """(path, address of its first byte) of each mapped file, the first time it is met."""
    seen: dict[str, int] = {}
    for one in mappings:
        if one.offset == 0 or one.path not in seen:
            seen.setdefault(one.path, one.start - one.offset)
    return list(seen.items())


def linked(image: ProcessImage, program: Module) -> list[tuple[str, int]]:
    """(path, bias) of the shared libraries, from the loader's own list in memory.

    Source: glibc 2.36 elf/link.h (struct r_debug, struct link_map); DT_DEBUG: gABI 5.
    """
    dynamic = next((one for one in program.segments if one.type == PT_DYNAMIC), None)
    if dynamic is None:
        return []
    at, debug = dynamic.vaddr + program.bias, 0
    for _ in range(dynamic.memsz // 16):
        tag, value = image.word(at), image.word(at + 8)
        if not tag or value is None:
            break
        if tag == 21:
            debug = value
        at += 16
    entry = image.word(debug + 8) if debug else None
    found: list[tuple[str, int]] = []
    while entry and len(found) < _MOST_MODULES:
        bias, name = image.word(entry), image.word(entry + 8)
        if bias is None or name is None:
            break
        path = image.read(name, 4096).split(b"\0")[0].decode("utf-8", "replace")
        if path and bias != program.bias:
            found.append((path, bias))
        entry = image.word(entry + 24)
    return found
