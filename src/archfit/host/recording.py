"""Writes down what a machine answers, so that `archfit.host.recorded.Recorded` can repeat it.

Only what is asked is written: of the environment the variables that a probe looked up, of
a large file the bytes that were read. The machine's own name is left out, and so are user
and password of addresses (https://user:password@host) in texts.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from archfit.host.door import Answer, Door
from archfit.host.recorded import SCHEMA
from archfit.model.errors import Unavailable

T = TypeVar("T")

_WHO = re.compile(r"://[^/@\s]{1,256}@")


class _Asked(Mapping[str, str]):
    """An environment that remembers which of its variables were looked up."""

    def __init__(self, env: Mapping[str, str], seen: dict[str, str]) -> None:
        self._env = env
        self._seen = seen

    def __getitem__(self, name: str) -> str:
        value = self._env[name]
        self._seen[name] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._env)

    def __len__(self) -> int:
        return len(self._env)


class Recording:
    """A `archfit.host.door.Door` before another one; `document` is what it heard so far."""

    env: Mapping[str, str]

    def __init__(self, door: Door, about: str = "") -> None:
        self._door = door
        self._self = f"/proc/{door.pid()}/"
        self._seen: dict[str, Any] = {"schema": SCHEMA, "about": about, "env": {}}
        self._files: dict[str, tuple[bytes, bool]] = {}
        self.env = _Asked(door.env, self._seen["env"])

    def document(self) -> dict[str, Any]:
        """The recording as plain data for JSON, keys in order."""
        files = self._part("files")
        files.update({name: _plain(*held) for name, held in self._files.items()})
        return {
            name: dict(sorted(part.items())) if isinstance(part, dict) else part
            for name, part in self._seen.items()
        }

    def uname(self) -> tuple[str, str, str, str, str]:
        """Recorded without the node's name."""
        sysname, _, release, version, machine = self._door.uname()
        self._seen["uname"] = [sysname, "", release, version, machine]
        return sysname, "", release, version, machine

    def page_size(self) -> int:
        """Recorded."""
        self._seen["page_size"] = size = self._door.page_size()
        return size

    def pid(self) -> int:
        """Recorded."""
        self._seen["pid"] = pid = self._door.pid()
        return pid

    def read(self, path: str, limit: int = 1 << 20, offset: int = 0) -> bytes:
        """Recorded from the file's start to the last byte that was asked for."""
        name = self._name(path)
        end = offset + limit
        data = self._part_or_why("files", name, lambda: self._door.read(path, end))
        if len(data) >= len(self._files.get(name, (b"", False))[0]):
            self._files[name] = (data, len(data) == end)
        return data[offset:end]

    def find(self, path: str, needle: bytes, length: int = 64, limit: int = 64) -> list[bytes]:
        """Recorded: the places found, not the file."""
        name = self._name(path)
        found = self._part_or_why(
            "files", name, lambda: self._door.find(path, needle, length, limit)
        )
        places = self._part("find").setdefault(name, {})
        places[needle.decode("latin-1")] = [place.decode("latin-1") for place in found]
        return found

    def exists(self, path: str) -> bool:
        """Recorded."""
        self._part("exists")[self._name(path)] = found = self._door.exists(path)
        return found

    def is_dir(self, path: str) -> bool:
        """Recorded as a folder, its names only when they are asked for."""
        found = self._door.is_dir(path)
        if found:
            self._part("dirs").setdefault(self._name(path), [])
        else:
            self._part("dirs").setdefault(self._name(path), None)
        return found

    def listdir(self, path: str) -> list[str]:
        """Recorded; an absent folder stays absent."""
        names = self._door.listdir(path)
        there = bool(names) or self._door.is_dir(path)
        self._part("dirs")[self._name(path)] = names if there else None
        return names

    def realpath(self, path: str) -> str:
        """Recorded when it leads elsewhere."""
        real = self._door.realpath(path)
        if real != path:
            self._part("links")[self._name(path)] = self._name(real)
        return real

    def which(self, name: str) -> list[str]:
        """Recorded."""
        self._part("which")[name] = paths = self._door.which(name)
        return paths

    def sysctl(self, name: str) -> str:
        """Recorded; null when the kernel has no such name."""
        self._part("sysctl").setdefault(name, None)
        self._part("sysctl")[name] = value = self._door.sysctl(name)
        return value

    def execute(self, name: str, image: bytes) -> int | None:
        """Recorded: the status, or that there is no handler."""
        results = self._part("executes")
        try:
            status = self._door.execute(name, image)
        except Unavailable as error:
            results[name] = None
            self._part("why")[f"execute {name}"] = error.why
            raise
        results[name] = "no handler" if status is None else status
        return status

    def run(self, argv: Sequence[str], timeout: float = 5.0) -> Answer:
        """Recorded with status, output and diagnostics."""
        line = shlex.join(argv)
        answer = self._part_or_why("commands", line, lambda: self._door.run(argv, timeout))
        self._part("commands")[line] = {
            "status": answer.status,
            "out": answer.out,
            "err": answer.err,
        }
        return answer

    def _part(self, name: str) -> dict[str, Any]:
        part: dict[str, Any] = self._seen.setdefault(name, {})
        return part

    def _name(self, path: str) -> str:
        if path.startswith(self._self):
            return "/proc/self/" + path.removeprefix(self._self)
        return path

    def _part_or_why(self, part: str, name: str, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except Unavailable as error:
            self._part(part).setdefault(name, None)
            self._part("why")[name] = error.why.split(": ", 1)[-1]
            raise


def _plain(data: bytes, partial: bool) -> str | dict[str, Any]:
    """Text when it is text and all of it, else base64."""
    if not partial and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in data):
        return _WHO.sub("://", data.decode("latin-1"))
    held: dict[str, Any] = {"base64": base64.b64encode(data).decode()}
    return held | {"partial": True} if partial else held
