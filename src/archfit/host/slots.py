"""Folders that candidates of a reduction are written to, again and again.

A candidate lies at one of a few fixed paths, so that what a build cache knows of an
unchanged package stays true (cmd/go hashes the folder's path too). Only what differs from
the candidate before it is written. A slot is held by a lock of the kernel, which lets it
go when its holder is killed.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

from archfit.host import lab_store
from archfit.host.files import unavailable
from archfit.model.errors import Unavailable

#: prctl(2), linux/prctl.h.
_PR_SET_PDEATHSIG = 1
#: Folders that no build reads.
_UNREAD = (".git", ".hg", ".svn", ".jj", "__pycache__", "node_modules")
_MOST_FILES = 20_000
_MOST_BYTES = 512 << 20


def die_with(parent: int) -> None:
    """End this process when ``parent``, which forked it, is gone.

    One that outlives a killed parent would keep the locks that it inherited; one that was
    started by another process (multiprocessing's fork server) inherited none.
    """
    if os.getppid() not in (parent, 1):
        return
    # A SIGTERM that comes while an object is taken down is no news to anybody.
    sys.unraisablehook = _unsaid
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _unsaid(_what: object) -> None:
    """Nothing is written."""


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


@contextmanager
def free_slot(home: str, count: int) -> Iterator[str]:
    """One of the folders ``home/0`` ... that nobody else holds, waited for.

    A SIGTERM in the block unwinds it, so that what runs in the slot is ended before the
    slot is free. Raises Unavailable.
    """
    lab_store.folder(home)
    number, fd = _take(home, count)
    before = None
    try:
        with suppress(ValueError):  # not in the main thread
            before = signal.signal(signal.SIGTERM, _leave)
        yield lab_store.folder(home, str(number))
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
        os.close(fd)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)


def _take(home: str, count: int) -> tuple[int, int]:
    while True:
        for number in range(count):
            path = os.path.join(home, f"{number}.lock")
            try:
                fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise unavailable(path, error) from None
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                continue
            return number, fd
        time.sleep(0.02)


def read_tree(root: str) -> tuple[dict[str, bytes], frozenset[str]]:
    """Every file below a folder by its relative path, and which may be executed.

    Links to files are read through; folders that no build reads are left out. Raises
    Unavailable for what can't be read and for more than 20,000 files or 512 MiB.
    """
    files: dict[str, bytes] = {}
    programs: set[str] = set()
    size = 0
    for above, dirs, names in os.walk(root):
        dirs[:] = sorted(name for name in dirs if name not in _UNREAD)
        for name in sorted(names):
            path = os.path.join(above, name)
            try:
                status = os.stat(path)
            except OSError:
                continue  # a link that leads nowhere
            if not stat.S_ISREG(status.st_mode):
                continue
            size += status.st_size
            if len(files) >= _MOST_FILES or size > _MOST_BYTES:
                raise Unavailable(
                    f"{root}: more than {_MOST_FILES} files or {_MOST_BYTES >> 20} MiB",
                    "name the module's folder with --dir",
                )
            inner = os.path.relpath(path, root)
            files[inner] = lab_store.read(path, _MOST_BYTES) or b""
            if status.st_mode & 0o100:
                programs.add(inner)
    return files, frozenset(programs)


def put_tree(root: str, files: Mapping[str, bytes], programs: frozenset[str]) -> None:
    """Make a folder hold these files and nothing else; what is right already is not touched."""
    lab_store.folder(root)
    wanted = {os.path.dirname(path) for path in files}
    for above, dirs, names in os.walk(root, topdown=False):
        inner = os.path.relpath(above, root)
        for name in names:
            path = os.path.normpath(os.path.join(inner, name))
            if path not in files:
                lab_store.remove(os.path.join(above, name))
        for name in dirs:
            path = os.path.normpath(os.path.join(inner, name))
            if not any(one == path or one.startswith(f"{path}/") for one in wanted):
                lab_store.remove(os.path.join(above, name))
    for inner, data in files.items():
        path = os.path.join(root, inner)
        if os.path.islink(path) or (os.path.isdir(path) and not os.path.islink(path)):
            lab_store.remove(path)
        if os.path.isfile(path) and lab_store.read(path, _MOST_BYTES) == data:
            continue
        lab_store.write(path, data, 0o755 if inner in programs else 0o644)


def is_empty(path: str) -> bool:
    """There is no such folder, or nothing in it. Raises Unavailable."""
    try:
        return not os.path.lexists(path) or not os.listdir(path)
    except OSError as error:
        raise unavailable(path, error) from None


def count(path: str) -> int:
    """Names in a folder; 0 when it is not there. Raises Unavailable."""
    try:
        return len(os.listdir(path)) if os.path.isdir(path) else 0
    except OSError as error:
        raise unavailable(path, error) from None


def below(path: str, prefix: str) -> list[str]:
    """The paths in a folder whose names begin so, by name; none when it is not there."""
    names = sorted(os.listdir(path)) if os.path.isdir(path) else []
    return [os.path.join(path, name) for name in names if name.startswith(prefix)]
