"""Where the lab keeps what it built and found: a cache that survives being killed.

A file is there whole or not at all (written beside, then renamed); a folder too. Two runs
at once do no harm: what takes long is done under a lock of its own name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from archfit.host.files import reason, unavailable
from archfit.model.errors import Unavailable


def home() -> str:
    """The lab's folder, made when it is not there: ``$XDG_CACHE_HOME/archfit/lab``.

    ARCHFIT_CACHE names another folder than ``$XDG_CACHE_HOME/archfit``. Raises Unavailable.
    """
    base = os.environ.get("ARCHFIT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "archfit"
    )
    return folder(os.path.join(os.path.abspath(base), "lab"))


def folder(*parts: str) -> str:
    """A folder, made with all above it when it is not there. Raises Unavailable."""
    path = os.path.join(*parts)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{path}: {reason(error)}", "set XDG_CACHE_HOME") from None
    return path


def read(path: str, limit: int = 64 << 20) -> bytes | None:
    """A whole file; None when it is not there. Unavailable when it can't be read or is larger."""
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(path, error) from None
    if len(data) > limit:
        raise Unavailable(f"{path}: more than {limit} bytes")
    return data


def write(path: str, data: bytes, mode: int = 0o644) -> None:
    """Put a file in its place, wholly or not at all, with the folders above it."""
    above = folder(os.path.dirname(path) or ".")
    try:
        fd, part = tempfile.mkstemp(prefix=".part-", dir=above)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
            os.chmod(part, mode)
            os.replace(part, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part)
    except OSError as error:
        raise Unavailable(f"{path}: {reason(error)}") from None


def adopt(built: str, path: str) -> None:
    """Move a finished file or folder to its place; one that stands there already stays.

    Both on one file system. Raises Unavailable.
    """
    folder(os.path.dirname(path))
    try:
        os.rename(built, path)
    except OSError as error:
        if os.path.exists(path):
            remove(built)
            return
        raise Unavailable(f"{path}: {reason(error)}") from None


def remove(path: str) -> None:
    """A file, or a folder with all in it (Go's module cache is read-only); absent is fine."""
    if os.path.isdir(path) and not os.path.islink(path):
        for root, dirs, _ in os.walk(path):
            for name in dirs:
                with suppress(OSError):
                    os.chmod(os.path.join(root, name), 0o755)
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(FileNotFoundError):
        os.unlink(path)


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold ``name`` against every other run of this user; waits for its turn.

    The kernel lets it go when the holder dies (flock(2)).
    """
    path = os.path.join(folder(home(), "locks"), name.replace("/", "_"))
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise unavailable(path, error) from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


@contextmanager
def workplace(prefix: str = "run-") -> Iterator[str]:
    """A folder of one's own on the cache's file system, gone with the block.

    Those of runs that were killed are swept by `sweep`.
    """
    path = tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=folder(home(), "tmp"))
    try:
        yield path
    finally:
        remove(path)


def sweep() -> None:
    """Remove work places whose process is gone."""
    base = folder(home(), "tmp")
    for name in os.listdir(base):
        words = name.split("-")
        pid = next((word for word in words if word.isdigit()), "")
        if pid and not _lives(int(pid)):
            remove(os.path.join(base, name))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def files_below(root: str, limit: int = 20_000) -> list[tuple[str, bytes]]:
    """(relative path, bytes) of every regular file below a folder, sorted; dot names left out.

    Links are not followed. Raises Unavailable for more than ``limit`` files.
    """
    found: list[tuple[str, bytes]] = []
    for above, dirs, names in os.walk(root):
        dirs[:] = sorted(name for name in dirs if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(above, name)
            if name.startswith(".") or os.path.islink(path) or not os.path.isfile(path):
                continue
            if len(found) >= limit:
                raise Unavailable(f"{root}: more than {limit} files")
            found.append((os.path.relpath(path, root), read(path) or b""))
    return sorted(found)


def digest(parts: Iterable[str | bytes]) -> str:
    """SHA-256 in hex of a list of texts, their borders included."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "little"))
        whole.update(data)
    return whole.hexdigest()


def identity(path: str) -> str:
    """What changes when a program file is replaced: its real path, size and time of change."""
    real = os.path.realpath(path)
    try:
        status = os.stat(real)
    except OSError as error:
        raise unavailable(path, error) from None
    return f"{real}:{status.st_size}:{status.st_mtime_ns}"
