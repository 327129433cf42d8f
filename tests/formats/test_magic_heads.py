"""What a first line or a few bytes must have to be taken for a format."""

from __future__ import annotations

import struct

import pytest

from archfit.formats.magic import FIRST_TWO, recognise

BIGOBJ = struct.pack("<HHHHI", 0, 0xFFFF, 2, 0x8664, 0) + bytes.fromhex(
    "c7a1bad1eebaa94baf20faf66aa4dcb8"
)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"#!/bin/sh\n", "script"),
        (b"\xef\xbb\xbf#!/bin/sh\n", "script"),
        (b"#![allow(dead_code)]\n", ""),
        (b"\xef\xbb\xbf#![no_std]\n", ""),
        (b"\xef\xbb\xbfplain text", ""),
        (b"MZ" + bytes(58) + struct.pack("<I", 0x80), "pe"),
        (b"MZ" + bytes(58) + struct.pack("<I", 0), ""),
        (b"MZ is how this text starts, and it is long enough to have an offset.", ""),
        (b"MZ", ""),
        (b"\x01\xdf\0\x02" + bytes(12) + struct.pack(">H", 72) + bytes(40), "xcoff"),
        (b"\x01\xf7\0\x04" + bytes(12) + struct.pack(">H", 120) + bytes(40), "xcoff"),
        (b"\x01\xf7\0\x04" + bytes(12) + struct.pack(">H", 121) + bytes(40), ""),
        (b"\x01\xdf\0\0" + bytes(60), ""),
        (BIGOBJ, "coff"),
        (struct.pack("<HH", 0, 0xFFFF) + bytes(60), ""),
        (b"\xca\xfe\xba\xbe\0\0\0\x02" + bytes(40), "fat"),
        (b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(40), ""),
        (b"!<arch>\n", "ar"),
        (b"!<thin>\n", "ar"),
        (b"!<art>", ""),
        (b"\0asm\1\0\0\0", "wasm"),
        (b"", ""),
        (b"\0", ""),
    ],
)
def test_heads(head: bytes, name: str) -> None:
    assert recognise(head[:64]) == name
    if name:
        assert head[:2] in FIRST_TWO
