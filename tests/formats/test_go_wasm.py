"""Go's marks in WebAssembly."""

from __future__ import annotations

import pytest

from archfit.formats import go_buildinfo, go_wasm
from archfit.model.errors import Malformed
from go_programs import build

HEAD = b"\0asm\1\0\0\0"


def text(value: bytes) -> bytes:
    return bytes((len(value),)) + value


def custom(name: bytes, body: bytes) -> bytes:
    body = text(name) + body
    return b"\0" + bytes((len(body),)) + body


PRODUCERS = b"\1" + text(b"processed-by") + b"\1" + text(b"Go cmd/compile") + text(b"go1.26.8")


def test_release() -> None:
    data = HEAD + custom(b"go:buildid", b"x") + b"\x0b\2\0\0" + custom(b"producers", PRODUCERS)
    found = go_wasm.read(data)
    assert found is not None
    assert found.release == "go1.26.8"
    assert found.layout.strings[0].size == 2


def test_other_compilers() -> None:
    other = PRODUCERS.replace(b"Go cmd/compile", b"clang x.y.zzzz")
    assert go_wasm.read(HEAD + custom(b"go:buildid", b"x") + custom(b"producers", other)) is None
    assert go_wasm.read(HEAD + custom(b"producers", PRODUCERS)) is None
    assert go_wasm.read(HEAD) is None


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"\0\x7f",
        HEAD + b"\0\xff\xff\xff\xff\xff\xff",
        HEAD + custom(b"producers", b"\1\x7f"),
        HEAD + custom(b"producers", b"\1"),
    ],
)
def test_broken(data: bytes) -> None:
    with pytest.raises(Malformed):
        go_wasm.read(data)


@pytest.mark.parametrize("target", ["js/wasm", "wasip1/wasm"])
def test_real_programs(target: str) -> None:
    path = build("pure", target=target)
    data = path.read_bytes()
    found = go_wasm.read(data)
    assert found is not None
    assert found.release == path.name.split("-")[0]
    module = go_buildinfo.find_text(data, found.layout)
    assert module is not None
    assert go_buildinfo.parse(module[0]).path == "example.com/probe/pure"
