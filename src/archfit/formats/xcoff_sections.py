"""The section table of an XCOFF file, the object format of AIX.

Source: AIX 7.3 files reference, "XCOFF Object File Format" (<filehdr.h>, <scnhdr.h>):
a big-endian file header of 20 (32-bit, magic 0x01DF) or 24 bytes (64-bit, 0x01F7), an
auxiliary header whose size it names, then section headers of 40 or 72 bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from archfit.model.errors import Malformed
from archfit.model.image import Window

TEXT, DATA, BSS = 0x20, 0x40, 0x80  #: STYP_TEXT, STYP_DATA, STYP_BSS

#: More than any real file has; its numbers are 16 bits wide.
_MOST_SECTIONS = 4096


@dataclass(frozen=True, slots=True)
class Section:
    """``address`` in memory, ``offset`` in the window, ``size`` in bytes; ``kind`` is STYP_*."""

    name: str
    kind: int
    address: int
    offset: int
    size: int


def bits(data: Window) -> int:
    """32 or 64. Malformed when the magic is another's."""
    magic = bytes(data[:2])
    if magic not in (b"\x01\xdf", b"\x01\xf7"):
        raise Malformed("no XCOFF header")
    return 64 if magic == b"\x01\xf7" else 32


def sections(data: Window) -> tuple[Section, ...]:
    """All sections that have bytes in the file. Malformed when the table is cut off."""
    wide = bits(data) == 64
    start, step = (24, 72) if wide else (20, 40)
    if len(data) < start:
        raise Malformed("the XCOFF header is cut off")
    count = struct.unpack_from(">H", data, 2)[0]
    at = start + struct.unpack_from(">H", data, 16)[0]
    if count > _MOST_SECTIONS or at + count * step > len(data):
        raise Malformed("the XCOFF section table reaches beyond the file")
    found = []
    shape = ">8s8xQQQ16x8xI4x" if wide else ">8s4xIII8x4xI"
    for name, address, size, offset, flags in struct.iter_unpack(
        shape, data[at : at + count * step]
    ):
        kind = flags & 0xFFFF
        if kind != BSS and 0 < offset < len(data):
            text = name.rstrip(b"\0").decode("latin-1")
            found.append(Section(text, kind, address, offset, min(size, len(data) - offset)))
    return tuple(found)
