"""A Go program inside a binary: its build info, and whether runtime/cgo is linked in.

Whether a program is cgo is answered from what the linker left, not from the setting
CGO_ENABLED, which only says what was allowed. runtime/cgo has one function that every
release, system and way of linking keeps under the same name in the function table:
`crosscall2` (`runtime/cgo/asm_*.s` of Go 1.19.8, 1.26.8 and 1.27.3; found by trial in
programs of 1.16 to 1.27, and in no program without runtime/cgo). Libraries alone prove
nothing: Go's own programs for macOS, OpenBSD, Solaris and AIX need the system's C library
too, and an outside linker adds libc to a program without cgo (seen with Go 1.19). The table
is not read where the file can't have C in it: an ELF without interpreter, NEEDED and any
section of a C linker, a PE without a C runtime among its imports.

purego's fakecgo defines the same names in Go, to call C without cgo; its own package's
name tells it apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from archfit.facts import binary, go
from archfit.formats import go_buildinfo, go_places, go_release, go_wasm, pclntab
from archfit.formats.elf import Elf
from archfit.formats.go_layout import Layout
from archfit.formats.macho import MachO
from archfit.formats.pe import Pe
from archfit.model.errors import Malformed, Unavailable
from archfit.model.fact import Fact, Key, Trust
from archfit.model.image import FileProbe, Image, Window
from archfit.model.scene import Scene

#: Sections that a C linker makes of C's start code and objects, and Go's own linker never.
_C_SECTIONS = (".init", ".init_array", ".eh_frame", ".comment", ".fini_array", ".got")

#: Starts of the names of C runtimes on Windows; runtime/cgo needs one (for `_beginthread`).
_C_RUNTIMES = ("msvcr", "ucrt", "vcruntime", "api-ms-win-crt", "crtdll", "libc", "libgcc")

#: Bytes around `crosscall2` in which the other names of its package stand: the table follows the
#: order of the code, which goes by package.
_NEAR = 1 << 16

_MINOR = re.compile(r"go1\.([0-9]{1,2})")

#: What a slice of a universal binary is told about the Go in it, and under which name.
_OF_SLICE: dict[Key[Any], str] = {
    go.VERSION: "version",
    go.PATH: "path",
    go.MODULE: "module",
    go.SETTINGS: "settings",
    go.CGO: "cgo",
}


@dataclass(slots=True)
class _Program:
    """One program, what the search for Go needs of it, and what was found.

    ``named``: a section is named after Go, so it is Go whatever else is found.
    ``may_lack_info``: it may be Go although it has no build info. ``no_c``: why it can't have
    C in it, or "". ``alone``: it asks for no loader and no library. ``asks``: those it asks
    for, as evidence.
    """

    data: Window
    layout: Layout
    named: bool
    may_lack_info: bool = True
    no_c: str = ""
    alone: bool = False
    asks: str = ""
    facts: dict[str, Fact] = field(default_factory=dict)
    trouble: Malformed | Unavailable | None = None

    def put(self, key: Key[Any], value: object, trust: Trust, source: str) -> None:
        """Adds one fact."""
        self.facts[key.name] = Fact(value, trust, source)


def _run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    parsed = scene.parsed
    if isinstance(macho := parsed.get("macho"), MachO):
        slices = [_macho(image.data, macho, number) for number in range(len(macho.slices))]
        trouble = _merge(slices, facts)
    else:
        program = None
        if image.format == "wasm":
            program = _wasm(image.data)
        elif isinstance(elf := parsed.get("elf"), Elf):
            program = _looked(_elf(elf))
        elif isinstance(pe := parsed.get("pe"), Pe):
            program = _looked(_pe(image.data, pe))
        elif image.format == "xcoff":
            program = _looked(_xcoff(image.data))
        if program is None:
            return
        facts.update(program.facts)
        trouble = program.trouble
    if trouble is not None:
        raise trouble


def _elf(elf: Elf) -> _Program | None:
    layout = go_places.of_elf(elf)
    if layout is None:
        return None
    named = go_places.section_names(elf) is not None
    program = _Program(elf.data, layout, named)
    loader, needed = elf.interp, elf.needed
    program.alone = elf.type == "executable" and loader is None and not needed
    if loader is None and not needed:
        program.asks = "no interpreter, no NEEDED"
        if named and not any(map(elf.has_section, _C_SECTIONS)):
            program.no_c = "no interpreter, no NEEDED, no section of a C linker"
    else:
        program.asks = f"interpreter {loader or 'none'}, NEEDED {', '.join(needed) or 'none'}"
    return program


def _macho(data: Window, macho: MachO, number: int) -> _Program | None:
    layout = go_places.of_macho(macho.slices[number])
    return None if layout is None else _looked(_Program(data, layout, named=True))


def _pe(data: Window, pe: Pe) -> _Program | None:
    layout = go_places.of_pe(pe, data)
    if layout is None:
        return None
    imports = [name.lower() for name in (*pe.needed, *pe.delayed)]
    runtimes = [name for name in imports if name.startswith(_C_RUNTIMES)]
    program = _Program(data, layout, named=False)
    if runtimes:
        program.asks = f"imports {runtimes[0]}"
    else:
        program.no_c = "no C runtime among the imports"
    # Go's own linker always makes a .symtab (cmd/link/internal/ld/pe.go), an outside one is of
    # the MinGW kind; what Microsoft's linker made needs no search for a function table.
    mingw = bool(runtimes) and not any(name.startswith("vcruntime") for name in imports)
    program.may_lack_info = mingw or pe.section(".symtab") is not None
    return program


def _xcoff(data: Window) -> _Program | None:
    layout = go_places.of_xcoff(data)
    return None if layout is None else _Program(data, layout, named=False)


def _looked(program: _Program | None) -> _Program | None:
    """The program with its facts; None when it is no Go program."""
    return program if program is not None and _look(program) else None


def _look(program: _Program) -> bool:
    data, layout = program.data, program.layout
    blob = table = None
    try:
        blob = go_buildinfo.read(data, layout)
    except Malformed as error:
        program.trouble = error
    if blob is not None:
        _tell_build(program, blob)
    elif program.may_lack_info:
        try:
            table = go_places.table_of(data, layout, program.named)
        except Malformed as error:
            program.trouble = program.trouble or error
    if blob is None:
        if table is not None:
            _tell_traces(program, table)
        elif not program.named:
            return False  # data that was only searched, and the magic stood there by chance
        elif program.trouble is None:
            program.trouble = Unavailable(
                "it is Go by the names of its sections, but neither build info nor function "
                "table is left"
            )
    value, source = _cgo(program, table)
    program.put(go.CGO, value, Trust.STORED, source)
    return True


def _tell_build(program: _Program, blob: go_buildinfo.Blob) -> None:
    source = f"build info @{blob.offset:#x}"
    program.put(go.VERSION, blob.version, Trust.STORED, source)
    _tell_modules(program, blob.text, Trust.STORED, source)


def _tell_modules(program: _Program, text: str, trust: Trust, source: str) -> None:
    try:
        info = go_buildinfo.parse(text)
    except Malformed as error:
        program.trouble = error
        return
    if info.path:
        program.put(go.PATH, info.path, trust, source)
    if info.main is not None:
        program.put(go.MODULE, info.main.path, trust, source)
        program.put(go.MODULE_VERSION, info.main.version, trust, source)
        if info.main.sum:
            program.put(go.MODULE_SUM, info.main.sum, trust, source)
    if info.deps:
        program.put(go.DEPS, [dep.plain() for dep in info.deps], trust, source)
    if info.settings:
        program.put(go.SETTINGS, info.settings, trust, source)
        setting = info.settings.get("CGO_ENABLED")
        if setting is not None:
            program.put(go.CGO_SETTING, setting, trust, source)


def _tell_traces(program: _Program, table: pclntab.Header) -> None:
    """What can still be known when the build info is gone, with the lesser trust."""
    release = go_release.find(program.data, program.layout, table)
    if release is not None:
        how = "the string that runtime.buildVersion points at" if release.pointed else "a string"
        source = f"{how} @{release.offset:#x}; the build info is gone"
        program.put(go.VERSION, release.name, Trust.DECLARED, source)
    elif program.trouble is None:
        program.trouble = Unavailable(
            f"it is Go, by its function table @{table.base:#x} (the form of "
            f"{pclntab.RELEASES[table.since]}), but its build info is gone and no string is "
            "surely its release"
        )
    _tell_text(program)


def _tell_text(program: _Program) -> None:
    found = go_buildinfo.find_text(program.data, program.layout)
    if found is not None:
        source = f"runtime.modinfo, by its marks, @{found[1]:#x}; there is no build info"
        _tell_modules(program, found[0], Trust.DECLARED, source)


def _wasm(data: Window) -> _Program | None:
    found = go_wasm.read(data)
    if found is None:
        return None
    program = _Program(data, found.layout, named=True)
    source = f"producers section @{found.offset:#x}"
    program.put(go.VERSION, found.release, Trust.STORED, source)
    program.put(go.CGO, "no", Trust.STORED, "WebAssembly has no cgo")
    _tell_text(program)
    return program


def _cgo(program: _Program, table: pclntab.Header | None) -> tuple[str, str]:
    """(value, the evidence that decided)."""
    if program.no_c:
        return "no", program.no_c
    data = program.data
    try:
        if table is None:
            minor = _minor(program.facts.get(go.VERSION.name))
            table = go_places.table_of(data, program.layout, known=True, minor=minor)
    except Malformed as error:
        return "unknown", error.why
    if table is None:
        return "unknown", "its function table was not found"
    where = f"function table @{table.base:#x}"
    asks = f"; {program.asks}" if program.asks else ""
    at = pclntab.find_name(data, table, b"crosscall2")
    if at is not None:
        first, last = pclntab.name_range(table)
        if data.find(b"/fakecgo.", max(first, at - _NEAR), min(last, at + _NEAR)) >= 0:
            return "no", f"fakecgo of purego in the place of runtime/cgo in the {where}{asks}"
        return "static" if program.alone else "yes", f"crosscall2 in the {where}{asks}"
    if not pclntab.has_name(data, table, b"runtime.goexit"):
        return "unknown", f"the {where} names not even runtime.goexit{asks}"
    return "no", f"no crosscall2 of runtime/cgo in the {where}{asks}"


def _minor(version: Fact | None) -> int | None:
    """26 of go1.26.8; None when it is not known."""
    found = None if version is None else _MINOR.match(str(version.value))
    return int(found[1]) if found else None


def _merge(slices: list[_Program | None], facts: dict[str, Fact]) -> Malformed | Unavailable | None:
    """Facts of the slices: in their objects, and flat where all agree."""
    programs = [program for program in slices if program is not None]
    if len(slices) > 1 and programs:
        listed = facts.get(binary.SLICES.name)
        objects = listed.value if listed is not None else None
        if isinstance(objects, list) and len(objects) == len(slices):
            for part, program in zip(objects, slices, strict=True):
                if program is not None and isinstance(part, dict):
                    part["go"] = {
                        name: program.facts[key.name].value
                        for key, name in _OF_SLICE.items()
                        if key.name in program.facts
                    }
    if programs and len(programs) == len(slices):
        for name, fact in programs[0].facts.items():
            same = [p.facts[name] for p in programs if name in p.facts]
            if len(same) == len(programs) and all(f.value == fact.value for f in same):
                facts[name] = Fact(fact.value, min(f.trust for f in same), fact.source)
    return next((p.trouble for p in programs if p.trouble is not None), None)


PROBE = FileProbe(
    name="go",
    formats=("elf", "macho", "fat", "pe", "xcoff", "wasm"),
    gives=go.ALL,
    run=_run,
    after=("elf", "macho", "pe", "xcoff", "wasm"),
)
