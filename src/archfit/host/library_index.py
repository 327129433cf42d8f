"""What the loaders of a machine find by name alone, to be taken to another machine."""

from __future__ import annotations

from typing import Any

from archfit.facts import host as h
from archfit.formats.elf_header import Header
from archfit.host.door import Door
from archfit.host.library_files import Files
from archfit.model.fact import Facts
from archfit.platforms.table import table

#: Names below one folder; a folder with more is no folder of libraries.
_MAX_NAMES = 20_000


class _Index:
    def __init__(self, door: Door) -> None:
        self.libraries: dict[str, list[dict[str, str]]] = {}
        self.search: dict[str, dict[str, Any]] = {}
        self._door = door
        self._seen: set[tuple[str, str]] = set()
        self._folders: set[str] = set()

    def add_root(self, prefix: str) -> None:
        """All loaders below a folder, "" being the root, and what they find."""
        files = Files(self._door, (prefix,) if prefix else ("",))
        for row in table("loaders")["loader"]:
            path = str(row["path"])
            if row["libc"] not in ("glibc", "musl") or not isinstance(files.header(path), Header):
                continue
            real = files.real(path).rpartition("/")[2]
            musl = row["libc"] == "musl" or "musl" in real
            if musl:
                entry: dict[str, Any] = {
                    "folders": list(files.musl_folders(path)),
                    "cache": "",
                    "lib": "",
                }
            else:
                defaults = files.defaults(path)
                if defaults is None:
                    continue
                entry = dict(zip(defaults._fields, defaults, strict=True))
                entry["folders"] = list(defaults.folders)
                self._add_cache(files, defaults.cache)
            self.search[prefix + path] = entry
            for folder in entry["folders"]:
                self._add_folder(files, prefix, folder)

    def _add_cache(self, files: Files, cache: str) -> None:
        for name, entries in files.cached(cache).items():
            for entry in entries:
                self._add(files, name, entry.path, "cache")

    def _add_folder(self, files: Files, prefix: str, folder: str) -> None:
        # Where /lib is a link to usr/lib the loader meets each file below /lib first.
        real = prefix + self._door.realpath(prefix + folder)
        if real in self._folders:
            return
        self._folders.add(real)
        names = files.folder(folder) or frozenset()
        if len(names) > _MAX_NAMES:
            return
        for name in sorted(names):
            if ".so" in name:
                self._add(files, name, f"{folder}/{name}", "default")

    def _add(self, files: Files, name: str, path: str, by: str) -> None:
        place = files.place(path)
        if (name, place) in self._seen:
            return
        self._seen.add((name, place))
        header = files.header(path)
        if isinstance(header, Header) and header.type in (2, 3):
            row = {"path": place, "isa": header.isa, "by": by}
            self.libraries.setdefault(name, []).append(row)


def index(door: Door, host: Facts) -> tuple[dict[str, list[dict[str, str]]], dict[str, Any]]:
    """(`host.libraries`, `host.library_search`) of a machine.

    Those of each loader there is, then of the loaders below the folders that a translator
    looks in (``host.sysroots`` of the facts so far). Reads 64 bytes of each library.
    """
    found = _Index(door)
    found.add_root("")
    for folders in (h.SYSROOTS.of(host) or {}).values():
        for folder in folders:
            found.add_root(str(folder).rstrip("/"))
    return found.libraries, found.search
