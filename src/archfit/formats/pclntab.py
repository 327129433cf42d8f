"""The table by which a Go program knows its own functions: where it is, and its header.

Sources: `debug/gosym/pclntab.go` (parsePclnTab), `runtime/symtab.go` (pcHeader),
`internal/abi/symtab.go` (the magics) and `cmd/link/internal/ld/pcln.go`
(generatePCHeader) of Go 1.26.8 and 1.27.3; golang.org/s/go12symtab for Go 1.2 to 1.15.

The header, in the file's own byte order, after a 32-bit magic and two zero bytes:
the size of an instruction step (1, 2 or 4), the size of a pointer (4 or 8), and then
words of that size:

=========  ====================================================================
Go         words
=========  ====================================================================
1.2-1.15   nfunc; the function table follows at once, and then the file table
1.16-1.17  nfunc, nfiles, funcname, cu, file, pc, func
1.18-1.27  nfunc, nfiles, text start, funcname, cu, file, pc, func
=========  ====================================================================

The last five are offsets from the header. The word for the start of text holds zero
since Go 1.26, and may be unrelocated in a PIE before it; it is given as found and
must not be trusted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from archfit.model.errors import Malformed
from archfit.model.image import Window

#: Magic -> the first Go release that wrote it (internal/abi/symtab.go).
MAGICS = {
    0xFFFFFFFB: (1, 2),
    0xFFFFFFFA: (1, 16),
    0xFFFFFFF0: (1, 18),
    0xFFFFFFF1: (1, 20),
}

#: Form -> the releases that write it, in words.
RELEASES = {
    (1, 2): "Go 1.2 to 1.15",
    (1, 16): "Go 1.16 and 1.17",
    (1, 18): "Go 1.18 and 1.19",
    (1, 20): "Go 1.20 and later",
}

#: So many starts that prove false end a search; real files have a few thousand at the most.
_MAX_FALSE_STARTS = 100_000

#: Bytes of names that are searched.
_MOST_NAMES = 128 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """Where the parts of the table are, as offsets in the window, in bytes.

    ``since``: the first Go release that wrote this form, (1, 2), (1, 16), (1, 18) or (1, 20).
    ``order``: ``<`` or ``>``, as `struct` wants it. ``quantum``: bytes an instruction step.
    ``pointer``: bytes. ``end``: where the window on the table ends (a section's end, if the
    section is known). ``text_start`` as found, None before Go 1.18. In the form of Go 1.2
    names, pc tables and functions are mixed: `names`, `pctab` and `funcs` are the base.
    """

    base: int
    end: int
    since: tuple[int, int]
    order: str
    quantum: int
    pointer: int
    functions: int
    files: int
    text_start: int | None
    names: int
    units: int
    file_table: int
    pctab: int
    funcs: int

    @property
    def field(self) -> int:
        """Bytes of one field of the function table: a pointer before 1.18, 4 since."""
        return 4 if self.since >= (1, 18) else self.pointer

    @property
    def function_table(self) -> int:
        """Offset of the table of (pc, function) pairs."""
        return self.base + 8 + self.pointer if self.since == (1, 2) else self.funcs


def read_header(data: Window, base: int, end: int) -> Header:
    """The header at ``base``; the table may reach to ``end``. Malformed when it is none."""
    end = min(end, len(data))
    if base < 0 or base + 8 > end:
        raise Malformed("no room for the header of a pclntab")
    start = bytes(data[base : base + 8])
    for order in ("<", ">"):
        since = MAGICS.get(int.from_bytes(start[:4], "little" if order == "<" else "big"))
        if since is not None:
            break
    else:
        raise Malformed(f"no pclntab at {base:#x}: its magic is {start[:4].hex()}")
    quantum, pointer = start[6], start[7]
    if start[4] or start[5] or quantum not in (1, 2, 4) or pointer not in (4, 8):
        raise Malformed(f"the pclntab at {base:#x} breaks its header")
    if since == (1, 2):
        return _read_go12(data, base, end, order)
    count = 7 if since == (1, 16) else 8
    words = _words(data, base, end, order, count)
    functions, files, text = words[0], words[1], words[2] if count == 8 else None
    offsets = words[-5:]
    room = end - base
    step = 4 if count == 8 else pointer
    # The parts stand in this order, after the header (generatePCHeader panics otherwise).
    if not 8 + count * pointer <= offsets[0] <= offsets[1] <= offsets[2] <= offsets[3]:
        raise Malformed(f"the parts of the pclntab at {base:#x} are out of order")
    if not offsets[3] <= offsets[4] <= room or (2 * functions + 1) * step > room - offsets[4]:
        raise Malformed(f"the pclntab at {base:#x} reaches past its section")
    if functions == 0 or files > room:
        raise Malformed(f"the pclntab at {base:#x} has impossible counts")
    parts = [base + offset for offset in offsets]
    return Header(base, end, since, order, quantum, pointer, functions, files, text, *parts)


def _read_go12(data: Window, base: int, end: int, order: str) -> Header:
    quantum, pointer = data[base + 6], data[base + 7]
    functions = _words(data, base, end, order, 1)[0]
    table = base + 8 + pointer
    after = table + (2 * functions + 1) * pointer
    if functions == 0 or after + 4 > end:
        raise Malformed(f"the pclntab at {base:#x} reaches past its section")
    file_table = base + struct.unpack_from(order + "I", data, after)[0]
    if not after + 4 <= file_table <= end - 4:
        raise Malformed(f"the file table of the pclntab at {base:#x} lies outside of it")
    files = struct.unpack_from(order + "I", data, file_table)[0]
    if files * 4 > end - file_table:
        raise Malformed(f"the file table of the pclntab at {base:#x} reaches past its section")
    return Header(
        *(base, end, (1, 2), order, quantum, pointer, functions, files, None),
        *(base, base, file_table, base, base),
    )


def _words(data: Window, base: int, end: int, order: str, count: int) -> tuple[int, ...]:
    """The first words of the header at ``base``, after its eight bytes."""
    pointer = data[base + 7]
    if base + 8 + count * pointer > end:
        raise Malformed("no room for the header of a pclntab")
    return struct.unpack_from(f"{order}{count}{'Q' if pointer == 8 else 'I'}", data, base + 8)


def search(
    data: Window, start: int, end: int, order: str, minor: int | None = None
) -> Header | None:
    """A table whose header holds, in ``start`` to ``end``; None when there is none.

    A table is aligned to four bytes at the least. ``order`` as in `Header`; ``minor``: of the
    release, as 26 for Go 1.26, if that is known: its magic is tried first, since one whole
    magic is found several times as fast as any of four.
    """
    end = min(end, len(data))
    since = max((form for form in MAGICS.values() if form[1] <= (minor or 99)), default=(1, 20))
    magics = sorted(MAGICS, key=lambda magic: MAGICS[magic] != since)
    left = _MAX_FALSE_STARTS
    for number, magic in enumerate(magics):
        sought, back = magic.to_bytes(4, "little" if order == "<" else "big") + b"\0\0", 0
        if number and order == "<":  # all have their last five bytes in common
            sought, back = sought[1:], 1
        at = data.find(sought, start, end)
        while at >= 0 and left > 0:
            left -= 1
            base = at - back
            if base >= start and (base - start) % 4 == 0 and data[base] >= 0xF0:
                try:
                    return read_header(data, base, end)
                except Malformed:
                    pass
            at = data.find(sought, at + 1, end)
        if back:
            break
    return None


def find_name(data: Window, header: Header, name: bytes) -> int | None:
    """Offset in the window of a function's name, if one is named exactly so; else None."""
    first, last = name_range(header)
    sought = name + b"\0"
    if header.since == (1, 2):  # a name may follow anything, so only its end can be checked
        at = data.find(sought, first, last)
        return at if at >= 0 else None
    if data[first : min(first + len(sought), last)] == sought:
        return first
    at = data.find(b"\0" + sought, first, last)
    return at + 1 if at >= 0 else None


def has_name(data: Window, header: Header, name: bytes) -> bool:
    """True when a function is named exactly so."""
    return find_name(data, header, name) is not None


def name_range(header: Header) -> tuple[int, int]:
    """(start, end) of where names stand in the window; before Go 1.16 other things do too.

    At most `_MOST_NAMES` bytes, ten times what the largest programs have.
    """
    if header.since == (1, 2):
        first, last = header.function_table, header.end
    else:
        first, last = header.names, header.units
    return first, min(last, first + _MOST_NAMES)
