"""WebAssembly modules and components.

Sources: WebAssembly Core Specification 2.0, 5.5 (modules, import section,
LEB128 numbers); component-model Binary.md (layer 1); module names of the
imports: WASI preview 1, and Go's own: `gojs` since Go 1.21, `go` before
(cmd/link/internal/ld, misc/wasm/wasm_exec.js).
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.model.errors import Malformed
from archfit.model.image import Window

_MOST_IMPORTS = 10_000
_IMPORT_SECTION = 2
#: Bytes of the import section that are looked at.
_MOST_BYTES = 4 << 20
_MOST_SECTIONS = 1000


@dataclass(frozen=True, slots=True)
class Wasm:
    """``kind``: module or component. ``modules``: names that imports come from, in order.

    ``system``: wasip1 or js where the imports prove it, else None.
    """

    kind: str
    version: int
    modules: tuple[str, ...]
    system: str | None


def read(data: Window) -> Wasm:
    """Malformed: no Wasm header, or a section or import that is cut off."""
    if data[:4] != b"\0asm" or len(data) < 8:
        raise Malformed("no WebAssembly header")
    version = int.from_bytes(data[4:6], "little")
    layer = int.from_bytes(data[6:8], "little")
    if layer:
        return Wasm("component", version, (), None)
    if version != 1:
        raise Malformed(f"WebAssembly of the unknown version {version}")
    modules = _modules(data)
    system = None
    if "gojs" in modules or "go" in modules:
        system = "js"
    elif "wasi_snapshot_preview1" in modules:
        system = "wasip1"
    return Wasm("module", version, modules, system)


def _modules(data: Window) -> tuple[str, ...]:
    at = 8
    for _ in range(_MOST_SECTIONS):
        if at >= len(data):
            break
        kind = data[at]
        size, at = _number(data, at + 1)
        if at + size > len(data):
            raise Malformed("a WebAssembly section is cut off")
        if kind == _IMPORT_SECTION:
            return _imports(bytes(data[at : at + min(size, _MOST_BYTES)]))
        if kind > _IMPORT_SECTION:  # sections stand in the order of their ids; custom ones are 0
            break
        at += size
    return ()


def _number(data: Window, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise Malformed("a WebAssembly number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise Malformed("a WebAssembly number is too long")


def _imports(body: bytes) -> tuple[str, ...]:
    """Module names; only those before the first import of a kind that this reader can't pass."""
    count, at = _number(body, 0)
    found: dict[str, None] = {}
    try:
        for _ in range(min(count, _MOST_IMPORTS)):
            size, at = _number(body, at)
            name = body[at : at + size]
            size, at = _number(body, at + size)
            at = _after(body, at + size)
            if len(name) <= 256:
                found[name.decode("utf-8", "backslashreplace")] = None
    except Malformed:  # newer than this reader, since the section itself is whole
        pass
    return tuple(found)


def _after(body: bytes, at: int) -> int:
    """Where the description that starts at ``at`` ends."""
    kind = body[at] if at < len(body) else -1
    at += 1
    if kind == 0:  # function: number of its type
        return _number(body, at)[1]
    if kind == 3:  # global: type and whether it can change
        return at + 2
    if kind == 4:  # tag: attribute and type
        return _number(body, at + 1)[1]
    if kind == 1:  # table: type of its elements, limits
        at += 1
    elif kind != 2:  # memory: limits
        raise Malformed(f"a WebAssembly import of unknown kind {kind}")
    flags, at = _number(body, at)
    _, at = _number(body, at)
    return _number(body, at)[1] if flags & 1 else at
