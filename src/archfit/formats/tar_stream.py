"""Members of a tar archive as a stream, without a seek and without writing anything.

Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual,
"Basic Tar Format" (types L and K, base-256 sizes). Names are given as they stand: nothing is
ever written to them. Sparse members, links and devices are named and not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archfit.model.errors import Malformed

BLOCK = 512
#: More members than this in one archive are not read.
MOST_MEMBERS = 2_000_000
#: Headers in a row that only describe the next one.
_MOST_EXTENDED = 8
#: Bytes of an extended header that are kept.
_EXTENDED = 1 << 20
_FILES = b"0\0 7"


class Piece(NamedTuple):
    """A stretch of a regular member's bytes; ``last``: it ends here. ``why``: it is not read."""

    name: str
    data: bytes
    last: bool
    why: str = ""


def is_tar(head: bytes) -> bool:
    """The first 512 bytes are a header: its magic or its sum is right."""
    if len(head) < BLOCK or not any(head[:100]):
        return False
    return head[257:262] == b"ustar" or _sum_fits(head[:BLOCK])


def pieces(chunks: Iterator[bytes]) -> Iterator[Piece]:
    """The regular members of an archive, piece by piece. Raises Malformed where it breaks."""
    stream = _Stream(chunks)
    long_name = ""
    extended = members = 0
    sized: int | None = None
    while True:
        header = stream.take(BLOCK)
        if not any(header):
            return  # the end, or nothing is left
        if len(header) < BLOCK or not _sum_fits(header):
            raise Malformed("a header of the archive is broken; what follows was not read")
        members += 1
        if members > MOST_MEMBERS:
            raise Malformed(f"more than {MOST_MEMBERS} members")
        kind = header[156:157]
        size = _number(header[124:136]) if sized is None else sized
        if kind in b"LKxg" and kind:
            extended += 1
            if extended > _MOST_EXTENDED or size > _EXTENDED:
                raise Malformed("extended headers without end")
            data = stream.take(_padded(size))[:size]
            if kind == b"L":
                long_name = data.rstrip(b"\0").decode("utf-8", "replace")
            elif kind == b"x":
                name, length = _pax(data)
                long_name, sized = name or long_name, length
            continue
        name = long_name or _name(header)
        long_name, sized, extended = "", None, 0
        if kind not in _FILES:
            if kind not in b"5":
                yield Piece(name, b"", True, _KINDS.get(kind, "no regular file"))
            if kind not in b"123456":
                stream.skip(_padded(size))
            continue
        yield from _member(stream, name, size)


_KINDS = {b"1": "a hard link", b"2": "a symbolic link", b"S": "a sparse file"}


def _member(stream: _Stream, name: str, size: int) -> Iterator[Piece]:
    left = size
    while True:
        data = stream.some(left)
        left -= len(data)
        if left and not data:
            raise Malformed(f"the archive ends inside {name}")
        yield Piece(name, data, not left)
        if not left:
            break
    stream.skip(_padded(size) - size)


class _Stream:
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""
        self._at = 0

    def some(self, most: int) -> bytes:
        """Some of the next bytes, b"" at the end."""
        if self._at >= len(self._held):
            self._held, self._at = next(self._chunks, b""), 0
        data = self._held[self._at : self._at + most]
        self._at += len(data)
        return data

    def take(self, size: int) -> bytes:
        """The next bytes, fewer at the end."""
        parts = []
        while size and (data := self.some(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        while size and (data := self.some(size)):
            size -= len(data)


def _padded(size: int) -> int:
    return (size + BLOCK - 1) // BLOCK * BLOCK


def _number(field: bytes) -> int:
    if field[:1] in (b"\x80", b"\xff"):
        size = int.from_bytes(field[1:], "big")
        if field[0] == 0xFF or size >= 1 << 62:
            raise Malformed("a member's size is no size")
        return size
    text = field.strip(b"\0 ")
    try:
        size = int(text or b"0", 8)
    except ValueError:
        size = -1
    if size < 0:
        raise Malformed("a member's size is no number")
    return size


def _sum_fits(header: bytes) -> bool:
    text = header[148:156].strip(b"\0 ")
    try:
        wanted = int(text or b"-1", 8)
    except ValueError:
        return False
    return wanted == sum(header) - sum(header[148:156]) + 8 * 32


def _name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    if header[257:263] == b"ustar\0" and header[345:346] != b"\0":
        name = header[345:500].partition(b"\0")[0] + b"/" + name
    return name.decode("utf-8", "replace")


def _pax(data: bytes) -> tuple[str, int | None]:
    """(path, size) of a pax header: records of `length key=value`."""
    name, size, at = "", None, 0
    while at < len(data):
        space = data.find(b" ", at, at + 12)
        digits = data[at:space] if space > 0 else b""
        if not digits.isdigit() or not 3 <= int(digits) <= len(data) - at:
            break
        key, _, value = data[space + 1 : at + int(digits) - 1].partition(b"=")
        if key == b"path":
            name = value.decode("utf-8", "replace")
        elif key == b"size" and value.isdigit() and len(value) < 19:
            size = int(value)
        at += int(digits)
    return name, size
