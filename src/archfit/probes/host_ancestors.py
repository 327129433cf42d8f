"""The processes that this one descends from, and what each is run as.

Linux: the header of the image that the kernel runs, /proc/PID/exe; when that is a
translator, the process is of the ISA which it translates. macOS: the process flag
P_TRANSLATED, 0x00020000 (xnu bsd/sys/proc.h), which ps(1) prints under `flags` in hex.
"""

from __future__ import annotations

from archfit.facts.host import ANCESTORS, ISA, OS
from archfit.formats.slice_isa import HEAD, isas_in
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.translator import translator_of

_MAX = 12
_P_TRANSLATED = 0x00020000


def run(door: Door, facts: dict[str, Fact]) -> None:
    """The parent first. Raises Unavailable when not even the parent can be seen."""
    if OS.of(facts) == "darwin":
        found, source = _darwin(door, ISA.of(facts)), "ps -o pid,ppid,flags,comm"
    else:
        found, source = _linux(door), "/proc/PID/exe"
    if not found:
        raise Unavailable("this process's ancestors can't be seen")
    facts[ANCESTORS.name] = Fact(found, Trust.OBSERVED, source)


def _linux(door: Door) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    pid = _status(door, "/proc/self/status").get("PPid", "0")
    while pid.isdigit() and int(pid) > 0 and len(found) < _MAX:
        status = _status(door, f"/proc/{pid}/status")
        if not status:
            break
        exe = f"/proc/{pid}/exe"
        isa, path = _isas(door, exe), door.realpath(exe)
        translator = translator_of(path)
        found.append(
            {
                "pid": int(pid),
                "name": status.get("Name", ""),
                "path": None if path == exe else path,
                "isa": translator[1] if translator else next(iter(isa), None),
                "translated": (translator is not None) if isa else None,
            }
        )
        pid = status.get("PPid", "0")
    return found


def _status(door: Door, path: str) -> dict[str, str]:
    try:
        lines = door.read(path, 1 << 13).decode("utf-8", "replace").splitlines()
    except Unavailable:
        return {}
    pairs = (line.partition(":") for line in lines[:64])
    return {name: value.strip() for name, _, value in pairs}


def _darwin(door: Door, machine: str | None) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    row = _ps(door, door.pid())
    while row is not None and row[1] > 0 and len(found) < _MAX:
        row = _ps(door, row[1])
        if row is None:
            break
        pid, _, flags, path = row
        translated = bool(flags & _P_TRANSLATED)
        isas = _isas(door, path)
        native = machine if machine in isas or len(isas) != 1 else isas[0]
        found.append(
            {
                "pid": pid,
                # A login shell is shown as -zsh.
                "name": path.rsplit("/", 1)[-1].lstrip("-"),
                "path": path,
                "isa": "amd64" if translated else native,
                "translated": translated,
            }
        )
    return found


def _ps(door: Door, pid: int) -> tuple[int, int, int, str] | None:
    """(pid, ppid, flags, path) as ps(1) prints them."""
    answer = door.run(["ps", "-o", "pid=,ppid=,flags=,comm=", "-p", str(pid)])
    words = answer.out.split(None, 3)
    try:
        return int(words[0]), int(words[1]), int(words[2], 16), words[3].strip()
    except (ValueError, IndexError):
        return None


def _isas(door: Door, path: str) -> tuple[str, ...]:
    try:
        return isas_in(door.read(path, HEAD))
    except Unavailable:
        return ()


PROBE = HostProbe(
    name="host_ancestors",
    gives=(ANCESTORS,),
    run=run,
    after=("host_machine",),
    costly=True,
)
