"""What an object file is for, by its head."""

from __future__ import annotations

import struct

import pytest

import macho_bytes
from archfit.formats.isa_of_head import isa_of_head


def elf(machine: int, little: bool = True, bits: int = 64, osabi: int = 0, flags: int = 0) -> bytes:
    order = "<" if little else ">"
    ident = b"\x7fELF" + bytes([bits // 32, 1 if little else 2, 1, osabi]) + bytes(8)
    wide = "QQQ" if bits == 64 else "III"
    return (
        ident + struct.pack(order + "HHI" + wide + "I", 1, machine, 1, 0, 0, 0, flags) + bytes(12)
    )


@pytest.mark.parametrize(
    ("head", "target"),
    [
        (elf(62), ("linux", "amd64")),
        (elf(183), ("linux", "arm64")),
        (elf(183, osabi=9), ("freebsd", "arm64")),
        (elf(183, osabi=97), (None, "arm64")),
        (elf(40, bits=32), ("linux", "arm")),
        (elf(21, little=False), ("linux", "ppc64")),
        (elf(21), ("linux", "ppc64le")),
        (elf(8, bits=32, little=False), ("linux", "mips")),
        (macho_bytes.thin(), ("darwin", "arm64")),
        (macho_bytes.thin(cpu=macho_bytes.PPC, order=">", bits=32), ("darwin", "ppc")),
        (struct.pack("<HHIIIHH", 0x8664, 3, 0, 0, 0, 0, 0) + b".text\0\0\0", ("windows", "amd64")),
        (struct.pack("<HHHH", 0, 0xFFFF, 0, 0xAA64), ("windows", "arm64")),
        (struct.pack("<HHHH", 0, 0xFFFF, 0, 0), None),
        (b"go object linux riscv64 go1.27.3 X:none\n", ("linux", "riscv64")),
        (b"go object ", None),
        (b"\0asm\1\0\0\0", (None, "wasm")),
        (b"", None),
        (b"\x7fELF", None),
        (b"BC\xc0\xde", None),
        (b"#!/bin/sh\n", None),
        (b"\xcf\xfa\xed\xfe", None),
    ],
)
def test_heads(head: bytes, target: tuple[str | None, str] | None) -> None:
    assert isa_of_head(head[:64]) == target


def test_no_head_makes_it_fail() -> None:
    starts = [
        b"\x7fELF",
        b"\xcf\xfa\xed\xfe",
        b"go object a",
        b"\0\0\xff\xff",
        b"\x64\x86",
        b"\1\xf7",
    ]
    for start in starts:
        for length in range(80):
            for fill in (b"\0", b"\xff", b" "):
                isa_of_head((start + fill * 80)[:length])
