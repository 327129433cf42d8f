"""Real PE images and COFF objects with bytes changed."""

from __future__ import annotations

from archfit.formats import pe
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes import pe as probe
from mutations import survive
from real_files import fetched

SMALL = 200_000


def spots(raw: bytes) -> list[tuple[int, int]]:
    """Headers, then the start of each section: tables stand anywhere in them."""
    found = [(0, 1024)] * 4
    if raw[:2] == b"MZ":
        read = pe.read(raw)
        found += [(s.offset, s.offset + s.file_size) for s in read.sections if s.name == ".rdata"]
        for name in (*read.needed, *read.delayed):
            at = raw.find(name.encode())
            found.append((max(0, at - 64), at + len(name) + 4))
    return found


def touch(raw: bytes) -> None:
    facts: dict[str, Fact] = {}
    kind = "pe" if raw[:2] == b"MZ" else "coff"
    probe.PROBE.run(Image("x", kind, raw), facts, Scene(None, {}, None))
    if kind == "pe" and pe.has_header(raw):
        found = pe.read(raw)
        for section in found.sections:
            assert section.file_size == 0 or section.offset + section.file_size <= len(raw)
            found.offset_of(section.addr)
        found.section(".text")


def test_changed_files() -> None:
    paths = [path for path in fetched("pe", "coff") if path.stat().st_size < SMALL]
    assert len(paths) > 40
    real = [(path.name, raw, spots(raw)) for path in paths for raw in (path.read_bytes(),)]
    survive(real, touch, "pe")
