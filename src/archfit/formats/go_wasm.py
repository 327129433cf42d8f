"""What a WebAssembly module says of the Go that made it.

Sources: `cmd/link/internal/wasm/asm.go` (writeProducerSection, writeBuildID) of Go 1.26.8;
tool-conventions ProducersSection.md: a custom section `producers` holds fields, each a name
and a list of (name, version) pairs, all strings after their length. There is no build info
in these files, though the module information stands in the data (`go_buildinfo.find_text`).
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.formats.go_layout import Layout, Span
from archfit.model.errors import Malformed
from archfit.model.image import Window

_CUSTOM, _DATA = 0, 11
_MOST_SECTIONS = 1000
_MOST_PRODUCERS = 64 << 10


@dataclass(frozen=True, slots=True)
class GoWasm:
    """``release`` as go1.26.8; ``offset``: of the section that says so. ``layout``: its data."""

    release: str
    offset: int
    layout: Layout


def read(data: Window) -> GoWasm | None:
    """None when Go's own compiler did not make it. Malformed when a section is cut off."""
    release, offset = "", 0
    spans: list[Span] = []
    built = False
    at = 8
    for _ in range(_MOST_SECTIONS):
        if at >= len(data):
            break
        kind = data[at]
        size, start = _number(data, at + 1)
        at = start + size
        if at > len(data):
            raise Malformed("a WebAssembly section is cut off")
        if kind == _DATA:
            spans.append(Span(start, start, size))
        elif kind == _CUSTOM:
            length, name_at = _number(data, start)
            name = bytes(data[name_at : name_at + min(length, 16)])
            built = built or name in (b"go:buildid", b"go.buildid")
            if name == b"producers" and size <= _MOST_PRODUCERS:
                release, offset = _compiler(bytes(data[name_at + length : at])), start
    if not built or not release:
        return None
    return GoWasm(release, offset, Layout((), strings=tuple(spans)))


def _number(data: Window, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number and the offset after it."""
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise Malformed("a WebAssembly number is cut off")


def _compiler(body: bytes) -> str:
    """The version of `Go cmd/compile` in the section's fields, or "" ."""
    fields, at = _number(body, 0)
    for _ in range(min(fields, 16)):
        _, at = _string(body, at)
        values, at = _number(body, at)
        for _ in range(min(values, 64)):
            name, at = _string(body, at)
            version, at = _string(body, at)
            if name == "Go cmd/compile":
                return version
    return ""


def _string(body: bytes, at: int) -> tuple[str, int]:
    length, at = _number(body, at)
    if at + length > len(body):
        raise Malformed("a string of the producers section is cut off")
    return body[at : at + length].decode("utf-8", "replace"), at + length
