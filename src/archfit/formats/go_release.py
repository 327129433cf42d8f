"""The name of the Go release in a program whose build info is gone.

`runtime.buildVersion` is a Go string that the linker fills in. Since Go 1.18 its bytes
are a symbol of their own and end in a zero byte (`cmd/link/internal/ld/data.go`,
addstrdata, of Go 1.19.8 and 1.26.8; seen in real files); before, they stand unmarked among
all other strings (seen in go1.16) and only the (pointer, length) pair of the variable
tells them apart. Other texts look alike ("go1.26.go", release tags of the compiler), so a
name is given only when one stands out and agrees with the form of the pclntab.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from archfit.formats.go_layout import Layout, Span
from archfit.formats.pclntab import Header
from archfit.model.image import Window

_NAME = re.compile(
    rb"go1\.(\d{1,2})(?:\.\d{1,3})?(?:(?:rc|beta)\d{1,2})?"
    rb"(-[0-9A-Za-z._+-]{1,64})?( X:[a-z0-9,]{1,200}| \([!-'*-~ ]{1,120}\))?"
)
_MOST_NAMES = 2000
_MOST_BYTES = 512 << 20

#: Candidates whose variable is looked for, and bytes of data in which it is, for each.
_MOST_LOOSE = 64
_MOST_DATA = 16 << 20

#: First minor release of each form of the pclntab -> the last one.
_LAST_MINOR = {(1, 2): 15, (1, 16): 17, (1, 18): 19, (1, 20): 99}


@dataclass(frozen=True, slots=True)
class Release:
    """``name`` as `runtime.Version` gives it; ``offset``: where it stands in the window.

    ``pointed``: the variable that points at it was found, and not only its text.
    """

    name: str
    offset: int
    pointed: bool


def find(data: Window, layout: Layout, table: Header) -> Release | None:
    """The release by its name in the program's strings; None unless exactly one fits."""
    ended: dict[bytes, int] = {}
    loose: dict[bytes, int] = {}
    for span in layout.strings:
        for at, name, zero in _names(data, span, table):
            if zero:
                ended.setdefault(name, at)
            else:
                loose.setdefault(name, at)
    if len(ended) == 1:
        name, at = ended.popitem()
        return Release(name.decode(), at, _pointed(data, layout, at, name))
    for name, at in list((ended or loose).items())[:_MOST_LOOSE]:
        if _pointed(data, layout, at, name):
            return Release(name.decode(), at, True)
    return None


def _names(data: Window, span: Span, table: Header) -> list[tuple[int, bytes, bool]]:
    """(offset, name, whether a zero byte ends it) of what fits the form of the table."""
    found: list[tuple[int, bytes, bool]] = []
    end = min(span.end, span.offset + _MOST_BYTES, len(data))
    at = data.find(b"go1.", span.offset, end)
    for _ in range(_MOST_NAMES):
        if at < 0:
            break
        text = bytes(data[at : min(at + 300, end)])
        match = _NAME.match(text)
        if match and table.since[1] <= int(match[1]) <= _LAST_MINOR[table.since]:
            zero = text[match.end() : match.end() + 1] == b"\0"
            name = match[0] if zero else match[0][: match.start(2)] if match[2] else match[0]
            if zero and at >= 6 and bytes(data[at - 6 : at]) == b"devel ":
                found.append((at - 6, b"devel " + name, zero))
            else:
                found.append((at, name, zero))
        at = data.find(b"go1.", at + 4, end)
    return found


def _pointed(data: Window, layout: Layout, at: int, name: bytes) -> bool:
    """True when a Go string in writable data is exactly these bytes."""
    where = layout.writable
    address = next((s.address + at - s.offset for s in layout.mapped if s.offset <= at < s.end), -1)
    if where is None or address < 0 or address >> 8 * layout.pointer:
        return False
    pair = struct.pack(layout.order + ("QQ" if layout.pointer == 8 else "II"), address, len(name))
    return data.find(pair, where.offset, min(where.end, where.offset + _MOST_DATA)) >= 0
