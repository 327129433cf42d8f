"""The C library of the system, its version, and how new its libstdc++ is.

The library is that of the loader which the system's own shell names, looked at as files:
a process may be linked against another one than the system's (Nix, conda, static).

Sources: glibc's banner (csu/version.c: "... stable release version 2.36."), musl
(src/internal/version.c: the version as a string of its own), libstdc++ symbol versions
(GLIBCXX_3.4.N in .dynstr; libstdc++ manual, ABI policy).
"""

from __future__ import annotations

import posixpath

from archfit.facts.host import GLIBCXX, ISA, LIBC, LIBC_VERSION, LOADERS, OS, PROCESS_ISA
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import rows

_BANNER = b"release version "
_SHELLS = ("/bin/sh", "/proc/self/exe")

#: PT_INTERP's text stands in the first page; Go's linker puts it at that page's end.
_PAGE = 4096


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Raises Unavailable when there is no loader or its library has no banner."""
    if OS.of(facts) == "darwin":
        facts[LIBC.name] = Fact("libSystem", Trust.STORED, "part of every macOS")
        return
    loader = _loader(door, facts)
    if loader is None:
        raise Unavailable("no dynamic loader is there, so no C library to speak of")
    path, libc = str(loader["path"]), str(loader["libc"])
    facts[LIBC.name] = Fact(libc, Trust.HEADER, path)
    folders = _folders(door, path, str(loader["isa"]))
    _libstdcxx(door, facts, folders)
    if libc == "glibc":
        _glibc(door, facts, folders)
    elif libc == "musl":
        _musl(door, facts, path)


def _loader(door: Door, facts: dict[str, Fact]) -> dict[str, object] | None:
    """The loader of the userland's ISA: the one that the shell names, else the first."""
    isa = PROCESS_ISA.of(facts) or ISA.of(facts)
    loaders = [loader for loader in LOADERS.of(facts) or () if loader["isa"] == isa]
    for shell in _SHELLS:
        try:
            head = door.read(shell, _PAGE)
        except Unavailable:
            continue
        for loader in loaders:
            if f"{loader['path']}\0".encode() in head:
                return dict(loader)
    return dict(loaders[0]) if loaders else None


def _folders(door: Door, loader: str, isa: str) -> list[str]:
    """Where the system's libraries of that ISA may stand, the loader's own folder first."""
    folders = [posixpath.dirname(door.realpath(loader))]
    for gnu in rows()[isa]["gnu"] if isa in rows() else ():
        folders += [f"/lib/{gnu}-linux-gnu", f"/usr/lib/{gnu}-linux-gnu"]
    return [*dict.fromkeys([*folders, "/lib64", "/usr/lib64", "/lib", "/usr/lib"])]


def _glibc(door: Door, facts: dict[str, Fact], folders: list[str]) -> None:
    for folder in folders:
        path = f"{folder}/libc.so.6"
        try:
            for place in door.find(path, _BANNER, 32, 1):
                version = _number(place[len(_BANNER) :].decode("latin-1"))
                if version:
                    facts[LIBC_VERSION.name] = Fact(version, Trust.STORED, path)
                    return
        except Unavailable:
            continue
    raise Unavailable("glibc's version: no libc.so.6 with a banner was found")


def _musl(door: Door, facts: dict[str, Fact], path: str) -> None:
    for place in door.find(path, b"\x001.", 12, 4096):
        word = place[1:].partition(b"\0")[0].decode("latin-1")
        if word.count(".") == 2 and _number(word) == word and len(word) < len(place) - 1:
            facts[LIBC_VERSION.name] = Fact(word, Trust.STORED, path)
            return
    raise Unavailable(f"musl's version: {path} has no version string")


def _libstdcxx(door: Door, facts: dict[str, Fact], folders: list[str]) -> None:
    for folder in folders:
        path = f"{folder}/libstdc++.so.6"
        if not door.exists(path):
            continue
        try:
            places = door.find(path, b"GLIBCXX_3.4", 24, 512)
        except Unavailable:
            continue
        words = {_number(place[8:].decode("latin-1")) for place in places}
        best = max(words, key=lambda v: [int(n) for n in v.split(".")], default="")
        if best:
            facts[GLIBCXX.name] = Fact(best, Trust.STORED, path)
            return


def _number(text: str) -> str:
    """The dotted number at the start of a text, without a dot at its end."""
    end = next((n for n, c in enumerate(text) if not (c.isdigit() or c == ".")), len(text))
    return text[:end].rstrip(".")


PROBE = HostProbe(
    name="host_libc",
    gives=(LIBC, LIBC_VERSION, GLIBCXX),
    run=run,
    after=("host_machine", "host_loaders"),
)
