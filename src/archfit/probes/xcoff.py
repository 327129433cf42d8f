"""Identity and needs of an XCOFF file of AIX, as facts."""

from __future__ import annotations

from typing import Any

from archfit.facts import binary as b
from archfit.formats import xcoff
from archfit.model.fact import Fact, Trust
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene


def _run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    found = xcoff.read(image.data)
    scene.parsed["xcoff"] = found
    magic = "XCOFF magic number"
    one: dict[str, Any] = {
        "isa": found.isa,
        "os": "aix",
        "type": found.type,
        "bits": found.bits,
        "endian": "big",
    }
    facts["binary.format"] = Fact("xcoff", Trust.HEADER, magic)
    for name, value in one.items():
        source = "XCOFF header f_flags" if name == "type" else magic
        facts[f"binary.{name}"] = Fact(value, Trust.HEADER, source)
    facts["binary.stripped"] = Fact(found.symbols == 0, Trust.STORED, "XCOFF header f_nsyms")
    if found.type != "object":
        one["needed"] = list(found.needed)
        facts["binary.needed"] = Fact(one["needed"], Trust.STORED, "loader section import ids")
    if found.library_path:
        one["rpath"] = found.library_path.split(":")
        facts["binary.rpath"] = Fact(one["rpath"], Trust.STORED, "loader section library path")
    facts["binary.slices"] = Fact([one], Trust.HEADER, "the file has one slice")


PROBE = FileProbe(
    "xcoff",
    ("xcoff",),
    (
        b.FORMAT,
        b.ISA,
        b.OS,
        b.TYPE,
        b.BITS,
        b.ENDIAN,
        b.STRIPPED,
        b.NEEDED,
        b.RPATH,
        b.SLICES,
    ),
    _run,
)
