"""Tables that loaders read, with bytes changed: bindings or the house's errors."""

from __future__ import annotations

from pathlib import Path

from archfit.engine.bindings import bindings
from archfit.formats import macho, macho_linkedit, pe, pe_bindings
from archfit.report.bindings import lines
from mutations import survive
from real_files import fetched, made_macho


def touch(raw: bytes) -> None:
    """What the verb does, without its output."""
    for _ in lines(bindings(raw), every=False):
        pass


def spots(raw: bytes) -> list[tuple[int, int]]:
    """The load commands and each table."""
    found = [(0, 256)]
    for part in macho.read(raw).slices:
        found.append((part.offset, part.offset + 2048))
        for place in macho_linkedit.places(part).values():
            start = part.offset + place.offset
            found += [(start, start + min(place.size, 400))] * 3
    return found


def test_macho(tmp_path: Path) -> None:
    paths = [path for path in fetched("macho", "fat") if path.stat().st_size < 300_000]
    linked = [path for path in made_macho(tmp_path) if path.suffix != ".o"]
    real = [(p.name, raw, spots(raw)) for p in paths[:30] + linked for raw in (p.read_bytes(),)]
    survive(real, touch, "bindings")


def test_elf() -> None:
    paths = [path for path in fetched("elf") if path.stat().st_size < 300_000]
    system = [Path(f"/usr/lib/x86_64-linux-gnu/{name}") for name in ("libdl.so.2", "libz.so.1")]
    paths += [path for path in system if path.exists()]
    real = [(p.name, raw, [(0, 4096)]) for p in paths[:30] for raw in (p.read_bytes(),)]
    survive(real, touch, "elf bindings")


def test_pe() -> None:
    paths = [path for path in fetched("pe") if path.stat().st_size < 300_000]
    real = []
    for path in paths[:30]:
        raw = path.read_bytes()
        image = pe.read(raw)
        places = [(0, 1024)]
        for number in (1, 5, 13):
            found = pe_bindings.directory(raw, number)
            at = image.offset_of(found[0]) if found else None
            if at is not None:
                places.append((at, at + 200))
        real.append((path.name, raw, places))
    survive(real, touch, "pe bindings")
