"""ELF files made by hand, byte by byte, for tests of the readers and the library search."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

BASE = 0x400000

#: (type, flags, offset, vaddr, filesz, memsz, align) of a program header.
Row = tuple[int, int, int, int, int, int, int]


def note(owner: bytes, kind: int, text: bytes, pad: int = 4, order: str = "<") -> bytes:
    """One note, padded."""
    name = owner + b"\0"
    raw = struct.pack(order + "III", len(name), len(text), kind) + name
    raw += bytes(-len(raw) % pad) + text
    return raw + bytes(-len(raw) % pad)


def properties(*pairs: tuple[int, int], wide: bool = True) -> bytes:
    """The text of a NT_GNU_PROPERTY_TYPE_0 note, all of whose properties are one word."""
    one = b"".join(
        struct.pack("<III", kind, 4, value) + (bytes(4) if wide else b"") for kind, value in pairs
    )
    return note(b"GNU", 5, one, 8 if wide else 4)


@dataclass
class Made:
    """What the file shall have; ``image`` lays it out.

    One PT_LOAD maps the whole file at `BASE` unless ``loads`` says otherwise.
    """

    bits: int = 64
    little: bool = True
    machine: int = 62
    flags: int = 0
    type: int = 2
    osabi: int = 0
    interp: str = ""
    needed: Sequence[str] = ()
    soname: str = ""
    rpath: str = ""
    runpath: str = ""
    versions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weak: Sequence[str] = ()
    tags: Sequence[tuple[int, int]] = ()
    symbols: bool = False  #: DT_SYMTAB and DT_HASH without a symbol, which real loaders want
    notes: bytes = b""
    notes_align: int = 4
    loads: Sequence[Row] = ()
    others: Sequence[Row] = ()
    sections: Sequence[tuple[str, int, int, bytes]] = ()  #: name, type, flags, bytes

    @property
    def order(self) -> str:
        return "<" if self.little else ">"

    def image(self) -> bytes:
        """The file."""
        self._rows: list[Row] = []
        wide = self.bits == 64
        count = len(self.loads or (0,)) + len(self.others) + 4
        self._start = start = (64 + 56 * count) if wide else (52 + 32 * count)
        self._body = bytearray()
        if self.interp:
            self._segment(3, 4, self.interp.encode() + b"\0", 1)
        if self.notes:
            self._segment(4, 4, self.notes, self.notes_align)
        if self._is_dynamic():
            self._dynamic()
        table, shstr = self._sections()
        shoff = self._put(table) if table else 0
        size = start + len(self._body)
        whole: Row = (1, 7, 0, BASE, size, size, 0x1000)
        rows = [*(self.loads or (whole,)), *self._rows, *self.others]
        assert len(rows) <= count
        head = self._header(len(rows), shoff, len(self.sections) + 2 if table else 0, shstr)
        raw = head + b"".join(self._phdr(row) for row in rows)
        return raw.ljust(start, b"\0") + bytes(self._body)

    def _is_dynamic(self) -> bool:
        asked = (self.needed, self.soname, self.rpath, self.runpath, self.versions, self.tags)
        return any(asked) or self.symbols

    def _put(self, raw: bytes) -> int:
        self._body.extend(bytes(-(self._start + len(self._body)) % 8))
        at = self._start + len(self._body)
        self._body.extend(raw)
        return at

    def _segment(self, kind: int, flags: int, raw: bytes, align: int) -> None:
        at = self._put(raw)
        self._rows.append((kind, flags, at, BASE + at, len(raw), len(raw), align))

    def _dynamic(self) -> None:
        text = bytearray(b"\0")

        def name(word: str) -> int:
            text.extend(word.encode() + b"\0")
            return len(text) - len(word.encode()) - 1

        entries = [(1, name(word)) for word in self.needed]
        for tag, word in ((14, self.soname), (15, self.rpath), (29, self.runpath)):
            if word:
                entries.append((tag, name(word)))
        needs = bytearray()
        for number, (library, names) in enumerate(self.versions.items(), 1):
            last = number == len(self.versions)
            step = 0 if last else 16 + 16 * len(names)
            needs += struct.pack(self.order + "HHIII", 1, len(names), name(library), 16, step)
            for index, version in enumerate(names, 1):
                flags = 2 if version in self.weak else 0
                following = 16 if index < len(names) else 0
                shape = self.order + "IHHII"
                needs += struct.pack(shape, 0, flags, 2, name(version), following)
        if needs:
            entries += [(0x6FFFFFFE, BASE + self._put(bytes(needs)))]
            entries += [(0x6FFFFFFF, len(self.versions))]
        if self.symbols:
            entries.append((4, BASE + self._put(struct.pack(self.order + "4I", 1, 1, 0, 0))))
            entries.append((6, BASE + self._put(bytes(24))))
        at = self._put(bytes(text))
        entries += [(5, BASE + at), (10, len(text)), *self.tags, (0, 0)]
        shape = self.order + ("QQ" if self.bits == 64 else "II")
        self._segment(2, 6, b"".join(struct.pack(shape, *entry) for entry in entries), 8)

    def _sections(self) -> tuple[bytes, int]:
        if not self.sections:
            return b"", 0
        names = bytearray(b"\0.shstrtab\0")
        rows = [(0,) * 10]
        for word, kind, flags, raw in self.sections:
            at = self._put(raw)
            rows.append((len(names), kind, flags, BASE + at, at, len(raw), 0, 0, 4, 0))
            names += word.encode() + b"\0"
        at = self._put(bytes(names))
        rows.append((1, 3, 0, 0, at, len(names), 0, 0, 1, 0))
        shape = self.order + ("IIQQQQIIQQ" if self.bits == 64 else "IIIIIIIIII")
        return b"".join(struct.pack(shape, *row) for row in rows), len(rows) - 1

    def _header(self, phnum: int, shoff: int, shnum: int, shstrndx: int) -> bytes:
        wide = self.bits == 64
        ident = bytes([0x7F, 69, 76, 70, self.bits // 32, 1 if self.little else 2, 1, self.osabi])
        sizes = (64, 56, 64) if wide else (52, 32, 40)
        fields = (
            self.type, self.machine, 1, BASE, sizes[0], shoff, self.flags,
            sizes[0], sizes[1], phnum, sizes[2], shnum, shstrndx,
        )  # fmt: skip
        shape = self.order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH")
        return ident.ljust(16, b"\0") + struct.pack(shape, *fields)

    def _phdr(self, row: Row) -> bytes:
        kind, flags, offset, vaddr, filesz, memsz, align = row
        if self.bits == 64:
            fields = (kind, flags, offset, vaddr, vaddr, filesz, memsz, align)
            return struct.pack(self.order + "IIQQQQQQ", *fields)
        fields = (kind, offset, vaddr, vaddr, filesz, memsz, flags, align)
        return struct.pack(self.order + "IIIIIIII", *fields)


def elf(**what: object) -> bytes:
    """The bytes of a `Made` with these fields."""
    return Made(**what).image()  # type: ignore[arg-type]
