"""ISAs of programs by their first bytes."""

from __future__ import annotations

import random
import struct
import sys
from pathlib import Path

import pytest

from archfit.formats.slice_isa import HEAD, isa_in, isas_in


def _fat(*cpus: int, wide: bool = False) -> bytes:
    magic, form = (0xCAFEBABF, ">IIQQII") if wide else (0xCAFEBABE, ">IIIII")
    rest = (0, 0x4000, 0x4000, 14, 0) if wide else (0, 0x4000, 0x4000, 14)
    return struct.pack(">II", magic, len(cpus)) + b"".join(
        struct.pack(form, cpu, *rest) for cpu in cpus
    )


def _pe(machine: int) -> bytes:
    return (
        b"MZ".ljust(0x3C, b"\0")
        + struct.pack("<I", 0x80)
        + bytes(0x40)
        + (b"PE\0\0" + struct.pack("<H", machine) + bytes(64))
    )


@pytest.mark.parametrize(
    ("head", "isas"),
    [
        (_fat(0x01000007, 0x0100000C), ("amd64", "arm64")),
        (_fat(0x0100000C, 0x0100000C), ("arm64",)),
        (_fat(0x01000007, 0x0100000C, wide=True), ("amd64", "arm64")),
        (_pe(0x8664), ("amd64",)),
        (_pe(0xAA64), ("arm64",)),
        (struct.pack("<II", 0xFEEDFACF, 0x0100000C) + bytes(24), ("arm64",)),
        (b"#!/bin/sh\n", ()),
        (b"MZ", ()),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", ()),
        (b"", ()),
    ],
)
def test_isas(head: bytes, isas: tuple[str, ...]) -> None:
    assert isas_in(head) == isas
    assert isa_in(head) == (isas[0] if len(isas) == 1 else None)


def test_this_python() -> None:
    assert len(isas_in(Path(sys.executable).resolve().read_bytes()[:HEAD])) == 1


def test_no_bytes_make_it_fail() -> None:
    rng = random.Random(7)
    heads = [_fat(7, 7), _pe(0x8664), Path(sys.executable).resolve().read_bytes()[:HEAD]]
    for _ in range(3000):
        head = bytearray(rng.choice(heads))
        for _ in range(rng.randrange(1, 8)):
            head[rng.randrange(len(head))] = rng.randrange(256)
        assert len(isas_in(bytes(head[: rng.randrange(len(head) + 1)]))) < 44
