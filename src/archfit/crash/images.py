"""Images of processes: from a core file, from a process that was stopped, from registers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from archfit.crash import process_image
from archfit.crash.process_image import Mapping, Module, ProcessImage, Thread
from archfit.formats import go_buildinfo, go_release
from archfit.formats.elf import read as read_elf
from archfit.formats.elf_core import Core
from archfit.formats.go_places import of_elf, table_of
from archfit.model.errors import Malformed, Unavailable
from archfit.model.image import Window
from archfit.platforms.go_releases import minor

#: auxv types, Linux include/uapi/linux/auxvec.h.
_AT_ENTRY, _AT_SYSINFO_EHDR = 9, 33
#: Bytes of a mapped file's start that must be those of the file itself.
_SAME = 1024

#: Of a live process: its threads, and a reader of its memory.
Threads = tuple[Thread, ...]
Read = Callable[[int, int], bytes]
#: Gives the bytes of a file; raises Unavailable with its reason.
Open = Callable[[str], Window]


def of_core(core: Core, data_of: Open, program: str | None = None) -> ProcessImage:
    """A core file's process. ``program``: the file that ran, when it is elsewhere now."""
    image = ProcessImage(core.isa, core.program, core.threads, core.read)
    entry = core.auxv.get(_AT_ENTRY, 0)
    main: Module | None = None
    for path, start in process_image.starts(core.mappings):
        ends = [one.end for one in core.mappings if one.path == path]
        is_main = start <= entry < max(ends)
        found = _add(image, program if is_main and program else path, start, data_of)
        main = found if is_main else main
    if not core.mappings:
        if program is None:
            raise Unavailable(
                "the core file does not name the program that ran",
                "archfit crash unwind --binary FILE CORE",
            )
        main = _at_entry(image, program, entry, data_of)
    if main is not None:
        for path, bias in process_image.linked(image, main):
            named = path.startswith("/") and path not in image.missing
            if named and all(m.path != path for m in image.modules):
                _add(image, path, bias, data_of)
    _add_vdso(image, core.auxv.get(_AT_SYSINFO_EHDR, 0))
    return image


def of_process(
    isa: str,
    threads: tuple[Thread, ...],
    mappings: Iterable[Mapping],
    read: Callable[[int, int], bytes],
    data_of: Open,
) -> ProcessImage:
    """A live process. ``read``: its memory."""
    image = ProcessImage(isa, "", threads, read)
    for path, start in process_image.starts(mappings):
        _add(image, path, start, data_of)
    return image


def _at_entry(image: ProcessImage, path: str, entry: int, data_of: Open) -> Module:
    """The program, placed by its entry point (auxv), which a core without NT_FILE has."""
    found = process_image.module(path, data_of(path), None)
    bias = entry - found.header.entry if entry and found.header.type != 2 else 0
    moved = replace(found, bias=bias, low=found.low + bias, high=found.high + bias)
    image.add(moved)
    return moved


def _add(image: ProcessImage, path: str, start: int, data_of: Open) -> Module | None:
    try:
        found = process_image.module(path, data_of(path), start)
    except (Malformed, Unavailable) as error:
        if not path.startswith("/dev/"):
            image.missing[path] = error.why.removeprefix(f"{path}: ")
        return None
    held = image.read_memory(start, _SAME)
    if found.header.type == 2:
        held = image.read_memory(found.low, _SAME)
    there = bytes(found.data[: len(held)])
    # The start of a file is in the core, and its build id is in there: another file is seen.
    if held[:64] and held[: len(there)] != there and held[:4] == b"\x7fELF":
        image.missing[path] = "it is not the file that ran: its first bytes differ"
        return None
    image.add(found)
    return found


def _add_vdso(image: ProcessImage, start: int) -> None:
    """The kernel's own library, which is in memory alone."""
    if not start:
        return
    data = image.read_memory(start, 1 << 14)
    try:
        image.add(process_image.module("[vdso]", data, start))
    except Malformed:
        return


def go_minor(image: ProcessImage) -> int | None:
    """26 when the process has Go 1.26 in it; None: no Go, or its release is not known."""
    for module in image.modules:
        try:
            elf = read_elf(module.data)
            layout = of_elf(elf)
            if layout is None:
                continue
            blob = go_buildinfo.read(module.data, layout)
            if blob is not None and blob.version:
                return minor(blob.version.split()[0])
            table = table_of(module.data, layout, known=False)
            release = go_release.find(module.data, layout, table) if table else None
            if release is not None:
                return minor(release.name)
        except Malformed:
            continue
    return None
