"""Dynamic loaders that are there, and where a translator looks for those of other ISAs.

Sources: `platforms/loaders.toml`. qemu-user looks under QEMU_LD_PREFIX or -L, else in the
folder it was built with (qemu linux-user/main.c: CONFIG_QEMU_INTERP_PREFIX, by default
/usr/gnemul/qemu-ISA; Debian's is /etc/qemu-binfmt/ISA), before the real root.
"""

from __future__ import annotations

from archfit.facts.host import CROSS_ROOTS, ISA, LOADERS, OS, SYSROOTS
from archfit.formats.slice_isa import HEAD, isas_in
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import rows
from archfit.platforms.table import table

_DEFAULTS = ("/etc/qemu-binfmt/{}", "/usr/gnemul/qemu-{}")


def run(door: Door, facts: dict[str, Fact]) -> None:
    """An empty list is an answer too: nothing dynamic can start here."""
    if OS.of(facts) == "darwin":
        dyld = {"path": "/usr/lib/dyld", "isa": ISA.of(facts), "libc": "libSystem"}
        facts[LOADERS.name] = Fact([dyld], Trust.STORED, "part of every macOS")
        return
    found = _loaders(door, "")
    facts[LOADERS.name] = Fact(found, Trust.HEADER, "the loaders' own headers")
    native = ISA.of(facts)
    facts[SYSROOTS.name] = Fact(_searched(door), Trust.OBSERVED, "QEMU_LD_PREFIX, qemu's own")
    roots: dict[str, list[str]] = {}
    for folder in _cross_folders(door):
        for loader in _loaders(door, folder):
            if loader["isa"] != native:
                roots.setdefault(str(loader["isa"]), []).append(folder)
    facts[CROSS_ROOTS.name] = Fact(roots, Trust.HEADER, "/usr/*-linux-*")


def _loaders(door: Door, root: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for row in table("loaders")["loader"]:
        path = root + row["path"]
        if not door.exists(path):
            continue
        try:
            isas = isas_in(door.read(path, HEAD))
        except Unavailable:
            continue
        libc = row["libc"]
        real = door.realpath(path)
        if libc == "glibc" and "musl" in real.rsplit("/", 1)[-1]:
            libc = "musl"
        found += [{"path": path, "isa": isa, "libc": libc} for isa in isas]
    musl = {loader["isa"] for loader in found if loader["libc"] == "musl"}
    for loader in found:
        if loader["libc"] == "glibc" and loader["isa"] in musl and _is_gcompat(door, loader):
            loader["libc"] = "gcompat"
    return found


def _is_gcompat(door: Door, loader: dict[str, object]) -> bool:
    """Alpine's gcompat stands in glibc's place and hands over to musl."""
    try:
        return bool(door.find(str(loader["path"]), b"gcompat", 7, 1))
    except Unavailable:
        return False


def _searched(door: Door) -> dict[str, list[str]]:
    """Folders that qemu-user looks in by itself, those there, by ISA."""
    found: dict[str, list[str]] = {}
    prefix = door.env.get("QEMU_LD_PREFIX", "")
    if prefix and door.is_dir(prefix):
        for loader in _loaders(door, prefix.rstrip("/")):
            found.setdefault(str(loader["isa"]), []).append(prefix)
    for name, row in rows().items():
        for suffix in row["qemu"]:
            for form in _DEFAULTS:
                if door.is_dir(form.format(suffix)):
                    found.setdefault(name, []).append(form.format(suffix))
    return {isa: list(dict.fromkeys(folders)) for isa, folders in found.items()}


def _cross_folders(door: Door) -> list[str]:
    """Where distributions put the libraries of their cross compilers."""
    folders: list[str] = []
    for name in door.listdir("/usr"):
        if "-linux-" not in name and not name.endswith("-linux"):
            continue
        folders.append(f"/usr/{name}")
        sysroot = f"/usr/{name}/sys-root"
        if door.is_dir(sysroot):
            folders += [sysroot, *(f"{sysroot}/{sub}" for sub in door.listdir(sysroot))]
    return folders


PROBE = HostProbe(
    name="host_loaders",
    gives=(LOADERS, SYSROOTS, CROSS_ROOTS),
    run=run,
    after=("host_machine",),
)
