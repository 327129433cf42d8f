"""Where the loader that an ELF program names is on the host judged against."""

from __future__ import annotations

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.formats.isa_of_head import isa_of_head
from archfit.model.errors import Denied, Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene


def run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    """Adds `binary.loader_found`; nothing when the file names no loader.

    Raises Unavailable when the host is known by its facts alone and the loader is
    not in a place that those facts speak of, or when this user may not look there.
    """
    loader, isa = b.LOADER.of(facts), b.ISA.of(facts)
    if loader is None or isa is None:
        return
    found = _on(scene, loader, isa)
    source = "files of the host" if scene.door is not None else "host.loaders"
    facts[b.LOADER_FOUND.name] = Fact(found, Trust.OBSERVED, source)


def _on(scene: Scene, loader: str, isa: str) -> dict[str, object]:
    # A translator looks below its own root first (qemu -L, QEMU_LD_PREFIX), then at the path.
    roots = [] if isa in (h.RUNS.of(scene.host) or ()) else _sysroots(scene, isa)
    candidates = [root.rstrip("/") + loader for root in roots] + [loader]
    if scene.door is None:
        return _among(scene, candidates, loader)
    wrong = denied = None
    for path in candidates:
        try:
            head = scene.door.read(path, 64)
        except Denied as error:
            denied = denied or error
            continue
        except Unavailable:
            continue
        who = isa_of_head(head)
        if who is not None and who[1] == isa:
            return {"path": path, "isa": isa}
        wrong = wrong or (who[1] if who else "no program at all")
    if denied is not None:
        raise denied
    return {"path": None, "searched": candidates} | ({"wrong": wrong} if wrong else {})


def _among(scene: Scene, candidates: list[str], loader: str) -> dict[str, object]:
    rows = h.LOADERS.of(scene.host)
    if rows is None:
        raise Unavailable("the host's facts do not say which loaders it has")
    there = {str(row["path"]): str(row.get("isa")) for row in rows}
    for path in candidates:
        if path in there:
            return {"path": path, "isa": there[path]}
    if not loader.startswith(("/lib/", "/lib64/", "/libx32/", "/lib32/", "/usr/lib", "/libexec/")):
        raise Unavailable(f"the host's facts do not speak of {loader}")
    return {"path": None, "searched": candidates}


def _sysroots(scene: Scene, isa: str) -> list[str]:
    return [str(folder) for folder in (h.SYSROOTS.of(scene.host) or {}).get(isa, ())]


PROBE = FileProbe("loader", ("elf",), (b.LOADER_FOUND,), run, after=("elf",))
