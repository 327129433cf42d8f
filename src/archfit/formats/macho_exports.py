"""The trie of a Mach-O image's exported symbols.

Source: <mach-o/loader.h>, "The symbols exported by a dylib are encoded in a trie", and the
EXPORT_SYMBOL_FLAGS_*. A node: size of what it ends, that (flags, address | ordinal and name),
number of edges, then each edge's text and the offset of the node it leads to.
"""

from __future__ import annotations

from typing import NamedTuple

from archfit.formats.macho_dyld_info import MOST, uleb
from archfit.model.errors import Malformed

_KINDS = {0: "regular", 1: "thread-local", 2: "absolute"}
_WEAK, _REEXPORT, _RESOLVER, _STATIC = 4, 8, 0x10, 0x20
#: Bytes of all names on all ways to all nodes; hostile tries have deep ones.
_MOST_TEXT = 32 << 20


class Export(NamedTuple):
    """``value``: offset from the image's start (regular, thread-local) or the value itself.

    ``ordinal`` and ``imported``: of a symbol that another library has (``imported`` is "" when
    it has the same name there). ``resolver``: offset of the function that picks it.
    """

    name: str
    kind: str
    value: int
    weak: bool
    ordinal: int | None
    imported: str
    resolver: int | None


def exports(data: bytes) -> list[Export]:
    """Every exported symbol, in the trie's order. Malformed: a node is cut off or met twice."""
    out: list[Export] = []
    if not data:
        return out
    seen = bytearray(len(data))
    stack = [(0, b"")]
    text = 0
    end = len(data)
    while stack:
        at, name = stack.pop()
        if at >= end:
            raise Malformed("an edge leads out of the trie of exports")
        if seen[at]:
            raise Malformed("a node in the trie of exports is met twice")
        seen[at] = 1
        size = data[at]
        at += 1
        if size >= 0x80:
            size, at = uleb(data, at - 1)
        if size:
            if at + size > end:
                raise Malformed("an exported symbol's description is cut off")
            stop = at + size
            if data[at] == 0 and 1 < size < 10 and data[stop - 1] < 0x80:
                # Most are regular: one number, of so few bytes that it needs no other check.
                value = shift = 0
                for byte in data[at + 1 : stop]:
                    value |= (byte & 0x7F) << shift
                    if byte < 0x80:
                        break
                    shift += 7
                text_of = name.decode("utf-8", "backslashreplace")
                out.append(Export(text_of, "regular", value, False, None, "", None))
            else:
                out.append(_export(data[at:stop], name))
            if len(out) > MOST:
                raise Malformed(f"more than {MOST} exports")
            at = stop
        if at >= end:
            raise Malformed("a node in the trie of exports is cut off")
        count = data[at]
        at += 1
        if not count:
            continue
        edges = []
        for _ in range(count):
            cut = data.find(b"\0", at)
            if cut < 0:
                raise Malformed("an edge's text has no end")
            label = name + data[at:cut]
            text += len(label)
            at = cut + 2
            child = data[cut + 1] if at <= end else 0x80
            if child >= 0x80:
                second = data[at] if at < end else 0x80
                if second < 0x80:
                    child += (second << 7) - 0x80
                    at += 1
                else:
                    child, at = uleb(data, cut + 1)
            edges.append((child, label))
        if text > _MOST_TEXT:
            raise Malformed(f"exported names of more than {_MOST_TEXT} bytes")
        edges.reverse()
        stack += edges
    return out


def _export(data: bytes, raw: bytes) -> Export:
    name = raw.decode("utf-8", "backslashreplace")
    flags, at = uleb(data, 0)
    kind = _KINDS.get(flags & 3, f"kind:{flags & 3}")
    weak = bool(flags & _WEAK)
    value, at = uleb(data, at)
    if flags & _REEXPORT:
        cut = data.find(b"\0", at)
        imported = data[at : cut if cut >= 0 else len(data)].decode("utf-8", "backslashreplace")
        return Export(name, kind, 0, weak, value, imported, None)
    resolver = None
    if flags & _RESOLVER:
        resolver, at = uleb(data, at)
    return Export(name, kind, value, weak, None, "", resolver)
