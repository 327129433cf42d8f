"""One binary of any format, and what symbolising asks of it.

What a format needs is imported when a file of it is met: a process that looks one address up
spends most of its time on imports.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archfit.formats.magic import HEAD, recognise
from archfit.host.files import window
from archfit.model.errors import Malformed, Misuse
from archfit.model.image import Window

if TYPE_CHECKING:
    from archfit.formats.dwarf_sections import Sections
    from archfit.formats.go_program import Program
    from archfit.formats.macho import MachO, Slice
    from archfit.formats.symbols import Symbols

_EXECUTE_ELF, _EXECUTE_MACHO, _EXECUTE_PE = 1, 4, 0x20000000


@dataclass(frozen=True, slots=True)
class Binary:
    """``kind``: elf, macho (one slice) or pe. ``parsed``: what the reader of it gave.
    ``base``: the lowest address that is loaded, as the file has it. ``code``: (start, end) of
    what may be executed. ``build_id``: of ELF, ``uuid``: of Mach-O; in hex, "" without.
    """

    kind: str
    path: str
    data: Window
    parsed: Any  # Elf, Slice or Pe: each is known only where it is read
    base: int
    code: tuple[tuple[int, int], ...]
    isa: str
    build_id: str = ""
    uuid: str = ""

    def is_code(self, pc: int) -> bool:
        """The address is in a part that may be executed."""
        return any(start <= pc < end for start, end in self.code)

    def go(self) -> Program | None:
        """The Go program in it. Raises Malformed."""
        from archfit.formats import go_program, symbols

        if self.kind == "elf":
            elf = self.parsed
            return go_program.read_elf(elf, symbols.address_elf(elf, b"runtime.text"))
        if self.kind == "macho":
            return go_program.read_macho(self.parsed)
        return go_program.read_pe(self.parsed, self.data)

    def dwarf(self) -> Sections:
        """Its sections of DWARF. Raises Malformed."""
        from archfit.formats import dwarf_sections

        read = dwarf_sections
        found: Sections = self._by(read.of_elf, read.of_macho, read.of_pe)
        return found

    def symbols(self) -> Symbols | None:
        """Its table of symbols; None without."""
        from archfit.formats import symbols

        found: Symbols | None = self._by(symbols.of_elf, symbols.of_macho, symbols.of_pe)
        return found

    def _by(
        self, elf: Callable[..., Any], macho: Callable[..., Any], pe: Callable[..., Any]
    ) -> Any:
        if self.kind == "pe":
            return pe(self.parsed, self.data)
        return (elf if self.kind == "elf" else macho)(self.parsed)


def read(path: str, stack: ExitStack, isa: str = "") -> Binary:
    """Opens a file, which stays open as long as ``stack``.

    Raises Unavailable (no such file), Malformed, and Misuse: it is no binary, or it is
    universal and ``isa`` does not choose one of its slices.
    """
    data, _ = stack.enter_context(window(path))
    kind = recognise(bytes(data[:HEAD]))
    if kind == "elf":
        return of_elf_file(path, data)
    if kind in ("macho", "fat"):
        from archfit.formats import macho

        return _macho(path, _slice(macho.read(data), path, isa))
    if kind == "pe":
        return _pe(path, data)
    raise Misuse(f"{path}: neither ELF, Mach-O nor PE", f"archfit check {path}")


def of_elf_file(path: str, data: Window) -> Binary:
    from archfit.formats import elf as elf_format

    elf = elf_format.read(data)
    loads = [s for s in elf.segments if s.type == 1]
    base = min((s.vaddr & -4096 for s in loads), default=0)
    code = tuple((s.vaddr, s.vaddr + s.memsz) for s in loads if s.flags & _EXECUTE_ELF)
    try:
        build_id = elf.build_id or ""
    except Malformed:
        build_id = ""
    return Binary("elf", path, data, elf, base, code, elf.isa, build_id)


def _macho(path: str, part: Slice) -> Binary:
    base = next((s.addr for s in part.segments if s.name == "__TEXT"), 0)
    code = tuple((s.addr, s.addr + s.size) for s in part.segments if s.protection & _EXECUTE_MACHO)
    return Binary("macho", path, part.data, part, base, code, part.isa, uuid=part.uuid or "")


def _pe(path: str, data: Window) -> Binary:
    from archfit.formats import pe as pe_format

    pe = pe_format.read(data)
    base = pe.image_base
    code = tuple(
        (base + s.addr, base + s.addr + s.size) for s in pe.sections if s.flags & _EXECUTE_PE
    )
    return Binary("pe", path, data, pe, base, code, pe.isa)


def of_uuid(path: str, stack: ExitStack, uuid: str) -> Binary | None:
    """The slice of a Mach-O file with this UUID. Raises Unavailable and Malformed."""
    from archfit.formats import macho

    data, _ = stack.enter_context(window(path))
    for part in macho.read(data).slices:
        if part.kind == "macho" and part.uuid == uuid:
            return _macho(path, part)
    return None


def _slice(file: MachO, path: str, isa: str) -> Slice:
    slices = [part for part in file.slices if part.kind == "macho"]
    chosen = [part for part in slices if isa in ("", part.isa, part.variant)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(part.variant or part.isa for part in slices)
    if not chosen:
        raise Misuse(f"{path}: no slice for {isa or 'any ISA'}; it has {names or 'none'}")
    raise Misuse(f"{path}: has slices for {names}", f"--isa {slices[0].isa}")
