"""Where the libraries that a Mach-O file names are found, as dyld would look.

A library is said to be missing (``path`` null, ``searched`` given) only when
every place could be looked at. Else the row has ``unchecked`` with the reason, or
``by``: `shared cache` (a library of the system, which is no file since macOS 11),
`weak` (it may be absent) or `lazy` (wanted later, if ever).
"""

from __future__ import annotations

from posixpath import dirname
from typing import Any

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.formats import dyld_search, fat
from archfit.formats.isa_of_head import isa_of_head
from archfit.formats.macho import MachO, Slice
from archfit.formats.macho_commands import Dylib
from archfit.model.errors import Malformed, Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene

#: Files looked for, at the most; real programs name some dozen libraries and a few rpaths.
_MOST_PLACES = 10_000

_ASKING = ("executable", "shared", "bundle")
_MAY_BE_ABSENT = {"weak": "weak", "lazy": "lazy", "delayed": "lazy"}
_ON_MAC = "a path of the Mac that runs it"

#: First SDK without fallback folders, of the systems that this is known of.
_NO_FALLBACK = {"macos": 14, "ios": 17, "tvos": 17, "maccatalyst": 17}


def _run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    found: MachO | None = scene.parsed.get("macho")
    if found is None or scene.near is None:
        return
    described: list[dict[str, Any]] = b.SLICES.of(facts) or []
    folder: str | None = None
    places = sum(len(part.needed) * (1 + len(part.rpaths)) for part in found.slices)
    if places > _MOST_PLACES:
        raise Unavailable(f"its libraries may be in {places} places, which are too many to look at")
    for part, one in zip(found.slices, described, strict=False):
        if part.type not in _ASKING or not part.needed:
            continue
        if folder is None and not all(map(_is_of_system, part.needed)):
            if not scene.near.exists(image.path):
                return  # bytes without a place: nothing is beside them
            folder = dirname(scene.near.realpath(image.path))
        rows = _rows(part, folder or "", scene)
        if len(found.slices) == 1:
            facts["binary.libraries"] = Fact(rows, Trust.OBSERVED, "files that LC_LOAD_DYLIB names")
        else:
            one["libraries"] = rows


def _is_of_system(dylib: Dylib) -> bool:
    return dyld_search.in_shared_cache(dylib.name)


def _rows(part: Slice, folder: str, scene: Scene) -> list[dict[str, Any]]:
    commands = part.commands
    asker = dyld_search.Asker(
        folder,
        part.type == "executable",
        part.rpaths,
        _fallback(part),
        bool(commands is not None and commands.environment),
    )
    mac = h.OS.of(scene.host) == "darwin"
    return [_row(dylib, asker, part, scene, mac) for dylib in part.needed]


def _fallback(part: Slice) -> bool:
    first = _NO_FALLBACK.get(part.platform or "")
    return first is None or int((part.sdk or "0").partition(".")[0]) < first


def _row(
    dylib: Dylib, asker: dyld_search.Asker, part: Slice, scene: Scene, mac: bool
) -> dict[str, Any]:
    row: dict[str, Any] = {"name": dylib.name, "path": None}
    if dylib.kind != "load":
        row["kind"] = dylib.kind
    if dyld_search.in_shared_cache(dylib.name):
        return row | {"by": "shared cache"}
    search = dyld_search.places(dylib.name, asker)
    unchecked = search.open
    searched: list[str] = []
    wrong: list[dict[str, str]] = []
    for path in search.paths:
        if path in search.of_host and not mac:
            unchecked = unchecked or f"{path} is {_ON_MAC}"
            continue
        searched.append(path)
        isas = _isas(path, scene)
        if isas is None:
            continue
        if part.isa in isas:
            return row | {"path": path, "isa": part.isa, "by": _by(dylib.name)}
        if isas:
            wrong.append({"path": path, "isa": " ".join(isas)})
        else:
            unchecked = unchecked or f"{path} is no Mach-O file"
    if searched:
        row["searched"] = searched
    if unchecked:
        row["unchecked"] = unchecked
    if wrong:
        row["wrong"] = wrong
    elif not unchecked and dylib.kind in _MAY_BE_ABSENT:
        row["by"] = _MAY_BE_ABSENT[dylib.kind]
    return row


def _by(name: str) -> str:
    return name.split("/", 1)[0].lstrip("@") if name.startswith("@") else "path"


def _isas(path: str, scene: Scene) -> tuple[str, ...] | None:
    """ISAs of the Mach-O file there; empty when it is another file, None when there is none."""
    try:
        head = scene.near.read(path, 1024)
    except Unavailable:
        return () if scene.near.exists(path) else None
    if head[:4] in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
        try:
            return tuple(dict.fromkeys(arch.isa for arch in fat.entries(head)))
        except Malformed:
            return ()
    known = isa_of_head(head)
    return (known[1],) if known is not None and known[0] == "darwin" else ()


PROBE = FileProbe("macho-libraries", ("macho", "fat"), (b.LIBRARIES,), _run, after=("macho",))
