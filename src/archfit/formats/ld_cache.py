"""What loaders look libraries up in: glibc's /etc/ld.so.cache, musl's path file.

Sources: glibc 2.42 sysdeps/generic/dl-cache.h (both formats, extension section),
sysdeps/generic/ldconfig.h (flags), elf/dl-cache.c (which entries a loader takes),
sysdeps/**/dl-cache.h (flags by ISA); musl 1.2.5 ldso/dynlink.c, ``load_library``.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct, iter_unpack
from typing import NamedTuple

from archfit.model.errors import Malformed
from archfit.model.image import Window

_OLD, _NEW = b"ld.so-1.7.0", b"glibc-ld.so.cache1.1"
_EXTENSION_MAGIC = -358342284 & 0xFFFFFFFF
_GENERATOR, _HWCAPS = 0, 1
_MAX_TEXT = 16 << 20
#: Entries; a distribution with all its packages has fewer than 20,000.
_MAX_ENTRIES = 1 << 17

#: Low byte of the flags: for glibc 2 and later. The byte above it is the ABI.
ELF_LIBC6 = 3
#: The ABI byte of an ISA (without its byte order) or of a variant that has its own; an ABI
#: which is the only one or the first of its ISA has none.
_ABI_OF_ISA = {"sparc64": 0x01, "amd64": 0x03, "s390x": 0x04, "ppc64": 0x05, "arm64": 0x0A}
_ABI_OF_VARIANT = {
    ("mips64", "n32"): 0x06,
    ("mips64", "n64"): 0x07,
    ("amd64", "x32"): 0x08,
    ("arm", "armhf"): 0x09,
    ("arm", "armel"): 0x0B,
    ("mips", "o32-nan2008"): 0x0C,
    ("mips", "o32-r6"): 0x0C,
    ("mips64", "n32-nan2008"): 0x0D,
    ("mips64", "n32-r6"): 0x0D,
    ("mips64", "n64-nan2008"): 0x0E,
    ("mips64", "n64-r6"): 0x0E,
    ("riscv64", "lp64"): 0x0F,
    ("riscv", "ilp32"): 0x0F,
    ("riscv64", "lp64d"): 0x10,
    ("riscv", "ilp32d"): 0x10,
    ("loong64", "lp64s"): 0x11,
    ("loong64", "lp64d"): 0x12,
}


class Entry(NamedTuple):
    """A library in the cache. ``level``: its folder below glibc-hwcaps, else ""."""

    name: str
    path: str
    flags: int
    level: str


class Cache(NamedTuple):
    """Entries in the file's order, which is the order of preference for one name.

    Entries of the old hwcap and platform folders, which glibc looks at no more since
    2.37, are left out. ``generator``: the ldconfig that wrote it, when it says so.
    """

    entries: tuple[Entry, ...]
    generator: str


def accepted(isa: str, variant: str | None) -> frozenset[int]:
    """The flags that a loader of this ISA takes; {1, 3} where there is but one ABI."""
    plain = isa.removesuffix("le").removesuffix("be")
    abi = _ABI_OF_VARIANT.get((plain, variant or "")) or _ABI_OF_ISA.get(plain)
    if abi is None:
        return frozenset((1, ELF_LIBC6))
    if plain == "arm":
        # Unmarked objects are taken too, so that old ones keep working.
        return frozenset((abi << 8 | ELF_LIBC6, ELF_LIBC6))
    return frozenset((abi << 8 | ELF_LIBC6,))


def read(data: Window) -> Cache:
    """An ld.so.cache of either format and byte order. Raises Malformed."""
    if data[: len(_NEW)] == _NEW:
        return _new(data, 0)
    if data[: len(_OLD)] != _OLD:
        raise Malformed("no ld.so.cache: it begins with neither magic")
    for order in "<>":
        count = Struct(order + "I").unpack_from(data, 12)[0] if len(data) >= 16 else 0
        end = 16 + count * 12
        if end > len(data) or count > _MAX_ENTRIES:
            continue
        # An aligned new cache may follow inside the strings of the old one.
        inner = end + -end % 8
        if data[inner : inner + len(_NEW)] == _NEW:
            return _new(data, inner)
        return Cache(tuple(_entries(data, order + "iII", 16, end, end, ())), "")
    raise Malformed("ld.so.cache: more entries than the file holds, or than any system has")


def _new(data: Window, start: int) -> Cache:
    if start + 48 > len(data):
        raise Malformed("ld.so.cache: the header is cut off")
    mark = data[start + 28] & 3
    if mark == 1:
        raise Malformed("ld.so.cache: marked invalid by ldconfig")
    for order in {0: "<>", 2: "<", 3: ">"}[mark]:
        count, _, _, extension = Struct(order + "IIII").unpack_from(data, start + 20)
        end = start + 48 + count * 24
        if end <= len(data) and count <= _MAX_ENTRIES:
            break
    else:
        raise Malformed("ld.so.cache: more entries than the file holds, or than any system has")
    generator, levels = _extension(data, extension, order)
    found = _entries(data, order + "iII4xQ", start + 48, end, start, levels)
    return Cache(tuple(found), generator)


def _entries(
    data: Window, shape: str, first: int, end: int, text: int, levels: tuple[str, ...]
) -> Iterator[Entry]:
    strings = _Strings(data, text)
    for flags, key, value, *hwcap in iter_unpack(shape, data[first:end]):
        level = ""
        if hwcap and hwcap[0]:
            # Bits 42 and up, but bit 62 alone: an index into the glibc-hwcaps names.
            if hwcap[0] >> 42 != 1 << 20:
                continue
            index = hwcap[0] & 0xFFFFFFFF
            if index >= len(levels):
                continue
            level = levels[index]
        yield Entry(strings(key), strings(value), flags, level)


class _Strings:
    """Strings at offsets from ``start``; `_MAX_TEXT` bytes in all."""

    def __init__(self, data: Window, start: int) -> None:
        self._start = start
        self._text = data[start:]
        self._left = _MAX_TEXT

    def __call__(self, offset: int) -> str:
        end = self._text.find(b"\0", offset, offset + 4096)
        if end < 0:
            raise Malformed(f"ld.so.cache: no string at {self._start + offset:#x}")
        self._left -= end - offset
        if self._left < 0:
            raise Malformed(f"ld.so.cache: more than {_MAX_TEXT} bytes of names")
        return self._text[offset:end].decode("utf-8", "backslashreplace")


def _extension(data: Window, offset: int, order: str) -> tuple[str, tuple[str, ...]]:
    """(generator, names of glibc-hwcaps folders). A broken extension counts as none, as in glibc.

    All offsets count from the start of the file. Where a new cache stands inside an old
    one, ldconfig 2.36 writes the names' from the new header instead, and the loader
    (`glibc_hwcaps_compare`) reads nonsense and passes those entries over; so does this.
    """
    word = Struct(order + "I")
    if not offset or offset % 4 or offset + 8 > len(data):
        return "", ()
    magic, count = Struct(order + "II").unpack_from(data, offset)
    if magic != _EXTENSION_MAGIC or offset + 8 + count * 16 > len(data):
        return "", ()
    generator = ""
    levels: tuple[str, ...] = ()
    for at in range(offset + 8, offset + 8 + min(count, 64) * 16, 16):
        tag, _, where, size = Struct(order + "IIII").unpack_from(data, at)
        if where + size > len(data):
            return "", ()
        if tag == _GENERATOR:
            generator = data[where : where + min(size, 200)].decode("utf-8", "backslashreplace")
        elif tag == _HWCAPS and size % 4 == 0:
            words = word.iter_unpack(data[where : where + min(size, 4096)])
            levels = tuple([_level(data, index) for (index,) in words])
    return generator, levels


def _level(data: Window, index: int) -> str:
    name = data[index : index + 256].partition(b"\0")[0]
    return name.decode("utf-8", "backslashreplace") or "?"


def read_path_file(text: bytes) -> tuple[str, ...]:
    """Folders of musl's /etc/ld-musl-ARCH.path: between colons and line ends."""
    words = text[:_MAX_TEXT].decode("utf-8", "backslashreplace").replace("\n", ":").split(":")
    return tuple([word for word in words if word])
