"""Real ELF files with bytes changed: nothing but Malformed, within memory and work bounds.

200 changes of each file as a rule; ``ARCHFIT_FUZZ=20000`` asks for more. The changes of
`test_real_files_changed` hit the tables that readers look at; the files of
`test_hostile_files` are made by hand to cost as much as they can.
"""

from __future__ import annotations

import contextlib
import os
import random
import struct
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from archfit.formats import elf, ld_cache, loader_defaults
from archfit.host.libraries import Libraries
from archfit.host.live import Live
from archfit.model.errors import Malformed
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes import elf as probe
from elf_bytes import BASE, note, properties
from elf_bytes import elf as make
from ld_cache_bytes import new, old
from real_files import fetched
from toolbox import need_tool

CHANGES = int(os.environ.get("ARCHFIT_FUZZ", "200"))

#: Numbers at which readers stumble.
EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 63, (1 << 64) - 1)
#: Calls of Python functions for one file, and bytes beside it.
MOST_CALLS, MOST_BYTES = 1_000_000, 64 << 20


@cache
def compiled(tool: str, *flags: str) -> bytes:
    source = 'int printf(const char *, ...); int main(void) { return printf("x"); }\n'
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        words = [need_tool(tool), "-x", "c", "-", "-o", str(out), *flags]
        subprocess.run(words, input=source.encode(), check=True)
        return out.read_bytes()


@cache
def core() -> bytes:
    gdb = need_tool("gdb", "gdb-multiarch")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "core"
        words = ["-nx", "-batch", "-ex", "starti", "-ex", f"generate-core-file {out}", "/bin/true"]
        done = subprocess.run([gdb, *words], capture_output=True, text=True, check=False)
        if not out.exists():
            pytest.skip(f"gdb can't trace here: {done.stderr}")
        return out.read_bytes()


def fetched_for(isa: str) -> bytes:
    for path in fetched("elf"):
        data = path.read_bytes()
        if elf.read(data).isa == isa:
            return data[: 1 << 20]
    pytest.skip(f"no fetched file is for {isa}")


FILES: dict[str, Callable[[], bytes]] = {
    "program": lambda: Path("/bin/true").read_bytes(),
    "library": lambda: Path(next(iter(Path("/lib").glob("*/libz.so.1")))).read_bytes(),
    "object": lambda: compiled("gcc", "-c"),
    "static": lambda: compiled("musl-gcc", "-static"),
    "musl": lambda: compiled("musl-gcc"),
    "arm64": lambda: compiled("aarch64-linux-gnu-gcc"),
    "arm64-object": lambda: compiled("aarch64-linux-gnu-gcc", "-c", "-g"),
    "core": core,
    "big-endian": lambda: fetched_for("s390x"),
    "32-bit": lambda: fetched_for("arm"),
    "all-made-up": lambda: make(
        bits=32, little=False, machine=8, type=3, soname="a", needed=["b", "c"], rpath="/a:/b",
        versions={"b": ["GLIBC_2.1", "X"], "c": ["Y"]}, notes=note(b"GNU", 3, b"1", 4, ">"),
        sections=[(".text", 1, 6, b"code"), (".note.x", 7, 2, note(b"GNU", 1, bytes(16)))],
    ),
    "properties": lambda: make(notes=properties((0xC0000002, 3), (0xC0008002, 1)), notes_align=8),
}  # fmt: skip


def places(data: bytes) -> list[tuple[int, int]]:
    """(start, end) of what is read: header, program headers, tables, notes, section headers."""
    parsed = elf.read(data)
    header = parsed.header
    found = [(0, 64), (header.phoff, header.phoff + 56 * max(len(parsed.segments), 1))]
    if header.shoff:
        found.append((header.shoff, min(header.shoff + 64 * (header.shnum + 1), len(data))))
    found += [(s.offset, s.offset + s.filesz) for s in parsed.segments if s.type in (2, 3, 4)]
    for name in (".gnu.version_r", ".dynstr", ".shstrtab", ".strtab", ".note.gnu.property"):
        section = parsed.section(name)
        if section is not None:
            found.append((section[1], section[1] + min(section[2], 1 << 12)))
    return [(a, min(b, len(data))) for a, b in found if a < min(b, len(data))]


def changed(data: bytes, where: list[tuple[int, int]], chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        start, end = chance.choice(where)
        at = chance.randrange(start, end)
        kind = chance.random()
        if kind < 0.3:
            out[at] = chance.randrange(256)
        elif kind < 0.8:
            size = chance.choice((2, 4, 8))
            number = chance.choice((*EDGES, chance.randrange(len(data) + 64), at))
            order = chance.choice(("little", "big"))
            raw = (number & ((1 << 8 * size) - 1)).to_bytes(size, order)  # type: ignore[arg-type]
            at -= at % size
            out[at : at + size] = raw
        elif kind < 0.9:
            other = chance.choice(where)[0]
            out[at : at + 16] = out[other : other + 16]
        else:
            del out[chance.randrange(1, len(out)) :]
            break
    return bytes(out)


def look(data: bytes) -> None:
    """Everything that is ever asked of an ELF file."""
    facts: dict[str, Fact] = {}
    scene = Scene(None, {}, None)
    with contextlib.suppress(Malformed):
        probe.PROBE.run(Image("x", "elf", data), facts, scene)
    parsed = scene.parsed.get("elf")
    if parsed is None:
        return
    for name in (
        "type", "os_mark", "libc_mark", "glibc_min", "notes", "marks", "exec_stack",
        "segment_align", "load_align", "stripped", "static", "default_folders",
    ):  # fmt: skip
        with contextlib.suppress(Malformed):
            getattr(parsed, name)
    for section in (".text", ".go.buildinfo", ""):
        found = parsed.section(section)
        assert found is None or found[1] + found[2] <= len(data)
    for addr in (0, BASE, parsed.header.entry, (1 << 64) - 1):
        offset = parsed.offset_of(addr)
        assert offset is None or offset < len(data)


def calls_of(job: Callable[[], object]) -> int:
    """How many calls, of Python and of C functions, a job makes."""
    count = 0

    def counted(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        job()
    finally:
        sys.setprofile(None)
    return count


def bounded(data: bytes) -> None:
    """One file within both bounds."""
    assert calls_of(lambda: look(data)) <= MOST_CALLS
    tracemalloc.start()
    try:
        look(data)
        assert tracemalloc.get_traced_memory()[1] <= MOST_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", FILES)
def test_real_files_changed(name: str) -> None:
    data = FILES[name]()
    where = places(data)
    chance = random.Random(name)
    for number in range(CHANGES):
        case = changed(data, where, chance)
        look(case)
        if number % 50 == 0:
            bounded(case)


@pytest.mark.parametrize("name", ["library", "musl", "arm64", "all-made-up"])
def test_libraries_changed(name: str, tmp_path: Path) -> None:
    """What a program needs is a changed library, in reach of its loader."""
    data = FILES[name]()
    where = places(data)
    chance = random.Random(name)
    library = tmp_path / "liba.so"
    program = elf.read(
        make(interp="/lib64/ld-linux-x86-64.so.2", needed=["liba.so"], runpath=str(tmp_path))
    )
    for _ in range(max(CHANGES // 4, 1)):
        library.write_bytes(changed(data, where, chance))
        rows = Libraries(Live({}), {}).of("/x", program)
        assert rows is None or rows[0]["name"] == "liba.so"


def hostile() -> dict[str, bytes]:
    """Files that make readers do as much as they can be made to do."""
    many = 1 << 16
    rows = [(1, 5, 0, 0x1000 * n, 1, 1, 1) for n in range(4)]
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, 1 << 40, 1 << 40, 1)
    table = bytearray(make(loads=rows, needed=["a"]))
    struct.pack_into("<QQHHH", table, 32, len(table), 0, 0, 0, 64)  # phoff at the end
    struct.pack_into("<HH", table, 54, 56, 0xFFFE)
    sections = bytearray(make(sections=[(".text", 1, 6, b"x")]))
    shoff = len(sections)
    struct.pack_into("<Q", sections, 40, shoff)
    struct.pack_into("<HHH", sections, 58, 64, 0xFFFE, 1)
    named = struct.pack("<IIQQQQIIQQ", 1, 7, 6, 0, 0, shoff, 0, 0, 4, 0)
    one = note(b"GNU", 5, b"") * 60_000
    spans = [(4, 4, 0, 0, 1 << 40, 1 << 40, 4)] * 300
    names = "A" * 200
    return {
        "segments": bytes(table) + segment * 0xFFFE,
        "sections": bytes(sections) + b"\0" * 64 + named * 0xFFFD,
        "notes": make(notes=one, others=spans),
        "needed": make(needed=["lib.so"] * 5000),
        "long names": make(needed=["x" * 60_000] * 30),
        "versions": make(needed=["l"], versions={"l": [names] * 60_000}),
        "tags": make(needed=["l"], tags=[(6, 0)] * (many + 5)),
        "zeros": make(type=3, interp="/lib/ld.so.1") + bytes(8 << 20),
        "static": make(
            sections=[(".init", 1, 6, b"x"), (".strtab", 3, 0, b"__init_libc" * 400_000)]
        ),
    }


@pytest.mark.parametrize("name", hostile())
def test_hostile_files(name: str) -> None:
    bounded(hostile()[name])


def test_caches_changed() -> None:
    libs = [(f"lib{n}.so.{n}", f"/lib/lib{n}.so.{n}", 0x303, 0) for n in range(20)]
    levels = [("liba.so", "/x/liba.so", 0x303, 1 << 62)]
    seeds = [
        new(levels + libs, levels=["x86-64-v2"]),
        new(libs, ">", 3),
        old(libs),
        old(libs, "<", new(libs, at=16 + 12 * 20)),
    ]
    chance = random.Random(3)
    for number in range(CHANGES * 4):
        seed = seeds[number % len(seeds)]
        with contextlib.suppress(Malformed):
            ld_cache.read(changed(seed, [(0, len(seed))], chance))


def test_loaders_changed() -> None:
    seed = b"\0/lib64/\0/usr/lib64/\0lib64\0/etc/ld.so.cache\0" * 3
    chance = random.Random(4)
    for _ in range(CHANGES):
        loader_defaults.read(changed(seed, [(0, len(seed))], chance))
    long = b"/lib" * 500_000
    assert calls_of(lambda: loader_defaults.read(long)) < 50_000
