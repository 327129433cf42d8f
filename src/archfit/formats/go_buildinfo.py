"""What Go's linker writes into every program about its own build.

Sources: `debug/buildinfo/buildinfo.go` (readRawBuildInfo, searchMagic, DataStart),
`runtime/debug/mod.go` (ParseBuildInfo), `cmd/link/internal/ld/data.go` (buildinfo) and
`strconv/quote.go` (Unquote) of Go 1.26.8 and 1.27.3.

The blob starts at a 16-byte aligned address with 14 bytes of magic, the size of a pointer
and a byte of flags. Go 1.13 to 1.17: flag 2 is clear, flag 1 means big endian, and two
pointers to Go strings (pointer, length) follow. Since Go 1.18: flag 2 is set, and after
32 bytes stand the two strings themselves, each after its length as a varint. The first
string is the release, the second the module information between two 16-byte marks.

One thing is done better than in `searchMagic`, which after a misaligned magic forgets how
far it had come: here an aligned one behind it is still found where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from archfit.formats.go_layout import Layout, Span
from archfit.model.errors import Malformed
from archfit.model.image import Window

MAGIC = b"\xff Go buildinf:"

#: The marks before and behind module information (`cmd/go/internal/modload/build.go`).
INFO_START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
INFO_END = bytes.fromhex("f932433186182072008242104116d8f2")
_ALIGN = 16
_HEADER = 32

#: Limits of what is read: ten times and more what real programs carry.
_MAX_VERSION = 4096
_MAX_TEXT = 2 << 20
_MAX_MODULES = 30_000
_MAX_SETTINGS = 10_000
_MAX_SEARCH = 512 << 20
_MAX_MISALIGNED = 10_000
#: Bytes that are copied to be searched.
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Blob:
    """The two strings as found. ``offset``: of the magic, in the window.

    ``inline``: the form of Go 1.18 and later. ``text``: lines of module information without
    their marks; empty when the program was not built from a module.
    """

    version: str
    text: str
    offset: int
    inline: bool


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the build. ``replace`` stands in its place (`=>`)."""

    path: str
    version: str
    sum: str = ""
    replace: Module | None = None

    def plain(self) -> dict[str, object]:
        """As an object of a fact; what is empty is left out, the path and version are not."""
        out: dict[str, object] = {"path": self.path, "version": self.version}
        if self.sum:
            out["sum"] = self.sum
        if self.replace is not None:
            out["replace"] = self.replace.plain()
        return out


@dataclass(slots=True)
class ModuleInfo:
    """The text, parsed. ``path``: of the main package. ``settings`` in the file's order."""

    path: str = ""
    main: Module | None = None
    deps: list[Module] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


def locate(data: Window, layout: Layout) -> int | None:
    """Offset of the blob in the window, or None."""
    for span in (layout.info, layout.writable):
        if span is not None:
            return _search(data, span)
    return None


def _search(data: Window, span: Span) -> int | None:
    end = min(span.end, span.offset + _MAX_SEARCH, len(data))
    skew = (span.address - span.offset) % _ALIGN  # offset + skew is as aligned as the address
    at = _next(data, span.offset, end)
    for _ in range(_MAX_MISALIGNED):
        if at < 0 or end - at < _HEADER:
            return None
        if (at + skew) % _ALIGN == 0:
            return at
        at = _next(data, at + 1, end)
    return None


def _next(data: Window, start: int, end: int) -> int:
    """The next magic, or -1. Bytes are searched many times as fast as a mapped file."""
    for at in range(start, end, _PIECE):
        found = data[at : min(end, at + _PIECE + len(MAGIC) - 1)].find(MAGIC)
        if found >= 0:
            return at + found
    return -1


def read(data: Window, layout: Layout) -> Blob | None:
    """The blob; None when there is none.

    Malformed when the magic stands there and what follows can't be read: `go version` calls
    such a file no Go program.
    """
    at = locate(data, layout)
    if at is None:
        return None
    header = bytes(data[at : at + _HEADER])
    if header[15] & 2:
        end = _span_end(layout, at, len(data))
        version, next_ = _inline(data, at + _HEADER, end, _MAX_VERSION)
        text, _ = _inline(data, next_, end, _MAX_TEXT)
    else:
        if header[14] not in (4, 8):
            raise Malformed(f"the build info at {at:#x} has pointers of {header[14]} bytes")
        follow = _Pointers(data, layout, header[14], "big" if header[15] & 1 else "little")
        first, second = follow.pair(header[16:])
        version = follow.string(first, _MAX_VERSION)
        text = follow.string(second, _MAX_TEXT)
    if not version:
        raise Malformed(f"the build info at {at:#x} names no Go release")
    framed = len(text) >= 33 and text[-17] == 0x0A
    return Blob(
        version.decode("utf-8", "replace"),
        text[16:-16].decode("utf-8", "replace") if framed else "",
        at,
        bool(header[15] & 2),
    )


def _span_end(layout: Layout, at: int, size: int) -> int:
    for span in (layout.info, *layout.mapped):
        if span is not None and span.offset <= at < span.end:
            return min(span.end, size)
    return size


def _inline(data: Window, at: int, end: int, limit: int) -> tuple[bytes, int]:
    length = shift = 0
    for _ in range(10):
        if at >= end:
            break
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if length > end - at:
                raise Malformed(f"a string of the build info at {at:#x} reaches past its section")
            if length > limit:
                raise Malformed(f"a string of the build info at {at:#x} has {length} bytes")
            return bytes(data[at : at + length]), at + length
    raise Malformed(f"the length of a string of the build info ends nowhere at {at:#x}")


@dataclass(frozen=True, slots=True)
class _Pointers:
    """How pointers are written and what they point at."""

    data: Window
    layout: Layout
    size: int
    order: Literal["little", "big"]

    def pair(self, raw: bytes) -> tuple[int, int]:
        """The two words that ``raw`` starts with."""
        size = self.size
        return (
            int.from_bytes(raw[:size], self.order),
            int.from_bytes(raw[size : 2 * size], self.order),
        )

    def bytes_at(self, address: int, length: int) -> bytes:
        """What is mapped there; empty when it is not all in one span of the file."""
        found = self.layout.at(address)
        if found is None or length > min(found[1], len(self.data)) - found[0]:
            return b""
        return bytes(self.data[found[0] : found[0] + length])

    def string(self, address: int, limit: int) -> bytes:
        """The Go string whose (pointer, length) stand at ``address``; empty when nowhere."""
        header = self.bytes_at(address, 2 * self.size)
        if not header:
            return b""
        start, length = self.pair(header)
        return self.bytes_at(start, length) if length <= limit else b""


def find_text(data: Window, layout: Layout) -> tuple[str, int] | None:
    """(module information, its offset) by its marks, for a program whose blob is gone.

    The linker writes the text twice: into the blob, and as the string `runtime.modinfo`, which
    the program itself prints (`runtime/debug.ReadBuildInfo`).
    """
    for span in layout.strings:
        end = min(span.end, span.offset + _MAX_SEARCH, len(data))
        at = data.find(INFO_START, span.offset, end)
        if at >= 0:
            start = at + len(INFO_START)
            stop = data.find(INFO_END, start, min(end, start + _MAX_TEXT))
            if stop > start and data[stop - 1] == 0x0A:
                return bytes(data[start:stop]).decode("utf-8", "replace"), start
    return None


def parse(text: str) -> ModuleInfo:
    """Module information from its lines. Malformed where `ParseBuildInfo` refuses them.

    Lines of an unknown kind are passed over, and so is a last line without its end.
    """
    info = ModuleInfo()
    last = -2  # whose module a `=>` line replaces: -2 nobody's, -1 the main one, else of deps
    number = 0
    start = 0
    while (stop := text.find("\n", start)) >= 0:
        line = text[start:stop]
        start = stop + 1
        number += 1
        kind, tab, rest = line.partition("\t")
        if not tab:
            continue
        if kind == "build":
            if len(info.settings) >= _MAX_SETTINGS:
                raise _bad(number, "too many settings")
            key, value = _setting(rest, number)
            info.settings[key] = value
        elif kind == "dep":
            if len(info.deps) >= _MAX_MODULES:
                raise _bad(number, "too many modules")
            info.deps.append(_module(rest, number))
            last = len(info.deps) - 1
        elif kind == "=>":
            new = _module(rest, number, replacement=True)
            old = info.main if last == -1 else info.deps[last] if last >= 0 else None
            if old is None:
                raise _bad(number, "a replacement without a module before it")
            replaced = Module(old.path, old.version, old.sum, new)
            if last == -1:
                info.main = replaced
            else:
                info.deps[last] = replaced
            last = -2
        elif kind == "mod":
            info.main = _module(rest, number)
            last = -1
        elif kind == "path":
            info.path = rest
    return info


def _bad(number: int, why: str) -> Malformed:
    return Malformed(f"line {number} of the build info: {why}")


def _module(rest: str, number: int, replacement: bool = False) -> Module:
    parts = rest.split("\t", 3)
    if len(parts) != 3 and (replacement or len(parts) != 2):
        raise _bad(number, f"a module in {len(parts)} columns")
    return Module(parts[0], parts[1], parts[2] if len(parts) == 3 else "")


def _setting(rest: str, number: int) -> tuple[str, str]:
    if rest[:1] in ('"', "`"):
        stop = _quote_end(rest)
        if stop < 0 or rest[stop : stop + 1] != "=":
            raise _bad(number, "a quoted key that does not end in =")
        key, raw = _unquote(rest[:stop], number), rest[stop + 1 :]
    else:
        key, equals, raw = rest.partition("=")
        if not equals or not key or any(c in key for c in ' \t\r\n"`'):
            raise _bad(number, "a setting without a proper key")
    if raw[:1] in ('"', "`"):
        if _quote_end(raw) != len(raw):
            raise _bad(number, "a quoted value that does not end")
        return key, _unquote(raw, number)
    if any(c in raw for c in ' \t\r\n"`'):
        raise _bad(number, "a value that should be quoted")
    return key, raw


def _quote_end(text: str) -> int:
    """Index after the quoted string that ``text`` starts with, or -1."""
    if text[0] == "`":
        return text.find("`", 1) + 1 or -1
    at = 1
    while at < len(text):
        if text[at] == '"':
            return at + 1
        at += 2 if text[at] == "\\" else 1
    return -1


_ESCAPES = {
    "a": b"\a", "b": b"\b", "f": b"\f", "n": b"\n", "r": b"\r", "t": b"\t", "v": b"\v",
    "\\": b"\\", '"': b'"',
}  # fmt: skip
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


def _unquote(text: str, number: int) -> str:
    """The string that Go source spells so (`strconv.Unquote`)."""
    body = text[1:-1]
    if text[0] == "`":
        return body.replace("\r", "")
    if "\\" not in body:
        return body
    out = bytearray()
    at = 0
    while at < len(body):
        slash = body.find("\\", at)
        if slash < 0:
            out += body[at:].encode()
            break
        out += body[at:slash].encode()
        letter = body[slash + 1 : slash + 2]
        at = slash + 2
        if letter in _ESCAPES:
            out += _ESCAPES[letter]
        elif letter in _HEX_DIGITS:
            digits = body[at : at + _HEX_DIGITS[letter]]
            value = _digits(digits, _HEX_DIGITS[letter], 16, number)
            at += len(digits)
            out += bytes((value,)) if letter == "x" else _rune(value, number)
        else:
            value = _digits(body[slash + 1 : slash + 4], 3, 8, number)
            if value > 255:
                raise _bad(number, "an octal escape over 255")
            at = slash + 4
            out.append(value)
    return out.decode("utf-8", "replace")


def _digits(text: str, count: int, base: int, number: int) -> int:
    allowed = "01234567" if base == 8 else "0123456789abcdefABCDEF"
    if len(text) != count or any(c not in allowed for c in text):
        raise _bad(number, "an escape that Go does not know")
    return int(text, base)


def _rune(value: int, number: int) -> bytes:
    if value > 0x10FFFF or 0xD800 <= value < 0xE000:
        raise _bad(number, "an escape that is no character")
    return chr(value).encode()
