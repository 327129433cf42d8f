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

from archfit.formats import elf as elf_format
from archfit.formats import macho
from archfit.formats.dwarf import Dwarf
from archfit.formats.dwarf_package import Package
from archfit.formats.dwarf_sections import of_elf
from archfit.formats.dwarf_units import Unit, header, open_unit
from archfit.formats.elf import Elf
from archfit.formats.macho import Slice
from archfit.formats.pe import Pe
from archfit.host.files import window
from archfit.model.errors import ArchfitError, Malformed, Unavailable

#: Where distributions put them.
FOLDERS = ("/usr/lib/debug",)


def find(
    binary: Elf | Slice | Pe, path: str, stack: ExitStack, notes: list[str]
) -> Iterator[tuple[str, Elf | Slice]]:
    """Files with the same build id, the right checksum or the same UUID, opened."""
    if isinstance(binary, Elf):
        yield from _elf(binary, path, stack, notes)
    elif isinstance(binary, Slice):
        yield from _bundle(binary, path, stack, notes)


def _elf(binary: Elf, path: str, stack: ExitStack, notes: list[str]) -> Iterator[tuple[str, Elf]]:
    build_id = binary.build_id
    if build_id and len(build_id) > 2:
        for folder in FOLDERS:
            place = f"{folder}/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
            other = _open(place, stack)
            if other is not None and other.build_id == build_id:
                yield place, other
    link = binary.section(".gnu_debuglink")
    if link is None:
        return
    raw = bytes(binary.data[link[1] : link[1] + min(link[2], 4096)])
    name, _, _ = raw.partition(b"\0")
    at = (len(name) + 4) & ~3
    if not name or b"/" in name or at + 4 > len(raw):
        return
    checksum = struct.unpack_from("<I" if binary.endian == "little" else ">I", raw, at)[0]
    file = os.fsdecode(name)
    home = os.path.dirname(os.path.abspath(path))
    for place in (
        os.path.join(home, file),
        os.path.join(home, ".debug", file),
        *(os.path.join(folder + home, file) for folder in FOLDERS),
    ):
        if os.path.abspath(place) == os.path.abspath(path):
            continue
        other = _open(place, stack)
        if other is None:
            continue
        same = other.build_id == build_id if build_id and other.build_id else None
        if same or (same is None and zlib.crc32(other.data) == checksum):
            yield place, other
        else:
            notes.append(f"{place}: is of another build, and is not used")


def _bundle(
    binary: Slice, path: str, stack: ExitStack, notes: list[str]
) -> Iterator[tuple[str, Slice]]:
    place = f"{path}.dSYM/Contents/Resources/DWARF/{os.path.basename(path)}"
    try:
        data, _ = stack.enter_context(window(place))
        slices = macho.read(data).slices
    except Unavailable:
        return
    except Malformed as error:
        notes.append(f"{place}: {error.why}")
        return
    for part in slices:
        if part.kind == "macho" and part.uuid and part.uuid == binary.uuid:
            yield place, part
            return
    notes.append(f"{place}: is of another build, and is not used")


def _open(path: str, stack: ExitStack) -> Elf | None:
    try:
        data, _ = stack.enter_context(window(path))
        return elf_format.read(data)
    except ArchfitError:
        return None


def with_split(dwarf: Dwarf, path: str, stack: ExitStack, notes: list[str]) -> Dwarf:
    """The same, which finds its .dwo files, its package, and what dwz moved out of it."""
    packages: list[Package | None] = []

    def split(unit: Unit) -> Unit | None:
        if not packages:
            other = _open(path + ".dwp", stack)
            packages.append(Package(of_elf(other)) if other else None)
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
    return dwarf


def _dwo(name: str, folder: str, number: int, path: str, stack: ExitStack) -> Unit | None:
    home = os.path.dirname(os.path.abspath(path))
    for place in (os.path.join(folder, name), os.path.join(home, os.path.basename(name))):
        other = _open(place, stack)
        if other is None:
            continue
        sections = of_elf(other)
        dwarf = Dwarf(sections)
        for unit in dwarf.headers():
            if unit.kind in (2, 6):
                continue
            opened = open_unit(header(sections, unit.start), {})
            said = opened.dwo_id if opened.dwo_id is not None else opened.number(0x2131)
            if said == number or (said is None and not number):
                return opened
    return None


def with_alt(dwarf: Dwarf, binary: Elf, path: str, stack: ExitStack) -> None:
    """Opens the file that dwz moved shared entries to (.gnu_debugaltlink)."""
    link = binary.section(".gnu_debugaltlink")
    if link is None:
        return
    raw = bytes(binary.data[link[1] : link[1] + min(link[2], 4096)])
    name, _, build_id = raw.partition(b"\0")
    wanted = build_id.hex()
    home = os.path.dirname(os.path.realpath(path))
    places = [os.path.join(home, os.fsdecode(name))]
    places += [f"{folder}/.build-id/{wanted[:2]}/{wanted[2:]}.debug" for folder in FOLDERS]
    for place in places:
        other = _open(place, stack)
        if other is not None and other.build_id == wanted:
            dwarf.alt = Dwarf(of_elf(other))
            return
