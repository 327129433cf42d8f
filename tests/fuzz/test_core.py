"""Core files and frame information with bytes changed: unwound or refused, in time."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import pytest

from archfit.crash import images
from archfit.crash.joined import Joiner
from archfit.formats import cfi, cfi_rules, elf_core, elf_sections
from archfit.formats.elf_header import read_header
from archfit.model.errors import Malformed, Unavailable
from mutations import CHANGES, survive
from toolbox import need_tool

PROGRAM = """
#include <stdlib.h>
__attribute__((noinline)) void inner(int n) { if (n) abort(); }
__attribute__((noinline)) int middle(int n) { char room[64]; inner(n); return room[n]; }
int main(int n, char **words) { return middle(n) + 1; }
"""
#: Each takes some milliseconds, where a file's identity takes a tenth of one.
COUNT = max(CHANGES // 20, 100)


@pytest.fixture(scope="module")
def died(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, str]:
    """A real core, its program, and where that was."""
    folder = tmp_path_factory.mktemp("core")
    (folder / "x.c").write_text(PROGRAM)
    binary = folder / "x"
    subprocess.run([need_tool("gcc"), "-O1", "-o", binary, folder / "x.c"], check=True, timeout=60)
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]

    def allow() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))

    subprocess.run([binary], cwd=folder, preexec_fn=allow, check=False, timeout=60)
    cores = [one for one in os.listdir(folder) if one.startswith("core")]
    if not cores:
        pytest.skip("no core came to the working folder (kernel.core_pattern, ulimit -c)")
    return (folder / cores[0]).read_bytes(), binary.read_bytes(), str(binary)


def test_changed_cores(died: tuple[bytes, bytes, str]) -> None:
    core, binary, path = died
    known: dict[str, bytes] = {}

    def data_of(name: str) -> bytes:
        if name == path:
            return binary
        if name not in known:
            try:
                known[name] = Path(name).read_bytes()
            except (OSError, ValueError):
                raise Unavailable(f"{name}: not here") from None
        return known[name]

    def unwind(raw: bytes) -> None:
        image = images.of_core(elf_core.read(raw), data_of, path)
        joined = Joiner(image, images.go_minor(image)).run()
        assert all(one.stack.frames or one.stack.end for one in joined.threads)

    header = read_header(core)
    stack = elf_core.read(core).threads[0].registers[7]
    loads = elf_core.read(core).loads
    place = next((off + stack - a for a, b, off in loads if a <= stack < b), 0)
    spots = [(0, 64 + 56 * header.phnum), (64 + 56 * header.phnum, 0x2000), (place, place + 512)]
    survive([("core", core, spots)], unwind, "core", COUNT)


def test_changed_frame_information(died: tuple[bytes, bytes, str]) -> None:
    binary = died[1]
    header = read_header(binary)
    rows = elf_sections.by_name(binary, header, elf_sections.read_rows(binary, header))
    frame, table = rows[".eh_frame"], rows[".eh_frame_hdr"]

    def look(raw: bytes) -> None:
        section = cfi.Section(raw, frame[4], frame[5], frame[3], True)
        for where in (cfi.Section(raw, table[4], table[5], table[3], True), None):
            found = cfi.Table(section, where)
            for pc in range(rows[".text"][3], rows[".text"][3] + rows[".text"][5], 16):
                try:
                    entry = found.find(pc)
                    if entry is not None:
                        cfi_rules.caller(
                            entry, pc, {6: 1, 7: 2, 16: pc}, lambda _a, n: b"\1" * n, 7
                        )
                except Malformed:
                    continue

    spots = [(frame[4], frame[4] + frame[5]), (table[4], table[4] + table[5])]
    survive([("x", binary, spots)], look, "cfi", COUNT)
