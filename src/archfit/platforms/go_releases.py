"""Releases of Go: their targets, the systems they run on, what changed. Source: `go_releases.toml`.

Releases are counted by their minor number: 16 is Go 1.16 and all its patches.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any

from archfit.platforms.isa import normalise
from archfit.platforms.table import table

#: Words for operating systems that Go spells otherwise.
_OS_SPELLINGS = {
    "macos": "darwin",
    "mac": "darwin",
    "osx": "darwin",
    "macosx": "darwin",
    "apple": "darwin",
    "win": "windows",
    "win32": "windows",
    "win64": "windows",
    "windows_nt": "windows",
    "mingw64": "windows",
    "gnu/linux": "linux",
    "linux32": "linux",
    "linux64": "linux",
    "iphoneos": "ios",
}


class Standing(StrEnum):
    """How a release of Go stands to a target."""

    NEVER = "never"  #: no release of Go builds for it
    LATER = "later"  #: a newer one does
    THERE = "there"
    BROKEN = "broken"  #: listed, but marked as broken
    DROPPED = "dropped"  #: an older one did


def minor(version: str) -> int | None:
    """``go1.21.3`` or ``1.21`` -> 21; None for what names no release of Go 1."""
    words = version.removeprefix("go").split(".")
    if words[0] != "1":
        return None
    digits = ""
    for char in words[1] if len(words) > 1 else "0":
        if not char.isdigit():
            break
        digits += char
    return int(digits) if digits else None


def newest() -> int:
    """The newest release that the table knows."""
    return max(_minor(row["version"]) for row in table("go_releases")["release"])


def released(version: str) -> str:
    """The day (ISO 8601) on which the first of these releases came out; "" when unknown."""
    wanted = minor(version)
    rows = table("go_releases")["release"]
    return next((str(r["released"]) for r in rows if _minor(r["version"]) == wanted), "")


@cache
def ports(target: str) -> tuple[dict[str, Any], ...]:
    """The rows of a target (``darwin/arm64``), oldest first: a name may have meant two things."""
    rows = [row for row in table("go_releases")["port"] if row["target"] == target]
    return tuple(sorted(rows, key=lambda row: _minor(row["since"])))


def standing(target: str, release: int) -> Standing:
    """How Go 1.``release`` stands to a target."""
    rows = ports(target)
    for row in rows:
        if _minor(row["since"]) <= release <= _last(row):
            broken = row["broken"] and _minor(row["broken"]) <= release
            return Standing.BROKEN if broken else Standing.THERE
    if not rows:
        return Standing.NEVER
    return Standing.LATER if release < _minor(rows[0]["since"]) else Standing.DROPPED


def targets(release: int) -> list[str]:
    """What Go 1.``release`` builds for, ports marked as broken left out."""
    names = {row["target"] for row in table("go_releases")["port"]}
    return sorted(name for name in names if standing(name, release) is Standing.THERE)


def cgo(target: str, release: int) -> bool:
    """Go 1.``release`` has cgo for the target."""
    return any(
        row["cgo"] and _minor(row["cgo"]) <= release and _minor(row["since"]) <= release
        for row in ports(target)
        if release <= _last(row)
    )


def oldest_system(target: str, release: int) -> str:
    """The oldest version of the target's system that Go 1.``release`` supports, "" = unknown.

    Of the kernel for Linux, of the product for macOS and iOS, NT's for Windows.
    """
    best: tuple[int, int, str] = (-1, -1, "")
    for row in table("go_releases")["minimum"]:
        of = row["target"]
        if of in (target, target.split("/", maxsplit=1)[0]) and _minor(row["since"]) <= release:
            best = max(best, ("/" in of, _minor(row["since"]), str(row["version"])))
    return best[2]


def known_os(name: str) -> bool:
    """Some Go release has a port for this GOOS."""
    return name in {row["target"].split("/")[0] for row in table("go_releases")["port"]}


def known_isa(name: str) -> bool:
    """Some Go release has a port for this GOARCH."""
    return name in {row["target"].split("/")[1] for row in table("go_releases")["port"]}


def meant(goos: str, goarch: str) -> str:
    """The target that somebody meant who wrote it otherwise; "" when nothing fits.

    ``Darwin``, ``x86_64`` -> ``darwin/amd64``; ``linux/arm64``, ``amd64`` -> ``linux/arm64``.
    """
    words = goos.strip().lower().split("/")
    system, isa = _OS_SPELLINGS.get(words[0], words[0]), goarch.strip()
    if len(words) > 1 and normalise(words[1]):
        isa = words[1]
    name = isa.lower() if known_isa(isa.lower()) else normalise(isa) or normalise(isa[:5])
    if name is None or not known_os(system):
        return ""
    target = f"{system}/{name}"
    return target if ports(target) else ""


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def _last(row: dict[str, Any]) -> int:
    return _minor(row["until"]) if row["until"] else 1_000_000
