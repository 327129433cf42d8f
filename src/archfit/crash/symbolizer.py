"""Which function, file and line an address of a binary is, inlined calls included.

In this order, since each knows less than the one before: Go's own tables for Go's text, DWARF
for C, C++ and Rust (and for C that Go's linker put into its own text), the symbol table. An
address that none of them covers has no frame: nothing is guessed from a neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from archfit.crash import debug_files
from archfit.formats import elf as elf_format
from archfit.formats import go_program, macho, symbols
from archfit.formats import pe as pe_format
from archfit.formats.dwarf import Dwarf
from archfit.formats.dwarf_sections import of_elf, of_macho, of_pe
from archfit.formats.elf import Elf
from archfit.formats.go_program import Program
from archfit.formats.macho import Slice
from archfit.formats.magic import HEAD, recognise
from archfit.formats.pe import Pe
from archfit.formats.symbols import Symbols
from archfit.host.files import window
from archfit.model.errors import Malformed, Misuse, Unavailable
from archfit.model.image import Window


class Frame(NamedTuple):
    """``file`` "" and ``line`` 0: not known. ``source``: pclntab, dwarf, symtab, dynsym, nlist
    or coff. ``trust``: STORED, as the linker or the compiler wrote it; DECLARED, where it may
    be off: a symbol without size, a start of text that the code does not confirm.
    ``start_line``: where the function begins in its file."""

    function: str
    file: str
    line: int
    inlined: bool
    source: str
    trust: str
    start_line: int | None = None


class Symbolizer:
    """Answers for one binary. Use `open_binary`.

    ``notes``: what could not be read and is missed, for people. ``base``: the address at which
    the file asks to be loaded (its lowest segment).
    """

    def __init__(self, binary: Elf | Slice | Pe, data: Window, path: str) -> None:
        self.binary = binary
        self.notes: list[str] = []
        self._data = data
        self._path = path
        self._stack = ExitStack()
        self._dwarf: list[Dwarf] | None = None
        self._symbols: list[Symbols] | None = None
        self.go: Program | None = None
        try:
            self.go = self._program()
        except Malformed as error:
            self.notes.append(f"Go's tables: {error.why}")
        self._trust = "STORED"
        if self.go is not None and not self.go.sure:
            self._trust = "DECLARED"
            self.notes.append(
                "the start of Go's text is not confirmed by the code: functions may be off"
            )

    def _program(self) -> Program | None:
        binary = self.binary
        if isinstance(binary, Elf):
            return go_program.read_elf(binary, symbols.address_elf(binary, b"runtime.text"))
        if isinstance(binary, Slice):
            return go_program.read_macho(binary)
        return go_program.read_pe(binary, self._data)

    def keep(self) -> None:
        pass

    def close(self) -> None:
        """Lets go of the debug files that were opened."""
        self._stack.close()

    @property
    def base(self) -> int:
        """The lowest address of what is loaded, as the file has it."""
        binary = self.binary
        if isinstance(binary, Elf):
            return min((s.vaddr & -4096 for s in binary.segments if s.type == 1), default=0)
        if isinstance(binary, Slice):
            return next((s.addr for s in binary.segments if s.name == "__TEXT"), 0)
        return binary.image_base

    def frames(self, pc: int) -> Sequence[Frame]:
        """The frames at an address of the file, innermost first; empty: nothing is known."""
        if self.go is not None:
            try:
                places = self.go.functions.frames(pc)
            except Malformed as error:
                self._note(f"Go's tables: {error.why}")
                places = []
            if places:
                if places[-1].file or places[-1].line:
                    return [Frame(*p[:4], "pclntab", self._trust, p[4]) for p in places]
                # C that Go's own linker took in has a name there and no lines.
                function = self.go.functions.find(pc)
                if function is not None and not function.pcln:
                    better = self._by_dwarf(pc)
                    if better and better[-1].function:
                        return better
                return [Frame(*p[:4], "pclntab", self._trust, p[4]) for p in places]
        found = self._by_dwarf(pc)
        if not found:
            return self._by_symbol(pc)
        if not found[-1].function:
            # A line without a function: assembly, or a split unit that is not at hand.
            named = self._by_symbol(pc)
            if named:
                found[-1] = named[0]._replace(file=found[-1].file, line=found[-1].line)
        return found

    def _by_dwarf(self, pc: int) -> list[Frame]:
        if self._dwarf is None:
            self._dwarf = self._open_dwarf()
        for dwarf in self._dwarf:
            try:
                places = dwarf.frames(pc)
            except (Malformed, Unavailable) as error:
                self._note(f"DWARF: {error.why}")
                continue
            if places:
                found = [Frame(*p[:4], "dwarf", "STORED", p[4]) for p in places]
                real = found[-1]
                if real.function and not real.function.startswith(("_Z", "_R")):
                    found[-1] = self._mangled(dwarf, real, pc)
                return found
        return []

    def _mangled(self, dwarf: Dwarf, real: Frame, pc: int) -> Frame:
        """C++ functions that only their file sees have their full name among symbols alone."""
        if not dwarf.is_cplusplus(pc):
            return real
        bare = real.function.partition("<")[0]
        for named in self._by_symbol(pc):
            if (
                named.trust == "STORED"
                and named.function.startswith("_Z")
                and (bare in named.function or bare.startswith("operator"))
            ):
                return real._replace(function=named.function)
        return real

    def _open_dwarf(self) -> list[Dwarf]:
        try:
            found = self._dwarf_of(self.binary, self._path)
            if found is not None:
                return [found]
        except (Malformed, Unavailable) as error:
            self._note(f"DWARF: {error.why}")
        for path, other in debug_files.find(self.binary, self._path, self._stack, self.notes):
            try:
                found = self._dwarf_of(other, path)
                if found is not None:
                    return [found]
            except (Malformed, Unavailable) as error:
                self._note(f"{path}: {error.why}")
        return []

    def _dwarf_of(self, binary: Elf | Slice | Pe, path: str) -> Dwarf | None:
        if isinstance(binary, Elf):
            sections = of_elf(binary)
        elif isinstance(binary, Slice):
            sections = of_macho(binary)
        else:
            sections = of_pe(binary, self._data)
        if not sections.info:
            return None
        dwarf = debug_files.with_split(Dwarf(sections), path, self._stack, self.notes)
        if isinstance(binary, Elf):
            debug_files.with_alt(dwarf, binary, path, self._stack)
        return dwarf

    def _by_symbol(self, pc: int) -> list[Frame]:
        if self._symbols is None:
            self._symbols = self._open_symbols()
        for table in self._symbols:
            found = table.find(pc)
            if found is not None and found[0] and self._is_code(pc):
                name, covered, _ = found
                trust = "STORED" if covered else "DECLARED"
                return [Frame(name, "", 0, False, table.source, trust)]
        return []

    def _open_symbols(self) -> list[Symbols]:
        binary = self.binary
        if isinstance(binary, Elf):
            own = symbols.of_elf(binary)
        elif isinstance(binary, Slice):
            own = symbols.of_macho(binary)
        else:
            own = symbols.of_pe(binary, self._data)
        found = [own] if own else []
        if own is None or own.source == "dynsym":
            for _, other in debug_files.find(binary, self._path, self._stack, self.notes):
                table = _symbols_of(other)
                if table is not None:
                    found.insert(0, table)
        return found

    def _is_code(self, pc: int) -> bool:
        binary = self.binary
        if isinstance(binary, Elf):
            return any(
                s.type == 1 and s.flags & 1 and 0 <= pc - s.vaddr < s.memsz for s in binary.segments
            )
        if isinstance(binary, Slice):
            return any(s.protection & 4 and 0 <= pc - s.addr < s.size for s in binary.segments)
        at = pc - binary.image_base
        return any(s.flags & 0x20000000 and 0 <= at - s.addr < s.size for s in binary.sections)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _symbols_of(binary: Elf | Slice) -> Symbols | None:
    return symbols.of_elf(binary) if isinstance(binary, Elf) else symbols.of_macho(binary)


def open_binary(path: str, stack: ExitStack, isa: str = "", *, cached: bool = False) -> Symbolizer:
    """A symbolizer for a file; ``isa`` chooses the slice of a universal Mach-O.

    Raises Unavailable (no such file), Malformed, and Misuse: it is no binary, or has several
    slices and none is chosen.
    """
    data, _ = stack.enter_context(window(path))
    kind = recognise(bytes(data[:HEAD]))
    binary: Elf | Slice | Pe
    if kind == "elf":
        binary = elf_format.read(data)
    elif kind in ("macho", "fat"):
        binary = _slice(macho.read(data), path, isa)
    elif kind == "pe":
        binary = pe_format.read(data)
    else:
        raise Misuse(f"{path}: neither ELF, Mach-O nor PE", "archfit check " + path)
    found = Symbolizer(binary, data, path)
    stack.callback(found.close)
    return found


def _slice(file: macho.MachO, path: str, isa: str) -> Slice:
    slices = [part for part in file.slices if part.kind == "macho"]
    chosen = [part for part in slices if isa in ("", part.isa, part.variant)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(part.variant or part.isa for part in slices)
    if not chosen:
        raise Misuse(f"{path}: no slice for {isa or 'any ISA'}; it has {names or 'none'}")
    raise Misuse(f"{path}: has slices for {names}", f"--isa {slices[0].isa}")
