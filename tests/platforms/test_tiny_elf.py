"""The smallest programs run: natively, and each under its qemu-user."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from archfit.formats.slice_isa import isas_in
from archfit.platforms.isa import rows
from archfit.platforms.tiny_elf import STATUS, known, tiny_elf
from toolbox import need_tool


@pytest.mark.parametrize("isa", known())
def test_it_is_of_its_isa_and_small(isa: str) -> None:
    assert isas_in(tiny_elf(isa)) == (isa,)
    assert len(tiny_elf(isa)) < 200


@pytest.mark.parametrize("isa", known())
def test_it_ends_with_its_status(isa: str, tmp_path: Path) -> None:
    qemu = need_tool(f"qemu-{rows()[isa]['qemu'][0]}")
    program = tmp_path / "tiny"
    program.write_bytes(tiny_elf(isa))
    program.chmod(0o755)
    assert subprocess.run([qemu, str(program)], check=False).returncode == STATUS
