"""A recipe: an experiment as data, one TOML file (``archfit.recipe/1``) and a folder of sources.

Shown in docs/lab.md. A folder with a go.mod and without a recipe is one, too: its program is
built and run once a cell, and nothing is expected of it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archfit.host import lab_store
from archfit.lab.go_catalogue import spelled
from archfit.model.errors import Malformed, Misuse
from archfit.platforms.go_releases import ports

SCHEMA = "archfit.recipe/1"
FILE = "recipe.toml"

#: What may be expected: it dies of a signal, panic or throw; it ends with another status than
#: 0; it lives (0); it never ends; "" nothing is expected.
VERDICTS = ("dies", "ends", "lives", "hangs", "")


@dataclass(frozen=True, slots=True)
class Program:
    """``folder``: with the sources, below the recipe's. ``env``, ``flags``: of `go build`."""

    name: str
    folder: str
    cgo: bool = True
    env: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """``cause``: the rule that tells what was built in, then others that are right too.

    ``runs``: at least so many; ``timeout``: seconds for one run. ``targets``, ``since``,
    ``until`` and ``libc`` say where it makes sense; elsewhere it is not run, with this reason.
    ``flaky``: it goes now this way, now that, by its nature.
    """

    name: str
    program: str
    about: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    cause: tuple[str, ...] = ()
    runs: int = 2
    timeout: float = 15.0
    targets: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    libc: str = ""
    flaky: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """``folder``: where it lies; ``go``, ``cc``, ``target``: what it asks for by itself."""

    name: str
    title: str
    folder: str
    go: tuple[str, ...]
    cc: tuple[str, ...]
    target: tuple[str, ...]
    programs: tuple[Program, ...]
    cases: tuple[Case, ...]

    def program(self, name: str) -> Program:
        """By its name; a loaded recipe has every program that its cases name."""
        return next(program for program in self.programs if program.name == name)


def built_in() -> list[str]:
    """Names of the recipes that come with archfit."""
    base = _base()
    return sorted(n for n in os.listdir(base) if os.path.isfile(os.path.join(base, n, FILE)))


def load(name: str) -> Recipe:
    """A built-in recipe by its name, or that of a folder. Raises Misuse, Malformed."""
    folder = name
    if "/" not in name and name in built_in():
        folder = os.path.join(_base(), name)
    if not os.path.isdir(folder):
        raise Misuse(
            f"{name}: neither a folder nor a recipe of archfit ({', '.join(built_in())})",
            "archfit lab matrix crashes",
        )
    folder = os.path.abspath(folder)
    data = lab_store.read(os.path.join(folder, FILE), 1 << 20)
    if data is not None:
        try:
            return parse(tomllib.loads(data.decode()), folder)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise Malformed(f"{name}/{FILE}: {error}") from None
        except Malformed as error:
            raise Malformed(f"{name}/{FILE}: {error.why}", error.hint) from None
    if not os.path.isfile(os.path.join(folder, "go.mod")):
        raise Misuse(f"{name}: a folder with neither {FILE} nor go.mod")
    own = os.path.basename(folder)
    return Recipe(own, own, folder, (), (), (), (Program(own, "."),), (Case("run", own),))


def chosen(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """The recipe with these cases alone; none named = all. Raises Misuse."""
    if not names:
        return recipe
    known = [case.name for case in recipe.cases]
    odd = next((name for name in names if name not in known), None)
    if odd is not None:
        raise Misuse(f"{recipe.name} has no case {odd!r}; it has {', '.join(known)}")
    cases = tuple(case for case in recipe.cases if case.name in names)
    used = {case.program for case in cases}
    programs = tuple(p for p in recipe.programs if p.name in used)
    return replace(recipe, cases=cases, programs=programs)


def _base() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "recipes")


# -- reading, each value checked ----------------------------------------------------------------


def parse(document: Mapping[str, Any], folder: str) -> Recipe:
    """From what the TOML says. Raises Malformed with the place of the first thing that is off."""
    if document.get("schema") != SCHEMA:
        raise Malformed(f"schema is {document.get('schema')!r}, not {SCHEMA!r}")
    _known(document, "", "schema", "name", "title", "go", "cc", "target", "program", "case")
    programs = tuple(_program(row, n) for n, row in enumerate(_rows(document, "program")))
    cases = tuple(_case(row, n) for n, row in enumerate(_rows(document, "case")))
    _unique([p.name for p in programs], "program")
    _unique([c.name for c in cases], "case")
    for case in cases:
        if case.program not in {p.name for p in programs}:
            raise Malformed(f"case {case.name}: there is no program {case.program!r}")
    for program in programs:
        inside = os.path.abspath(os.path.join(folder, program.folder))
        if not (inside == folder or inside.startswith(folder + os.sep)):
            raise Malformed(f"program {program.name}: folder {program.folder!r} leaves the recipe")
        if not os.path.isdir(inside):
            raise Malformed(f"program {program.name}: there is no folder {program.folder!r}")
    if not programs or not cases:
        raise Malformed("it has no program or no case")
    name = _text(document, "name", "")
    targets = _texts(document, "target", "")
    for target in targets:
        _target(target, "target")
    return Recipe(
        name,
        _text(document, "title", "") or name,
        folder,
        tuple(_release(version, "go") for version in _texts(document, "go", "")),
        _texts(document, "cc", ""),
        targets,
        programs,
        cases,
    )


def _program(row: Mapping[str, Any], number: int) -> Program:
    where = f"program[{number}]"
    _known(row, where, "name", "folder", "cgo", "env", "flags")
    cgo = _flag(row, "cgo", where, True)
    name = _name(row, where)
    folder = _text(row, "folder", where) or name
    return Program(name, folder, cgo, _env(row, where), _texts(row, "flags", where))


def _case(row: Mapping[str, Any], number: int) -> Case:
    where = f"case[{number}]"
    _known(
        row, where, "name", "program", "about", "args", "env", "verdict", "cause", "runs",
        "timeout", "targets", "since", "until", "libc", "flaky",
    )  # fmt: skip
    verdict = _text(row, "verdict", where)
    if verdict not in VERDICTS:
        raise Malformed(f"{where}.verdict is {verdict!r}, not one of {', '.join(VERDICTS[:-1])}")
    targets = _texts(row, "targets", where)
    for target in targets:
        _target(target, where)
    since, until = (_text(row, key, where) for key in ("since", "until"))
    return Case(
        _name(row, where),
        _text(row, "program", where),
        _text(row, "about", where),
        _texts(row, "args", where),
        _env(row, where),
        verdict,
        _texts(row, "cause", where),
        int(_amount(row, "runs", where, 2, 100)),
        _amount(row, "timeout", where, 15, 3600),
        targets,
        _release(since, where) if since else "",
        _release(until, where) if until else "",
        _text(row, "libc", where),
        _flag(row, "flaky", where, False),
    )


def _flag(row: Mapping[str, Any], key: str, where: str, default: bool) -> bool:
    value = row.get(key, default)
    if not isinstance(value, bool):
        raise Malformed(f"{where}.{key} is {value!r}, not true or false")
    return value


def _known(row: Mapping[str, Any], where: str, *keys: str) -> None:
    odd = next((key for key in row if key not in keys), None)
    if odd is not None:
        raise Malformed(f"{where + '.' if where else ''}{odd} is no key; {', '.join(keys)} are")


def _rows(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    rows = document.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Malformed(f"{key} is not written as [[{key}]]")
    return rows


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise Malformed(f"{where}.{key} is {value!r}, not a text".lstrip("."))
    return value


def _name(row: Mapping[str, Any], where: str) -> str:
    name = _text(row, "name", where)
    if not name or not all(char.isalnum() or char in "-_." for char in name):
        raise Malformed(f"{where}.name is {name!r}: letters, digits, - _ and . make a name")
    return name


def _texts(row: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Malformed(f"{where}.{key} is {value!r}, not a list of texts".lstrip("."))
    return tuple(value)


def _env(row: Mapping[str, Any], where: str) -> dict[str, str]:
    value = row.get("env", {})
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise Malformed(f"{where}.env is not a table of texts")
    return dict(value)


def _amount(row: Mapping[str, Any], key: str, where: str, default: float, most: float) -> float:
    value = row.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise Malformed(f"{where}.{key} is {value!r}, not a number up to {most:g}")
    return value


def _target(target: str, where: str) -> None:
    if not ports(target):
        raise Malformed(f"{where}: no release of Go has a port {target!r}")


def _release(version: str, where: str) -> str:
    try:
        return spelled(version)
    except Misuse as error:
        raise Malformed(f"{where}: {error.why}") from None


def _unique(names: list[str], what: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Malformed(f"two of [[{what}]] are named {twice!r}")
