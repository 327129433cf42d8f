"""This machine, asked for real."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from archfit.host.door import Answer
from archfit.host.files import FLAGS, kind_of, unavailable, window
from archfit.model.errors import Unavailable


class Live:
    """The `archfit.host.door.Door` to the machine that this process runs on."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """``env``: the environment that probes see; by default that of this process."""
        self.env: Mapping[str, str] = os.environ if env is None else env

    def uname(self) -> tuple[str, str, str, str, str]:
        """sysname, nodename, release, version, machine, as uname(2)."""
        u = os.uname()
        return u.sysname, u.nodename, u.release, u.version, u.machine

    def page_size(self) -> int:
        """Bytes, as sysconf(_SC_PAGESIZE)."""
        return os.sysconf("SC_PAGESIZE")

    def pid(self) -> int:
        """Of this process."""
        return os.getpid()

    def read(self, path: str, limit: int = 1 << 20, offset: int = 0) -> bytes:
        """At most ``limit`` bytes of a regular file; fewer only at its end.

        Raises Unavailable when there is none, when it is a FIFO, a device or a folder
        (none of which is waited for); its kind Denied when there is no right, to the file
        or to a folder on the way.
        """
        fd = -1
        try:
            fd = os.open(path, FLAGS)
            kind = kind_of(os.fstat(fd).st_mode)
            if kind:
                raise Unavailable(f"{path}: {kind}, not a regular file")
            parts: list[bytes] = []
            while limit > 0:
                # Files of /proc and /sys give less than is asked for before their end.
                part = os.pread(fd, limit, offset)
                if not part:
                    break
                parts.append(part)
                limit -= len(part)
                offset += len(part)
            return b"".join(parts)
        except OverflowError as error:
            raise Unavailable(f"{path}: {error}") from None
        except (OSError, ValueError) as error:
            raise unavailable(path, error) from None
        finally:
            if fd >= 0:
                os.close(fd)

    def find(self, path: str, needle: bytes, length: int = 64, limit: int = 64) -> list[bytes]:
        """What stands at each place of ``needle`` in a regular file, needle included."""
        found: list[bytes] = []
        with window(path) as (data, _):
            at = data.find(needle)
            while at >= 0 and len(found) < limit:
                found.append(data[at : at + length])
                at = data.find(needle, at + len(needle))
        return found

    def exists(self, path: str) -> bool:
        """Follows links; a dangling link does not exist."""
        return "\0" not in path and os.path.exists(path)

    def is_dir(self, path: str) -> bool:
        """Follows links."""
        return "\0" not in path and os.path.isdir(path)

    def listdir(self, path: str) -> list[str]:
        """Sorted names; empty when the folder is absent or unreadable."""
        try:
            return sorted(os.listdir(path))
        except (OSError, ValueError):
            return []

    def realpath(self, path: str) -> str:
        """With all links resolved, as far as they exist."""
        try:
            return os.path.realpath(path)
        except (OSError, ValueError):  # a link of /proc that only its owner may read
            return path

    def which(self, name: str) -> list[str]:
        """All executable files of that name on PATH, in order, each once."""
        found: list[str] = []
        for folder in self.env.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder or ".", name)
            # access(2) first: most are absent, and it says so without an exception.
            if os.access(path, os.X_OK) and os.path.isfile(path) and path not in found:
                found.append(path)
        return [os.path.abspath(path) for path in found]

    def sysctl(self, name: str) -> str:
        """macOS's sysctlbyname(3) in this very process. Raises Unavailable elsewhere."""
        if sys.platform != "darwin":
            raise Unavailable(f"sysctl {name}: only macOS is asked so")
        from archfit.host.sysctl import sysctl

        return sysctl(name)

    def execute(self, name: str, image: bytes) -> int | None:
        """The status of a program handed to the kernel from memory; None for ENOEXEC."""
        from archfit.host.command import execute

        del name
        return execute(image, self.env)

    def run(self, argv: Sequence[str], timeout: float = 5.0) -> Answer:
        """The answer of a command, in the C locale, without input. Raises Unavailable."""
        from archfit.host.command import run

        return run(argv, timeout, self.env)
