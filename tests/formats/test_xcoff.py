"""XCOFF made by hand; AIX programs are in tests/oracle."""

from __future__ import annotations

import struct

import pytest

from archfit.formats import xcoff
from archfit.model.errors import Malformed


def program(wide: bool, flags: int = 0x1002, ids: bytes | None = None) -> bytes:
    """A file with one section, the loader's, that names libc and a file without member."""
    if ids is None:
        ids = b"/usr/lib:/lib\0\0\0" + b"\0libc.a\0shr.o\0" + b"\0plain.so\0\0"
    count = 3
    if wide:
        head = struct.pack(">HHIQHHI", 0x1F7, 1, 0, 0, 0, flags, 5)
        section = struct.pack(
            ">8s6Q3II", b".loader", 0, 0, 56 + len(ids), 96, 0, 0, 0, 0, 0x1000, 0
        )
        loader = struct.pack(">6I4Q", 2, 0, 0, len(ids), count, 0, 56, 0, 0, 0)
    else:
        head = struct.pack(">HHIIIHH", 0x1DF, 1, 0, 0, 5, 0, flags)
        section = struct.pack(">8s6I2HI", b".loader", 0, 0, 32 + len(ids), 60, 0, 0, 0, 0, 0x1000)
        loader = struct.pack(">8I", 1, 0, 0, len(ids), count, 32, 0, 0)
    return head + section + loader + ids


@pytest.mark.parametrize("wide", [False, True])
def test_a_program(wide: bool) -> None:
    found = xcoff.read(program(wide))
    assert (found.isa, found.bits) == (("ppc64", 64) if wide else ("ppc", 32))
    assert (found.type, found.symbols) == ("executable", 5)
    assert found.needed == ("libc.a(shr.o)", "plain.so")
    assert found.library_path == "/usr/lib:/lib"
    assert xcoff.read(program(wide, 0x2000)).type == "shared"
    assert xcoff.read(program(wide, 0)).type == "object"


@pytest.mark.parametrize("wide", [False, True])
def test_every_truncation_is_malformed(wide: bool) -> None:
    whole = program(wide)
    for end in range(len(whole)):
        with pytest.raises(Malformed):
            xcoff.read(whole[:end])


def test_ids_without_ends() -> None:
    assert xcoff.read(program(True, ids=b"no end")).needed == ()
