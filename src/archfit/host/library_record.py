"""The libraries of a host that is not here, from its facts.

They say what its loaders find by name alone (`archfit.facts.host.LIBRARIES`), not
what those libraries need in their turn, and nothing of other folders.
"""

from __future__ import annotations

from typing import Any

from archfit.facts import host as h
from archfit.formats.elf_dynamic import Dynamic
from archfit.formats.loader_defaults import Defaults
from archfit.host.library_files import Judged, Target
from archfit.model.fact import Facts


class RecordedFiles:
    """As `archfit.host.library_files.Files`, of a host known by its facts alone.

    ``prefixes``: folders that a translator looks in before the root, "" being the root.
    """

    def __init__(self, host: Facts, prefixes: tuple[str, ...] = ("",)) -> None:
        self._prefixes = prefixes
        self._libraries: dict[str, list[dict[str, Any]]] = h.LIBRARIES.of(host) or {}
        self._search: dict[str, dict[str, Any]] = h.LIBRARY_SEARCH.of(host) or {}
        self._loaders = h.LOADERS.of(host)
        self._isas: dict[str, str] = {}
        names: dict[str, set[str]] = {
            # A default folder without a library of its own is known to have none.
            str(folder): set()
            for row in self._search.values()
            for folder in row["folders"]
        }
        for rows in self._libraries.values():
            for row in rows:
                path = str(row["path"])
                self._isas[path] = str(row["isa"])
                folder, _, name = path.rpartition("/")
                names.setdefault(folder, set()).add(name)
        self._folders = {folder: frozenset(found) for folder, found in names.items()}

    def place(self, path: str) -> str:
        """Where the guest's path leads on the host itself."""
        for prefix in self._prefixes:
            if prefix + path in self._isas:
                return prefix + path
        return path

    def folder(self, path: str) -> frozenset[str] | None:
        """The names known in a folder; None when nothing of it was recorded."""
        found = [self._folders[p + path] for p in self._prefixes if p + path in self._folders]
        return frozenset().union(*found) if found else None

    def closed(self, path: str) -> bool:
        """Rights are not recorded."""
        del path
        return False

    def judge(self, path: str, target: Target) -> Judged:
        """By the ISA that was recorded; ``unknown`` for what was not."""
        isa = self._isas.get(self.place(path))
        if isa is None:
            return Judged("unknown", None, f"{path} is not among the libraries recorded")
        return Judged("fits", isa) if isa == target.isa else Judged("skipped", isa, "wrong machine")

    def needs(self, path: str) -> Dynamic | None:
        """Not recorded."""
        del path
        return None

    def real(self, path: str) -> str:
        """Links are not recorded."""
        return path

    def has_loader(self, path: str, target: Target) -> bool | None:
        """Whether this loader is there for the ISA; None when loaders were not recorded."""
        if any(prefix + path in self._search for prefix in self._prefixes):
            return True
        if self._loaders is None:
            return None
        return any(row["path"] == path and row["isa"] == target.isa for row in self._loaders)

    def defaults(self, loader: str) -> Defaults | None:
        """What is built into this loader, as recorded."""
        for prefix in self._prefixes:
            row = self._search.get(prefix + loader)
            if row is not None:
                return Defaults(tuple(row["folders"]), str(row["cache"]), str(row["lib"]))
        return None

    def musl_folders(self, loader: str) -> tuple[str, ...]:
        """Where this loader of musl looks, as recorded."""
        defaults = self.defaults(loader)
        return defaults.folders if defaults is not None else ("/lib", "/usr/local/lib", "/usr/lib")

    def in_cache(
        self, cache: str, name: str, target: Target, levels: tuple[str, ...]
    ) -> str | None:
        """The path that the cache gives for a name."""
        del cache
        best, rank = None, len(levels) + 1
        for row in self._libraries.get(name, ()):
            if row.get("by") == "cache" and row["isa"] == target.isa:
                path = str(row["path"])
                above, _, level = path.rpartition("/")[0].rpartition("/")
                place = len(levels)
                if above.endswith("/glibc-hwcaps"):
                    if level not in levels:
                        continue
                    place = levels.index(level)
                if place < rank:
                    best, rank = path, place
        return best
