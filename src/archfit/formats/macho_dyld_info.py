"""The opcode streams of LC_DYLD_INFO: what dyld slides and what it binds.

Source: <mach-o/loader.h> (REBASE_OPCODE_*, BIND_OPCODE_*, BIND_SUBOPCODE_THREADED_*); how a
stream ends and how numbers wrap as in dyld-1378 mach_o/RebaseOpcodes.cpp, BindOpcodes.cpp.
A run of alike places is kept as one record, so that a stream is read in the time its bytes
take, whatever counts stand in it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from archfit.model.errors import Malformed

#: Records of one stream; a thousand times what linkers write would still be below.
MOST = 500_000
_WORD = (1 << 64) - 1

TYPES = {1: "pointer", 2: "text abs32", 3: "text rel32"}


class Run(NamedTuple):
    """``times`` places in segment number ``segment``, the first at ``offset`` in it, each
    ``stride`` bytes behind the last."""

    segment: int
    offset: int
    times: int
    stride: int
    type: int


class Bind(NamedTuple):
    """A symbol wanted at `times` places (see `Run`). ``ordinal``: see `macho_linkedit.library_of`.

    ``flags``: 1 weak import, 8 a strong definition that overrides weak ones (``segment`` is
    then -1: no place is bound).
    """

    segment: int
    offset: int
    times: int
    stride: int
    type: int
    ordinal: int
    symbol: str
    addend: int
    flags: int


class Sizes:
    """Sizes of the segments, to check each place against; ``pointer`` bytes at a place."""

    def __init__(self, sizes: Sequence[int], pointer: int) -> None:
        self.sizes = sizes
        self.pointer = pointer

    def check(self, segment: int, offset: int, count: int, stride: int) -> None:
        """Malformed: one of the places lies outside of its segment."""
        if not 0 <= segment < len(self.sizes):
            raise Malformed(f"a fixup in segment {segment}, of {len(self.sizes)}")
        last = offset + (count - 1) * stride + self.pointer
        if count <= 0 or last > self.sizes[segment]:
            raise Malformed(f"a fixup at {offset:#x} lies outside of segment {segment}")


def uleb(data: bytes, at: int) -> tuple[int, int]:
    """(value, where it ends). Malformed: cut off, or over 64 bits."""
    value = shift = 0
    try:
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise Malformed("a number of more than 64 bits")
    except IndexError:
        raise Malformed("a number is cut off") from None
    return value & _WORD, at


def _sleb(data: bytes, at: int) -> tuple[int, int]:
    start = at
    value, at = uleb(data, at)
    bits = 7 * (at - start)
    if bits < 64 and data[at - 1] & 0x40:
        return value - (1 << bits), at
    return value - (1 << 64) if value >> 63 else value, at


def rebases(data: bytes, sizes: Sequence[int], pointer: int) -> list[Run]:
    """Every place to slide. ``sizes``: of the segments; ``pointer``: 4 or 8 bytes.

    Malformed: an unknown opcode, a number cut off, a place outside of its segment.
    """
    check = Sizes(sizes, pointer).check
    out: list[Run] = []
    segment, offset, kind, at, end = -1, 0, 0, 0, len(data)
    while at < end:
        byte = data[at]
        at += 1
        opcode, low = byte & 0xF0, byte & 0x0F
        count, skip = 0, 0
        if opcode == 0x00:
            break
        if opcode == 0x10:
            kind = low
        elif opcode == 0x20:
            segment = low
            offset, at = uleb(data, at)
        elif opcode == 0x30:
            value, at = uleb(data, at)
            offset = offset + value & _WORD
        elif opcode == 0x40:
            offset += low * pointer
        elif opcode == 0x50:
            count = low
        elif opcode == 0x60:
            count, at = uleb(data, at)
        elif opcode == 0x70:
            skip, at = uleb(data, at)
            count = 1
        elif opcode == 0x80:
            count, at = uleb(data, at)
            skip, at = uleb(data, at)
        else:
            raise Malformed(f"rebase opcode {byte:#x} is not known")
        if count:
            # Of a single place only the place itself must be inside: what is skipped may wrap.
            stride = skip + pointer
            check(segment, offset, count, stride if count > 1 else 0)
            out.append(Run(segment, offset, count, stride, kind))
            offset = offset + count * stride & _WORD
            if len(out) > MOST:
                raise Malformed(f"more than {MOST} runs of rebases")
    return out


#: The bytes of the segment with this number, from an offset on.
Bytes = Callable[[int, int], bytes]


def binds(
    data: bytes, sizes: Sequence[int], pointer: int, kind: str, read: Bytes | None = None
) -> tuple[list[Bind], list[Run]]:
    """(symbols wanted, places to slide that a threaded stream has along with them).

    ``kind``: bind, weak or lazy (in which the end opcode only parts the symbols).
    ``read`` is asked for the chains of a threaded stream (arm64e, before chained fixups).
    Malformed as `rebases`.
    """
    check = Sizes(sizes, pointer).check
    out: list[Bind] = []
    slid: list[Run] = []
    threaded: list[tuple[int, int, str, int, int]] | None = None
    lazy = kind == "lazy"
    segment, offset, form, addend, at, end = -1, 0, 1 if lazy else 0, 0, 0, len(data)
    ordinal, symbol, flags = (-3 if kind == "weak" else 0), "", 0
    while at < end:
        byte = data[at]
        at += 1
        opcode, low = byte & 0xF0, byte & 0x0F
        count = 0
        skip = 0
        if opcode == 0x00:
            if not lazy:
                break
        elif opcode == 0x10:
            ordinal = low
        elif opcode == 0x20:
            value, at = uleb(data, at)
            ordinal = value if value < 1 << 31 else -1
        elif opcode == 0x30:
            ordinal = low - 16 if low else 0
        elif opcode == 0x40:
            cut = data.find(b"\0", at)
            if cut < 0:
                raise Malformed("a symbol's name has no end")
            symbol = data[at:cut].decode("utf-8", "backslashreplace")
            at = cut + 1
            flags = low
            if flags & 8 and kind == "weak":
                out.append(Bind(-1, 0, 0, 0, form, ordinal, symbol, 0, flags))
        elif opcode == 0x50:
            form = low
        elif opcode == 0x60:
            addend, at = _sleb(data, at)
        elif opcode == 0x70:
            segment = low
            offset, at = uleb(data, at)
        elif opcode == 0x80:
            value, at = uleb(data, at)
            offset = offset + value & _WORD
        elif opcode == 0x90:
            count = 1
        elif opcode == 0xA0:
            skip, at = uleb(data, at)
            count = 1
        elif opcode == 0xB0:
            skip = low * pointer
            count = 1
        elif opcode == 0xC0:
            count, at = uleb(data, at)
            skip, at = uleb(data, at)
        elif opcode == 0xD0 and low == 0:
            size, at = uleb(data, at)
            if size > MOST:
                raise Malformed(f"a table of {size} binds")
            threaded = []
        elif opcode == 0xD0 and low == 1:
            if threaded is None or read is None:
                raise Malformed("a chain without the table that it counts in")
            if not 0 <= segment < len(sizes):
                raise Malformed(f"a chain in segment {segment}, of {len(sizes)}")
            offset = _thread(read(segment, offset), segment, offset, threaded, out, slid)
        else:
            raise Malformed(f"bind opcode {byte:#x} is not known")
        if count:
            if threaded is not None:
                threaded.append((form, ordinal, symbol, addend, flags))
                continue
            stride = skip + pointer
            check(segment, offset, count, stride if count > 1 else 0)
            out.append(Bind(segment, offset, count, stride, form, ordinal, symbol, addend, flags))
            offset = offset + count * stride & _WORD
        if len(out) > MOST:
            raise Malformed(f"more than {MOST} binds")
    return out, slid


def _thread(
    data: bytes,
    segment: int,
    offset: int,
    table: Sequence[tuple[int, int, str, int, int]],
    out: list[Bind],
    slid: list[Run],
) -> int:
    """Follow one chain; bit 62 says bind, bits 51 to 61 how many words on the next one is."""
    at = 0
    while True:
        if at + 8 > len(data):
            raise Malformed("a chain of pointers leaves its segment")
        word = struct.unpack_from("<Q", data, at)[0]
        if word >> 62 & 1:
            number = word & 0xFFFF
            if number >= len(table):
                raise Malformed(f"a chain asks for bind {number}, of {len(table)}")
            form, ordinal, symbol, addend, flags = table[number]
            out.append(Bind(segment, offset + at, 1, 8, form, ordinal, symbol, addend, flags))
        else:
            slid.append(Run(segment, offset + at, 1, 8, 1))
        if len(out) + len(slid) > MOST:
            raise Malformed(f"more than {MOST} pointers in chains")
        step = word >> 51 & 0x7FF
        if not step:
            return offset + at + 8
        at += 8 * step


def places(runs: Sequence[Run | Bind], bases: Sequence[int]) -> Iterator[int]:
    """The address of each place; ``bases``: addresses of the segments."""
    for run in runs:
        if run.segment >= 0:
            start = bases[run.segment] + run.offset
            stride = run.stride
            yield from range(start, start + run.times * stride, stride)
