"""Function tables, moduledata and DWARF with bytes changed: Malformed or an answer, in bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archfit.formats import elf, go_program
from archfit.formats.dwarf import Dwarf
from archfit.formats.dwarf_sections import of_elf
from archfit.formats.elf import Elf
from archfit.model.errors import ArchfitError
from go_programs import build
from mutations import survive
from symbolize_programs import compile_c


def _spots(data: bytes, *names: str) -> list[tuple[int, int]]:
    parsed = elf.read(data)
    found = [parsed.section(name) for name in names]
    return [(row[1], row[1] + row[2]) for row in found if row]


def look_up_go(data: bytes) -> None:
    program = go_program.read_elf(elf.read(data))
    if program is None:
        return
    functions = program.functions
    step = max(1, (functions.end - functions.text) // 60)
    for pc in range(functions.text, min(functions.end, functions.text + 80 * step), step):
        try:
            functions.frames(pc)
        except ArchfitError:
            continue
    functions.frames_of(range(functions.text, functions.text + 40 * step, step))


@pytest.mark.parametrize("way", ["pure-stripped", "cgo-pie"])
def test_function_tables(way: str) -> None:
    data = build(way).read_bytes()
    table = _spots(data, ".gopclntab", ".data.rel.ro.gopclntab")[0]
    head = [(table[0], table[0] + 72), table, *_spots(data, ".go.module", ".noptrdata")]
    survive([(way, data, head)], look_up_go, f"functions {way}")


def _addresses(parsed: Elf) -> Iterator[int]:
    section = parsed.section(".text")
    if section is not None:
        yield from range(section[0], section[0] + min(section[2], 2000), 7)


def look_up_dwarf(data: bytes) -> None:
    parsed = elf.read(data)
    dwarf = Dwarf(of_elf(parsed))
    for pc in _addresses(parsed):
        try:
            dwarf.frames(pc)
        except ArchfitError:
            continue


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize("flag", ["-gdwarf-4", "-gdwarf-5", "-gz=zlib"])
def test_dwarf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str, pure: bool) -> None:
    if pure:
        from archfit.formats import dwarf, dwarf_lines, dwarf_walk

        monkeypatch.setattr(dwarf, "entries", dwarf_walk.entries)
        monkeypatch.setattr(dwarf_lines, "lines", dwarf_walk.lines)
    data = compile_c(tmp_path, "-O2", "-g", flag).read_bytes()
    names = ("info", "abbrev", "line", "aranges", "rnglists", "ranges", "str", "line_str")
    spots = _spots(data, *(f".debug_{name}" for name in names))
    survive([(flag, data, spots)], look_up_dwarf, f"dwarf {flag} {pure}")
