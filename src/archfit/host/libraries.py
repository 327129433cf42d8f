"""The libraries a program gets on a host: its whole closure, as the loader would load it."""

from __future__ import annotations

from archfit.facts import host as h
from archfit.formats.elf import Elf
from archfit.host.door import Door
from archfit.host.library_closure import Closure, Row
from archfit.host.library_files import Files, Target
from archfit.host.library_record import RecordedFiles
from archfit.host.library_search import Loader, Search
from archfit.host.live import Live
from archfit.host.rooted import Rooted
from archfit.model.fact import Facts
from archfit.platforms.table import table

_MAX_KEPT = 4096
_LEVELS = ("x86-64-v4", "x86-64-v3", "x86-64-v2")


class Libraries:
    """Looks libraries up on one host, remembering all it learns. One a run and process."""

    def __init__(self, door: Door | None, host: Facts, near: Door | None = None) -> None:
        """``door``: the machine judged against, or a folder in its place (`Rooted`); None
        when it is known by ``host``, its facts, alone. ``near``: the machine that the
        files looked at lie on, by default this one.
        """
        self._door = door
        self._host = host
        self._near_door: Door = near or (
            door if door is not None and not isinstance(door, Rooted) else Live()
        )
        self._near = Files(self._near_door)
        self._files: dict[tuple[str, ...], Files | RecordedFiles] = {}
        if door is self._near_door:
            self._files[("",)] = self._near
        self._searches: dict[tuple[str, Target], tuple[Search, Closure]] = {}
        self._loaders: dict[tuple[str, Target], str | None] = {}
        self._kept: dict[tuple[object, ...], list[Row]] = {}

    def of(self, path: str, elf: Elf) -> list[Row] | None:
        """The rows for an ELF file; None when this host has no loader that would load it.

        For a program all that is loaded with it, breadth first as the loader does; for
        a library what it needs itself. Each row: ``name`` as it is asked for, ``path``
        (None when the loader does not get it), ``isa`` of that file, ``by`` which step
        (rpath, runpath, LD_LIBRARY_PATH, cache, default, given path, loader), ``for`` whom
        (None: the file itself), ``searched`` folders in order when there is no path
        (of very many the first, and ``searched_more``, the number of the others);
        and where it says something ``wrong`` ([{path, isa}]: files of that name for
        another ISA), ``broken`` ({path, why}: a file on which the loader gives up) and
        ``unchecked`` (why a part of the search could not be done, or may go differently).
        Raises Malformed when the dynamic section is broken.
        """
        if not elf.needed:
            return []
        target = Target(elf.isa, elf.bits, elf.variant)
        kind = elf.libc if elf.libc in ("glibc", "musl") else None
        if kind is None and (elf.interp is not None or elf.libc is not None):
            return None
        loader = elf.interp if elf.type == "executable" else None
        if loader is None:
            loader = self._usual_loader(kind or str(h.LIBC.of(self._host) or "glibc"), target)
            if loader is None:
                return None
            kind = kind or ("musl" if "/ld-musl-" in loader else "glibc")
        search, closure = self._search(loader, str(kind), target)
        if search.files.has_loader(loader, target) is False:
            return None
        whole = elf.type == "executable"
        # Only $ORIGIN makes it matter where the file lies.
        dynamic = elf.dynamic
        texts = (*dynamic.rpath, *dynamic.runpath, *dynamic.needed, *search.env)
        path, near = self._main_path(path) if any("$" in t for t in texts) else ("", False)
        main = search.node(path, near, dynamic, None)
        origin = path if any("$" in name for name in dynamic.needed) else ""
        key = (id(search), whole, elf.needed, main.route, elf.default_folders, origin)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            kept = self._kept[key] = closure.rows(main, whole=whole)
        return kept

    def _main_path(self, path: str) -> tuple[str, bool]:
        """The file's path as the loader sees it, and whether it lies beside that host."""
        door = self._door
        if isinstance(door, Rooted):
            inside = door.within(path)
            if inside is not None:
                return inside, False
        return self._near_door.realpath(path), door is not self._near_door

    def _search(self, path: str, kind: str, target: Target) -> tuple[Search, Closure]:
        pair = self._searches.get((path, target))
        if pair is None:
            files = self._files_for(target)
            loader = self._loader(path, kind, target, files)
            search = Search(loader, target, files, self._near, self._env(kind))
            pair = self._searches[(path, target)] = search, Closure(search)
        return pair

    def _files_for(self, target: Target) -> Files | RecordedFiles:
        runs = h.RUNS.of(self._host)
        prefixes: tuple[str, ...] = ("",)
        if runs is not None and target.isa not in runs:
            roots = (h.SYSROOTS.of(self._host) or {}).get(target.isa, ())
            prefixes = (*[str(root).rstrip("/") for root in roots], "")
        files = self._files.get(prefixes)
        if files is None:
            if self._door is None:
                files = RecordedFiles(self._host, prefixes)
            else:
                files = Files(self._door, prefixes)
            self._files[prefixes] = files
        return files

    def _loader(self, path: str, kind: str, target: Target, files: Files | RecordedFiles) -> Loader:
        if kind == "musl":
            return Loader("musl", path, files.musl_folders(path))
        defaults = files.defaults(path)
        level = str(h.ISA_LEVEL.of(self._host) or "")
        levels: tuple[str, ...] = ()
        if target.isa == "amd64" and level in _LEVELS:
            levels = _LEVELS[_LEVELS.index(level) :]
        if defaults is None:
            return Loader("glibc", path, ("/lib", "/usr/lib"), "/etc/ld.so.cache", "", levels)
        return Loader("glibc", path, defaults.folders, defaults.cache, defaults.lib, levels)

    def _env(self, kind: str) -> tuple[str, ...]:
        if self._door is None:
            return ()
        text = self._door.env.get("LD_LIBRARY_PATH", "")
        text = text.replace(";", ":") if kind == "glibc" else text.replace("\n", ":")
        return tuple([path for path in text.split(":") if path])

    def _usual_loader(self, libc: str, target: Target) -> str | None:
        """The loader that this host's programs of this libc and ISA name, if there is one."""
        key = (libc, target)
        if key not in self._loaders:
            files = self._files_for(target)
            paths = [
                str(row["path"])
                for row in table("loaders")["loader"]
                if row["libc"] == libc and files.has_loader(str(row["path"]), target)
            ]
            self._loaders[key] = paths[0] if paths else None
        return self._loaders[key]
