"""Real Go programs of every format with bytes changed: nothing but Malformed and Unavailable.

300 changes of each file as a rule; ``ARCHFIT_FUZZ=20000`` asks for more.
"""

from __future__ import annotations

import mmap
import os
import random
import resource
import time
from collections.abc import Callable

import pytest

from archfit.formats import elf, go_buildinfo, macho, pe, xcoff_sections
from archfit.formats.go_buildinfo import INFO_END, INFO_START, MAGIC
from archfit.model.errors import Malformed
from go_programs import build, read, universal

CHANGES = int(os.environ.get("ARCHFIT_FUZZ", "300"))

#: Numbers at which readers stumble.
EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 63, (1 << 64) - 1)


def old_blob(data: bytes) -> bytes:
    """The build info in the form that Go 1.13 to 1.17 wrote, pointing at strings of its own."""
    parsed = elf.read(data)
    section = parsed.section(".go.buildinfo")
    assert section is not None
    address, offset, size = section
    text = INFO_START + b"path\ta\nmod\ta\tv1\n" + INFO_END
    strings = address + 32 + 32
    words = [address + 32, address + 48, strings, 6, strings + 6, len(text)]
    blob = MAGIC + b"\x08\x00" + b"".join(word.to_bytes(8, "little") for word in words)
    blob += b"go1.16" + text
    assert len(blob) <= size
    return data[:offset] + blob.ljust(size, b"\0") + data[offset + size :]


def mac(isa: str) -> bytes:
    return build("pure", target=f"darwin/{isa}").read_bytes()


FILES: dict[str, Callable[[], bytes]] = {
    "elf": lambda: build("pure").read_bytes(),
    "elf-cgo-merged": lambda: build("cgo-pie", "1.19").read_bytes(),
    "elf-old-blob": lambda: old_blob(build("cgo").read_bytes()),
    "elf-big-endian": lambda: build("pure", target="linux/mips").read_bytes(),
    "elf-no-blob": lambda: build("cgo").read_bytes().replace(MAGIC, bytes(14)),
    "macho": lambda: mac("arm64"),
    "macho-universal": lambda: universal(mac("amd64"), mac("arm64")),
    "pe": lambda: build("pure", target="windows/amd64").read_bytes(),
    "pe-no-blob": lambda: (
        build("pure", target="windows/386").read_bytes().replace(MAGIC, bytes(14))
    ),
    "xcoff": lambda: build("pure", target="aix/ppc64").read_bytes(),
    "wasm": lambda: build("pure", target="js/wasm").read_bytes(),
}


def places(data: bytes) -> list[tuple[int, int]]:
    """(start, end) of what the readers of Go look at: headers, tables, blob, text."""
    found = [(0, 4096), (len(data) - 4096, len(data))]
    for mark in (MAGIC, INFO_START, b"producers", b"\0crosscall2\0", b"\0go1."):
        at = data.find(mark)
        if at >= 0:
            found.append((at - 16, at + 600))
    if data[:4] == b"\x7fELF":
        parsed = elf.read(data)
        found.append((parsed.header.shoff, parsed.header.shoff + parsed.header.shnum * 64))
        for name in (".gopclntab", ".shstrtab", ".dynamic"):
            section = parsed.section(name)
            if section is not None:
                found.append((section[1], section[1] + min(section[2], 128)))
    elif data[:2] == b"MZ":
        found += [(s.offset, s.offset + 256) for s in pe.read(data).sections]
    elif data[:2] == b"\x01\xf7":
        found += [(s.offset, s.offset + 256) for s in xcoff_sections.sections(data)]
    elif data[:4] != b"\0asm":
        for part in macho.read(data).slices:
            found += [(part.offset, part.offset + 4096)]
            found += [
                (s.offset, s.offset + 128) for s in part.sections() if s.name.startswith("__go")
            ]
    return [(max(0, start), min(end, len(data))) for start, end in found if start < len(data)]


def change(
    view: mmap.mmap, spots: list[tuple[int, int]], chance: random.Random
) -> list[tuple[int, bytes]]:
    """Changes a few places; returns what stood there, to be put back in reverse order."""
    before = []
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        start, end = chance.choice(spots) if chance.random() < 0.9 else (0, len(view))
        at = chance.randrange(start, max(start + 1, end - 8))
        size = chance.choice((1, 1, 2, 4, 8))
        kind = chance.random()
        if kind < 0.4:
            new = (chance.choice(EDGES) & (1 << 8 * size) - 1).to_bytes(
                size, chance.choice(("little", "big"))
            )
        elif kind < 0.8:
            new = chance.randbytes(size)
        else:  # a piece of the file itself in another place
            size = chance.randrange(1, 64)
            source = chance.randrange(*chance.choice(spots))
            new = view[source : source + size]
        new = new[: len(view) - at]
        before.append((at, view[at : at + len(new)]))
        view[at : at + len(new)] = new
    return before


@pytest.mark.parametrize("name", FILES)
def test_changed_files(name: str) -> None:
    data = FILES[name]()
    facts, errors = read(data)
    assert "go.cgo" in facts
    assert not errors
    spots = places(data)
    chance = random.Random(name)
    view = mmap.mmap(-1, len(data))
    view.write(data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    for _ in range(CHANGES):
        before = change(view, spots, chance)
        window = view if chance.random() < 0.9 else view[: chance.randrange(len(data))]
        started = time.process_time()
        facts, _ = read(window)
        slowest = max(slowest, time.process_time() - started)
        for value in facts.values():
            assert value.source
        for at, old in reversed(before):
            view[at : at + len(old)] = old
    assert view[:] == data
    assert slowest < 1.0
    if CHANGES >= 10_000:  # what Python itself takes and frees is lost in so many
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown
        assert grown < 64 << 10, f"{grown} KiB"


def test_changed_texts() -> None:
    """Module information with characters changed."""
    text = (
        'path\ta\nmod\ta\tv1\th1:x\ndep\tb\tv2\n=>\tc\tv3\th1:y\nbuild\t"a b"="c\\t\\x41\\u00e9"\n'
        "build\t-ldflags=`-s -w`\nbuild\tCGO_CFLAGS=\n"
    )
    chance = random.Random(3)
    letters = '\t\n="`\\ xuU0a7>:é\0'
    for _ in range(max(CHANGES, 3000)):
        new = list(text)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(new))
            new[at : at + chance.randint(0, 3)] = chance.choices(letters, k=chance.randint(0, 3))
        try:
            info = go_buildinfo.parse("".join(new))
        except Malformed:
            continue
        assert all(isinstance(value, str) for value in info.settings.values())
