"""XCOFF: programs and libraries of AIX.

Source: AIX 7.3 Files Reference, "XCOFF Object File Format" (file header,
section header, loader section; <filehdr.h>, <scnhdr.h>, <loader.h>). All of
it is big endian. The first import file id of the loader section is the library
path, the others are {path, base, member}, each part ended by NUL.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from archfit.model.errors import Malformed
from archfit.model.image import Window

_EXECUTABLE, _SHARED = 0x0002, 0x2000
_LOADER = 0x1000
#: Bytes of import ids; real programs have some hundred.
_MOST_IDS = 1 << 20


@dataclass(frozen=True, slots=True)
class Xcoff:
    """``needed``: as `libc.a(shr_64.o)`, or the file alone when no member is named."""

    isa: str
    bits: int
    type: str
    symbols: int
    needed: tuple[str, ...]
    library_path: str


def read(data: Window) -> Xcoff:
    """Malformed: no XCOFF, or a header or the loader section's ids lie outside the file."""
    magic = data[:2]
    if magic not in (b"\x01\xdf", b"\x01\xf7"):
        raise Malformed("no XCOFF header")
    wide = magic == b"\x01\xf7"
    header = 24 if wide else 20
    if len(data) < header:
        raise Malformed("the XCOFF header is cut off")
    if wide:
        count, _, _, optional, flags, symbols = struct.unpack_from(">HIQHHI", data, 2)
    else:
        count, _, _, symbols, optional, flags = struct.unpack_from(">HIIIHH", data, 2)
    path, needed = _imports(data, header + optional, count, wide)
    kind = "shared" if flags & _SHARED else "executable" if flags & _EXECUTABLE else "object"
    return Xcoff("ppc64" if wide else "ppc", 64 if wide else 32, kind, symbols, needed, path)


def _imports(data: Window, at: int, count: int, wide: bool) -> tuple[str, tuple[str, ...]]:
    # s_name, s_paddr, s_vaddr, s_size, s_scnptr, s_relptr, s_lnnoptr, s_nreloc, s_nlnno, s_flags
    row = struct.Struct(">24xQQ24xI4x" if wide else ">16xII12xI")
    if at + count * row.size > len(data):
        raise Malformed("the XCOFF section table reaches beyond the file")
    for size, offset, flags in row.iter_unpack(data[at : at + count * row.size]):
        if flags & 0xFFFF == _LOADER:
            return _ids(data, offset, size, wide)
    return "", ()


def _ids(data: Window, start: int, size: int, wide: bool) -> tuple[str, tuple[str, ...]]:
    end = start + size
    if end > len(data) or size < (56 if wide else 32):
        raise Malformed("the XCOFF loader section lies outside the file")
    if wide:
        _, _, _, length, count, _, offset = struct.unpack_from(">6IQ", data, start)
    else:
        _, _, _, length, count, offset = struct.unpack_from(">6I", data, start)
    first = start + offset
    if first + length > end or length > _MOST_IDS:
        raise Malformed("the import ids lie outside the loader section")
    parts = bytes(data[first : first + length]).split(b"\0")
    rows = [
        [part.decode("utf-8", "backslashreplace") for part in parts[n : n + 3]]
        for n in range(0, min(3 * count, len(parts) - 2), 3)
    ]
    needed = [f"{base}({member})" if member else base for _, base, member in rows[1:] if base]
    return (rows[0][0] if rows else ""), tuple(needed)
