"""Real archives with bytes changed, of every dialect."""

from __future__ import annotations

from pathlib import Path

from archfit.formats import ar
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes import ar as probe
from mutations import survive
from real_files import fetched, run, sources
from toolbox import need_tool

SMALL = 100_000


def spots(raw: bytes) -> list[tuple[int, int]]:
    """The headers of members, and the first bytes of each."""
    found = [(0, 8)]
    at = 8
    while at + 60 <= len(raw) and raw[at + 58 : at + 60] == b"`\n":
        found.append((at, at + 128))
        size = int(raw[at + 48 : at + 58])
        at += 60 + size + (size & 1)
    return found


def touch(raw: bytes) -> None:
    facts: dict[str, Fact] = {}
    probe.PROBE.run(Image("x", "ar", raw), facts, Scene(None, {}, None))
    for member in ar.members(raw):
        assert member.offset + member.size <= len(raw) or not member.stored


def test_changed_files(tmp_path: Path) -> None:
    clang, tool = need_tool("clang"), need_tool("llvm-ar", "llvm-ar-14")
    source = sources(tmp_path)
    objects = []
    for triple in ("x86_64-linux-gnu", "arm64-apple-macos11", "aarch64-pc-windows-msvc"):
        for flag, end in (("-g0", "o"), ("-emit-llvm", "bc")):
            objects.append(tmp_path / f"{triple}-long-name.{end}")
            run(clang, "-target", triple, flag, "-c", source, "-o", objects[-1])
    paths = [p for p in fetched("ar") if p.stat().st_size < SMALL and "999b" not in p.name]
    for dialect in ("gnu", "bsd", "darwin"):
        paths.append(tmp_path / f"{dialect}.a")
        run(tool, f"--format={dialect}", "rc", paths[-1], *objects)
    assert len(paths) > 20
    real = [(path.name, raw, spots(raw)) for path in paths for raw in (path.read_bytes(),)]
    survive(real, touch, "ar")
