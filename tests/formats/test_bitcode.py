"""The triple in LLVM bitcode; the bits are laid by hand as the bitstream format has them."""

from __future__ import annotations

import struct

import pytest

from archfit.formats import bitcode


class Bits:
    """Writes the bitstream: fixed and variable width numbers, least significant bit first."""

    def __init__(self) -> None:
        self.value = self.length = 0

    def fixed(self, number: int, width: int) -> Bits:
        self.value |= number << self.length
        self.length += width
        return self

    def vbr(self, number: int, width: int) -> Bits:
        top = 1 << width - 1
        while number >= top:
            self.fixed(number & top - 1 | top, width)
            number >>= width - 1
        return self.fixed(number, width)

    def align(self) -> Bits:
        self.length += -self.length % 32
        return self

    def raw(self) -> bytes:
        return self.value.to_bytes(-(-self.length // 32) * 4, "little")


def module(triple: str) -> bytes:
    """An identification block to be passed over, then a module with a block, records, a triple."""
    bits = Bits()
    bits.fixed(1, 2).vbr(13, 8).vbr(5, 4).align().fixed(2, 32)
    bits.fixed(0, 32).fixed(0, 32)
    bits.fixed(1, 2).vbr(8, 8).vbr(3, 4).align().fixed(999, 32)
    bits.fixed(3, 3).vbr(1, 6).vbr(1, 6).vbr(2, 6)  # VERSION 2
    bits.fixed(1, 3).vbr(17, 8).vbr(4, 4).align().fixed(1, 32).fixed(0xFFFFFFFF, 32)
    bits.fixed(3, 3).vbr(2, 6).vbr(len(triple), 6)
    for letter in triple.encode():
        bits.vbr(letter, 6)
    return bitcode.RAW + bits.raw()


@pytest.mark.parametrize(
    ("triple", "target"),
    [
        ("arm64-apple-macosx11.0.0", ("darwin", "arm64")),
        ("x86_64-apple-darwin20", ("darwin", "amd64")),
        ("aarch64-unknown-linux-gnu", ("linux", "arm64")),
        ("armv7-unknown-linux-gnueabihf", ("linux", "arm")),
        ("thumbv7em-none-eabi", (None, "arm")),
        ("aarch64-linux-android21", ("android", "arm64")),
        ("x86_64-pc-windows-msvc", ("windows", "amd64")),
        ("arm64-apple-ios13.0", ("ios", "arm64")),
        ("wasm32-wasi", ("wasip1", "wasm")),
        ("made-up", (None, None)),
    ],
)
def test_triples(triple: str, target: tuple[str | None, str | None]) -> None:
    raw = module(triple)
    assert bitcode.triple(raw, 0, len(raw)) == triple
    assert bitcode.target(raw, 0, len(raw)) == target
    shifted = bytes(8) + raw
    assert bitcode.target(shifted, 8, len(shifted)) == target


def test_wrapper() -> None:
    raw = module("arm64-apple-ios13.0")
    wrapped = bitcode.WRAPPER + struct.pack("<4I", 0, 20, len(raw), 0x0100000C) + raw
    assert bitcode.target(wrapped, 0, len(wrapped)) == ("ios", "arm64")
    empty = bitcode.WRAPPER + struct.pack("<4I", 0, 20, 4, 0x01000007) + bitcode.RAW
    assert bitcode.target(empty, 0, len(empty)) == ("darwin", "amd64")
    lost = bitcode.WRAPPER + struct.pack("<4I", 0, 1 << 31, 4, 0x01000007)
    assert bitcode.target(lost, 0, len(lost)) == (None, "amd64")


def test_truncated_and_garbled() -> None:
    raw = module("arm64-apple-macosx11.0.0")
    for end in range(len(raw)):
        bitcode.target(raw, 0, end)
    for at in range(4, len(raw)):
        bitcode.target(raw[:at] + b"\xff" + raw[at + 1 :], 0, len(raw))
