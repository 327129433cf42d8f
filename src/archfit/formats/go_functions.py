"""Go's own table of functions: name, file and line, frame size and inlined calls of any PC.

Sources: `runtime/symtab.go`, `runtime/runtime2.go` (type _func), `runtime/symtabinl.go`,
`runtime/funcdata.h` and `cmd/link/internal/ld/pcln.go` of Go 1.19.8, 1.26.8 and 1.27.3;
golang.org/s/go12symtab and `runtime/runtime2.go` of Go 1.2 to 1.15. A function's record:

=========  ===================================================================
Go         fields, each of 32 bits unless it is said
=========  ===================================================================
1.2-1.11   entry (pointer), name, args, frame or (1.10) funcID, pcsp, pcfile,
           pcln, npcdata, nfuncdata
1.12-1.15  entry (pointer), name, args, deferreturn, pcsp, pcfile, pcln,
           npcdata, funcID (8 bits), 16 bits, nfuncdata (8 bits)
1.16-1.17  the same with cuOffset after npcdata; 1.17: flags (8) after funcID
1.18-1.19  the same, entry being an offset from the start of text
1.20-1.27  the same with startLine after cuOffset
=========  ===================================================================

Then npcdata offsets of pc-value tables, then nfuncdata pointers, since 1.18 32-bit offsets
from moduledata's gofunc. Inlined calls: see `go_inline`.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from archfit.formats import go_inline, walks
from archfit.formats.go_pcvalue import rows
from archfit.formats.go_records import Function, Place
from archfit.formats.memory import Memory
from archfit.formats.pclntab import Header
from archfit.formats.walks import value_at
from archfit.model.errors import Malformed

__all__ = ["ARGS_UNKNOWN", "ASM", "SP_WRITE", "TOP_FRAME", "Function", "Functions", "Place"]

#: funcID of `internal/abi/symtab.go` differ by release; flags do not.
TOP_FRAME, SP_WRITE, ASM = 1, 2, 4
#: Args of a function that does not say how many bytes of arguments it has.
ARGS_UNKNOWN = -0x80000000

_LONGEST_NAME = 1 << 16
_NO_FILE = 0xFFFFFFFF


class Functions:
    """The functions of one program. Build it with `archfit.formats.go_program.read`.

    ``text`` is what offsets count from, ``end`` the end of Go's text: a PC outside has no Go
    function. All methods raise Malformed when the tables contradict themselves.
    """

    def __init__(
        self,
        memory: Memory,
        header: Header,
        table: int,
        text: int,
        end: int = 0,
        gofunc: tuple[int, ...] = (),
        sections: tuple[tuple[int, int, int], ...] = (),
    ) -> None:
        """``table``: the address of the function table; the rest as of `Moduledata`."""
        self.memory = memory
        self.data = memory.data
        self.header = header
        self.text = text
        self._sections = sections
        self._names: dict[int, str] = {}
        self._files: dict[int, str] = {}
        self._inline: go_inline.Form | bool | None = False
        self._gofunc = gofunc
        self._entries, self._records = self._function_table(table)
        self._last = self._address(self._entries[-1])
        self.end = end or self._last
        self._shape = self._record_shape()

    def _function_table(self, table: int) -> tuple[array[int], array[int]]:
        header = self.header
        count = 2 * header.functions + 1
        start = header.function_table
        if header.since >= (1, 18):
            words = array("I", bytes(self.data[start : start + 4 * count]))
            if (header.order == ">") != (sys.byteorder == "big"):
                words.byteswap()
        else:
            address = table + start - header.base
            words = array("Q", self.memory.words(address, count))
        if len(words) != count:
            raise Malformed("the function table is cut off")
        entries, records = words[0::2], words[1::2]
        return entries, records

    def _address(self, entry: int) -> int:
        if self.header.since < (1, 18):
            return entry
        for start, end, base in self._sections:
            if start <= entry < end or (entry == end and end == self._sections[-1][1]):
                return base + entry - start
        return self.text + entry

    def _offset(self, pc: int) -> int:
        """What the function table counts in, for an address."""
        if self.header.since < (1, 18):
            return pc
        for start, end, base in self._sections:
            if base <= pc < base + end - start:
                return pc - base + start
        return pc - self.text

    def _record_shape(self) -> tuple[struct.Struct, int]:
        """The record after its entry, and which of the forms it has: 2, 12, 16, 18 or 20."""
        order, since = self.header.order, self.header.since
        if since == (1, 2):
            form = 12 if self._has_bytes_at_end() else 2
            return struct.Struct(order + ("iiIIIIIBBBB" if form == 12 else "iiIIIIIi")), form
        if since < (1, 20):
            return struct.Struct(order + "iiIIIIIIBBBB"), since[1]
        return struct.Struct(order + "iiIIIIIIiBBBB"), 20

    def _has_bytes_at_end(self) -> bool:
        """Go 1.12 packs nfuncdata in the last byte of its word; before it fills the word."""
        header = self.header
        at = header.pointer + 28
        for record in self._records[: min(header.functions, 4096)]:
            start = header.base + record + at
            if start + 4 > header.end:
                break
            last = self.data[start + 3] if header.order == "<" else self.data[start]
            first = self.data[start] if header.order == "<" else self.data[start + 3]
            if header.order == "<" and last:
                return True
            if header.order == ">" and last and not self.data[start + 1]:
                return True
            if first > 16 and not last:  # a funcID, or more funcdata than there are kinds
                return True
        return False

    # Functions

    def __len__(self) -> int:
        return self.header.functions

    def __iter__(self) -> Iterator[Function]:
        """Every function, by address."""
        for index in range(self.header.functions):
            yield self.function(index)

    def entries(self, step: int = 1) -> list[int]:
        """The addresses at which functions begin, in order; every ``step``-th of them."""
        return [self._address(entry) for entry in self._entries[:-1:step]]

    def index(self, pc: int) -> int | None:
        """The number of the function that covers this address; None: it is not in Go's text."""
        if not self.text <= pc < self.end or pc >= self._last:
            return None
        found = bisect_right(self._entries, self._offset(pc), 0, self.header.functions) - 1
        return found if found >= 0 else None

    def find(self, pc: int) -> Function | None:
        """The function that covers this address; None: it is not in Go's text."""
        index = self.index(pc)
        return None if index is None else self.function(index)

    def function(self, index: int) -> Function:
        """By its number in the table."""
        header, data = self.header, self.data
        shape, form = self._shape
        record = header.funcs + self._records[index]
        at = record + header.field
        if record < header.base or at + shape.size > header.end:
            raise Malformed(f"the record of function {index} lies outside of the table")
        row = shape.unpack_from(data, at)
        func_id: int | None
        flags = start_line = None
        unit = deferreturn = 0
        name, args, third, pcsp, pcfile, pcln, npcdata = row[:7]
        if form == 2:
            nfuncdata, func_id = row[7], None
            if third < 64:
                func_id = third
        elif form == 12:
            func_id, _, _, nfuncdata = row[7:]
            deferreturn = third
        else:
            deferreturn, unit = third, row[7]
            if form == 20:
                start_line = row[8] if row[8] > 0 else None
                func_id, flags, _, nfuncdata = row[9:]
            else:
                func_id, flags, _, nfuncdata = row[8:]
        return Function(
            self._address(self._entries[index]),
            self._address(self._entries[index + 1]),
            self.name(name),
            args,
            func_id,
            flags,
            start_line,
            deferreturn,
            pcsp,
            pcfile,
            pcln,
            npcdata,
            nfuncdata,
            unit,
            record,
            at + shape.size,
        )

    def name(self, offset: int) -> str:
        """The name at this offset in the table of names."""
        found = self._names.get(offset)
        if found is None:
            found = self._names[offset] = self._text(self.header.names + offset)
        return found

    def _text(self, at: int) -> str:
        header = self.header
        if not header.base <= at < header.end:
            raise Malformed(f"a name at {at:#x} lies outside of the table")
        end = self.data.find(b"\0", at, min(header.end, at + _LONGEST_NAME))
        if end < 0:
            raise Malformed(f"a name at {at:#x} has no end")
        return bytes(self.data[at:end]).decode("utf-8", "backslashreplace")

    # What holds at a PC

    def value(self, table: int, function: Function, pc: int) -> int | None:
        """The value of a pc-value table (its offset, 0: none) at ``pc``; None: it says nothing."""
        if not table:
            return None
        header = self.header
        steps = (pc - function.entry) // header.quantum
        found = value_at(self.data, header.pctab + table, header.end, steps)
        return None if found is None else found[0]

    def sp_delta(self, function: Function, pc: int) -> int | None:
        """Bytes between SP at ``pc`` and SP at the entry (pcsp); None: not known.

        On machines with a return address on the stack (x86) that address lies above; others
        keep it in the frame's lowest word when the delta is not 0.
        """
        return self.value(function.pcsp, function, pc)

    def sp_rows(self, function: Function) -> list[tuple[int, int]]:
        """(address at which it ends, delta) for the whole function."""
        header = self.header
        if not function.pcsp:
            return []
        found = rows(self.data, header.pctab + function.pcsp, header.end)
        return [(function.entry + end * header.quantum, value) for end, value in found]

    def pcdata(self, function: Function, number: int, pc: int) -> int | None:
        """The value of PCDATA table ``number`` at ``pc``; None: there is none."""
        return self.value(self.pcdata_table(function, number), function, pc)

    def pcdata_table(self, function: Function, number: int) -> int:
        """The offset of PCDATA table ``number``; 0: there is none."""
        at = function.arrays + 4 * number
        if number >= function.npcdata or at + 4 > self.header.end:
            return 0
        return int(struct.unpack_from(self.header.order + "I", self.data, at)[0])

    def funcdata(self, function: Function, number: int, gofunc: int | None = None) -> int | None:
        """The address of FUNCDATA ``number``; None: there is none, or it can't be known.

        ``gofunc``: what offsets count from, by default what the inline trees prove right.
        """
        header = self.header
        if number >= function.nfuncdata:
            return None
        at = function.arrays + 4 * function.npcdata
        if header.since >= (1, 18):
            at += 4 * number
            if at + 4 > header.end:
                return None
            offset = struct.unpack_from(header.order + "I", self.data, at)[0]
            if offset == _NO_FILE:
                return None
            if gofunc is None:
                form = self.inline_form()
                gofunc = form.gofunc if form else 0
            return gofunc + offset if gofunc else None
        # Pointers, aligned in memory: so is the table's start.
        at += -(at - header.base) % header.pointer + header.pointer * number
        if at + header.pointer > header.end:
            return None
        span = self.memory.layout
        for part in span.mapped:
            if part.offset <= at < part.end:
                return self.memory.words(part.address + at - part.offset, 1)[0] or None
        return None

    def file(self, function: Function, number: int) -> str:
        """The file that a value of pcfile (or of an old inline tree) stands for; "": none."""
        header, data = self.header, self.data
        if number < 0:
            return ""
        if header.since == (1, 2):
            at = header.file_table + 4 * number
            if number >= header.files + 1 or not number or at + 4 > header.end:
                return ""
            place = header.base + struct.unpack_from(header.order + "I", data, at)[0]
        else:
            at = header.units + 4 * (function.unit + number)
            if at + 4 > header.file_table:
                return ""
            offset = struct.unpack_from(header.order + "I", data, at)[0]
            if offset == _NO_FILE:
                return ""
            place = header.file_table + offset
        found = self._files.get(place)
        if found is None:
            found = self._files[place] = self._text(place)
        return found

    def line(self, function: Function, pc: int) -> tuple[str, int]:
        """(file, line) of the instruction, of the innermost inlined call; ("", 0): not known."""
        number = self.value(function.pcfile, function, pc)
        line = self.value(function.pcln, function, pc)
        if number is None or line is None or line < 0:
            return "", 0
        return self.file(function, number), line

    def first_line(self, function: Function) -> tuple[str, int]:
        """(file, line) of the entry; the start line, where the table has it."""
        file, line = self.line(function, function.entry)
        return file, function.start_line or line

    # Inlined calls

    def inline_form(self) -> go_inline.Form | None:
        """How inlined calls are written here, proven on the table itself; None: not at all."""
        if isinstance(self._inline, bool):
            # Meanwhile: none, for what the proof itself asks of the tables.
            self._inline = None
            self._inline = go_inline.recognise(self, self._gofunc)
        return self._inline

    def frames(self, pc: int) -> list[Place]:
        """What stands at this address, innermost first; empty: it is not in Go's text.

        ``pc`` is an instruction's own address; for a return address ask for one byte before.
        """
        function = self.find(pc)
        if function is None:
            return []
        form = self.inline_form()
        if form is not None:
            found = go_inline.chain(self, form, function, pc)
            if found:
                return found
        file, line = self.line(function, pc)
        return [Place(function.name, file, line, False, function.start_line)]

    def frames_of(self, pcs: Sequence[int]) -> list[Sequence[Place]]:
        """`frames` of many addresses, in their order, each at a fraction of the price.

        Raises Malformed when one of them meets what contradicts itself.
        """
        header = self.header
        if walks.frames is None or header.since < (1, 18) or self._sections:
            return [self.frames(pc) for pc in pcs]
        form = self.inline_form()
        index, entry, tree, end = -1, 0, 0, 0
        if form is not None:
            place = self.memory.layout.at(form.gofunc)
            if place is not None:
                index, entry, (tree, end) = form.pcdata, form.funcdata, place
        first, last = self.text + self._entries[0], min(self.end, self._last)
        inside = [pc - self.text for pc in pcs if first <= pc < last]
        shape = (
            *(header.end, header.order == "<", header.quantum, header.names, header.units),
            *(header.file_table, header.pctab, header.funcs, header.function_table),
            *(header.functions, self._shape[1], index, entry, tree, end),
        )
        found = iter(walks.frames(self.data, shape, inside, self._names, self._files))
        make, none = tuple.__new__, ()
        return [
            [make(Place, place) for place in next(found)] if first <= pc < last else none
            for pc in pcs
        ]
