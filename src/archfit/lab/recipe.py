"""An experiment as data: a TOML file beside a folder of sources, in the package.

::

    schema = 1
    title = "what is done"
    asks = "the question that it answers"
    role = "claim" | "relative" | "control" | "probe"
    sources = ["hello"]            # folders below `sources/`, copied into the work folder
    expect = "hello from C"        # what a good trial prints

    [[variant]]                    # none: one variant without a name
    name = "linux/arm64"
    set = { arch = "arm64" }       # `$arch` in the steps

    [[step]]
    name = "build"
    kind = "build" | "look" | "try"
    argv = ["{go}", "build", "-o", "prog", "."]
    cwd = "hello"
    env = { GOARCH = "$arch" }
    network = false                # true: not run with --offline
    timeout = 60                   # seconds

A `build` that fails ends the variant: it can't be built. A `look` may fail, its answer is
read all the same. A `try` is repeated, and counted. ``{...}`` names a tool of this machine
(`archfit.lab.tool_names`), ``$name`` a value of the variant, ``$host`` this machine's ISA,
``$other`` a foreign one, ``$once`` a word that no other run has: with it no cache answers.
"""

from __future__ import annotations

import hashlib
import pkgutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template
from typing import Any

from archfit.model.errors import Malformed, Misuse

_STEP = {"name", "kind", "argv", "cwd", "env", "network", "timeout"}
_RECIPE = {"schema", "title", "asks", "role", "sources", "expect", "step", "variant"}
ROLES = ("claim", "relative", "control", "probe")
KINDS = ("build", "look", "try")


@dataclass(frozen=True, slots=True)
class Step:
    """One command. ``timeout`` in seconds."""

    name: str
    kind: str
    argv: tuple[str, ...]
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    network: bool = False
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Variant:
    """One cell of a recipe, and the values that make it."""

    name: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recipe:
    """``id``: its folder and name, as ``crash-cgo/native``."""

    id: str
    title: str
    asks: str
    role: str
    sources: tuple[str, ...]
    expect: str
    steps: tuple[Step, ...]
    variants: tuple[Variant, ...]
    #: sha256 of the TOML and of every source, in the order of their names.
    digest: str

    def of(self, variant: Variant, machine: Mapping[str, str]) -> Iterator[Step]:
        """The steps of one variant, its values and this machine's put in."""
        values = {**machine, **variant.values}
        values = {key: Template(text).safe_substitute(values) for key, text in values.items()}
        for step in self.steps:
            yield replace(
                step,
                argv=tuple(_put(word, values) for word in step.argv),
                cwd=_put(step.cwd, values),
                env={key: _put(text, values) for key, text in step.env.items()},
            )


def _put(text: str, values: Mapping[str, str]) -> str:
    return Template(text).safe_substitute(values)


def names(family: str) -> tuple[str, ...]:
    """Ids of all recipes of a family (a folder of `recipes/`), sorted."""
    folder = files("archfit.lab").joinpath("recipes", family)
    found = (file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return tuple(f"{family}/{name.removesuffix('.toml')}" for name in sorted(found))


def load(recipe_id: str) -> Recipe:
    """The recipe of that id. Raises Misuse when there is none, Malformed when it is wrong."""
    try:
        data = pkgutil.get_data("archfit.lab", f"recipes/{recipe_id}.toml")
    except OSError:
        data = None
    if data is None:
        raise Misuse(f"no recipe {recipe_id}")
    try:
        table = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Malformed(f"recipe {recipe_id}: {error}") from None
    return _recipe(recipe_id, table, data)


def _recipe(recipe_id: str, table: Mapping[str, Any], data: bytes) -> Recipe:
    strange = set(table) - _RECIPE
    if strange or table.get("schema") != 1 or table.get("role") not in ROLES:
        raise Malformed(f"recipe {recipe_id}: {', '.join(strange) or 'schema or role'}")
    sources = tuple(str(name) for name in table.get("sources", ()))
    digest = hashlib.sha256(data)
    for name, content in copied(recipe_id, sources):
        digest.update(name.encode() + b"\0" + content)
    rows = table.get("variant") or [{"name": "", "set": {}}]
    return Recipe(
        recipe_id,
        str(table["title"]),
        str(table["asks"]),
        str(table["role"]),
        sources,
        str(table.get("expect", "")),
        tuple(_step(recipe_id, row) for row in table["step"]),
        tuple(Variant(str(row["name"]), dict(row.get("set", {}))) for row in rows),
        digest.hexdigest(),
    )


def _step(recipe_id: str, row: Mapping[str, Any]) -> Step:
    strange = set(row) - _STEP
    kind = str(row.get("kind", "look"))
    if strange or kind not in KINDS:
        raise Malformed(f"recipe {recipe_id}, step {row.get('name')}: {', '.join(strange) or kind}")
    return Step(
        str(row["name"]),
        kind,
        tuple(str(word) for word in row["argv"]),
        str(row.get("cwd", ".")),
        {str(key): str(value) for key, value in row.get("env", {}).items()},
        bool(row.get("network", False)),
        float(row.get("timeout", 60.0)),
    )


def copied(recipe_id: str, sources: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """(path in the work folder, content) of every file of these source folders, sorted."""
    family = recipe_id.partition("/")[0]
    base = files("archfit.lab").joinpath("recipes", family, "sources")
    for name in sources:
        yield from _below(base.joinpath(name), name)


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _below(entry, f"{path}/{entry.name}")
        else:
            yield f"{path}/{entry.name}", entry.read_bytes()
