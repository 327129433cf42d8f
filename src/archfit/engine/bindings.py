"""What the loader is asked to slide and to bind in a binary, in one shape for every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from archfit.formats import (
    elf,
    elf_relocations,
    macho,
    macho_chained,
    macho_dyld_info,
    macho_exports,
    macho_linkedit,
    pe,
    pe_bindings,
)
from archfit.formats.macho import Slice
from archfit.formats.macho_linkedit import Map
from archfit.formats.magic import HEAD, recognise
from archfit.model.errors import Malformed, Misuse
from archfit.model.image import Window


class Row(NamedTuple):
    """One place and the symbol bound there, or one exported symbol.

    ``address``: virtual; None for a symbol without a place. ``section``: "SEGMENT,section".
    ``library``: "" when the format does not name one. ``note``: weak import, auth, ...
    """

    table: str
    address: int | None
    section: str
    kind: str
    symbol: str
    library: str
    addend: int
    note: str


class Table(NamedTuple):
    """Where a table stands in the file (offset in the slice, bytes) and how many it names.

    ``offset`` is None when it has no place of its own.
    """

    name: str
    offset: int | None
    size: int
    entries: int


class Library(NamedTuple):
    """``ordinal`` counts from 1 in Mach-O's two-level namespace; 0 where there is no such."""

    ordinal: int
    name: str
    kind: str


@dataclass(slots=True)
class Bindings:
    """Of one slice. ``slid``: {section: places to slide}; ``unread``: what was not read, and why.

    ``each_slid`` gives (address, target or None, note) of every place to slide.
    """

    isa: str
    format: str
    offset: int
    way: str
    libraries: list[Library] = field(default_factory=list)
    rpaths: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    slid: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    each_slid: Callable[[], list[tuple[int, int | None, str]]] = field(default=list, repr=False)

    def count(self, table: str) -> int:
        """How many the tables of this name hold."""
        return sum(t.entries for t in self.tables if t.name == table)


def bindings(data: Window, isa: str = "") -> list[Bindings]:
    """Of every slice, or those of one ISA (in Go's spelling).

    Misuse: no slice of that ISA, or a format without bindings. Malformed: the header or the
    load commands are broken; a broken table is named in ``unread``.
    """
    kind = recognise(bytes(data[:HEAD]))
    if kind in ("macho", "fat"):
        found = [
            of_macho(part)
            for part in macho.read(data).slices
            if part.commands is not None and isa in ("", part.isa, part.variant)
        ]
    elif kind == "elf":
        found = [part for part in (of_elf(elf.read(data)),) if isa in ("", part.isa)]
    elif kind == "pe":
        found = [part for part in (of_pe(pe.read(data), data),) if isa in ("", part.isa)]
    else:
        raise Misuse(
            f"bindings are read of Mach-O, ELF and PE, not of {kind or 'this kind of file'}"
        )
    if not found:
        raise Misuse(f"no slice for {isa}" if isa else "no slice with load commands")
    return found


def of_macho(part: Slice) -> Bindings:
    """One slice of a Mach-O file."""
    out = Bindings(
        isa=part.variant if part.variant == "arm64e" else part.isa,
        format="macho",
        offset=part.offset,
        way=part.fixups or "none",
        libraries=[Library(n, lib.name, lib.kind) for n, lib in enumerate(part.needed, 1)],
        rpaths=list(part.rpaths),
    )
    places = macho_linkedit.places(part)
    _Macho(part, places, out).read()
    if part.fixups is None and part.type != "object":
        out.unread.append("classic relocations (LC_DYSYMTAB), which old linkers wrote")
    if part.type == "object":
        out.unread.append("relocations of an object file, which only the linker reads")
    return out


def of_elf(file: elf.Elf) -> Bindings:
    """An ELF program or library; what its dynamic section names."""
    out = Bindings(isa=file.isa, format="elf", offset=0, way="dynamic section")
    if file.type == "object":
        out.unread.append("relocations of an object file, which only the linker reads")
        return out
    try:
        out.libraries = [Library(0, name, "needed") for name in file.needed]
        out.rpaths = [*file.rpath, *file.runpath]
        tables = elf_relocations.read(file)
    except Malformed as broken:
        out.unread.append(f"relocations: {broken.why}")
        return out
    slid: list[tuple[int, int | None, str]] = []
    for name, offset, size, relocs, words in tables:
        out.tables.append(Table(name, offset, size, len(relocs) + len(words)))
        slid += [(at, None, "") for at in words]
        for one in relocs:
            if one.kind == "RELATIVE":
                slid.append((one.address, one.addend, ""))
                continue
            notes = (one.version, "ifunc" if one.ifunc else "")
            note = ", ".join(word for word in notes if word)
            out.rows.append(
                Row(name, one.address, "", one.kind, one.symbol, one.library, one.addend or 0, note)
            )
    out.slid = {"all": len(slid)} if slid else {}
    out.each_slid = lambda: slid
    return out


def of_pe(image: pe.Pe, data: Window) -> Bindings:
    """A PE image. Addresses are virtual, at the image's preferred base."""
    out = Bindings(isa=image.isa, format="pe", offset=0, way="import tables")
    out.libraries = [Library(0, name, "load") for name in image.needed]
    out.libraries += [Library(0, name, "delayed") for name in image.delayed]
    base = image.image_base
    try:
        found = pe_bindings.imports(image, data)
        late = sum(1 for one in found if one.delayed)
        out.tables.append(Table("imports", None, 0, len(found) - late))
        out.tables.append(Table("delayed", None, 0, late))
        for address, library, symbol, hint, delayed in found:
            table = "delayed" if delayed else "imports"
            note = "by ordinal" if symbol.startswith("#") else f"hint {hint}"
            out.rows.append(Row(table, base + address, "", "slot", symbol, library, 0, note))
    except Malformed as broken:
        out.unread.append(f"imports: {broken.why}")
    try:
        places = pe_bindings.relocations(image, data)
        where = pe_bindings.directory(data, 5)
        offset = image.offset_of(where[0]) if where else None
        out.tables.append(Table("rebase", offset, where[1] if where else 0, len(places)))
        out.slid = dict(Counter(kind for _, kind in places))
        out.each_slid = lambda: [(base + at, None, kind) for at, kind in places]
    except Malformed as broken:
        out.unread.append(f"base relocations: {broken.why}")
    return out


class _Macho:
    def __init__(self, part: Slice, places: dict[str, macho_linkedit.Place], out: Bindings) -> None:
        self.part, self.places, self.out = part, places, out
        self.map = Map(part)
        self.sizes = [segment.size for segment in part.segments]
        self.bases = [segment.addr for segment in part.segments]
        self.pointer = 8 if part.bits == 64 else 4
        self.names: dict[int, str] = {}
        self.runs: list[macho_dyld_info.Run] = []

    def read(self) -> None:
        for name, step in (
            ("rebase", self._rebases),
            ("bind", self._binds),
            ("weak_bind", self._binds),
            ("lazy_bind", self._binds),
            ("chained", self._chained),
            ("exports", self._exports),
            ("indirect", self._slots),
        ):
            place = self.places.get(name)
            if place is None:
                continue
            try:
                step(name, place)
            except Malformed as broken:
                self.out.unread.append(f"{name.replace('_', ' ')}: {broken.why}")

    def _table(self, name: str, place: macho_linkedit.Place, count: int) -> None:
        self.out.tables.append(Table(name.replace("_", "-"), place.offset, place.size, count))

    def _library(self, ordinal: int) -> str:
        name = self.names.get(ordinal)
        if name is None:
            name = self.names[ordinal] = macho_linkedit.library_of(self.part, ordinal)
        return name

    def _section(self, address: int) -> str:
        segment, section, _ = self.map.section(address)
        return f"{segment},{section}" if section else segment

    def _rebases(self, name: str, place: macho_linkedit.Place) -> None:
        data = macho_linkedit.data_of(self.part, place)
        self.runs = runs = macho_dyld_info.rebases(data, self.sizes, self.pointer)
        self._table(name, place, sum(run.times for run in runs))
        # Runs ascend, most of them; the section is looked up again only when one is left.
        tally: Counter[str] = Counter()
        low = end = 0
        section = ""
        for number, offset, count, stride, _ in runs:
            start = self.bases[number] + offset
            last = start + (count - 1) * stride
            if not low <= start <= last < end:
                low, (segment, inner, end) = start, self.map.section(start)
                section = f"{segment},{inner}" if inner else segment
                if end and last >= end:
                    for at in range(start, last + 1, stride):
                        tally[self._section(at)] += 1
                    continue
            tally[section] += count
        self.out.slid = dict(tally)
        self.out.each_slid = self._each_run

    def _each_run(self) -> list[tuple[int, int | None, str]]:
        return [(at, None, "") for at in macho_dyld_info.places(self.runs, self.bases)]

    def _binds(self, name: str, place: macho_linkedit.Place) -> None:
        data = macho_linkedit.data_of(self.part, place)
        kind = name.partition("_")[0]
        found, slid = macho_dyld_info.binds(data, self.sizes, self.pointer, kind, self._bytes)
        self.runs += slid
        count = 0
        for bind in found:
            note = "weak import" if bind.flags & 1 else ""
            form = macho_dyld_info.TYPES.get(bind.type, f"type {bind.type}")
            library = "" if kind == "weak" else self._library(bind.ordinal)
            table = name.replace("_", "-")
            if bind.segment < 0:
                self.out.rows.append(
                    Row(table, None, "", form, bind.symbol, "", 0, "strong definition")
                )
                continue
            count += bind.times
            if len(self.out.rows) + bind.times > macho_dyld_info.MOST:
                raise Malformed(f"more than {macho_dyld_info.MOST} binds")
            for at in macho_dyld_info.places([bind], self.bases):
                self.out.rows.append(
                    Row(table, at, self._section(at), form, bind.symbol, library, bind.addend, note)
                )
        self._table(name, place, count)
        if slid:
            self._table("rebase", place, len(slid))
            self.out.each_slid = self._each_run

    def _bytes(self, number: int, offset: int) -> bytes:
        segment = self.part.segments[number]
        start = self.part.offset + segment.offset
        room = min(segment.file_size, self.part.size - segment.offset)
        return bytes(self.part.data[start + offset : start + room]) if offset < room else b""

    def _chained(self, name: str, place: macho_linkedit.Place) -> None:
        found = macho_chained.read(self.part, place)
        imports = found.imports
        for at, index, addend, auth in found.bound:
            one = imports[index]
            note = ", ".join(word for word in ("weak import" if one.weak else "", auth) if word)
            self.out.rows.append(
                Row(
                    "bind", at, self._section(at), "pointer", one.symbol,
                    self._library(one.ordinal), addend + one.addend, note,
                )
            )  # fmt: skip
        forms = sorted({macho_chained.FORMATS[s.format] for s in found.segments})
        self.out.way = "chained " + ", ".join(forms) if forms else "chained, no pointers"
        self._table("imports", place, len(imports))
        self._table("bind", place, len(found.bound))
        self._table("rebase", place, len(found.slid))
        names = [segment.name for segment in self.part.segments]
        self.out.slid = {names[s.number]: s.slid for s in found.segments if s.slid}
        self.out.each_slid = lambda: list(found.slid)

    def _exports(self, name: str, place: macho_linkedit.Place) -> None:
        base = macho_linkedit.base_of(self.part)
        found = macho_exports.exports(macho_linkedit.data_of(self.part, place))
        self._table(name, place, len(found))
        rows = self.out.rows
        for symbol, kind, value, weak, ordinal, imported, resolver in found:
            if ordinal is not None:
                note = f"re-export of {imported or symbol}"
                rows.append(Row(name, None, "", kind, symbol, self._library(ordinal), 0, note))
                continue
            note = "weak" if weak else ""
            if resolver is not None:
                note = f"{note} picked by {base + resolver:#x}".strip()
            address = value if kind == "absolute" else base + value
            rows.append(Row(name, address, "", kind, symbol, "", 0, note))

    def _slots(self, name: str, place: macho_linkedit.Place) -> None:
        found = macho_linkedit.slots(self.part, self.places)
        self._table(name, place, len(found))
        for address, _, kind, symbol, ordinal in found:
            library = "" if ordinal is None else self._library(ordinal)
            if symbol:
                section = self._section(address)
                self.out.rows.append(Row(name, address, section, kind, symbol, library, 0, ""))
