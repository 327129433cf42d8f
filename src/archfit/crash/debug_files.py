"""Where the debug information of a stripped program lies: the places that debuggers look.

Sources: GDB manual, "Debugging Information in Separate Files" (build-id, .gnu_debuglink);
dwz(1) for .gnu_debugaltlink; LLVM's `dsymutil` for bundles; DWARF 5, section 7.3.5 and
appendix F for .dwo files and .dwp packages.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

from archfit.crash import binary as binaries
from archfit.crash.binary import Binary
from archfit.formats.dwarf import Dwarf
from archfit.formats.dwarf_package import Package
from archfit.formats.dwarf_units import Unit, header, open_unit
from archfit.model.errors import ArchfitError, Malformed, Unavailable

#: Where distributions put them.
FOLDERS = ("/usr/lib/debug",)


def find(binary: Binary, stack: ExitStack, notes: list[str]) -> Iterator[Binary]:
    """Files with the same build id, the right checksum or the same UUID, opened."""
    if binary.kind == "elf":
        yield from _elf(binary, stack, notes)
    elif binary.kind == "macho":
        yield from _bundle(binary, stack, notes)


def _elf(binary: Binary, stack: ExitStack, notes: list[str]) -> Iterator[Binary]:
    build_id = binary.build_id
    if len(build_id) > 2:
        for folder in FOLDERS:
            place = f"{folder}/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
            other = _open(place, stack)
            if other is not None and other.build_id == build_id:
                yield other
    link = binary.parsed.section(".gnu_debuglink")
    if link is None:
        return
    raw = bytes(binary.data[link[1] : link[1] + min(link[2], 4096)])
    name, _, _ = raw.partition(b"\0")
    at = (len(name) + 4) & ~3
    if not name or b"/" in name or at + 4 > len(raw):
        return
    order = "<I" if binary.parsed.endian == "little" else ">I"
    checksum = struct.unpack_from(order, raw, at)[0]
    file = os.fsdecode(name)
    home = os.path.dirname(os.path.abspath(binary.path))
    for place in (
        os.path.join(home, file),
        os.path.join(home, ".debug", file),
        *(os.path.join(folder + home, file) for folder in FOLDERS),
    ):
        if os.path.abspath(place) == os.path.abspath(binary.path):
            continue
        other = _open(place, stack)
        if other is None:
            continue
        same = other.build_id == build_id if build_id and other.build_id else None
        if same or (same is None and zlib.crc32(other.data) == checksum):
            yield other
        else:
            notes.append(f"{place}: is of another build, and is not used")


def _bundle(binary: Binary, stack: ExitStack, notes: list[str]) -> Iterator[Binary]:
    path = binary.path
    place = f"{path}.dSYM/Contents/Resources/DWARF/{os.path.basename(path)}"
    try:
        other = binaries.of_uuid(place, stack, binary.uuid)
    except Unavailable:
        return
    except Malformed as error:
        notes.append(f"{place}: {error.why}")
        return
    if other is not None and binary.uuid:
        yield other
    else:
        notes.append(f"{place}: is of another build, and is not used")


def _open(path: str, stack: ExitStack) -> Binary | None:
    try:
        found = binaries.read(path, stack)
    except ArchfitError:
        return None
    return found if found.kind == "elf" else None


def joined(dwarf: Dwarf, binary: Binary, stack: ExitStack, notes: list[str]) -> Dwarf:
    """The same, which finds its .dwo files, its package, and what dwz moved out of it."""
    path = binary.path
    packages: list[Package | None] = []

    def split(unit: Unit) -> Unit | None:
        if not packages:
            other = _open(path + ".dwp", stack)
            packages.append(Package(other.dwarf()) if other else None)
        wanted = unit.dwo
        if wanted is None:
            return None
        name, folder, number = wanted
        package = packages[0]
        found = package.unit(number) if package else None
        if found is None:
            found = _dwo(name, folder, number, path, stack)
        if found is None:
            notes.append(f"{name}: not found, so its functions are not named")
            return None
        found.skeleton = unit
        return found if found.top else open_unit(found, {})

    dwarf.split = split
    if binary.kind == "elf":
        _find_alt(dwarf, binary, stack)
    return dwarf


def _dwo(name: str, folder: str, number: int, path: str, stack: ExitStack) -> Unit | None:
    home = os.path.dirname(os.path.abspath(path))
    for place in (os.path.join(folder, name), os.path.join(home, os.path.basename(name))):
        other = _open(place, stack)
        if other is None:
            continue
        sections = other.dwarf()
        dwarf = Dwarf(sections)
        for unit in dwarf.headers():
            if unit.kind in (2, 6):
                continue
            opened = open_unit(header(sections, unit.start), {})
            said = opened.dwo_id if opened.dwo_id is not None else opened.number(0x2131)
            if said == number or (said is None and not number):
                return opened
    return None


def _find_alt(dwarf: Dwarf, binary: Binary, stack: ExitStack) -> None:
    """Opens the file that dwz moved shared entries to (.gnu_debugaltlink)."""
    link = binary.parsed.section(".gnu_debugaltlink")
    if link is None:
        return
    raw = bytes(binary.data[link[1] : link[1] + min(link[2], 4096)])
    name, _, build_id = raw.partition(b"\0")
    wanted = build_id.hex()
    home = os.path.dirname(os.path.realpath(binary.path))
    places = [os.path.join(home, os.fsdecode(name))]
    places += [f"{folder}/.build-id/{wanted[:2]}/{wanted[2:]}.debug" for folder in FOLDERS]
    for place in places:
        other = _open(place, stack)
        if other is not None and other.build_id == wanted:
            dwarf.alt = Dwarf(other.dwarf())
            return
