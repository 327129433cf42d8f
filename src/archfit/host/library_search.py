"""Where a dynamic loader finds a library, in its own order.

glibc (2.42 elf/dl-load.c, `_dl_map_new_object`): a name with a slash is a path. Else
DT_RPATH of the object that asks and of those which loaded it, up to the program (none of
them when the asking object has DT_RUNPATH; not that of an object with DT_RUNPATH);
LD_LIBRARY_PATH; DT_RUNPATH of the asking object alone; the cache; the default folders.
In each folder its glibc-hwcaps subfolders come first. Files of another class or machine
are passed over; what is no ELF file, or of the other byte order, ends the search.
What this user may not open is passed over (`open_path`, EACCES).

musl (1.2.5 ldso/dynlink.c, `load_library`): LD_LIBRARY_PATH; DT_RUNPATH, or else DT_RPATH,
of the asking object and of all that loaded it; its path file or built-in folders. The
first file of that name that can be opened is taken, whatever it is. The names of its own
parts (libc., libpthread., libm. ...) stand for the loader itself.

Not followed: LD_PRELOAD, LD_AUDIT, set-user-ID rules, and the subfolders by platform
(tls, haswell ...) of glibc before 2.37.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from archfit.formats.elf_dynamic import Dynamic
from archfit.host.library_files import Files, Judged, Target, no_default_folders
from archfit.host.library_record import RecordedFiles

_MUSL_OWN = ("libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet.")
#: AT_PLATFORM, where the kernel gives one name for the ISA whatever the CPU is.
_PLATFORM = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686"}


#: Folders looked into for one file; the largest real programs need some thousands.
MAX_LOOKS = 20_000


class Folder(NamedTuple):
    """``near``: beside a file that is here, though the host judged against is not."""

    path: str
    near: bool


class Where(NamedTuple):
    """The answer: ``path`` is None when the loader does not get the library.

    ``by``: rpath, runpath, LD_LIBRARY_PATH, cache, default, given path, loader.
    ``wrong``: files of the name that are for another ISA; ``broken``: (path, why) where
    the loader gives up; ``unchecked``: why a part of the search could not be done;
    ``looks``: how many folders were looked into.
    """

    path: str | None
    isa: str | None = None
    by: str | None = None
    near: bool = False
    searched: tuple[str, ...] = ()
    wrong: tuple[tuple[str, str], ...] = ()
    broken: tuple[str, str] | None = None
    unchecked: str = ""
    looks: int = 0


#: The answer when there are more than `MAX_LOOKS`.
TOO_MANY = Where(None, unchecked="more places than are looked at")


@dataclass(frozen=True, slots=True)
class Loader:
    """A dynamic loader. ``levels``: glibc-hwcaps subfolders it uses, the best first."""

    kind: str
    path: str
    folders: tuple[str, ...]
    cache: str = ""
    lib: str = ""
    levels: tuple[str, ...] = ()


#: What is searched before the cache: (by, folders), step by step.
Route = tuple[tuple[str, tuple[Folder, ...]], ...]


@dataclass(slots=True)
class Node:
    """A loaded object. ``path``: as the loader opened it.

    ``passed_on``: the steps that also hold for what it loads, beside the program's ``env``;
    ``route``: those for itself, ``route_id``: its number, the same for equal ones.
    """

    path: str
    near: bool
    dynamic: Dynamic
    env: Route = ()
    passed_on: Route = ()
    route: Route = ()
    route_id: int = 0

    @property
    def origin(self) -> str:
        """What $ORIGIN stands for in this object."""
        return self.path.rpartition("/")[0] or "/"


@dataclass(slots=True)
class Search:
    """One loader's search for libraries of one target, its answers remembered.

    ``looks``: folders looked into for the file under way, also by answers remembered, so
    that the same file gets the same answers whatever came before it.
    """

    loader: Loader
    target: Target
    files: Files | RecordedFiles
    near: Files
    env: tuple[str, ...] = ()
    looks: int = 0
    _known: dict[tuple[object, ...], Where] = field(default_factory=dict)
    _routes: dict[Route, int] = field(default_factory=dict)

    def node(self, path: str, near: bool, dynamic: Dynamic, parent: Node | None) -> Node:
        """An object that ``parent`` loads, None for the program, with its search worked out."""
        node = self._node(path, near, dynamic, parent)
        node.route_id = self._routes.setdefault(node.route, len(self._routes))
        return node

    def _node(self, path: str, near: bool, dynamic: Dynamic, parent: Node | None) -> Node:
        if parent is not None:
            node = Node(path, near, dynamic, parent.env, parent.passed_on)
        else:
            node = Node(path, near, dynamic)
            node.env = (("LD_LIBRARY_PATH", self._env(node)),) if self.env else ()
        env = node.env
        if not dynamic.runpath and not dynamic.rpath:
            own: Route = ()
        elif self.loader.kind == "musl":
            by = "runpath" if dynamic.runpath else "rpath"
            own = ((by, self._musl_expanded(node, dynamic.runpath or dynamic.rpath)),)
        elif dynamic.runpath:
            # Not passed on, and it switches off every DT_RPATH for this object.
            node.route = (*env, ("runpath", self._expanded(node, dynamic.runpath)))
            return node
        else:
            own = (("rpath", self._expanded(node, dynamic.rpath)),)
        node.passed_on = own + node.passed_on
        node.route = env + node.passed_on if self.loader.kind == "musl" else node.passed_on + env
        return node

    def _env(self, node: Node) -> tuple[Folder, ...]:
        if self.loader.kind == "musl":  # which takes it as it is
            return tuple([Folder(path, False) for path in self.env])
        return self._expanded(node, self.env)

    def _expanded(self, node: Node, paths: Iterable[str]) -> tuple[Folder, ...]:
        found: dict[Folder, None] = {}
        for path in paths:
            text = self.expand(node, path)
            if text:
                near = node.near and "ORIGIN" in path
                found[Folder(text.rstrip("/") or "/", near)] = None
        return tuple(found)

    def _musl_expanded(self, node: Node, paths: tuple[str, ...]) -> tuple[Folder, ...]:
        # A dollar sign before anything but ORIGIN makes musl drop the whole list.
        bare = [path.replace("${ORIGIN}", "$ORIGIN") for path in paths]
        if any("$" in path.replace("$ORIGIN", "") for path in bare):
            return ()
        return tuple(
            [
                Folder(path.replace("$ORIGIN", node.origin), node.near and "$ORIGIN" in path)
                for path in bare
                if path
            ]
        )

    def expand(self, node: Node, text: str) -> str | None:
        """With $ORIGIN, $LIB and $PLATFORM replaced, as glibc's `_dl_dst_substitute` does.

        None when one of them has no value, which makes the loader drop the path.
        """
        if "$" not in text:
            return text
        values = {
            "ORIGIN": node.origin,
            "LIB": self.loader.lib or None,
            "PLATFORM": _PLATFORM.get(self.target.isa),
        }
        out: list[str] = []
        first, *rest = text.split("$")
        for part in rest:
            for name, value in values.items():
                length = _token(part, name)
                if length:
                    if value is None:
                        return None
                    out.append(value + part[length:])
                    break
            else:
                out.append("$" + part)
        return first + "".join(out)

    def find(self, name: str, node: Node) -> Where:
        """Where this object gets the library of this name."""
        if name == self.loader.path.rpartition("/")[2]:
            return Where(self.loader.path, self.target.isa, "loader")
        if "/" in name:
            return self._given(name, node)
        nodeflib = no_default_folders(node.dynamic)
        key = (name, node.route_id, nodeflib)
        where = self._known.get(key)
        if where is None and self.looks < MAX_LOOKS:
            work = _Work(self, name)
            musl = self.loader.kind == "musl"
            where = work.musl(node) if musl else work.glibc(node, nodeflib)
            where = where._replace(looks=work.looks)
            if not work.cut:
                self._known[key] = where
        return where if where is not None and self.counted(where) else TOO_MANY

    def counted(self, where: Where) -> bool:
        """Counts an answer's looks; False when they are more than one file may have."""
        self.looks += where.looks
        return self.looks <= MAX_LOOKS

    def _given(self, name: str, node: Node) -> Where:
        path = self.expand(node, name) if self.loader.kind != "musl" else name
        if path is None or not path.startswith("/"):
            return Where(None, unchecked=f"{name} starts from the folder it is run in")
        near = node.near and "ORIGIN" in name
        files = self.near if near else self.files
        judged = files.judge(path, self.target)
        if judged.how == "fits":
            return Where(path, judged.isa, "given path", near)
        if judged.how in ("unknown", "hidden"):
            return Where(None, unchecked=judged.why)
        return _failed(path, judged, (path,))


def _token(text: str, name: str) -> int:
    """The length of NAME or {NAME} at the start of a text, else 0 (`is_dst`)."""
    if text.startswith("{" + name + "}"):
        return len(name) + 2
    after = text[len(name) : len(name) + 1]
    if text.startswith(name) and not (after.isascii() and (after.isalnum() or after == "_")):
        return len(name)
    return 0


def _failed(path: str, judged: Judged, searched: tuple[str, ...]) -> Where:
    if judged.how == "absent":
        return Where(None, searched=searched)
    if judged.isa is not None and judged.why.startswith("wrong"):
        return Where(None, searched=searched, wrong=((path, judged.isa),))
    return Where(None, searched=searched, broken=(path, judged.why))


class _Work:
    """One search under way."""

    def __init__(self, search: Search, name: str) -> None:
        self.search = search
        self.name = name
        self.searched: list[str] = []
        self.wrong: dict[str, str] = {}
        self.broken: tuple[str, str] | None = None
        self.unchecked: list[str] = []
        self.looks = 0
        self.left = MAX_LOOKS - search.looks

    @property
    def cut(self) -> bool:
        """Given up, for there are more places than are looked at."""
        return self.looks > self.left

    def enter(self, folder: Folder) -> bool:
        """Whether this folder is looked into."""
        self.looks += 1
        if self.cut:
            return False
        self.searched.append(folder.path)
        if folder.path.startswith("/"):
            return True
        self.unchecked.append(f"{folder.path} starts from the folder it is run in")
        return False

    def glibc(self, node: Node, nodeflib: bool) -> Where:
        loader = self.search.loader
        for by, folders in node.route:
            for folder in folders:
                where = self.folder(by, folder)
                if where is not None:
                    return where
        where = self.cache(loader.folders if nodeflib else ())
        if where is None and not nodeflib:
            for path in loader.folders:
                where = self.folder("default", Folder(path, False))
                if where is not None:
                    break
        return where or self.missing()

    def folder(self, by: str, folder: Folder) -> Where | None:
        """An answer, or None to look further."""
        if not self.enter(folder):
            return TOO_MANY if self.cut else None
        files = self.search.near if folder.near else self.search.files
        names = files.folder(folder.path)
        if names is None:
            self.unchecked.append(f"what {folder.path} holds is not recorded")
            return None
        base = folder.path.rstrip("/")
        if not names and files.closed(folder.path):
            # What may not be listed may still be searched.
            return self.judged(by, f"{base}/{self.name}", folder.near)
        if "glibc-hwcaps" in names:
            for level in self.search.loader.levels:
                below = f"{base}/glibc-hwcaps/{level}"
                if self.name in (files.folder(below) or ()):
                    where = self.judged(by, f"{below}/{self.name}", folder.near)
                    if where is not None:
                        return where
        return self.judged(by, f"{base}/{self.name}", folder.near) if self.name in names else None

    def judged(self, by: str, path: str, near: bool) -> Where | None:
        files = self.search.near if near else self.search.files
        judged = files.judge(path, self.search.target)
        if judged.how == "fits":
            return Where(path, judged.isa, by, near)
        if judged.how == "absent":
            return None
        if judged.how == "hidden":
            self.unchecked.append(judged.why)
            return None
        if judged.how == "unreadable":
            self.broken = self.broken or (path, judged.why)
            return None
        if judged.isa is not None and judged.isa != self.search.target.isa:
            self.wrong[path] = judged.isa
        if judged.how == "stops":
            if judged.isa is None or judged.isa == self.search.target.isa:
                self.broken = (path, judged.why)
            return self.missing()
        return None

    def cache(self, without: tuple[str, ...]) -> Where | None:
        loader, search = self.search.loader, self.search
        if not loader.cache:
            return None
        self.searched.append(loader.cache)
        best = search.files.in_cache(loader.cache, self.name, search.target, loader.levels)
        if best is None or any(best.startswith(folder + "/") for folder in without):
            return None
        return self.judged("cache", best, False)

    def musl(self, node: Node) -> Where:
        loader = self.search.loader
        if self.name.startswith(_MUSL_OWN):
            return Where(loader.path, self.search.target.isa, "loader")
        stages = (*node.route, ("default", tuple([Folder(f, False) for f in loader.folders])))
        for by, folders in stages:
            for folder in folders:
                where = self.musl_folder(by, folder)
                if where is not None:
                    return where
        return self.missing()

    def musl_folder(self, by: str, folder: Folder) -> Where | None:
        if not self.enter(folder):
            return TOO_MANY if self.cut else None
        files = self.search.near if folder.near else self.search.files
        names = files.folder(folder.path)
        if names is None:
            self.unchecked.append(f"what {folder.path} holds is not recorded")
            return None
        if self.name not in names and (names or not files.closed(folder.path)):
            return None
        path = f"{folder.path}/{self.name}"
        judged = files.judge(path, self.search.target)
        if judged.how == "skipped":
            # musl takes the first file there is and fails on it.
            self.wrong[path] = judged.isa or ""
            return self.missing()
        return self.judged(by, path, folder.near)

    def missing(self) -> Where:
        return Where(
            None,
            searched=tuple(dict.fromkeys(self.searched)),
            wrong=tuple(self.wrong.items()),
            broken=self.broken,
            unchecked="; ".join(dict.fromkeys(self.unchecked)),
        )
