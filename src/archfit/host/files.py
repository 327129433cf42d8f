"""Files opened so that no file, however odd, can hang or surprise the one who looks.

Every open is O_NONBLOCK (a FIFO without a writer must not block) and every
descriptor is checked to be a regular file before a byte is read from it.
"""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from archfit.model.errors import Denied, Unavailable

FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

#: Files up to this many bytes are read, larger ones are mapped.
_SMALL = 1 << 15

#: The bytes of a file and its st_mode.
Opened = tuple[bytes | mmap.mmap, int]

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


def kind_of(mode: int) -> str:
    """What a file with this st_mode is, in words; "" for a regular file."""
    return next((words for test, words in _KINDS if test(mode)), "")


def reason(error: OSError) -> str:
    """An OSError in words that need no errno table."""
    return (error.strerror or str(error)).lower()


def unavailable(path: str, error: OSError | ValueError) -> Unavailable:
    """What to raise when a file can't be opened: Denied for EACCES and EPERM."""
    kind = Denied if isinstance(error, PermissionError) else Unavailable
    return kind(f"{path}: {reason(error) if isinstance(error, OSError) else error}")


def replace_with(path: str, text: str) -> None:
    """Put ``text`` (UTF-8) in the place of a file, wholly or not at all.

    Raises Unavailable when the folder can't be written.
    """
    import tempfile

    folder = os.path.dirname(path) or "."
    try:
        fd, temporary = tempfile.mkstemp(prefix=".archfit-", dir=folder)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        finally:
            # There still when something went wrong before it took the file's place.
            with suppress(FileNotFoundError):
                os.unlink(temporary)
    except OSError as error:
        raise Unavailable(f"{path}: {reason(error)}") from None


@contextmanager
def window(path: str) -> Iterator[Opened]:
    """The bytes of a regular file (read or mapped) and its mode, while the block lasts.

    Raises Unavailable when it can't be opened or is no regular file.
    """
    try:
        fd = os.open(path, FLAGS)
    except (OSError, ValueError) as error:
        raise unavailable(path, error) from None
    with window_of(fd, path) as opened:
        yield opened


@contextmanager
def standard_input(limit: int = 4 << 30) -> Iterator[Opened]:
    """What is piped or redirected into this process, as a window.

    A pipe is spooled to an unlinked temporary file. Raises Unavailable when it is
    a terminal, can't be read, or holds more than ``limit`` bytes.
    """
    if os.isatty(0):
        raise Unavailable("standard input is a terminal", "archfit check - < FILE")
    if stat.S_ISREG(os.fstat(0).st_mode):
        with window_of(os.dup(0), "standard input") as opened:
            yield opened
        return
    import tempfile

    with tempfile.TemporaryFile() as spool:
        size = 0
        while chunk := os.read(0, 1 << 20):
            size += len(chunk)
            if size > limit:
                raise Unavailable(f"standard input holds more than {limit} bytes")
            spool.write(chunk)
        spool.flush()
        with window_of(os.dup(spool.fileno()), "standard input") as opened:
            yield opened


@contextmanager
def window_of(fd: int, path: str) -> Iterator[Opened]:
    """As `window`, for an open descriptor, which is closed before the block begins."""
    data: bytes | mmap.mmap
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise Unavailable(f"{path}: {kind_of(status.st_mode)}, not a regular file")
        if status.st_size <= _SMALL:
            # Some files of /proc and /sys say they are empty and are not.
            data = os.pread(fd, _SMALL, 0)
        else:
            data = mmap.mmap(fd, status.st_size, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise Unavailable(f"{path}: {why}") from None
    finally:
        os.close(fd)
    try:
        yield data, status.st_mode
    finally:
        if isinstance(data, mmap.mmap):
            # A view that outlives the block keeps the map; it goes with the view.
            with suppress(BufferError):
                data.close()
