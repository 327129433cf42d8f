"""`lab alternatives`: who imports "C" in a module, by which path, and what does without.

The C in a package is seen by `go list` with CGO_ENABLED=1; what could stand in its place is
the table `cgo_free.toml`, whose rows say how they were checked.
"""

from __future__ import annotations

import json
import os
import pkgutil
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache

from archfit.lab import catalogue, go_packages
from archfit.model.errors import Misuse, Unavailable

#: Packages of the standard library with cgo, and what makes each do without (`go help
#: buildconstraint`; net: name resolution, os/user: lookups; both have a pure Go form).
_STANDARD = {
    "net": "-tags netgo: Go's own resolver, which reads /etc/resolv.conf, not nsswitch's plug-ins",
    "os/user": "-tags osusergo: reads /etc/passwd and /etc/group, no LDAP or NIS",
    "runtime/cgo": "",
    "runtime/race": "",
    "plugin": "no form without cgo",
}


@dataclass(frozen=True, slots=True)
class Instead:
    """``version`` and ``released`` (ISO 8601): of the module when the row was checked."""

    path: str
    version: str
    released: str
    note: str


@dataclass(frozen=True, slots=True)
class Row:
    """``cgo``: a prefix of import paths; ``instead`` is empty when none is known."""

    cgo: str
    what: str
    seen: str
    note: str
    date: str
    instead: tuple[Instead, ...]


@dataclass(frozen=True, slots=True)
class User:
    """A package with C in it. ``chain``: imports from one of the module's own packages to it;
    ``files`` that import "C". ``row``: None when the table does not know it. ``own``: a
    package of the module itself. ``way``: rows for packages of the chain before it."""

    path: str
    module: str
    version: str
    files: tuple[str, ...]
    chain: tuple[str, ...]
    own: bool
    row: Row | None
    way: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """``standard``: (package, what makes it do without) of the standard library's cgo that is
    used; it needs no other module. ``errors``: packages that could not be loaded."""

    target: str
    users: tuple[User, ...]
    standard: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    packages: int

    def lines(self) -> Iterator[str]:
        """For a terminal."""
        yield f"{self.target}: {self.packages} packages, {len(self.users)} with C in them"
        for user in self.users:
            yield ""
            name = f"{user.path} {user.version}".strip()
            yield f'{name} ({len(user.files)} files import "C")'
            yield f"  by       {' -> '.join(user.chain) or user.path}"
            if user.own:
                yield "  instead  it is your own code: see //go:build cgo, and purego to load C"
                continue
            for row in user.way:
                yield f"  instead of {row.cgo}: {', '.join(map(_named, row.instead))}"
            if user.row is None:
                yield "  instead  not in the table: unknown, which is not the same as none"
                continue
            for one in user.row.instead:
                yield f"  instead  {_named(one)}"
            if not user.row.instead:
                yield f"  instead  none is known for {user.row.what} ({user.row.date})"
            if user.row.note:
                yield f"           {user.row.note}"
        for path, how in self.standard:
            if how:
                yield f"\n{path} (standard library): {how}; or CGO_ENABLED=0"
        yield from (f"not looked into: {text}" for text in self.errors)

    def text(self) -> str:
        """As JSON, schema ``archfit.lab-alternatives/1``."""
        document = {"schema": "archfit.lab-alternatives/1", **asdict(self)}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _named(one: Instead) -> str:
    note = f": {one.note}" if one.note else ""
    return f"{one.path} ({one.version}, {one.released}){note}"


def look(
    folder: str,
    patterns: tuple[str, ...] = ("./...",),
    *,
    target: str = "",
    tags: str = "",
    offline: bool = False,
) -> Found:
    """The module's packages with C in them. Raises Misuse for a folder without a module,
    Unavailable without a go command or when it can't list."""
    folder = os.path.realpath(folder)
    above = folder
    while not os.path.exists(os.path.join(above, "go.mod")):
        if above == os.path.dirname(above):
            raise Misuse(f"{folder}: no go.mod here or above", "go mod init NAME")
        above = os.path.dirname(above)
    tools = catalogue.go_toolchains()
    if not tools:
        raise Unavailable("no Go toolchain on this machine", "archfit lab doctor")
    target = target or catalogue.machine()
    system, _, isa = target.partition("/")
    env = {**os.environ, "GOOS": system, "GOARCH": isa, "CGO_ENABLED": "1"}
    if offline:
        env["GOPROXY"] = "off"
    found = go_packages.packages(tools[0].go, folder, patterns, env, tags)
    users = [_user(p, found) for p in found if p.cgo and not p.standard]
    standard = tuple((p.path, _STANDARD.get(p.path, "")) for p in found if p.cgo and p.standard)
    errors = tuple(f"{p.path}: {p.error.strip()}" for p in found if p.error)
    return Found(target, tuple(users), standard, errors, len(found))


def _user(package: go_packages.Package, found: Sequence[go_packages.Package]) -> User:
    own = not package.module
    chain = go_packages.chain(found, package.path)
    row = None if own else known(package.path)
    before = [known(path) for path in chain[1:-1]]
    way = tuple(one for one in before if one is not None and one != row and one.instead)
    return User(package.path, package.module, package.version, package.cgo, chain, own, row, way)


def known(path: str) -> Row | None:
    """The row with the longest prefix of an import path, at a slash."""
    fits = [row for row in rows() if path == row.cgo or path.startswith(row.cgo + "/")]
    return max(fits, key=lambda row: len(row.cgo), default=None)


@cache
def rows() -> tuple[Row, ...]:
    """The table, in its order."""
    data = pkgutil.get_data("archfit", "lab/cgo_free.toml")
    assert data is not None, "the package lacks lab/cgo_free.toml"
    return tuple(
        Row(
            row["cgo"],
            row["what"],
            row["seen"],
            row["note"],
            row["date"].isoformat(),
            tuple(Instead(**one) for one in row["instead"]),
        )
        for row in tomllib.loads(data.decode())["row"]
    )


def table_lines() -> Iterator[str]:
    """The whole table for a terminal."""
    for row in rows():
        instead = ", ".join(f"{one.path} {one.version}" for one in row.instead)
        yield f"{row.cgo:52} {row.what}: {instead or 'none known'} ({row.date})"
