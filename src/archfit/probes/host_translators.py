"""What runs other ISAs' programs: entries of binfmt_misc, and Rosetta.

An entry works when it is enabled and its interpreter can be opened: now, or, with flag F,
when it was registered, so that a container need not have the file (Linux
Documentation/admin-guide/binfmt-misc.rst). ``exists`` is true in both cases, ``present``
only when the file is there. In a container binfmt_misc is most often not mounted although
its entries hold there too; then the kernel is asked by handing it the smallest program of
each ISA (`platforms/tiny_elf.py`).

A folder in the place of a machine (`Rooted`) has the live kernel's entries, and the
interpreters of those without flag F are looked for below it, as execve(2) in a chroot does.

Rosetta 2 is installed when its runtime is there: the daemon's plist and
/usr/libexec/rosetta are part of every system (NixOS/nix 7168). "About the Rosetta
translation environment": x86_64 alone is translated.
"""

from __future__ import annotations

from archfit.facts.host import (
    CONTAINER,
    ISA,
    OS,
    PROCESS_ISA,
    ROSETTA,
    RUNS,
    TRANSLATED,
    TRANSLATOR,
    TRANSLATORS,
)
from archfit.formats.binfmt import entry
from archfit.formats.slice_isa import HEAD, isa_in
from archfit.host.door import Door
from archfit.host.rooted import Rooted
from archfit.model.errors import Malformed, Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.tiny_elf import STATUS, known, tiny_elf

_BINFMT = "/proc/sys/fs/binfmt_misc"
_RUNTIME = "/Library/Apple/usr/libexec/oah/libRosettaRuntime"

Row = dict[str, object]


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Raises Unavailable when neither the entries nor the kernel's answer can be had."""
    if OS.of(facts) == "darwin":
        _macos(door, facts)
        return
    names = door.listdir(_BINFMT)
    if "register" in names or "status" in names:
        on = _read(door, f"{_BINFMT}/status") != "disabled"
        rows = [_row(door, name, on) for name in names if name not in ("register", "status")]
        facts[TRANSLATORS.name] = Fact(rows, Trust.OBSERVED, _BINFMT)
    elif isinstance(door, Rooted):
        _untried(door, facts)
    elif CONTAINER.of(facts) == "none" and not _other_mounts(door):
        source = f"binfmt_misc is not mounted on {_BINFMT}, nor is this a container"
        facts[TRANSLATORS.name] = Fact([], Trust.OBSERVED, source)
    else:
        facts[TRANSLATORS.name] = Fact(
            _tried(door, facts), Trust.REPRODUCED, "a tiny program of each ISA, run"
        )


def _macos(door: Door, facts: dict[str, Fact]) -> None:
    installed = door.exists(_RUNTIME)
    rows: list[Row] = []
    if ISA.of(facts) == "arm64":
        facts[ROSETTA.name] = Fact(installed, Trust.OBSERVED, _RUNTIME)
        row = _entry("rosetta", "amd64", _RUNTIME, exists=installed)
        rows = [row | {"os": "darwin", "present": installed}]
    facts[TRANSLATORS.name] = Fact(rows, Trust.OBSERVED, _RUNTIME)


def _entry(name: str, isa: str | None, interpreter: str | None, *, exists: bool) -> Row:
    return {
        "name": name,
        "isa": isa,
        "interpreter": interpreter,
        "flags": "",
        "enabled": True,
        "exists": exists,
    }


def _row(door: Door, name: str, on: bool) -> Row:
    try:
        found = entry(_read(door, f"{_BINFMT}/{name}"))
    except Malformed:
        return _entry(name, None, None, exists=False) | {"enabled": False}
    present = door.exists(found.interpreter)
    return {
        "name": name,
        "isa": found.isa,
        "interpreter": found.interpreter,
        "flags": found.flags,
        "enabled": found.enabled and on,
        "exists": present or "F" in found.flags,
        "present": present,
        "interpreter_isa": _isa(door, found.interpreter) if present else None,
    }


def _tried(door: Door, facts: dict[str, Fact]) -> list[Row]:
    """What the kernel itself says for each ISA that it does not run natively."""
    rows: list[Row] = []
    if TRANSLATED.of(facts) and PROCESS_ISA.of(facts) is not None:
        rows.append(_entry(str(TRANSLATOR.of(facts)), PROCESS_ISA.of(facts), None, exists=True))
    done = {*(RUNS.of(facts) or ()), *(row["isa"] for row in rows)}
    for isa in known():
        if isa in done:
            continue
        try:
            status = door.execute(isa, tiny_elf(isa))
        except Unavailable as error:
            if "no such file" not in error.why:
                raise Unavailable(
                    f"binfmt_misc is not visible here, and trying failed: {error.why}"
                ) from None
            rows.append(_entry("not visible here", isa, None, exists=False))
            continue
        if status == STATUS:
            rows.append(_entry("not visible here", isa, None, exists=True))
    return rows


def _untried(door: Rooted, facts: dict[str, Fact]) -> None:
    """What the kernel has no handler for is certain. What it runs out here is not: only the
    entry itself would tell whether its interpreter is looked for below the folder.
    """
    rows = _tried(door, facts)
    if rows:
        raise Unavailable(
            f"binfmt_misc is not visible here: whether its interpreter for {rows[0]['isa']} "
            f"would be found below {door.root} is not known"
        )
    facts[TRANSLATORS.name] = Fact([], Trust.REPRODUCED, "a tiny program of each ISA, run")


def _other_mounts(door: Door) -> bool:
    """This process has a mount namespace of its own, so another may have binfmt_misc."""
    first, own = (
        door.realpath(f"/proc/{process}/ns/mnt").partition("mnt:")[2] for process in ("1", "self")
    )
    return bool(first and own) and first != own


def _isa(door: Door, path: str) -> str | None:
    try:
        return isa_in(door.read(path, HEAD))
    except Unavailable:
        return None


def _read(door: Door, path: str) -> str:
    try:
        return door.read(path, 4096).decode("latin-1").strip()
    except Unavailable:
        return ""


PROBE = HostProbe(
    name="host_translators",
    gives=(TRANSLATORS, ROSETTA),
    run=run,
    after=("host_machine", "host_container", "host_runs"),
)
