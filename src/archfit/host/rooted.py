"""A folder that holds another machine's files, seen as that machine (``--root DIR``).

Absolute paths start in the folder, and so do absolute links: what a program inside
a chroot of it would see. No path and no link leads out of it.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence

from archfit.host.door import Answer, Door
from archfit.model.errors import Unavailable

_MAX_HOPS = 40  # MAXSYMLINKS of Linux
_MAX_KEPT = 1 << 16
#: What the kernel shows of itself, wherever proc and sysfs are mounted (proc(5)).
_KERNEL = ("/proc/sys/", "/proc/cmdline/", "/sys/devices/system/cpu/")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Rooted:
    """The `archfit.host.door.Door` to the files below a folder.

    The kernel is that of the outer machine, as it is in a chroot, and so is what it shows
    of itself: /proc/sys with the translators of binfmt_misc. The environment is empty,
    and commands of the folder are never started.
    """

    env: Mapping[str, str]

    def __init__(self, door: Door, root: str) -> None:
        """``door``: the outer machine; ``root``: the folder. Raises Unavailable without it."""
        self._door = door
        self.root = door.realpath(root).rstrip("/")
        if not door.is_dir(self.root or "/"):
            raise Unavailable(f"{root}: no such folder")
        self.env = {}
        self._links: dict[str, str | None] = {}

    def within(self, path: str) -> str | None:
        """The path that a file of the outer machine has in here; None when it is outside."""
        real = self._door.realpath(path)
        return real[len(self.root) :] if real.startswith(self.root + "/") else None

    def outside(self, path: str) -> str:
        """The path on the outer machine of a path in here, all links resolved in here.

        What the kernel shows of itself is where it is. Raises Unavailable when the links go
        round.
        """
        real = self._resolve(path)
        return real if f"{real}/".startswith(_KERNEL) else self.root + real

    def _resolve(self, path: str) -> str:
        if "\0" in path:
            raise Unavailable("a path with a null byte")
        todo = path.split("/")[::-1]
        done: list[str] = []
        hops = 0
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            if name == "..":
                del done[-1:]
                continue
            done.append(name)
            target = self._link("/" + "/".join(done))
            if target is None:
                continue
            hops += 1
            if hops > _MAX_HOPS:
                raise Unavailable(f"{path}: too many levels of symbolic links")
            del done[0 if target.startswith("/") else -1 :]
            todo.extend(target.split("/")[::-1])
        return "/" + "/".join(done)

    def _link(self, path: str) -> str | None:
        # Asked with every link before it already resolved, so that it can't lead outside.
        if path not in self._links:
            if len(self._links) >= _MAX_KEPT:
                self._links.clear()
            try:
                self._links[path] = os.readlink(self.root + path)
            except OSError:
                self._links[path] = None
        return self._links[path]

    def uname(self) -> tuple[str, str, str, str, str]:
        """Of the outer machine."""
        return self._door.uname()

    def page_size(self) -> int:
        """Of the outer machine."""
        return self._door.page_size()

    def pid(self) -> int:
        """Of this process."""
        return self._door.pid()

    def read(self, path: str, limit: int = 1 << 20, offset: int = 0) -> bytes:
        """As the outer machine's, in here."""
        return self._door.read(self.outside(path), limit, offset)

    def find(self, path: str, needle: bytes, length: int = 64, limit: int = 64) -> list[bytes]:
        """As the outer machine's, in here."""
        return self._door.find(self.outside(path), needle, length, limit)

    def exists(self, path: str) -> bool:
        """Follows links in here."""
        try:
            return self._door.exists(self.outside(path))
        except Unavailable:
            return False

    def is_dir(self, path: str) -> bool:
        """Follows links in here."""
        try:
            return self._door.is_dir(self.outside(path))
        except Unavailable:
            return False

    def listdir(self, path: str) -> list[str]:
        """Sorted names; empty when the folder is absent or unreadable."""
        try:
            return self._door.listdir(self.outside(path))
        except Unavailable:
            return []

    def realpath(self, path: str) -> str:
        """With all links resolved in here; the path itself when they go round."""
        try:
            return self._resolve(path)
        except Unavailable:
            return path

    def which(self, name: str) -> list[str]:
        """Files of that name in the usual folders of programs, in order."""
        paths = [posixpath.join(folder, name) for folder in _PATH.split(":")]
        return [path for path in paths if self.exists(path) and not self.is_dir(path)]

    def sysctl(self, name: str) -> str:
        """Of the outer machine."""
        return self._door.sysctl(name)

    def execute(self, name: str, image: bytes) -> int | None:
        """By the outer machine's kernel."""
        return self._door.execute(name, image)

    def run(self, argv: Sequence[str], timeout: float = 5.0) -> Answer:
        """Raises Unavailable: programs of another machine's folder are not started."""
        del timeout
        raise Unavailable(f"{argv[0]}: programs below {self.root} are not started")
