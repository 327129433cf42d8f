"""Every regular file below a folder, once, without ever following a link.

A link is never followed: what it names inside the root is met at its own place,
and what it names outside is not asked for. So cycles of links cannot trap the
walk. A bind mount makes no cycle: the kernel does not show a mount below itself again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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

#: So many files make a batch: enough that handing it to another process costs nothing
#: beside reading it, few enough that both cores end together.
_BATCH = 512


@dataclass(frozen=True, slots=True)
class Batch:
    """Regular files, as (folder, names) groups in walking order."""

    root: str
    groups: list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Passed:
    """Something the walk could not or would not enter."""

    path: str
    reason: str


def walk(root: str) -> Iterator[Batch | Passed]:
    """Batches of regular files in sorted depth-first order, and what was passed over."""
    pseudo = _pseudo_mounts()
    groups: list[tuple[str, list[str]]] = []
    filled = 0
    stack = [root]
    while stack:
        folder = stack.pop()
        if folder in pseudo and folder != root:
            yield Passed(folder, f"a {pseudo[folder]} file system, which holds no built files")
            continue
        try:
            with os.scandir(folder) as entries:
                names: list[str] = []
                folders: list[str] = []
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        names.append(entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
        except OSError as error:
            yield Passed(folder, reason(error))
            continue
        names.sort()
        folders.sort(reverse=True)
        prefix = folder if folder.endswith("/") else folder + "/"
        stack.extend([prefix + name for name in folders])
        while names:
            room = _BATCH - filled
            part, names = names[:room], names[room:]
            groups.append((prefix, part))
            filled += len(part)
            if filled >= _BATCH:
                yield Batch(root, groups)
                groups, filled = [], 0
    if groups:
        yield Batch(root, groups)


def wanted(
    batch: Batch, size: int, first_two: frozenset[bytes], recognise: Callable[[bytes], str]
) -> Iterator[tuple[str, int, str]]:
    """(path, open descriptor, "") of each file whose first ``size`` bytes are recognised.

    ``first_two`` is a cheap sieve before ``recognise``: all first two bytes that it can
    know. The caller closes each descriptor. A file that can't be opened or read comes
    as (path, -1, reason).
    """
    open_, read, close = os.open, os.read, os.close
    flags = FLAGS | os.O_NOFOLLOW
    for prefix, names in batch.groups:
        try:
            folder = open_(prefix, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            yield prefix, -1, reason(error)
            continue
        try:
            for name in names:
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
                    yield prefix + name, fd, ""
                else:
                    close(fd)
        finally:
            close(folder)


def _pseudo_mounts() -> dict[str, str]:
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
