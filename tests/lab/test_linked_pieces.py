"""Pieces of a program and their ISA."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from archfit.lab.go_packages import Package
from archfit.lab.linked_pieces import examine, pieces


def elf_object(machine: int) -> bytes:
    """The header of a relocatable file, 64 bits, little endian (gABI 4.1)."""
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    return ident + struct.pack("<HHIQQQIHHHHHH", 1, machine, 1, 0, 0, 0, 0, 64, 0, 0, 64, 0, 0)


def test_an_object_for_another_isa(tmp_path: Path) -> None:
    path = tmp_path / "a.o"
    path.write_bytes(elf_object(machine=183))
    assert examine(str(path), "x", "linux/arm64").fits
    assert examine(str(path), "x", "linux/amd64").fits is False
    assert examine(str(path), "x", "darwin/arm64").fits is False


@pytest.mark.parametrize("content", [b"", b"text", b"!<arch>\n"])
def test_what_can_not_be_told_is_not_called_wrong(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lib.a"
    path.write_bytes(content)
    assert examine(str(path), "x", "linux/amd64").fits is None
    assert examine(str(tmp_path / "gone.a"), "x", "linux/amd64").fits is None


def test_archives_that_cgo_names_are_found(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    for name in ("libone.a", "two.o"):
        (tmp_path / "c" / name).write_bytes(elf_object(machine=62))
    flags = (f"-L{tmp_path}/c", "-lone", "c/two.o", "-lm", "-L/usr/lib", "-lpthread")
    package = Package("x", "x", str(tmp_path), False, True, ldflags=flags)
    found = pieces(str(tmp_path), "linux/amd64", (), [package])
    assert sorted(Path(piece.path).name for piece in found) == ["libone.a", "two.o"]
