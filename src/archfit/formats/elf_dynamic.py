"""The dynamic section of an ELF file: what the loader is asked for.

Sources: System V gABI 4.1 chapter 5, "Dynamic Section" and "Shared Object
Dependencies"; LSB 5.0 Core, 10.7 "Symbol Versioning" (Elfxx_Verneed,
Elfxx_Vernaux); tag numbers as in glibc 2.42 elf/elf.h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archfit.formats.elf_header import Layout, Slices
from archfit.model.errors import Malformed

_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _DEBUG, _RUNPATH = 1, 5, 10, 14, 15, 21, 29
_RELR, _VERNEED, _VERNEEDNUM, _FLAGS_1 = 36, 0x6FFFFFFE, 0x6FFFFFFF, 0x6FFFFFFB

DF_1_NODEFLIB, DF_1_PIE = 0x800, 0x08000000

#: More entries than any linker writes: 4096 libraries, 64 KiB a string, 1 MiB of strings.
_MAX_ENTRIES, _MAX_NEEDED, _MAX_STRING, _MAX_TEXT = 1 << 16, 4096, 1 << 16, 1 << 20
_MAX_VERSIONS = 1 << 14

_VER_FLG_WEAK = 2


class Dynamic(NamedTuple):
    """Strings are as written, undecodable bytes as ``\\xNN``; absent = None or empty.

    ``rpath`` and ``runpath`` are split at colons. ``versions``: {library: [version, ...]}
    in the file's order; ``weak`` has those of them that may be absent (VER_FLG_WEAK).
    ``debug``: has DT_DEBUG, which linkers put into programs only.
    """

    needed: tuple[str, ...] = ()
    soname: str | None = None
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    flags_1: int = 0
    debug: bool = False
    relr: bool = False
    versions: dict[str, list[str]] = {}  # noqa: RUF012 - the empty default is never changed
    weak: frozenset[str] = frozenset()


#: The file offset of so many bytes at an address; Malformed when no segment has them.
Locate = Callable[[int, int], int]


def read_dynamic(
    data: Slices, layout: Layout, offset: int, size: int, locate: Locate, *, versions: bool = True
) -> Dynamic:
    """The dynamic section at this file offset, ``size`` bytes long.

    ``versions=False`` leaves the symbol versions out. Raises Malformed when the
    section or a string it names is not in the file.
    """
    one = layout.dynamic.size
    size = min(size, _MAX_ENTRIES * one)
    size -= size % one
    table = data[offset : offset + size]
    if len(table) < size:
        raise Malformed(f"the dynamic section ends at {offset + size:#x}, after the file")
    tags: dict[int, int] = {}
    needed: list[int] = []
    for tag, value in layout.dynamic.iter_unpack(table):
        if tag == _NEEDED:
            needed.append(value)
        elif tag == 0:
            break
        else:
            tags[tag] = value
    if len(needed) > _MAX_NEEDED:
        raise Malformed(f"{len(needed)} needed libraries")
    if not (needed or _VERNEED in tags or tags.keys() & {_SONAME, _RPATH, _RUNPATH}):
        return Dynamic((), flags_1=tags.get(_FLAGS_1, 0), debug=_DEBUG in tags, relr=_RELR in tags)
    text = _Strings(data, tags, locate)
    found: dict[str, list[str]] = {}
    weak: list[str] = []
    if versions:
        _versions(data, layout, tags, locate, text, found, weak)
    return Dynamic(
        tuple([text(index) for index in needed]),
        text(tags[_SONAME]) if _SONAME in tags else None,
        tuple(text(tags[_RPATH]).split(":")) if _RPATH in tags else (),
        tuple(text(tags[_RUNPATH]).split(":")) if _RUNPATH in tags else (),
        tags.get(_FLAGS_1, 0),
        _DEBUG in tags,
        _RELR in tags,
        found,
        frozenset(weak),
    )


class _Strings:
    """The dynamic string table; a total of `_MAX_TEXT` bytes may be read from it."""

    def __init__(self, data: Slices, tags: dict[int, int], locate: Locate) -> None:
        if _STRTAB not in tags:
            raise Malformed("the dynamic section has names but no string table")
        self._data = data
        # A loader does without DT_STRSZ, so its absence breaks nothing.
        self._start = locate(tags[_STRTAB], tags.get(_STRSZ, 0))
        self._size = tags.get(_STRSZ) or len(data) - self._start
        self._left = _MAX_TEXT

    def __call__(self, index: int) -> str:
        if index >= self._size:
            raise Malformed(f"string {index:#x} lies outside its table of {self._size:#x} bytes")
        start = self._start + index
        limit = min(self._start + self._size, start + _MAX_STRING)
        end = self._data.find(b"\0", start, limit)
        if end < 0:
            raise Malformed(f"the string at {start:#x} has no end")
        self._left -= end - start
        if self._left < 0:
            raise Malformed(f"the names have more than {_MAX_TEXT} bytes")
        return self._data[start:end].decode("utf-8", "backslashreplace")


def _versions(
    data: Slices,
    layout: Layout,
    tags: dict[int, int],
    locate: Locate,
    text: _Strings,
    found: dict[str, list[str]],
    weak: list[str],
) -> None:
    files = min(tags.get(_VERNEEDNUM, 0), _MAX_NEEDED)
    if _VERNEED not in tags or not files:
        return
    left = _MAX_VERSIONS
    need, one = layout.verneed.unpack, layout.vernaux.unpack
    at = locate(tags[_VERNEED], 16)
    for _ in range(files):
        record = data[at : at + 16]
        if len(record) < 16:
            raise Malformed(f"the version needs at {at:#x} lie outside the file")
        version, count, file, aux, step = need(record)
        if version != 1:
            raise Malformed(f"version {version} of a version need is not known")
        names = found.setdefault(text(file), [])
        left -= count
        if left < 0:
            raise Malformed(f"more than {_MAX_VERSIONS} needed versions")
        aux += at
        for _ in range(count):
            record = data[aux : aux + 16]
            if len(record) < 16:
                raise Malformed(f"a needed version at {aux:#x} lies outside the file")
            _, flags, _, name, following = one(record)
            names.append(text(name))
            if flags & _VER_FLG_WEAK:
                weak.append(names[-1])
            aux += following
            if following == 0:
                break
        at += step
        if step == 0:
            break
