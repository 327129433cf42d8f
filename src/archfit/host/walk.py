"""Every regular file below a folder, once, without ever following a link.

A link is never followed: what it names inside the root is met at its own place,
and what it names outside is not asked for. So cycles of links cannot trap the
walk. A bind mount makes no cycle: the kernel does not show a mount below itself again.

The walk is done in stretches, which processes share: who has spent its room hands back the
folders that it has not entered yet. So each folder is opened once, by the process that opens
its files too, and no list of names goes from one process to another.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence

from archfit.host.files import FLAGS, reason

#: Kinds of mounted file system that hold no files anybody built (`mount(8)`, /proc/filesystems).
_PSEUDO = frozenset(
    {
        "proc",
        "sysfs",
        "devtmpfs",
        "devpts",
        "cgroup",
        "cgroup2",
        "securityfs",
        "debugfs",
        "tracefs",
        "pstore",
        "bpf",
        "configfs",
        "fusectl",
        "mqueue",
        "hugetlbfs",
        "binfmt_misc",
        "efivarfs",
        "autofs",
        "rpc_pipefs",
        "nsfs",
    }
)

#: What a stretch of the walk may cost before it is handed back, in files that are opened and
#: closed again (5 us each); about 10 ms, enough that handing over costs nothing beside it, few
#: enough that all cores end together.
_ROOM = 2048
#: What a folder and a recognised file cost beside that.
_FOLDER, _RECOGNISED = 4, 24

#: A folder still to be entered, by its path, or names of files in one: (path with a slash, names).
Place = str | tuple[str, list[str]]


class Visit:
    """A stretch of the walk: files below ``places`` opened and sieved, until ``_ROOM`` is spent.

    Iterated once, it gives (path, open descriptor, "") of each file whose first ``size`` bytes
    are recognised, in sorted depth-first order; the caller closes each descriptor. What can't
    be entered, opened or read, or is not entered on purpose, comes as (path, -1, reason).
    ``first_two`` is a cheap sieve before ``recognise``: all first two bytes that it can know.
    ``pseudo``: what `pseudo_mounts` gave. Afterwards ``files`` is the number of regular files
    met, and ``left`` what is still to be visited, in order.
    """

    def __init__(
        self,
        root: str,
        places: Sequence[Place],
        size: int,
        first_two: frozenset[bytes],
        recognise: Callable[[bytes], str],
        pseudo: Mapping[str, str],
    ) -> None:
        self.files = 0
        self.left: list[Place] = list(places)
        self._root = root
        self._size = size
        self._first_two = first_two
        self._recognise = recognise
        self._pseudo = pseudo
        self._room = _ROOM

    def __iter__(self) -> Iterator[tuple[str, int, str]]:
        stack = self.left
        stack.reverse()
        while stack and self._room > 0:
            place = stack.pop()
            try:
                if isinstance(place, str):
                    yield from self._folder(place, stack)
                else:
                    yield from self._again(*place, stack)
            except OSError as error:
                yield place if isinstance(place, str) else place[0], -1, reason(error)
        stack.reverse()

    def _folder(self, path: str, stack: list[Place]) -> Iterator[tuple[str, int, str]]:
        if path in self._pseudo and path != self._root:
            yield path, -1, f"a {self._pseudo[path]} file system, which holds no built files"
            return
        self._room -= _FOLDER
        folder = _open_folder(path, path == self._root)
        try:
            names, folders = _listed(folder)
            prefix = path if path.endswith("/") else path + "/"
            stack.extend([prefix + name for name in folders])
            if names:
                yield from self._files(folder, prefix, names, stack)
        finally:
            os.close(folder)

    def _again(
        self, prefix: str, names: list[str], stack: list[Place]
    ) -> Iterator[tuple[str, int, str]]:
        folder = _open_folder(prefix, True)
        try:
            yield from self._files(folder, prefix, names, stack)
        finally:
            os.close(folder)

    def _files(
        self, folder: int, prefix: str, names: list[str], stack: list[Place]
    ) -> Iterator[tuple[str, int, str]]:
        open_, read, close = os.open, os.read, os.close
        flags = FLAGS | os.O_NOFOLLOW
        size, first_two, recognise = self._size, self._first_two, self._recognise
        if len(names) > _ROOM:
            # In pieces, so that other processes can take their part of a large folder.
            pieces = [names[at : at + _ROOM] for at in range(0, len(names), _ROOM)]
            names = pieces[0]
            stack.extend([(prefix, piece) for piece in reversed(pieces[1:])])
        room = self._room
        done = 0
        for name in names:
            if room <= 0:
                stack.append((prefix, names[done:]))
                break
            done += 1
            room -= 1
            try:
                fd = open_(name, flags, dir_fd=folder)
            except OSError as error:
                yield prefix + name, -1, reason(error)
                continue
            try:
                head = read(fd, size)
            except OSError as error:
                close(fd)
                # A FIFO that took the file's place between listing and opening answers so.
                yield prefix + name, -1, reason(error)
                continue
            if head[:2] in first_two and recognise(head):
                room -= _RECOGNISED
                yield prefix + name, fd, ""
            else:
                close(fd)
        self.files += done
        self._room = room


def _open_folder(path: str, follow: bool) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    return os.open(path, flags if follow else flags | os.O_NOFOLLOW)


def _listed(folder: int) -> tuple[list[str], list[str]]:
    """(names of regular files, names of folders the last first), sorted. Raises OSError."""
    names: list[str] = []
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                names.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
    names.sort()
    folders.sort(reverse=True)
    return names, folders


def apart(place: Place) -> tuple[list[Place], list[Place]]:
    """A place as (its files, each a place of its own, its folders), both in order.

    For a place at which a reader died. Raises OSError when it can't be entered.
    """
    if not isinstance(place, str):
        prefix, names = place
        return [(prefix, [name]) for name in names], []
    folder = _open_folder(place, True)
    try:
        names, folders = _listed(folder)
    finally:
        os.close(folder)
    prefix = place if place.endswith("/") else place + "/"
    return [(prefix, [name]) for name in names], [prefix + name for name in reversed(folders)]


def pseudo_mounts() -> dict[str, str]:
    """Mount point -> kind, of the mounts that hold no files anybody built (Linux only)."""
    try:
        fd = os.open("/proc/self/mounts", FLAGS)
    except OSError:
        return {}
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return {}
        text = b""
        while chunk := os.read(fd, 1 << 16):
            text += chunk
    finally:
        os.close(fd)
    rows = (line.split(" ") for line in text.decode("utf-8", "replace").splitlines())
    return {row[1]: row[2] for row in rows if len(row) > 2 and row[2] in _PSEUDO}
