"""moduledata: where a Go program keeps the addresses of its own parts.

The linker's symbol `runtime.firstmoduledata` (`local.moduledata` in a library), in a section
`.go.module` since Go 1.26. Its first word points at the function table, which is how it is
found where neither name is left.

Sources: `runtime/symtab.go` (type moduledata) of Go 1.19.8, 1.26.8 and 1.27.3;
`runtime/symtab.go` of Go 1.5 to 1.15 for the older form. In words:

=========  =====================================================================
Go         index of text, of the start of `go:func.*` (none: pointers are absolute)
=========  =====================================================================
1.5-1.15   12, none; it begins with the slices pclntable, ftab and filetab
1.16-1.17  22, none; it begins with pcHeader, then the parts of the table as slices
1.18-1.19  22, 38
1.20-1.26  22, 40 (two words for coverage counters are new)
1.27       22, 43 (typedesclen, itaboffset and itabsize are new)
=========  =====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from archfit.formats.memory import Memory
from archfit.formats.pclntab import Header
from archfit.model.errors import Malformed

#: Words that point at the table and are no moduledata, before the search is given up.
_MOST_TRIED = 64
#: First release of a form -> candidates for the index of `gofunc`.
_GOFUNC = {(1, 18): (38,), (1, 20): (43, 40)}


@dataclass(frozen=True, slots=True)
class Moduledata:
    """Addresses as the file uses them.

    ``etext``: the end of Go's text. ``gofunc``: candidates for what funcdata offsets count
    from; only the right one leads to inline trees that hold (`go_inline`).
    ``sections``: (offset, end, address) of each text section when there are several.
    """

    address: int
    text: int
    etext: int
    minpc: int
    maxpc: int
    gofunc: tuple[int, ...] = ()
    sections: tuple[tuple[int, int, int], ...] = ()


def find(memory: Memory, header: Header, table: int) -> Moduledata | None:
    """The one that points at the function table at address ``table``; None: not found."""
    for address in islice(memory.pointers_to(table), _MOST_TRIED):
        try:
            found = _read(memory, header, address, table)
        except Malformed:
            continue
        if found is not None:
            return found
    return None


def _read(memory: Memory, header: Header, address: int, table: int) -> Moduledata | None:
    layout = memory.layout
    if header.since == (1, 2):
        words = memory.words(address, 14)
        # pclntable, its length and room; then ftab, whose length counts the end mark too.
        if words[1] != words[2] or words[4] not in (header.functions, header.functions + 1):
            return None
        if words[3] != table + 8 + header.pointer:
            return None
        minpc, maxpc, text, etext = words[10:14]
        return Moduledata(address, text, etext, minpc, maxpc) if _holds(words[10:14]) else None
    words = memory.words(address, 24)
    names = table + header.names - header.base
    if words[1] != names or words[17] not in (header.functions, header.functions + 1):
        return None
    if words[16] != table + header.funcs - header.base or not _holds(words[20:24]):
        return None
    minpc, maxpc, text, etext = words[20:24]
    gofunc: list[int] = []
    sections: tuple[tuple[int, int, int], ...] = ()
    for index in _GOFUNC.get(header.since, ()):
        try:
            more = memory.words(address + index * layout.pointer, 5)
        except Malformed:
            continue
        if layout.at(more[0]) is None:
            continue
        gofunc.append(more[0])
        # The text sections follow; since 1.26 `epclntab` stands between.
        for at in (1, 2):
            if more[at + 1] == more[at + 2 if at == 1 else 4] and 1 < more[at + 1] < 4096:
                sections = sections or _sections(memory, more[at], more[at + 1], text)
    return Moduledata(address, text, etext, minpc, maxpc, tuple(gofunc), sections)


def _holds(words: tuple[int, ...]) -> bool:
    minpc, maxpc, text, etext = words
    return text <= minpc < maxpc <= etext + 64 and text < etext


def _sections(
    memory: Memory, address: int, count: int, text: int
) -> tuple[tuple[int, int, int], ...]:
    try:
        words = memory.words(address, 3 * count)
    except Malformed:
        return ()
    rows = tuple(zip(words[0::3], words[1::3], words[2::3], strict=True))
    ordered = all(row[0] < row[1] for row in rows) and list(rows) == sorted(rows)
    ordered = ordered and rows[0][2] == text
    return rows if ordered else ()
