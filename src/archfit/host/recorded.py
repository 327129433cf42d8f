"""A machine that is not here, answered from a recording.

A recording is one JSON object, every part optional::

    {"schema": "archfit.recording/1",
     "about": "where it comes from",
     "complete": false,
     "uname": [sysname, nodename, release, version, machine],
     "page_size": 4096,  "pid": 4242,
     "env": {"PATH": "..."},
     "files": {path: text | {"base64": "..."} | {"base64": "...", "partial": true} | null},
     "find": {path: {needle: [text, ...]}},
     "dirs": {path: [name, ...]},
     "exists": {path: true | false},
     "links": {path: where it leads in the end},
     "which": {name: [path, ...]},
     "sysctl": {name: text | null},
     "executes": {isa: status | "no handler" | null},
     "commands": {"sysctl -n hw.machine": {"status": 0, "out": "arm64\\n", "err": ""} | null},
     "why": {path or command: "permission denied"}}

``null`` is "it is not there". A question that the recording has no answer for raises
Unavailable saying so, unless ``complete`` is true: then what is not listed is not there.
Text of files and needles is Latin-1, byte for byte; base64 is for what is not text.
`/proc/PID` of the recorded process is written `/proc/self`.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from archfit.host.door import Answer
from archfit.model.errors import Denied, Malformed, Unavailable

SCHEMA = "archfit.recording/1"

_PARTS: dict[str, type | tuple[type, ...]] = {
    "schema": str,
    "about": str,
    "complete": bool,
    "uname": list,
    "page_size": int,
    "pid": int,
    "env": dict,
    "files": dict,
    "find": dict,
    "dirs": dict,
    "exists": dict,
    "links": dict,
    "which": dict,
    "sysctl": dict,
    "executes": dict,
    "commands": dict,
    "why": dict,
}


class Recorded:
    """The `archfit.host.door.Door` to a recorded machine."""

    env: Mapping[str, str]

    def __init__(self, document: object) -> None:
        """``document``: the recording, already read from JSON. Raises Malformed."""
        if not isinstance(document, dict):
            raise Malformed("not a recording: it is no JSON object")
        for part, value in document.items():
            if part not in _PARTS:
                raise Malformed(f"recording: there is no part {part!r}")
            if not isinstance(value, _PARTS[part]):
                raise Malformed(f"recording: {part} is {type(value).__name__}")
        if document.get("schema", SCHEMA) != SCHEMA:
            raise Malformed(f"recording: schema is {document['schema']!r}, not {SCHEMA!r}")
        self._all: dict[str, Any] = document
        self._complete: bool = document.get("complete", False)
        self._self = f"/proc/{document.get('pid', 0)}/"
        self.env = {str(k): str(v) for k, v in self._part("env").items()}

    def uname(self) -> tuple[str, str, str, str, str]:
        """As recorded. Raises Unavailable when it was not."""
        words = self._all.get("uname")
        if words is None:
            raise Unavailable("the recording has no uname")
        if len(words) != 5 or not all(isinstance(w, str) for w in words):
            raise Malformed("recording: uname is not five strings")
        return words[0], words[1], words[2], words[3], words[4]

    def page_size(self) -> int:
        """As recorded. Raises Unavailable when it was not."""
        return self._number("page_size")

    def pid(self) -> int:
        """Of the recorded process. Raises Unavailable when it was not recorded."""
        return self._number("pid")

    def read(self, path: str, limit: int = 1 << 20, offset: int = 0) -> bytes:
        """The same bytes as on the machine, or Unavailable for the same reason."""
        path = self._name(path)
        content = self._known("files", path)
        data = _bytes(path, content)
        partial = isinstance(content, dict) and content.get("partial") is True
        if partial and offset + limit > len(data):
            raise Unavailable(f"the recording has only the first {len(data)} bytes of {path}")
        return data[offset : offset + limit]

    def find(self, path: str, needle: bytes, length: int = 64, limit: int = 64) -> list[bytes]:
        """As recorded, or searched for in a file that was recorded whole."""
        path = self._name(path)
        places = (self._part("find").get(path) or {}).get(needle.decode("latin-1"))
        if places is not None:
            return [_bytes(path, text)[:length] for text in places[:limit]]
        content = self._known("files", path)
        if isinstance(content, dict) and content.get("partial") is True:
            raise Unavailable(f"the recording does not have all of {path} to search")
        data = _bytes(path, content)
        found: list[bytes] = []
        at = data.find(needle)
        while at >= 0 and len(found) < limit:
            found.append(data[at : at + length])
            at = data.find(needle, at + len(needle))
        return found

    def exists(self, path: str) -> bool:
        """Said outright, or known from a file or folder that was recorded."""
        path = self._name(path)
        said = self._part("exists").get(path)
        if isinstance(said, bool):
            return said
        for part in ("files", "find", "dirs", "links"):
            if path in self._part(part):
                return self._part(part)[path] is not None
        if self.is_dir(path):
            return True
        if self._complete:
            return False
        raise Unavailable(f"the recording does not say whether {path} exists")

    def is_dir(self, path: str) -> bool:
        """Folders are those listed, and those that something recorded stands in."""
        path = self._name(path)
        if path in self._part("dirs"):
            return self._part("dirs")[path] is not None
        inside = path.rstrip("/") + "/"
        return any(
            name.startswith(inside) and value is not None and value is not False
            for part in ("files", "find", "dirs", "exists", "links")
            for name, value in self._part(part).items()
        )

    def listdir(self, path: str) -> list[str]:
        """As recorded; else the names of recorded things that stand in it."""
        path = self._name(path)
        if path in self._part("dirs"):
            return sorted(self._part("dirs")[path] or [])
        inside = path.rstrip("/") + "/"
        return sorted(
            {
                name.removeprefix(inside).split("/")[0]
                for part in ("files", "find", "dirs", "exists", "links")
                for name, value in self._part(part).items()
                if name.startswith(inside) and value is not None and value is not False
            }
        )

    def realpath(self, path: str) -> str:
        """Where a recorded link leads; a path without one is its own real path."""
        path = self._name(posixpath.normpath(path))
        return str(self._part("links").get(path, path))

    def which(self, name: str) -> list[str]:
        """As recorded."""
        paths = self._part("which").get(name)
        if paths is None and name not in self._part("which") and not self._complete:
            raise Unavailable(f"the recording does not say where {name} is")
        return [str(path) for path in paths or []]

    def sysctl(self, name: str) -> str:
        """As recorded, or from a recorded ``sysctl -n NAME``."""
        values = self._part("sysctl")
        if values.get(name) is not None:
            return str(values[name])
        if name not in values:
            answer = self._part("commands").get(f"sysctl -n {name}")
            if answer is not None and answer.get("status") == 0:
                return str(answer.get("out", "")).rstrip("\n")
            if answer is None and not self._complete:
                raise Unavailable(f"the recording has no sysctl {name}")
        raise Unavailable(f"sysctl {name}: this kernel has no such name")

    def execute(self, name: str, image: bytes) -> int | None:
        """What the kernel did with such a program then."""
        del image
        results = self._part("executes")
        result = results.get(name)
        if result is None:
            if name not in results:
                raise Unavailable(f"the recording does not say whether {name} programs run")
            raise Unavailable(self._part("why").get(f"execute {name}", "execve failed"))
        return None if result == "no handler" else int(result)

    def run(self, argv: Sequence[str], timeout: float = 5.0) -> Answer:
        """What the command said then. Raises Unavailable when it could not be started."""
        del timeout
        line = shlex.join(argv)
        commands = self._part("commands")
        answer = commands.get(line)
        if answer is None:
            if line in commands or self._complete:
                why = self._part("why").get(line, "no such file or directory")
                raise Unavailable(f"{argv[0]}: {why}")
            raise Unavailable(f"the recording has no answer of: {line}")
        return Answer(
            int(answer.get("status", 0)), str(answer.get("out", "")), str(answer.get("err", ""))
        )

    def _part(self, name: str) -> dict[str, Any]:
        part: dict[str, Any] = self._all.get(name, {})
        return part

    def _number(self, name: str) -> int:
        if name not in self._all:
            raise Unavailable(f"the recording has no {name}")
        return int(self._all[name])

    def _name(self, path: str) -> str:
        if path.startswith(self._self):
            return "/proc/self/" + path.removeprefix(self._self)
        return path

    def _known(self, part: str, path: str) -> Any:
        """The recorded thing; Unavailable when it was not there or nobody asked."""
        things = self._part(part)
        real = self._part("links").get(path, path)
        for name in (path, real):
            if things.get(name) is not None:
                return things[name]
        if path in things or self._complete or self._part("exists").get(path) is False:
            why = self._part("why").get(path, "no such file or directory")
            kind = Denied if why == "permission denied" else Unavailable
            raise kind(f"{path}: {why}")
        raise Unavailable(f"the recording does not have {path}")


def _bytes(path: str, content: Any) -> bytes:
    if isinstance(content, str):
        return content.encode("latin-1", "replace")
    if isinstance(content, dict) and isinstance(content.get("base64"), str):
        try:
            return base64.b64decode(content["base64"], validate=True)
        except (ValueError, binascii.Error):
            raise Malformed(f"recording: {path} is no base64") from None
    raise Malformed(f"recording: {path} is neither text nor base64")
