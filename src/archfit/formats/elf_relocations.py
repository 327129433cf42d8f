"""What a loader relocates in an ELF program or library, from the dynamic section alone.

Sources: System V gABI 4.1 chapter 4 "Relocation" and chapter 5 "Dynamic Section"; its RELR
proposal (DT_RELR: an even word is an address, an odd one a bitmap of the words behind the
last); LSB 5.0 Core 10.7 "Symbol Versioning"; type numbers as in glibc 2.42 elf/elf.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from archfit.formats.elf import Elf
from archfit.formats.elf_header import PT_DYNAMIC
from archfit.model.errors import Malformed

MOST = 1 << 20
_MOST_SYMBOLS = 1 << 20
TYPES = {
    "amd64": {1: "64", 5: "COPY", 6: "GLOB_DAT", 7: "JUMP_SLOT", 8: "RELATIVE", 16: "DTPMOD64",
              17: "DTPOFF64", 18: "TPOFF64", 36: "TLSDESC", 37: "IRELATIVE"},
    "386": {1: "32", 5: "COPY", 6: "GLOB_DAT", 7: "JUMP_SLOT", 8: "RELATIVE", 14: "TLS_TPOFF",
            35: "TLS_DTPMOD32", 36: "TLS_DTPOFF32", 41: "TLS_DESC", 42: "IRELATIVE"},
    "arm64": {257: "ABS64", 1024: "COPY", 1025: "GLOB_DAT", 1026: "JUMP_SLOT", 1027: "RELATIVE",
              1028: "TLS_DTPMOD", 1029: "TLS_DTPREL", 1030: "TLS_TPREL", 1031: "TLSDESC",
              1032: "IRELATIVE"},
    "arm": {2: "ABS32", 13: "TLS_DESC", 17: "TLS_DTPMOD32", 18: "TLS_DTPOFF32",
            19: "TLS_TPOFF32", 20: "COPY", 21: "GLOB_DAT", 22: "JUMP_SLOT", 23: "RELATIVE",
            160: "IRELATIVE"},
    "riscv64": {2: "64", 3: "RELATIVE", 4: "COPY", 5: "JUMP_SLOT", 7: "TLS_DTPMOD64",
                9: "TLS_DTPREL64", 11: "TLS_TPREL64", 58: "IRELATIVE"},
    "s390x": {9: "COPY", 10: "GLOB_DAT", 11: "JMP_SLOT", 12: "RELATIVE", 22: "64",
              54: "TLS_DTPMOD", 55: "TLS_DTPOFF", 56: "TLS_TPOFF", 61: "IRELATIVE"},
}  # fmt: skip


class Reloc(NamedTuple):
    """``addend`` is None in a REL table, where it stands at the place itself.

    ``version``: "" without one; ``library``: the one the version is wanted from.
    ``ifunc``: the target is a function that picks the function.
    """

    address: int
    type: int
    kind: str
    symbol: str
    version: str
    library: str
    addend: int | None
    ifunc: bool


class Table(NamedTuple):
    """``name``: rela, rel, relr or plt; offset in the file and bytes, as the tags say."""

    name: str
    offset: int
    size: int
    relocs: list[Reloc]
    words: list[int]


def read(elf: Elf) -> list[Table]:
    """Every table that the dynamic section names; of RELR the ``words`` to slide.

    Malformed: a table, symbol or name lies outside the file; MIPS, whose entries are others.
    """
    if elf.isa.startswith("mips"):
        raise Malformed("relocations of MIPS, which are of another shape, are not read")
    tags = _tags(elf)
    look = _Symbols(elf, tags)
    order, wide = "<" if elf.endian == "little" else ">", elf.bits == 64
    tables: list[Table] = []
    plt_rela = tags.get(20) == 7
    for name, start, size, rela in (
        ("rela", 7, 8, True),
        ("rel", 17, 18, False),
        ("plt", 23, 2, plt_rela),
    ):
        if tags.get(start) and tags.get(size):
            at, data = _bytes(elf, tags[start], tags[size])
            shape = struct.Struct(
                order + (("QQq" if rela else "QQ") if wide else ("IIi" if rela else "II"))
            )
            rows = shape.iter_unpack(data[: len(data) - len(data) % shape.size])
            if len(data) // shape.size > MOST:
                raise Malformed(f"more than {MOST} relocations")
            tables.append(Table(name, at, len(data), _relocs(elf, rows, look), []))
    if tags.get(36) and tags.get(35):
        at, data = _bytes(elf, tags[36], tags[35])
        tables.append(Table("relr", at, len(data), [], _relr(data, order, wide)))
    return tables


def _relocs(elf: Elf, rows: Iterator[tuple[int, ...]], look: _Symbols) -> list[Reloc]:
    names = TYPES.get(elf.isa, {})
    wide = elf.bits == 64
    out: list[Reloc] = []
    for row in rows:
        address, info = row[0], row[1]
        kind = info & 0xFFFFFFFF if wide else info & 0xFF
        number = info >> 32 if wide else info >> 8
        symbol, version, library, ifunc = look(number) if number else ("", "", "", False)
        word = names.get(kind, f"type {kind}")
        addend = row[2] if len(row) > 2 else None
        ifunc = ifunc or word == "IRELATIVE"
        out.append(Reloc(address, kind, word, symbol, version, library, addend, ifunc))
    return out


def _relr(data: bytes, order: str, wide: bool) -> list[int]:
    width = 8 if wide else 4
    out: list[int] = []
    at = 0
    for (word,) in struct.iter_unpack(order + ("Q" if wide else "I"), data):
        if not word & 1:
            out.append(word)
            at = word + width
        else:
            bits = word >> 1
            out += [at + width * n for n in range(8 * width - 1) if bits >> n & 1]
            at += width * (8 * width - 1)
        if len(out) > MOST:
            raise Malformed(f"more than {MOST} words to slide")
    return out


def _tags(elf: Elf) -> dict[int, int]:
    shape = elf.header.layout.dynamic
    for segment in elf.segments:
        if segment.type == PT_DYNAMIC:
            size = min(segment.filesz, 1 << 20)
            data = bytes(elf.data[segment.offset : segment.offset + size])
            tags: dict[int, int] = {}
            for tag, value in shape.iter_unpack(data[: len(data) - len(data) % shape.size]):
                if not tag:
                    break
                tags[tag] = value
            return tags
    return {}


def _bytes(elf: Elf, address: int, size: int) -> tuple[int, bytes]:
    at = elf.offset_of(address)
    if at is None or at + size > len(elf.data):
        raise Malformed(f"{size} bytes at address {address:#x} are not in the file")
    return at, bytes(elf.data[at : at + size])


class _Symbols:
    """Name, version, library and whether it is an IFUNC, by number in the dynamic symbols."""

    def __init__(self, elf: Elf, tags: dict[int, int]) -> None:
        self._elf, self._known = elf, dict[int, tuple[str, str, str, bool]]()
        order = "<" if elf.endian == "little" else ">"
        self._shape = struct.Struct(order + ("IBBHQQ" if elf.bits == 64 else "IIIBBH"))
        self._half = struct.Struct(order + "H")
        self._at = elf.offset_of(tags[6]) if 6 in tags else None
        self._text = _bytes(elf, tags[5], min(tags.get(10, 0), 64 << 20))[1] if 5 in tags else b""
        self._versym = elf.offset_of(tags[0x6FFFFFF0]) if 0x6FFFFFF0 in tags else None
        self._versions: dict[int, tuple[str, str]] = {}
        if 0x6FFFFFFE in tags:
            self._needed(elf.offset_of(tags[0x6FFFFFFE]), tags.get(0x6FFFFFFF, 0))
        if 0x6FFFFFFC in tags:
            self._defined(elf.offset_of(tags[0x6FFFFFFC]), tags.get(0x6FFFFFFD, 0))

    def _name(self, at: int) -> str:
        end = self._text.find(b"\0", at, at + 65536)
        if end < 0:
            raise Malformed(f"the name at {at:#x} lies outside of the dynamic strings")
        return self._text[at:end].decode("utf-8", "backslashreplace")

    def __call__(self, number: int) -> tuple[str, str, str, bool]:
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = self._look(number)
        return found

    def _look(self, number: int) -> tuple[str, str, str, bool]:
        data = self._elf.data
        at = (self._at or 0) + number * self._shape.size
        if self._at is None or number > _MOST_SYMBOLS or at + self._shape.size > len(data):
            raise Malformed(f"symbol {number} lies outside the file")
        row = self._shape.unpack_from(data, at)
        info = row[1] if self._elf.bits == 64 else row[3]
        version = library = ""
        place = (self._versym or 0) + 2 * number
        if self._versym is not None and place + 2 <= len(data):
            which = self._half.unpack_from(data, place)[0] & 0x7FFF
            version, library = self._versions.get(which, ("", ""))
        return self._name(row[0]), version, library, info & 0xF == 10

    def _needed(self, at: int | None, count: int) -> None:
        data, layout = self._elf.data, self._elf.header.layout
        left = 1 << 14
        for _ in range(min(count, 4096)):
            if at is None or at + 16 > len(data):
                raise Malformed("the version needs lie outside the file")
            _, many, file, aux, step = layout.verneed.unpack_from(data, at)
            library = self._name(file)
            place = at + aux
            for _ in range(many):
                left -= 1
                if left < 0 or place + 16 > len(data):
                    raise Malformed("the needed versions lie outside the file")
                _, _, other, name, following = layout.vernaux.unpack_from(data, place)
                self._versions[other & 0x7FFF] = (self._name(name), library)
                if not following:
                    break
                place += following
            if not step:
                return
            at += step

    def _defined(self, at: int | None, count: int) -> None:
        data = self._elf.data
        order = "<" if self._elf.endian == "little" else ">"
        shape, first = struct.Struct(order + "4H3I"), struct.Struct(order + "I")
        for _ in range(min(count, 4096)):
            if at is None or at + 20 > len(data):
                raise Malformed("the version definitions lie outside the file")
            _, _, index, _, _, aux, step = shape.unpack_from(data, at)
            # Index 1 is the file's own name, no version.
            if index > 1 and at + aux + 4 <= len(data):
                self._versions[index] = (self._name(first.unpack_from(data, at + aux)[0]), "")
            if not step:
                return
            at += step
