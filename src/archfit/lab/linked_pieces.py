"""Every piece that goes into a program or is loaded beside it, and whether its ISA is the target's.

Pieces are: the result; archives, objects and libraries that `#cgo LDFLAGS` names by path, or by
-L and -l where they lie in the source tree; `.syso` files; and libraries that the result needs,
where one of that name lies in the tree. System libraries of the C compiler are not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archfit.formats import ar, elf, macho
from archfit.formats.isa_of_head import isa_of_head
from archfit.formats.magic import recognise
from archfit.formats.slice_isa import HEAD, isas_in
from archfit.host import files
from archfit.lab.go_packages import Package
from archfit.model.errors import Malformed, Unavailable

_LINKED = (".a", ".o", ".so", ".dylib", ".lib", ".obj", ".tbd", ".dll")


@dataclass(frozen=True, slots=True)
class Piece:
    """``why`` it is one; ``found``: what it is for, as os/isa or isa; ``fits``: None when that
    could not be told; ``note``: why not, or what is odd in it."""

    path: str
    why: str
    found: tuple[str, ...]
    fits: bool | None
    note: str = ""


def pieces(
    root: str, target: str, results: Iterable[str], packages: Sequence[Package]
) -> list[Piece]:
    """All pieces, results first. ``root``: the source tree. A file that can't be read is a
    piece with ``fits`` None."""
    found: dict[str, Piece] = {}
    beside = _libraries_below(root)
    for path in results:
        found[path] = examine(path, "the result", target)
        for name in _needed(path):
            for library in beside.get(os.path.basename(name), ()):
                found.setdefault(library, examine(library, f"needed as {name}", target))
    for package in packages:
        if package.standard:
            continue
        for name in package.syso:
            path = os.path.join(package.folder, name)
            found.setdefault(path, examine(path, f".syso of {package.path}", target))
        for path in _named(package.ldflags, package.folder, root):
            found.setdefault(path, examine(path, f"#cgo LDFLAGS of {package.path}", target))
    return list(found.values())


def examine(path: str, why: str, target: str) -> Piece:
    """One file."""
    system, _, isa = target.partition("/")
    try:
        with files.window(path) as (data, _):
            kind = recognise(data[:64])
            if kind == "ar":
                census = ar.census(data)
                kinds = tuple(census.isas)
                note = ", ".join(f"{name} is {key}" for name, key in census.odd[:4])
                fits = all(_same(key, system, isa) for key in kinds) if kinds else None
                return Piece(path, why, kinds, fits, note or ("" if kinds else "no code in it"))
            head = isa_of_head(data[:64])
            if head is not None:
                key = f"{head[0]}/{head[1]}" if head[0] else head[1]
                return Piece(path, why, (key,), _same(key, system, isa))
            isas = isas_in(bytes(data[:HEAD]))
            if not isas:
                return Piece(path, why, (), None, "no program, object or archive")
            return Piece(path, why, isas, isa in isas)
    except (Unavailable, Malformed) as error:
        return Piece(path, why, (), None, error.why)


def _same(key: str, system: str, isa: str) -> bool:
    own_system, slash, own_isa = key.rpartition("/")
    # An ELF header without a mark of a system counts as one of Linux.
    elf_systems = {"linux", "freebsd", "netbsd", "openbsd", "android", "illumos", "solaris", ""}
    near = own_system == system or {own_system, system} <= elf_systems
    return own_isa == isa and (not slash or near)


def _needed(path: str) -> tuple[str, ...]:
    try:
        with files.window(path) as (data, _):
            kind = recognise(data[:64])
            if kind == "elf":
                return elf.read(data).needed
            if kind == "macho":
                return tuple(dylib.name for dylib in macho.read(data).slices[0].needed)
    except (Unavailable, Malformed):
        pass  # the result itself is shown with this trouble
    return ()


def _libraries_below(root: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for above, dirs, names in os.walk(root):
        dirs[:] = [name for name in dirs if name != ".git"]
        for name in names:
            if ".so" in name or name.endswith((".dylib", ".dll")):
                found.setdefault(name, []).append(os.path.join(above, name))
    return found


def _named(flags: Sequence[str], folder: str, root: str) -> Iterator[str]:
    searched = []
    for flag in flags:
        if flag.startswith("-L") and len(flag) > 2:
            where = os.path.normpath(os.path.join(folder, flag[2:]))
            if os.path.commonpath((root, where)) == root:
                searched.append(where)
        elif flag.startswith("-l"):
            for where in searched:
                for form in ("lib%s.a", "lib%s.so", "lib%s.dylib", "%s.lib", "lib%s.dll.a"):
                    path = os.path.join(where, form % flag[2:])
                    if os.path.isfile(path):
                        yield path
        elif not flag.startswith("-") and flag.endswith(_LINKED):
            yield os.path.normpath(os.path.join(folder, flag))
