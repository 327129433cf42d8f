"""The Go program in a file: its function table with the right start of text.

Offsets of the function table count from `runtime.text`. It is looked for in this order: the
symbol, moduledata (relocated), the header's word (zero since Go 1.26), and last `.text`, which
is wrong where an outside linker put C code before Go's. What was found is then held against
the code: most Go functions begin with the check of their stack, and a wrong start finds few.

Sources: `cmd/internal/obj/x86/obj6.go` (stacksplit, load_g), `cmd/internal/obj/arm64/obj7.go`,
`cmd/internal/obj/arm/obj5.go` of Go 1.19.8 and 1.27.3, and their output for Go 1.16 to 1.27.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archfit.formats import go_moduledata, memory
from archfit.formats.go_functions import Functions
from archfit.formats.go_layout import Layout
from archfit.formats.go_places import of_elf, of_macho, of_pe, table_of
from archfit.formats.memory import Memory
from archfit.model.errors import Malformed
from archfit.model.image import Window

if TYPE_CHECKING:
    from archfit.formats.elf import Elf
    from archfit.formats.macho import Slice
    from archfit.formats.pe import Pe

#: ISA -> what the check of the stack begins with: x86 compares SP with a word of g, or loads
#: g from thread storage; arm64 and arm load the stack's limit from g.
_PROLOGUES: dict[str, tuple[bytes, ...]] = {
    "amd64": (
        b"\x49\x3b\x66", b"\x4c\x8d\x64\x24", b"\x4c\x8d\xa4\x24", b"\x64\x48\x8b\x0c\x25",
        b"\x65\x48\x8b\x0c\x25", b"\x49\x89\xe4", b"\x48\x8b\x0d",
    ),
    "386": (b"\x65\x8b\x0d", b"\x64\x8b\x0d", b"\x8b\x0d"),
    "arm64": (b"\x90\x0b\x40\xf9", b"\x81\x0b\x40\xf9"),
    "arm": (b"\x08\x10\x9a\xe5",),
}  # fmt: skip
_SAMPLE = 512
#: Of functions sampled, so many must begin as Go's do.
_ENOUGH = 0.25


@dataclass(frozen=True, slots=True)
class Program:
    """``base``: how the start of text was found: symbol, moduledata, header or section.

    ``proof``: the share of sampled functions that begin with Go's check of the stack, 0 to 1;
    None where the ISA's is not known. ``moduledata``: the address of it, None: not found.
    """

    functions: Functions
    base: str
    proof: float | None
    moduledata: int | None

    @property
    def sure(self) -> bool:
        """The start of text is one that the file states, or that the code proves."""
        if self.proof is not None:
            return self.proof >= _ENOUGH
        return self.base in ("symbol", "moduledata")


def read_elf(elf: Elf, symbol: int | None = None) -> Program | None:
    """``symbol``: the address of `runtime.text`, when a symbol says it. None: no Go in it."""
    layout = of_elf(elf)
    if layout is None:
        return None
    section = elf.section(".text")
    start = section[0] if section else None
    return _read(memory.of_elf(elf, layout), elf.isa, symbol, start)


def read_macho(part: Slice, symbol: int | None = None) -> Program | None:
    """The program in one slice."""
    layout = of_macho(part)
    if layout is None:
        return None
    section = part.section("__TEXT", "__text")
    start = section.addr if section else None
    return _read(memory.of_macho(part, layout), part.isa, symbol, start)


def read_pe(pe: Pe, data: Window, symbol: int | None = None) -> Program | None:
    """The program in an image."""
    layout = of_pe(pe, data)
    if layout is None:
        return None
    section = pe.section(".text")
    # An image's spans begin at its base, which `Pe` keeps for PE32+ only.
    base = layout.mapped[0].address - pe.sections[0].addr
    start = base + section.addr if section else None
    return _read(Memory(data, layout), pe.isa, symbol, start)


def _read(memory: Memory, isa: str, symbol: int | None, section: int | None) -> Program | None:
    layout = memory.layout
    header = table_of(memory.data, layout, known=False)
    if header is None:
        return None
    table = _address(layout, header.base)
    if table is None:
        raise Malformed("the function table is in no part that is loaded")
    found = go_moduledata.find(memory, header, table)
    starts: list[tuple[str, int]] = []
    if header.since < (1, 18):
        starts = [("moduledata", found.text)] if found else []
        if not starts:
            first = memory.words(table + header.function_table - header.base, 1)[0]
            starts = [("header", first)]
    else:
        words = memory.words(table + 8 + 2 * header.pointer, 1)
        for base, value in (
            ("symbol", symbol),
            ("moduledata", found.text if found else None),
            ("header", words[0] or None),
            ("section", section),
        ):
            if value is not None and layout.at(value) is not None:
                starts.append((base, value))
    if not starts:
        raise Malformed("nothing says where the text of this Go program begins")
    best: Program | None = None
    for base, text in starts:
        if best is not None and text == best.functions.text:
            continue
        stated = found is not None and found.text == text
        functions = Functions(
            memory,
            header,
            table,
            text,
            found.etext if found is not None and stated else 0,
            found.gofunc if found else (),
            found.sections if found is not None and stated else (),
        )
        proof = _proof(functions, isa)
        program = Program(functions, base, proof, found.address if found else None)
        if best is None or (proof or 0) >= max(_ENOUGH, 2 * (best.proof or 0)):
            best = program
        if best.proof is None or best.proof >= _ENOUGH:
            break
    return best


def _address(layout: Layout, offset: int) -> int | None:
    for span in layout.mapped:
        if span.offset <= offset < span.end:
            return span.address + offset - span.offset
    return None


def _proof(functions: Functions, isa: str) -> float | None:
    wanted = _PROLOGUES.get(isa)
    if wanted is None:
        return None
    # The first are assembly without the check; small tables are looked at whole.
    entries = functions.entries(max(1, len(functions) // _SAMPLE))
    layout, data = functions.memory.layout, functions.data
    seen = good = 0
    for entry in entries:
        place = layout.at(entry)
        if place is None:
            seen += 1
            continue
        begin = bytes(data[place[0] : min(place[0] + 16, place[1])])
        seen += 1
        good += begin.startswith(wanted)
    return good / seen if seen else None
