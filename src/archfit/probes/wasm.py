"""Identity of a WebAssembly module or component, as facts."""

from __future__ import annotations

from typing import Any

from archfit.facts import binary as b
from archfit.formats import wasm
from archfit.model.fact import Fact, Trust
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene


def _run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    found = wasm.read(image.data)
    one: dict[str, Any] = {"isa": "wasm", "endian": "little"}
    facts["binary.format"] = Fact("wasm", Trust.HEADER, "magic number")
    facts["binary.isa"] = Fact("wasm", Trust.HEADER, "magic number")
    facts["binary.endian"] = Fact("little", Trust.HEADER, "WebAssembly is little endian")
    if found.system is not None:
        one["os"] = found.system
        facts["binary.os"] = Fact(found.system, Trust.STORED, "modules that it imports from")
    facts["binary.slices"] = Fact([one], Trust.HEADER, "the file has one slice")


PROBE = FileProbe("wasm", ("wasm",), (b.FORMAT, b.ISA, b.OS, b.ENDIAN, b.SLICES), _run)
