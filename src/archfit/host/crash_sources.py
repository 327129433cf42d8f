"""Where crashes are read from: files, folders, archives, standard input, cut into pieces of work.

A large file of lines is cut into ranges that workers read by themselves; what is inflated comes
as bytes. No link is followed below a folder, no name of an archive is ever opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from archfit.formats.crash_record import is_records
from archfit.formats.inflate import GZIP, inflated
from archfit.formats.tar_stream import is_tar, pieces
from archfit.formats.text_pieces import is_text
from archfit.host.files import FLAGS, standard_input, unavailable, window
from archfit.model.errors import ArchfitError, Malformed, Unavailable
from archfit.model.image import Window

#: Bytes of lines that one piece of work has.
RANGE = 8 << 20
#: A line, or a text, longer than this is not read.
LONGEST = 32 << 20
_TEXTS, _TEXT_BYTES = 256, 4 << 20
_HEAD = 1 << 16
_PACKED = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
}


class Work(NamedTuple):
    """A piece: lines of a file from ``start`` to ``end`` (bytes), lines in ``data``, or texts.

    ``kind``: range, lines or texts. ``line``: number of the first line, from 1, where known.
    """

    kind: str
    name: str
    start: int = 0
    end: int = 0
    data: bytes = b""
    texts: tuple[tuple[str, bytes], ...] = ()


#: What is told of a source that was not read: its name and the reason.
Told = Callable[[str, str], None]


def work(paths: Iterable[str], told: Told) -> Iterator[Work]:
    """The work that files, folders and ``-`` make, in order; folders sorted.

    What can't be read goes to ``told`` and the rest goes on.
    """
    texts = _Texts()
    for path in paths:
        try:
            if path == "-":
                with standard_input() as (data, _):
                    yield from _window(data, "standard input", "", texts, told)
                    yield from texts.all()
            elif os.path.isdir(path):
                for name in _below(path, told):
                    yield from _file(name, texts, told)
            else:
                yield from _file(path, texts, told)
        except ArchfitError as error:
            told("standard input" if path == "-" else path, _plain(error, path))
    yield from texts.all()


def lines_of(piece: Work) -> bytes:
    """The bytes of lines of a piece. Raises Unavailable when its file can't be read any more."""
    if piece.kind != "range":
        return piece.data
    try:
        fd = os.open(piece.name, FLAGS)
        try:
            parts, at = [], piece.start
            while at < piece.end and (data := os.pread(fd, piece.end - at, at)):
                parts.append(data)
                at += len(data)
        finally:
            os.close(fd)
    except OSError as error:
        raise unavailable(piece.name, error) from None
    return b"".join(parts)


class _Texts:
    """Texts that wait until there are enough for a piece of work."""

    def __init__(self) -> None:
        self._held: list[tuple[str, bytes]] = []
        self._size = 0

    def add(self, name: str, data: bytes) -> Iterator[Work]:
        self._held.append((name, data))
        self._size += len(data)
        if len(self._held) >= _TEXTS or self._size >= _TEXT_BYTES:
            yield from self.all()

    def all(self) -> Iterator[Work]:
        if self._held:
            held, self._held, self._size = tuple(self._held), [], 0
            yield Work("texts", held[0][0], texts=held)


def _below(root: str, told: Told) -> Iterator[str]:
    stack = [root]
    while stack:
        folder = stack.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            told(folder, (error.strerror or str(error)).lower())
            continue
        inner = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                inner.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path
        stack += reversed(inner)


def _file(path: str, texts: _Texts, told: Told) -> Iterator[Work]:
    try:
        with window(path) as (data, _):
            yield from _window(data, path, path, texts, told)
    except ArchfitError as error:
        told(path, _plain(error, path))


def _plain(error: ArchfitError, path: str) -> str:
    return error.why.removeprefix(f"{path}: ")


def _window(data: Window, name: str, path: str, texts: _Texts, told: Told) -> Iterator[Work]:
    head = bytes(data[:_HEAD])
    if not head.strip():
        raise Malformed("empty")
    packed = next((kind for magic, kind in _PACKED.items() if head.startswith(magic)), "")
    if packed:
        raise Unavailable(f"packed with {packed}, which is not read here; unpack it first")
    if head.startswith(GZIP):
        yield from _stream(inflated(_chunks(data)), name, texts, told)
    elif is_tar(head):
        yield from _archive(_chunks(data), name, texts, told)
    elif is_records(head):
        yield from _ranges(data, name, path, told)
    else:
        yield from _text(name, bytes(data[: LONGEST + 1]), texts, told)


def _chunks(data: Window) -> Iterator[bytes]:
    for start in range(0, len(data), 1 << 20):
        yield bytes(data[start : start + (1 << 20)])


def _text(name: str, data: bytes, texts: _Texts, told: Told) -> Iterator[Work]:
    if not data.strip():
        told(name, "empty")
    elif not is_text(data[:_HEAD]):
        told(name, "binary, no text")
    elif len(data) > LONGEST:
        told(name, f"a text of more than {LONGEST >> 20} MB")
    else:
        yield from texts.add(name, data)


def _ranges(data: Window, name: str, path: str, told: Told) -> Iterator[Work]:
    start = 0
    size = len(data)
    while start < size:
        end = size
        if size - start > RANGE:
            end = data.rfind(b"\n", start, start + RANGE) + 1
            if end <= start:
                end = data.find(b"\n", start, start + LONGEST) + 1
            if end <= start:
                end = (data.find(b"\n", start + LONGEST) + 1) or size
                told(f"{name}, byte {start}", f"a line of more than {LONGEST >> 20} MB")
                start = end
                continue
        if path:
            yield Work("range", path, start, end)
        else:
            yield Work("lines", name, start, end, bytes(data[start:end]))
        start = end


def _stream(chunks: Iterator[bytes], name: str, texts: _Texts, told: Told) -> Iterator[Work]:
    """What was in a gzip file: an archive, lines, or one text."""
    held = b""
    for chunk in chunks:
        held += chunk
        if len(held) >= _HEAD:
            break
    rest = _joined(held, chunks)
    if is_tar(held):
        yield from _archive(rest, name, texts, told)
    else:
        member = _Member(name, texts, told)
        for chunk in rest:
            yield from member.take(chunk)
        yield from member.end()


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _archive(chunks: Iterator[bytes], name: str, texts: _Texts, told: Told) -> Iterator[Work]:
    member: _Member | None = None
    try:
        for piece in pieces(chunks):
            if piece.why:
                told(f"{name}!{piece.name}", f"{piece.why}, not read")
                continue
            member = member or _Member(f"{name}!{piece.name}", texts, told)
            yield from member.take(piece.data)
            if piece.last:
                yield from member.end()
                member = None
    except Malformed:
        if member is not None:
            yield from member.end()
        raise


class _Member:
    """A file that comes in pieces: lines go on at once, a text when it is whole."""

    def __init__(self, name: str, texts: _Texts, told: Told) -> None:
        self._name = name
        self._texts = texts
        self._told = told
        self._held: list[bytes] = []
        self._size = 0
        self._at = 0
        self._lines: bool | None = None
        self._dropping = False

    def take(self, data: bytes) -> Iterator[Work]:
        if self._dropping:
            if not self._lines or b"\n" not in data:
                return
            data = data[data.find(b"\n") + 1 :]
            self._dropping = False
        self._held.append(data)
        self._size += len(data)
        if self._lines is None and self._size >= _HEAD:
            self._lines = is_records(b"".join(self._held)[:_HEAD])
        if self._lines and self._size >= RANGE:
            yield from self._whole_lines()
        if self._size > LONGEST:
            what = "a line" if self._lines else "a text"
            self._told(self._name, f"{what} of more than {LONGEST >> 20} MB")
            self._held, self._size, self._dropping = [], 0, True

    def _whole_lines(self) -> Iterator[Work]:
        data = b"".join(self._held)
        cut = data.rfind(b"\n") + 1
        if cut:
            yield Work("lines", self._name, self._at, self._at + cut, data[:cut])
            self._at += cut
        self._held, self._size = [data[cut:]], len(data) - cut

    def end(self) -> Iterator[Work]:
        data = b"".join(self._held)
        if self._dropping:
            return
        if self._lines or (self._lines is None and is_records(data[:_HEAD])):
            if data:
                yield Work("lines", self._name, self._at, self._at + len(data), data)
        else:
            yield from _text(self._name, data, self._texts, self._told)
