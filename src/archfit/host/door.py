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
        """At most ``limit`` bytes of a regular file. Unavailable when there is none or no right."""
        ...

    def exists(self, path: str) -> bool:
        """Follows links; a dangling link does not exist."""
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

    def run(self, argv: Sequence[str], timeout: float = 5.0) -> Answer:
        """The answer of a command. Unavailable when it is absent or can't be started."""
        ...
