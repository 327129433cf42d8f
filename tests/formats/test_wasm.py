"""WebAssembly made by hand; Go's own modules are in tests/oracle."""

from __future__ import annotations

import pytest

from archfit.formats import wasm
from archfit.model.errors import Malformed

HEAD = b"\0asm\1\0\0\0"


def name(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def section(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0x80 | len(body) & 0x7F, len(body) >> 7]) + body


def module(*imports: bytes) -> bytes:
    custom = section(0, name("note") + b"x")
    body = bytes([len(imports)]) + b"".join(imports)
    return HEAD + custom + section(1, b"\1\x60\0\0") + section(2, body) + section(3, b"\0")


def test_systems() -> None:
    wasi = name("wasi_snapshot_preview1") + name("fd_write") + b"\0\0"
    assert wasm.read(module(wasi)).system == "wasip1"
    assert wasm.read(module(name("gojs") + name("a") + b"\0\0")).system == "js"
    assert wasm.read(module(name("go") + name("a") + b"\0\0")).system == "js"
    assert wasm.read(module(name("env") + name("a") + b"\0\0")).system is None
    assert wasm.read(HEAD).system is None


def test_every_kind_of_import() -> None:
    found = wasm.read(module(
        name("t") + name("table") + b"\1\x70\1\1\2",
        name("m") + name("memory") + b"\2\0\1",
        name("g") + name("global") + b"\3\x7f\1",
        name("e") + name("tag") + b"\4\0\1",
        name("f") + name("function") + b"\0\x81\1",
    ))  # fmt: skip
    assert found.modules == ("t", "m", "g", "e", "f")


def test_an_import_of_a_later_kind_ends_the_list() -> None:
    found = wasm.read(module(name("a") + name("x") + b"\0\0", name("b") + name("y") + b"\x20\0"))
    assert found.modules == ("a",)


def test_component() -> None:
    found = wasm.read(b"\0asm\x0d\0\1\0" + bytes(10))
    assert (found.kind, found.version) == ("component", 13)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0asm",
        b"\0asm\2\0\0\0",
        HEAD + b"\2",
        HEAD + b"\2\x7f",
        HEAD + b"\2" + b"\xff" * 12,
        HEAD + b"\2\x80",
    ],
)
def test_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        wasm.read(raw)
