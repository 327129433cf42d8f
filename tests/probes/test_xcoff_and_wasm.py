"""Facts of XCOFF and WebAssembly files made by hand."""

from __future__ import annotations

import struct
from typing import Any

from archfit.model.fact import Fact
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene
from archfit.probes import wasm, xcoff


def values(probe: FileProbe, raw: bytes) -> dict[str, Any]:
    facts: dict[str, Fact] = {}
    probe.run(Image("x", probe.name, raw), facts, Scene(None, {}, None))
    assert set(facts) <= {key.name for key in probe.gives}
    return {name.partition(".")[2]: fact.value for name, fact in facts.items()}


def test_xcoff() -> None:
    found = values(xcoff.PROBE, struct.pack(">HHIQHHI", 0x1F7, 0, 0, 0, 0, 0x1002, 0))
    one = found.pop("slices")[0]
    assert found == {
        "format": "xcoff",
        "isa": "ppc64",
        "os": "aix",
        "type": "executable",
        "bits": 64,
        "endian": "big",
        "stripped": True,
        "needed": [],
    }
    assert one["isa"] == "ppc64"


def test_wasm() -> None:
    body = b"\1\4gojs\1x\0\0"
    raw = b"\0asm\1\0\0\0\2" + bytes([len(body)]) + body
    found = values(wasm.PROBE, raw)
    assert (found["format"], found["isa"], found["os"]) == ("wasm", "wasm", "js")
    assert "os" not in values(wasm.PROBE, b"\0asm\1\0\0\0")
