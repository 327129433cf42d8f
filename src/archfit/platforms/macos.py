"""Releases of macOS. Source: `macos.toml`."""

from __future__ import annotations

from typing import Any

from archfit.platforms.table import table


def _rows() -> list[dict[str, Any]]:
    return list(table("macos")["macos"])


def of_darwin(release: str) -> dict[str, Any] | None:
    """The macOS row for a kernel release as uname -r prints it: 23.1.0 -> macOS 14."""
    major = release.split(".", maxsplit=1)[0]
    return next((row for row in _rows() if str(row["darwin"]) == major), None)


def of_version(version: str) -> dict[str, Any] | None:
    """The row for a product version: 14.2.1 -> macOS 14, 10.15.7 -> 10.15."""
    words = version.split(".")
    key = ".".join(words[:2]) if words[0] == "10" else words[0]
    return next((row for row in _rows() if row["version"] == key), None)


def runs(version: str) -> tuple[str, ...]:
    """ISAs for which a macOS release exists, without Rosetta; empty when unknown."""
    row = of_version(version)
    if row is None:
        return ()
    return tuple(isa for isa in ("arm64", "amd64") if row[isa])
