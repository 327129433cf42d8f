"""Where the libraries that an ELF file needs are on the host judged against."""

from __future__ import annotations

from typing import Any

from archfit.facts import binary as b
from archfit.formats.elf import Elf
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import FileProbe, Image


def run(image: Image, facts: dict[str, Fact], scene: Any) -> None:
    """Adds `binary.libraries`; nothing for what needs none or is not for Linux.

    Raises Unavailable when the host has no loader that would load them.
    """
    elf: Elf | None = scene.parsed.get("elf")
    if elf is None or scene.libraries is None or b.OS.of(facts) != "linux":
        return
    if elf.type not in ("executable", "shared") or not elf.needed:
        return
    rows = scene.libraries.of(image.path, elf)
    if rows is not None:
        source = "files of the host" if scene.door is not None else "host.libraries"
        facts[b.LIBRARIES.name] = Fact(rows, Trust.OBSERVED, source)
        if elf.type == "executable":
            _unfinished(rows)
    elif elf.type == "executable":
        raise Unavailable(f"no loader {elf.interp or ''} here that would load its libraries")


def _unfinished(rows: list[dict[str, Any]]) -> None:
    """A library that was not found in a search that could not be done to its end."""
    for row in rows:
        if row.get("path") is None and row.get("unchecked") and not row.get("wrong"):
            raise Unavailable(f"{row['name']}: {row['unchecked']}")


PROBE = FileProbe("libraries", ("elf",), (b.LIBRARIES,), run, after=("elf",))
