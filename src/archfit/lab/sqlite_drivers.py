"""The drivers that are measured, and the sources of their programs.

Each driver has a folder of its own under `recipes/sqlite/drivers` with a go.mod and go.sum
that pin all versions; what they do is the same for all (`recipes/sqlite/work`), and those
with database/sql share `recipes/sqlite/sql`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from archfit.model.errors import Misuse


@dataclass(frozen=True, slots=True)
class Driver:
    """``module``: its import path; ``cgo``: it needs C; ``by``: database/sql or its own API."""

    name: str
    module: str
    cgo: bool
    by: str
    how: str


DRIVERS = (
    Driver("mattn", "github.com/mattn/go-sqlite3", True, "database/sql", "SQLite's C by cgo"),
    Driver(
        "modernc",
        "modernc.org/sqlite",
        False,
        "database/sql",
        "SQLite's C in Go, by ccgo",
    ),
    Driver(
        "ncruces",
        "github.com/ncruces/go-sqlite3",
        False,
        "database/sql",
        "SQLite compiled to Wasm, that translated to Go",
    ),
    Driver("zombiezen", "zombiezen.com/go/sqlite", False, "its own API", "on modernc.org/sqlite"),
    Driver(
        "glebarez", "github.com/glebarez/go-sqlite", False, "database/sql", "on modernc.org/sqlite"
    ),
)
_REQUIRED = re.compile(r"^\s*(?:require\s+)?(\S+) (v\S+)", re.M)


def chosen(names: tuple[str, ...]) -> tuple[Driver, ...]:
    """Drivers by name, all for none. Raises Misuse."""
    known = {driver.name: driver for driver in DRIVERS}
    strange = [name for name in names if name not in known]
    if strange:
        raise Misuse(f"no driver {strange[0]}", f"--drivers {','.join(known)}")
    return tuple(known[name] for name in names) or DRIVERS


@cache
def sources(driver: Driver) -> dict[str, bytes]:
    """{file name: content} of the driver's program, one flat package."""
    base = files("archfit.lab").joinpath("recipes", "sqlite")
    folders = ["work", f"drivers/{driver.name}"]
    folders += ["sql"] if driver.by == "database/sql" else []
    found: dict[str, bytes] = {}
    for folder in folders:
        for entry in base.joinpath(*folder.split("/")).iterdir():
            if entry.is_file():
                found[entry.name] = entry.read_bytes()
    return dict(sorted(found.items()))


def versions(driver: Driver) -> dict[str, str]:
    """{module: version} that its go.mod pins."""
    return dict(_REQUIRED.findall(sources(driver)["go.mod"].decode()))


def version(driver: Driver) -> str:
    """The driver's own pinned version."""
    return versions(driver)[driver.module]


def digest(driver: Driver, *more: str) -> str:
    """What changes when the program or what builds it changes; 16 hex digits."""
    total = hashlib.sha256()
    for name, content in sources(driver).items():
        total.update(name.encode() + b"\0" + content + b"\0")
    for text in more:
        total.update(text.encode() + b"\0")
    return total.hexdigest()[:16]


def rest_of(driver: Driver) -> Iterator[str]:
    """``module version`` of what stands beside the driver and holds SQLite itself."""
    for name, number in versions(driver).items():
        if name != driver.module and ("sqlite" in name or name == "modernc.org/libc"):
            yield f"{name} {number}"
