"""What the members of a static or import library are for, as facts."""

from __future__ import annotations

from posixpath import dirname, join

from archfit.facts import binary as b
from archfit.formats import ar
from archfit.formats.isa_of_head import HEAD
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene

_FORMAT = Fact("ar", Trust.HEADER, "magic string")
_HEADS = "first bytes of each member"


def _run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    facts["binary.format"] = _FORMAT
    absent: list[str] = []

    def beside(name: str) -> bytes | None:
        # Members of a thin archive are files, named from the archive's folder.
        try:
            head: bytes = scene.near.read(join(dirname(image.path), name), HEAD)
        except Unavailable:
            absent.append(name)
            return None
        return head

    thin = ar.is_thin(image.data)
    if thin and scene.near is None:
        raise Unavailable("a thin archive: its members are files, which can't be looked at here")
    found = ar.census(image.data, head_of=beside if thin else None)
    facts["archive.members"] = Fact(found.objects, Trust.HEADER, _HEADS)
    if found.isas:
        facts["archive.isas"] = Fact(dict(found.isas), Trust.HEADER, _HEADS)
    if found.odd:
        odd = [{"name": name, "isa": isa} for name, isa in found.odd]
        facts["archive.odd"] = Fact(odd, Trust.HEADER, _HEADS)
    if len(found.isas) == 1:
        system, _, isa = next(iter(found.isas)).rpartition("/")
        facts["binary.isa"] = Fact(isa, Trust.HEADER, _HEADS)
        if system:
            facts["binary.os"] = Fact(system, Trust.HEADER, _HEADS)
    if absent:
        raise Unavailable(f"{len(absent)} members of the thin archive are not there: {absent[0]}")


PROBE = FileProbe(
    "ar", ("ar",), (b.FORMAT, b.ISA, b.OS, b.MEMBERS, b.MEMBER_ISAS, b.ODD_MEMBERS), _run
)
