"""The code and the functions of a file, as the views of instructions take them."""

from __future__ import annotations

import struct
from contextlib import ExitStack
from typing import TYPE_CHECKING

from archfit.instructions.code import Code, cut
from archfit.model.errors import Malformed, Unavailable

if TYPE_CHECKING:
    from archfit.crash.binary import Binary
    from archfit.formats.elf import Elf


def code_of(path: str, stack: ExitStack, isa: str, notes: list[str]) -> Code:
    """Functions come from Go's table and, outside of Go's text, from symbols.

    Raises Unavailable: another ISA, or nothing says where functions begin; Malformed, Misuse.
    """
    from archfit.crash import binary as binaries

    binary = binaries.read(path, stack, isa)
    if binary.isa not in ("arm64", "amd64"):
        raise Unavailable(f"{path}: code of {binary.isa} is not read, only of arm64 and amd64")
    parts, mapped = _parts(binary)
    rows: list[tuple[int, int, str]] = []
    first = last = 0
    try:
        program = binary.go()
    except Malformed as error:
        program = None
        notes.append(f"{path}: Go's tables: {error.why}")
    if program is not None:
        functions = program.functions
        if not program.sure:
            notes.append(f"{path}: the start of Go's text is not proven: functions may be off")
        first, last = functions.text, functions.end
        rows = [(f.entry, f.end, f.name) for f in functions]
    symbols = binary.symbols()
    if symbols is not None:
        name = symbols.name
        rows += [
            (start, start + size if size else 0, name(text))
            for start, size, text in symbols.rows
            if not first <= start < last
        ]
        if symbols.source == "dynsym" and program is None:
            notes.append(f"{path}: stripped: only exported functions have names and places")
    if binary.kind == "elf":
        rows += _stubs(binary.parsed)
    found = cut(rows, parts)
    if not found:
        raise Unavailable(f"{path}: neither Go's table nor symbols say where functions begin")
    covered = sum(f.end - f.start for f in found)
    return Code(binary.isa, parts, mapped, found, sum(len(d) for _, d in parts) - covered)


def _stubs(elf: Elf) -> list[tuple[int, int, str]]:
    """Entries of the PLT, by the symbols of their relocations, which stand in the same order.

    Sources: System V ABI, AMD64 supplement 1.0, 5.2 and 13.2 (.plt.sec); AAELF64, "Procedure
    linkage table": a head of 16 or 32 bytes, then 16 bytes for each.
    """
    table = elf.section(".plt.sec")
    head = 0
    if table is None:
        table = elf.section(".plt")
        head = 32 if elf.isa == "arm64" else 16
    relocations, symbols = elf.section(".rela.plt"), elf.section(".dynsym")
    names = elf.section(".dynstr")
    if table is None or relocations is None or symbols is None or names is None:
        return []
    count = relocations[2] // 24
    if table[2] - head not in (16 * count, 24 * count):
        return []  # another shape of PLT: nothing is guessed
    step = (table[2] - head) // max(1, count)
    raw = bytes(elf.data[relocations[1] : relocations[1] + 24 * count])
    rows = []
    for index, (_, info, _) in enumerate(struct.iter_unpack("<QQq", raw)):
        at = symbols[1] + 24 * (info >> 32)
        if at + 24 > symbols[1] + symbols[2] or at + 24 > len(elf.data) or not info >> 32:
            continue
        text = names[1] + struct.unpack_from("<I", elf.data, at)[0]
        end = elf.data.find(b"\0", text, min(names[1] + names[2], text + 4096))
        if end > text:
            name = bytes(elf.data[text:end]).decode("utf-8", "backslashreplace")
            start = table[0] + head + step * index
            rows.append((start, start + step, f"{name}@plt"))
    return rows


def _parts(
    binary: Binary,
) -> tuple[tuple[tuple[int, memoryview], ...], tuple[tuple[int, int], ...]]:
    """(address, bytes) of code, and (start, end) of all that is loaded."""
    from archfit.formats import elf_sections

    parsed, view = binary.parsed, memoryview(binary.data)
    if binary.kind == "elf":
        loads = [
            (s.vaddr, s.memsz, s.offset, s.filesz, s.flags & 1)
            for s in parsed.segments
            if s.type == 1
        ]
        rows = elf_sections.read_rows(parsed.data, parsed.header)
        # Sections of instructions: a segment may have the headers and constants, too.
        texts = [(r[3], r[5], r[4], r[5], 1) for r in rows if r[1] == 1 and r[2] & 4 and r[3]]
        if texts:
            loads = [(*row[:4], 0) for row in loads] + texts
    elif binary.kind == "macho":
        # Only sections of instructions: the segment has constants and the header, too.
        loads = [(s.addr, s.size, 0, 0, 0) for s in parsed.segments if s.name != "__PAGEZERO"]
        loads += [
            (s.addr, s.size, s.offset, s.size if s.offset >= 0 else 0, 1)
            for s in parsed.sections()
            if s.flags & 0x80000400
        ]
    else:
        loads = [
            (binary.base + s.addr, s.size, s.offset, min(s.size, s.file_size), s.flags & 0x20000000)
            for s in parsed.sections
        ]
    parts = tuple(
        (address, view[offset : offset + size])
        for address, _, offset, size, executes in loads
        if executes and size and offset + size <= len(view)
    )
    return parts, tuple((address, address + size) for address, size, *_ in loads)
