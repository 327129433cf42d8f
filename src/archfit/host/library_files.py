"""Files as a dynamic loader meets them, asked through the door and remembered.

Everything here is kept for one run: a tree of thousands of programs asks for the
same few hundred libraries again and again.
"""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from archfit.formats import ld_cache, loader_defaults
from archfit.formats.elf_dynamic import DF_1_NODEFLIB, Dynamic, read_dynamic
from archfit.formats.elf_header import (
    PT_DYNAMIC,
    PT_LOAD,
    Header,
    read_header,
    read_segments,
)
from archfit.host.door import Door
from archfit.host.rooted import Rooted
from archfit.model.errors import Denied, Malformed, Unavailable

_BLOCK = 1 << 14
_LARGEST_LOADER = 8 << 20


class Target(NamedTuple):
    """What a library must be for."""

    isa: str
    bits: int
    variant: str | None


class Judged(NamedTuple):
    """``how``: fits, skipped (the loader goes on looking), stops (it gives up) or absent.

    Also unreadable (it is there, and this user may not open it; the loader goes on looking)
    and hidden (its folder may not be searched), ``why`` with the place.
    """

    how: str
    isa: str | None = None
    why: str = ""


ABSENT = Judged("absent")
#: ISAs whose ABI variants glibc tells apart in elf_machine_matches_host (sysdeps/*/dl-machine.h).
_BY_VARIANT = ("mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le", "riscv", "riscv64")


class Files:
    """The files of a machine that is here, or of a folder that stands for one.

    ``prefixes``: folders that a translator looks in before the root, in order, "" being
    the root itself; paths that are asked for and given back are those of the guest.
    """

    def __init__(self, door: Door, prefixes: tuple[str, ...] = ("",)) -> None:
        self._door = door
        self._prefixes = prefixes
        self._folders: dict[str, frozenset[str]] = {}
        self._headers: dict[str, Header | str | None] = {}
        self._refused: dict[str, Judged] = {}
        self._closed: dict[str, bool] = {}
        self._needs: dict[str, Dynamic | None] = {}
        self._real: dict[str, str] = {}
        self._defaults: dict[str, loader_defaults.Defaults | None] = {}
        self._caches: dict[str, dict[str, list[ld_cache.Entry]]] = {}

    def place(self, path: str) -> str:
        """Where the guest's path leads on the machine itself."""
        if self._prefixes == ("",):
            return path
        folder, _, name = path.rpartition("/")
        for prefix in self._prefixes:
            if name in self._names(prefix + folder):
                return prefix + path
        return self._prefixes[-1] + path

    def folder(self, path: str) -> frozenset[str] | None:
        """The names in a folder; None where that is not known, as it always is here."""
        if len(self._prefixes) == 1:
            return self._names(self._prefixes[0] + path)
        return frozenset().union(*[self._names(prefix + path) for prefix in self._prefixes])

    def _names(self, path: str) -> frozenset[str]:
        found = self._folders.get(path)
        if found is None:
            try:
                found = frozenset(self._door.listdir(path or "/"))
            except Unavailable:
                found = frozenset()
            self._folders[path] = found
        return found

    def closed(self, path: str) -> bool:
        """Whether this user may not list the folder, or one on the way to it."""
        return any(self._is_closed(prefix + path) for prefix in self._prefixes)

    def _is_closed(self, path: str) -> bool:
        if self._names(path):
            return False
        if path not in self._closed:
            try:
                self._door.read(path or "/", 1)
                self._closed[path] = False
            except Unavailable as error:  # as for every folder: it is no regular file
                self._closed[path] = isinstance(error, Denied)
        return self._closed[path]

    def header(self, path: str) -> Header | str | None:
        """The ELF header; what is wrong with it, in words; or None when it can't be read."""
        path = self.place(path)
        if path not in self._headers:
            try:
                self._headers[path] = read_header(self._door.read(path, 64))
            except Malformed as error:
                self._headers[path] = error.why
            except Denied:
                self._headers[path] = None
                self._refused[path] = self._refusal(path)
            except Unavailable:
                self._headers[path] = None
        return self._headers[path]

    def _refusal(self, path: str) -> Judged:
        try:
            there = self._door.exists(path)
        except Unavailable:
            there = False
        if there and isinstance(self._door, Rooted):
            # Those who run programs there may have other rights.
            return Judged("hidden", None, f"{path}: permission denied")
        if there:
            return Judged("unreadable", None, "permission denied")
        return Judged("hidden", None, f"{path.rpartition('/')[0] or '/'}: permission denied")

    def judge(self, path: str, target: Target) -> Judged:
        """What glibc's open_verify (2.42 elf/dl-load.c) does with this file."""
        header = self.header(path)
        if header is None:
            return self._refused.get(self.place(path), ABSENT)
        if isinstance(header, str):
            return Judged("stops", None, header)
        isa = header.isa
        if header.bits != target.bits:
            return Judged("skipped", isa, "wrong ELF class")
        if isa != target.isa:
            same_order = header.little == (target.isa not in _BIG)
            return Judged("skipped" if same_order else "stops", isa, "wrong machine")
        if header.osabi not in (0, 3):
            return Judged("stops", isa, "ELF file OS ABI invalid")
        variant = header.variant
        if isa in _BY_VARIANT and variant and target.variant and variant != target.variant:
            return Judged("skipped", isa, f"its ABI is {variant}")
        if header.type not in (2, 3):
            return Judged("stops", isa, "only ET_DYN and ET_EXEC can be loaded")
        return Judged("fits", isa)

    def needs(self, path: str) -> Dynamic | None:
        """What a library asks for in its turn; None when that can't be read."""
        path = self.place(path)
        if path not in self._needs:
            try:
                self._needs[path] = _needs(_Pieces(self._door, path))
            except (Malformed, Unavailable):
                self._needs[path] = None
        return self._needs[path]

    def real(self, path: str) -> str:
        """The same for all names of one file."""
        if path not in self._real:
            try:
                self._real[path] = self._door.realpath(self.place(path))
            except Unavailable:
                self._real[path] = path
        return self._real[path]

    def defaults(self, loader: str) -> loader_defaults.Defaults | None:
        """What is built into this loader of glibc; None when it can't be read."""
        if loader not in self._defaults:
            try:
                data = self._door.read(self.place(loader), _LARGEST_LOADER)
            except Unavailable:
                data = b""
            self._defaults[loader] = loader_defaults.read(data)
        return self._defaults[loader]

    def has_loader(self, path: str, target: Target) -> bool:
        """Whether this loader is there, for this ISA."""
        return self.judge(path, target).how == "fits"

    def in_cache(
        self, cache: str, name: str, target: Target, levels: tuple[str, ...]
    ) -> str | None:
        """The path that an ld.so.cache gives for a name (glibc 2.42 elf/dl-cache.c)."""
        entries = self.cached(cache).get(name)
        if entries is None:
            return None
        flags = ld_cache.accepted(target.isa, target.variant)
        best, rank = None, len(levels) + 1
        for entry in entries:
            if entry.flags in flags and (not entry.level or entry.level in levels):
                place = levels.index(entry.level) if entry.level else len(levels)
                if place < rank:
                    best, rank = entry.path, place
        return best

    def cached(self, cache: str) -> dict[str, list[ld_cache.Entry]]:
        """The entries of an ld.so.cache by their names, in order; empty without a cache."""
        by_name = self._caches.get(cache)
        if by_name is None:
            by_name = self._caches[cache] = {}
            for entry in self._cache(cache):
                by_name.setdefault(entry.name, []).append(entry)
        return by_name

    def _cache(self, path: str) -> tuple[ld_cache.Entry, ...]:
        try:
            return ld_cache.read(self._door.read(self.place(path), 8 << 20)).entries
        except (Malformed, Unavailable):
            # The loader goes on without it, too.
            return ()

    def musl_folders(self, loader: str) -> tuple[str, ...]:
        """Where this loader of musl looks (1.2.5 ldso/dynlink.c, load_library).

        Its path file stands in etc/ beside the folder that the loader is in.
        """
        folder, _, name = loader.rpartition("/")
        arch = name.removeprefix("ld-musl-").removesuffix(".so.1")
        path = f"{posixpath.dirname(folder).rstrip('/')}/etc/ld-musl-{arch}.path"
        try:
            return ld_cache.read_path_file(self._door.read(self.place(path), 1 << 20))
        except Unavailable:
            return ("/lib", "/usr/local/lib", "/usr/lib")


_BIG = frozenset((
    "armbe", "arm64be", "mips", "mips64", "ppc", "ppc64", "s390", "s390x", "sparc", "sparc64",
    "hppa", "m68k", "or1k",
))  # fmt: skip


class _Pieces:
    """A file that is fetched in blocks, as `archfit.formats.elf_header.Slices`."""

    def __init__(self, door: Door, path: str) -> None:
        self._door = door
        self._path = path
        self._blocks: dict[int, bytes] = {}

    def __len__(self) -> int:
        return 1 << 62  # not known; what lies behind the end comes back short

    def __getitem__(self, part: slice, /) -> bytes:
        start, stop = part.start or 0, part.stop
        first, last = start // _BLOCK, (stop - 1) // _BLOCK
        if stop - start > 64 * _BLOCK:
            raise Malformed("a table of a library is larger than 1 MiB")
        data = b"".join([self._block(number) for number in range(first, last + 1)])
        return data[start - first * _BLOCK : stop - first * _BLOCK]

    def find(self, needle: bytes, start: int, end: int, /) -> int:
        at = start
        while at < end:
            # The names are short, and one byte is looked for: no match spans two blocks.
            stop = min(end, (at // _BLOCK + 1) * _BLOCK)
            found = self[at:stop].find(needle)
            if found >= 0:
                return at + found
            at = stop
        return -1

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._blocks[number] = self._door.read(self._path, _BLOCK, number * _BLOCK)
        return self._blocks[number]


def _needs(data: _Pieces) -> Dynamic:
    header = read_header(data[0:64])
    segments = read_segments(data, header)

    def locate(addr: int, size: int) -> int:
        for segment in segments:
            if segment.type == PT_LOAD and 0 <= addr - segment.vaddr < segment.filesz:
                return segment.offset + addr - segment.vaddr
        raise Malformed(f"{size} bytes at address {addr:#x} are not in the file")

    for segment in segments:
        if segment.type == PT_DYNAMIC and segment.filesz:
            offset, size = segment.offset, segment.filesz
            return read_dynamic(data, header.layout, offset, size, locate, versions=False)
    return Dynamic()


def no_default_folders(dynamic: Dynamic) -> bool:
    """DF_1_NODEFLIB: neither default folders nor what the cache has from them."""
    return bool(dynamic.flags_1 & DF_1_NODEFLIB)
