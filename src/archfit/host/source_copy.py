"""A source tree copied for a build, so that the user's own is never built in or changed.

Regular files and links; `.git/objects` is linked where that can be (its files never change).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat

from archfit.host.files import reason
from archfit.model.errors import Unavailable

MOST_FILES = 200_000
MOST_BYTES = 4 << 30
_CHUNK = 1 << 20


def copy(source: str, target: str, mtime: float | None = None) -> int:
    """Copy a tree; how many files it has. ``mtime`` (seconds): of every file of the copy.

    Unavailable: a folder that can't be read, or more than `MOST_FILES` or `MOST_BYTES`.
    """
    count = size = 0
    try:
        for above, dirs, names in os.walk(source, onerror=_refuse):
            to = os.path.join(target, os.path.relpath(above, source))
            os.makedirs(to, exist_ok=True)
            unchanging = f"{os.sep}.git{os.sep}objects" in above
            for name in list(dirs):
                if os.path.islink(os.path.join(above, name)):
                    dirs.remove(name)
                    names.append(name)
            for name in names:
                path = os.path.join(above, name)
                status = os.lstat(path)
                count, size = count + 1, size + status.st_size
                if count > MOST_FILES or size > MOST_BYTES:
                    raise Unavailable(f"{source}: more than {MOST_FILES} files or 4 GiB")
                _one(path, os.path.join(to, name), status, unchanging, mtime)
    except OSError as error:
        raise Unavailable(f"{error.filename or source}: {reason(error)}") from None
    return count


def _refuse(error: OSError) -> None:
    raise error


def _one(path: str, to: str, status: os.stat_result, unchanging: bool, mtime: float | None) -> None:
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(path), to)
    elif stat.S_ISREG(status.st_mode):
        if unchanging:
            try:
                os.link(path, to)
                return
            except OSError:
                pass  # another file system
        shutil.copyfile(path, to)
        os.chmod(to, stat.S_IMODE(status.st_mode) | stat.S_IWUSR)
        at = status.st_mtime if mtime is None else mtime
        os.utime(to, (at, at))


def sums(root: str, skip: tuple[str, ...] = (".git",)) -> dict[str, str]:
    """{path below ``root``: sha256, hex} of every regular file, and ``-> target`` of links.

    Folders named in ``skip`` are left out at any depth. Raises Unavailable.
    """
    found: dict[str, str] = {}
    try:
        for above, dirs, names in os.walk(root, onerror=_refuse):
            dirs[:] = [name for name in dirs if name not in skip]
            for name in names:
                path = os.path.join(above, name)
                key = os.path.relpath(path, root).replace(os.sep, "/")
                if os.path.islink(path):
                    found[key] = f"-> {os.readlink(path)}"
                elif os.path.isfile(path):
                    found[key] = digest(path)
    except OSError as error:
        raise Unavailable(f"{error.filename or root}: {reason(error)}") from None
    return found


def digest(path: str) -> str:
    """sha256 of a file, hex. Raises Unavailable."""
    total = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                total.update(chunk)
    except OSError as error:
        raise Unavailable(f"{path}: {reason(error)}") from None
    return total.hexdigest()


def allow_execution(folder: str) -> None:
    """Files below ``folder`` get the right to be executed: `go mod download` takes it away."""
    for above, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(above, name)
            if not os.path.islink(path):
                os.chmod(path, stat.S_IMODE(os.lstat(path).st_mode) | 0o111)
