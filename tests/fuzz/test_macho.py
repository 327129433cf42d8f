"""Real Mach-O files with bytes changed: facts or the house's errors, never anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.formats import macho
from archfit.formats.magic import recognise
from archfit.model.errors import Malformed
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes import macho as probe
from mutations import survive
from real_files import fetched, made_macho

SMALL = 120_000


def touch(raw: bytes) -> None:
    """Everything that the reader and the probe can be asked for."""
    kind = recognise(raw[:64])
    if kind not in ("macho", "fat"):
        kind = "macho"
    facts: dict[str, Fact] = {}
    probe.PROBE.run(Image("x", kind, raw), facts, Scene(None, {}, None))
    for part in macho.read(raw).slices:
        for section in part.sections():
            part.offset_of(section.addr)
            try:
                found = part.section(section.segment, section.name)
            except Malformed:
                continue
            if found is not None and found.offset >= 0:
                assert found.offset + found.size <= len(raw)
        if part.signature not in ("none", "broken"):
            macho.verify_pages(part)


def spots(raw: bytes) -> list[tuple[int, int]]:
    """Headers, load commands, signatures."""
    found = [(0, 256)]
    for part in macho.read(raw).slices:
        found += [(part.offset, part.offset + 2048)] * 3
        if part.commands is not None and part.commands.signature is not None:
            at = part.offset + part.commands.signature[0]
            found.append((at, at + 160))
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    paths = fetched("macho", "fat") + list(made_macho(tmp_path_factory.mktemp("macho")))
    return [path for path in paths if path.stat().st_size < SMALL]


def test_changed_files(files: list[Path]) -> None:
    assert len(files) > 40
    real = [(path.name, raw, spots(raw)) for path in files for raw in (path.read_bytes(),)]
    survive(real, touch, "macho")
