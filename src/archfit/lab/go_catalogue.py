"""Releases of Go as the lab speaks of them: names, order, and why one can't build a target."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from functools import cache
from typing import Any

from archfit.model.errors import Misuse
from archfit.platforms import go_releases
from archfit.platforms.go_releases import Standing

_NAME = re.compile(r"(?:go)?(1\.\d{1,3}(?:\.\d{1,3}|(?:rc|beta)\d{1,2})?)")


def spelled(version: str) -> str:
    """``1.27.3`` for ``go1.27.3`` or ``1.27.3``. Raises Misuse for what is no release of Go."""
    match = _NAME.fullmatch(version.strip())
    if match is None:
        raise Misuse(f"{version!r} is no release of Go", "as 1.27 or 1.27.3")
    return match[1]


def number(version: str) -> tuple[int, int, int]:
    """For sorting: 1.27.3 is (27, 1, 3), and before it come 1.27 and its candidates."""
    match = re.match(r"(?:go)?1\.(\d+)(?:\.(\d+))?((?:rc|beta)\d+)?", version)
    if match is None:
        return (0, 0, 0)
    return int(match[1]), 0 if match[3] else 1, int(match[2] or 0)


def fits(version: str, wanted: str) -> bool:
    """``version`` is the release ``wanted``, or a patch of it when none is named."""
    return version == wanted or version.startswith(f"{wanted}.")


def why_not(version: str, target: str, cgo: bool = False) -> str:
    """Why this release can't build for a target, with the source; "" when it can.

    ``1.14`` for ``darwin/arm64``: the name meant iOS then; macOS on Apple Silicon is since 1.16.
    """
    release = go_releases.minor(version)
    if release is None:
        return f"{version} is no release of Go 1"
    rows = [row for row in sourced("port") if row["target"] == target]
    standing = go_releases.standing(target, release)
    source = "; ".join(dict.fromkeys(row["source"] for row in rows))
    if standing is Standing.NEVER:
        return f"no release of Go builds for {target} (src/cmd/dist/build.go)"
    if standing is Standing.THERE and len(rows) > 1 and _older(rows, release):
        now = max(rows, key=lambda row: _minor(row["since"]))
        then = min(rows, key=lambda row: _minor(row["since"]))
        return (
            f"Go {version} has no port for {now['means']} ({target}): it is there since"
            f" {now['since']}, and up to {then['until']} the name meant {then['means']} ({source})"
        )
    if standing is Standing.LATER:
        since = min(rows, key=lambda row: _minor(row["since"]))["since"]
        return (
            f"Go {version} does not build for {target}: the port is there since {since} ({source})"
        )
    if standing is Standing.DROPPED:
        until = max(row["until"] for row in rows)
        return f"Go {version} does not build for {target}: its last release was {until} ({source})"
    if standing is Standing.BROKEN:
        return f"Go {version}: the port {target} is marked as broken ({source})"
    if cgo and not go_releases.cgo(target, release):
        return f"Go {version} has no cgo for {target} ({source})"
    return ""


def changes(what: str, after: int, until: int) -> list[str]:
    """What the table knows to have changed in releases after ``after``, up to ``until``."""
    return [
        f"{row['since']}: {row['change']} ({row['source']})"
        for row in sourced("format")
        if row["what"] == what and after < _minor(row["since"]) <= until
    ]


@cache
def sourced(kind: str) -> tuple[dict[str, Any], ...]:
    """Rows of `platforms/go_releases.toml` with the sources that `tables.json` leaves out."""
    data = pkgutil.get_data("archfit", "platforms/go_releases.toml")
    assert data is not None, "the package lacks platforms/go_releases.toml"
    return tuple(tomllib.loads(data.decode())[kind])


def _older(rows: list[dict[str, Any]], release: int) -> bool:
    """The release has the row of an older meaning of the name."""
    newest = max(_minor(row["since"]) for row in rows)
    return release < newest


def _minor(version: str) -> int:
    return int(version.split(".")[1])
