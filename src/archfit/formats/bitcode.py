"""LLVM bitcode: for which target a module was compiled.

Sources: LLVM Bitcode File Format (llvm.org/docs/BitCodeFormat.html): the
wrapper's header, abbreviation ids, VBR numbers, block lengths, and
MODULE_CODE_TRIPLE (2) in the MODULE_BLOCK (8).
"""

from __future__ import annotations

import struct

from archfit.formats.macho_names import ISAS
from archfit.model.image import Window

WRAPPER = b"\xde\xc0\x17\x0b"
RAW = b"BC\xc0\xde"

_MODULE = 8
_TRIPLE = 2
#: A module's triple stands behind a handful of blocks and records.
_MOST_STEPS = 256
#: Steps in all the modules of an archive: several thousand modules.
_MOST_STEPS_IN_ALL = 150_000

_CPU = {
    "x86_64": "amd64",
    "x86_64h": "amd64",
    "amd64": "amd64",
    "i386": "386",
    "i486": "386",
    "i586": "386",
    "i686": "386",
    "aarch64": "arm64",
    "arm64": "arm64",
    "arm64e": "arm64",
    "arm64_32": "arm64_32",
    "aarch64_be": "arm64be",
    "powerpc": "ppc",
    "powerpc64": "ppc64",
    "powerpc64le": "ppc64le",
    "mips": "mips",
    "mipsel": "mipsle",
    "mips64": "mips64",
    "mips64el": "mips64le",
    "riscv32": "riscv",
    "riscv64": "riscv64",
    "loongarch64": "loong64",
    "s390x": "s390x",
    "wasm32": "wasm",
    "wasm64": "wasm",
    "sparcv9": "sparc64",
}


class _Bits:
    """Reads little-endian bits of 32-bit words, as the bitstream is made of."""

    def __init__(self, data: Window, start: int, end: int) -> None:
        self._data, self._start, self._end = data, start, end
        self.at = 0

    def fixed(self, width: int) -> int:
        first, shift = divmod(self.at, 8)
        start = self._start + first
        if start >= self._end:
            raise EOFError
        self.at += width
        word = int.from_bytes(self._data[start : min(start + 8, self._end)], "little")
        return word >> shift & (1 << width) - 1

    def vbr(self, width: int) -> int:
        top = 1 << width - 1
        value = shift = 0
        while True:
            part = self.fixed(width)
            value |= (part & top - 1) << shift
            if not part & top:
                return value
            shift += width - 1
            if shift > 64:
                raise EOFError

    def align(self) -> None:
        self.at = self.at + 31 & ~31


class Triples:
    """Reads modules as long as they take no more than a bounded number of steps in all.

    What comes after that is not read: its triple and target are None.
    """

    def __init__(self, most: int = _MOST_STEPS_IN_ALL) -> None:
        self._left = most

    def triple(self, data: Window, start: int, end: int) -> str | None:
        """The target triple of the raw bitcode in ``data[start:end]``; None when none is found."""
        bits = _Bits(data, start + 4, end)
        try:
            return self._find(bits)
        except EOFError:
            return None

    def _find(self, bits: _Bits) -> str | None:
        width, inside = 2, False
        for _ in range(min(_MOST_STEPS, self._left)):
            self._left -= 1
            kind = bits.fixed(width)
            if kind == 1:  # ENTER_SUBBLOCK: id, width of abbreviation ids in it, length in words
                block = bits.vbr(8)
                inner = bits.vbr(4)
                bits.align()
                words = bits.fixed(32)
                if block == _MODULE and not inside:
                    width, inside = inner, True
                else:
                    bits.at += words * 32
            elif kind == 3 and inside:  # UNABBREV_RECORD: code, number of operands, operands
                code, count = bits.vbr(6), bits.vbr(6)
                if code == _TRIPLE and count <= 128:
                    return bytes(bits.vbr(6) & 0xFF for _ in range(count)).decode("latin-1")
                if count > _MOST_STEPS:
                    return None
                self._left -= count
                for _ in range(count):
                    bits.vbr(6)
            else:  # END_BLOCK, or an abbreviation: LLVM writes none before the triple
                return None
        return None

    def target(self, data: Window, start: int, end: int) -> tuple[str | None, str | None]:
        """(GOOS, ISA) of the bitcode at ``start``, wrapped or raw; None for what is not told."""
        if data[start : start + 4] == WRAPPER and start + 20 <= end:
            _, offset, size, cpu = struct.unpack_from("<4I", data, start + 4)
            inner = start + offset
            if offset >= 20 and inner + size <= end and data[inner : inner + 4] == RAW:
                found = self.triple(data, inner, inner + size)
                system, isa = _named(found) if found else (None, None)
                return system or "darwin", isa or ISAS.get(cpu)
            return None, ISAS.get(cpu)
        found = self.triple(data, start, end)
        return _named(found) if found else (None, None)


def triple(data: Window, start: int, end: int) -> str | None:
    """The target triple of one module; see `Triples`."""
    return Triples().triple(data, start, end)


def target(data: Window, start: int, end: int) -> tuple[str | None, str | None]:
    """(GOOS, ISA) of one module; see `Triples`."""
    return Triples().target(data, start, end)


def _named(name: str) -> tuple[str | None, str | None]:
    parts = name.lower().split("-")
    cpu = parts[0]
    isa = _CPU.get(cpu)
    if isa is None and (cpu.startswith(("armv", "thumbv")) or cpu in ("arm", "thumb")):
        isa = "arm"
    rest = "-".join(parts[1:])
    for word, system in (
        ("macos", "darwin"), ("darwin", "darwin"), ("ios", "ios"), ("tvos", "tvos"),
        ("watchos", "watchos"), ("android", "android"), ("linux", "linux"),
        ("windows", "windows"), ("freebsd", "freebsd"), ("netbsd", "netbsd"),
        ("openbsd", "openbsd"), ("wasi", "wasip1"),
    ):  # fmt: skip
        if word in rest:
            return system, isa
    return None, isa
