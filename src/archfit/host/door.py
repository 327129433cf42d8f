"""The one door to the machine: what a probe may ask, whoever answers.

`archfit.host.live.Live` answers for real; `archfit.host.recorded.Recorded`
answers from a recording, so that any machine can be replayed on any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said. ``status`` is -1 when it ran out of time."""

    status: int
    out: str
    err: str = ""


class Door(Protocol):
    """Everything that a probe may ask of a machine."""

    env: Mapping[str, str]

    def uname(self) -> tuple[str, str, str, str, str]:
        """sysname, nodename, release, version, machine, as uname(2)."""
        ...

    def page_size(self) -> int:
        """Bytes, as sysconf(_SC_PAGESIZE)."""
        ...

    def pid(self) -> int:
        """Of this process."""
        ...

    def read(self, path: str, limit: int = 1 << 20, offset: int = 0) -> bytes:
        """At most ``limit`` bytes of a regular file. Unavailable when there is none.

        Its kind Denied for lack of right, also when ``path`` is a folder.
        """
        ...

    def find(self, path: str, needle: bytes, length: int = 64, limit: int = 64) -> list[bytes]:
        """What stands at each place of ``needle`` in a regular file, needle included.

        At most ``limit`` places and ``length`` bytes each, in the file's order: a whole
        library is searched without being read into memory. Unavailable as `read`.
        """
        ...

    def exists(self, path: str) -> bool:
        """Follows links; a dangling link does not exist.

        False also below a folder that may not be searched: `read` tells the two apart.
        """
        ...

    def is_dir(self, path: str) -> bool:
        """Follows links."""
        ...

    def listdir(self, path: str) -> list[str]:
        """Sorted names; empty when the folder is absent or unreadable."""
        ...

    def realpath(self, path: str) -> str:
        """With all links resolved, as far as they exist."""
        ...

    def which(self, name: str) -> list[str]:
        """All executable files of that name on PATH, in order."""
        ...

    def sysctl(self, name: str) -> str:
        """macOS's sysctlbyname(3) in this very process, integers in decimal.

        Unavailable when the kernel has no such name, and everywhere but on macOS.
        """
        ...

    def execute(self, name: str, image: bytes) -> int | None:
        """The status of a program of ours, handed to the kernel from memory.

        None: the kernel has nothing that runs it (ENOEXEC). Unavailable for any other
        reason: a handler whose interpreter is gone, no right, no such thing on this system.
        ``name`` says what it is, for recordings: an ISA.
        """
        ...

    def run(self, argv: Sequence[str], timeout: float = 5.0) -> Answer:
        """The answer of a command. Unavailable when it is absent or can't be started."""
        ...
