"""Inlined calls in Go's function table.

A PCDATA table gives the index of the innermost inlined call at a PC, -1 for none; a FUNCDATA
entry points at the tree of calls, an array of records.

Sources: `runtime/symtab.go` and `runtime/symtabinl.go` (type inlinedCall), `runtime/funcdata.h`
of Go 1.19.8, 1.26.8 and 1.27.3, and of Go 1.9 to 1.15. Record, in 32-bit fields:

=========  =======  ======================================================
Go         bytes    fields
=========  =======  ======================================================
1.9-1.11   16       parent, file, line, function's name
1.12-1.19  20       parent (16 bits) and funcID (8), file, line, function's
                    name, parentPc
1.20-1.27  16       funcID (8), function's name, parentPc, startLine
=========  =======  ======================================================

``file`` and ``line`` are of the call; since 1.20 they are looked up at ``parentPc``, an offset
from the entry whose position is the call. The numbers of the tables moved between releases
(PCDATA 1 or 2, FUNCDATA 2, 3 or 4), and nothing in the table says its release, so each
candidate is tried on the functions themselves: the right one gives trees in which every
parent comes before its child, every name begins where a name begins, and every line is one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from archfit.formats.go_pcvalue import rows
from archfit.formats.go_records import Function, Place
from archfit.model.errors import Malformed
from archfit.model.image import Window

if TYPE_CHECKING:
    from archfit.formats.go_functions import Functions

#: First release of the table's form -> (PCDATA, FUNCDATA, bytes of a record) to try.
_CANDIDATES = {
    (1, 2): ((2, 4, 20), (1, 2, 20), (1, 2, 16), (2, 3, 20)),
    (1, 16): ((2, 3, 20), (2, 4, 20)),
    (1, 18): ((2, 3, 20),),
    (1, 20): ((2, 3, 16),),
}
#: Functions that are looked at, trees that prove a form, and calls that one may hold.
_MOST_LOOKED, _PROOF, _MOST_CALLS = 4096, 24, 1 << 16


class Form(NamedTuple):
    """``gofunc``: the address that offsets of FUNCDATA count from; 0 before Go 1.18."""

    pcdata: int
    funcdata: int
    size: int
    gofunc: int
    rows: struct.Struct


def recognise(functions: Functions, gofunc: tuple[int, ...]) -> Form | None:
    """The form in which this table writes inlined calls; None: none holds, or there are none."""
    since, order = functions.header.since, functions.header.order
    for base in gofunc if since >= (1, 18) else (0,):
        for pcdata, funcdata, size in _CANDIDATES[since]:
            shape = {
                (16, True): "BxxxiiI",
                (16, False): "iiii",
                (20, True): "hBxiiii",
                (20, False): "hBxiiii",
            }[size, since >= (1, 20)]
            form = Form(pcdata, funcdata, size, base, struct.Struct(order + shape))
            if _proven(functions, form):
                return form
    return None


def _proven(functions: Functions, form: Form) -> bool:
    good = 0
    count = len(functions)
    step = max(1, count // _MOST_LOOKED)
    for index in range(0, count, step):
        try:
            function = functions.function(index)
            table = functions.pcdata_table(function, form.pcdata)
            if not table:
                continue
            tree = functions.funcdata(function, form.funcdata, form.gofunc or None)
            header = functions.header
            values = rows(functions.data, header.pctab + table, header.end)
            highest = max((value for _, value in values), default=-1)
            if highest < 0:
                continue
            if tree is None or highest > _MOST_CALLS or not _tree(functions, form, tree, highest):
                return False
        except Malformed:
            return False
        good += 1
        if good >= _PROOF:
            break
    return good > 0


def _tree(functions: Functions, form: Form, tree: int, highest: int) -> bool:
    at = _place(functions, form, tree, highest)
    if at is None:
        return False
    header, data = functions.header, functions.data
    for index in range(highest + 1):
        row = form.rows.unpack_from(data, at + index * form.size)
        if header.since >= (1, 20):
            name, held = row[1], row[2] >= -1
        elif form.size == 20:
            name, held = row[4], -1 <= row[0] < index and row[3] > 0 and row[5] >= 0
        else:
            name, held = row[3], -1 <= row[0] < index and row[2] > 0
        start = header.names + name
        if not held or name < 0 or not header.base < start < header.end:
            return False
        # Before 1.16 names stand among other things, and after anything.
        if header.since >= (1, 16) and name and data[start - 1] != 0:
            return False
        if not data[start] > 32 or (header.since == (1, 2) and not _is_name(data, start)):
            return False
    return True


def _is_name(data: Window, start: int) -> bool:
    text = data[start : start + 8]
    return bool(text[:1].isalpha() or text[:1] in (b"_", b"\xc2"))


def _place(functions: Functions, form: Form, tree: int, index: int) -> int | None:
    place = functions.memory.layout.at(tree)
    if place is None or place[0] + (index + 1) * form.size > place[1]:
        return None
    return place[0]


def chain(functions: Functions, form: Form, function: Function, pc: int) -> list[Place]:
    """The frames at ``pc``, innermost first; empty: nothing is inlined there."""
    index = functions.pcdata(function, form.pcdata, pc)
    if index is None or index < 0:
        return []
    tree = functions.funcdata(function, form.funcdata, form.gofunc or None)
    at = None if tree is None else _place(functions, form, tree, index)
    if at is None:
        return []
    file, line = functions.line(function, pc)
    data = functions.data
    found: list[Place] = []
    modern = functions.header.since >= (1, 20)
    while index is not None and index >= 0:
        row = form.rows.unpack_from(data, at + index * form.size)
        if modern:
            name, call, start = row[1], function.entry + row[2], row[3] or None
            found.append(Place(functions.name(name), file, line, True, start))
            file, line = functions.line(function, call)
            parent = functions.pcdata(function, form.pcdata, call)
        else:
            name = row[4] if form.size == 20 else row[3]
            found.append(Place(functions.name(name), file, line, True, None))
            number, line = (row[2], row[3]) if form.size == 20 else (row[1], row[2])
            file = functions.file(function, number)
            parent = row[0]
        if parent is not None and parent >= index:
            # Compilers leave parentPc at 0 where no instruction is left of the caller, and
            # then it leads back to the callee: who called it is not written anywhere.
            file, line = "", 0
            break
        index = parent
    found.append(Place(function.name, file, line, False, function.start_line))
    return found
