"""Which function, file and line an address of a binary is, inlined calls included.

In this order, since each knows less than the one before: Go's own tables for Go's text, DWARF
for C, C++ and Rust (and for C that Go's linker put into its own text), the symbol table. An
address that none of them covers has no frame: nothing is guessed from a neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from archfit.crash.binary import Binary, read
from archfit.model.errors import Malformed, Unavailable

if TYPE_CHECKING:
    from archfit.formats.dwarf import Dwarf
    from archfit.formats.go_program import Program
    from archfit.formats.symbols import Symbols


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

    ``notes``: what could not be read and is missed, for people.
    """

    def __init__(self, binary: Binary) -> None:
        """Finds Go's tables, if there are any; the rest is opened when it is asked for."""
        self.binary = binary
        self.notes: list[str] = []
        self._stack = ExitStack()
        self._dwarf: list[Dwarf] | None = None
        self._symbols: list[Symbols] | None = None
        self.go: Program | None = None
        try:
            self.go = binary.go()
        except Malformed as error:
            self.notes.append(f"Go's tables: {error.why}")
        self._trust = "STORED"
        if self.go is not None and not self.go.sure:
            self._trust = "DECLARED"
            self.notes.append(
                "the start of Go's text is not confirmed by the code: functions may be off"
            )

    def close(self) -> None:
        """Lets go of the debug files that were opened."""
        self._stack.close()

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

    def frames_of(self, pcs: Sequence[int]) -> list[Sequence[Frame]]:
        """`frames` of many addresses, in their order, at a fraction of the price for Go."""
        found: list[Sequence[Frame]] = []
        if self.go is None:
            return [self.frames(pc) for pc in pcs]
        try:
            chains = self.go.functions.frames_of(pcs)
        except Malformed:  # one of them; the others have their answers
            return [self.frames(pc) for pc in pcs]
        make, trust = tuple.__new__, self._trust
        for pc, chain in zip(pcs, chains, strict=True):
            if chain and (chain[-1][1] or chain[-1][2]):
                found.append(
                    [make(Frame, (a, b, c, d, "pclntab", trust, e)) for a, b, c, d, e in chain]
                )
            else:
                found.append(self.frames(pc))
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
        from archfit.crash import debug_files

        try:
            found = self._dwarf_of(self.binary)
            if found is not None:
                return [found]
        except (Malformed, Unavailable) as error:
            self._note(f"DWARF: {error.why}")
        for other in debug_files.find(self.binary, self._stack, self.notes):
            try:
                found = self._dwarf_of(other)
                if found is not None:
                    return [found]
            except (Malformed, Unavailable) as error:
                self._note(f"{other.path}: {error.why}")
        return []

    def _dwarf_of(self, binary: Binary) -> Dwarf | None:
        from archfit.crash import debug_files
        from archfit.formats.dwarf import Dwarf

        sections = binary.dwarf()
        if not sections.info:
            return None
        return debug_files.joined(Dwarf(sections), binary, self._stack, self.notes)

    def _by_symbol(self, pc: int) -> list[Frame]:
        if self._symbols is None:
            self._symbols = self._open_symbols()
        for table in self._symbols:
            found = table.find(pc)
            if found is not None and found[0] and self.binary.is_code(pc):
                name, covered, _ = found
                trust = "STORED" if covered else "DECLARED"
                return [Frame(name, "", 0, False, table.source, trust)]
        return []

    def _open_symbols(self) -> list[Symbols]:
        from archfit.crash import debug_files

        own = self.binary.symbols()
        found = [own] if own else []
        if own is None or own.source == "dynsym":
            for other in debug_files.find(self.binary, self._stack, self.notes):
                table = other.symbols()
                if table is not None:
                    found.insert(0, table)
        return found

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def open_binary(path: str, stack: ExitStack, isa: str = "") -> Symbolizer:
    """A symbolizer for a file; ``isa`` chooses the slice of a universal Mach-O.

    Raises what `archfit.crash.binary.read` raises.
    """
    found = Symbolizer(read(path, stack, isa))
    stack.callback(found.close)
    return found
