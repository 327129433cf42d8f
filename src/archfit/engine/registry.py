"""The folder is the registry: every file of `rules/<family>/` is a rule, of `probes/` a probe."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from archfit.model.errors import Misuse
from archfit.model.image import FileProbe, HostProbe
from archfit.model.rule import Rule

P = TypeVar("P", FileProbe, HostProbe)


def _modules(package: str) -> Iterator[ModuleType]:
    root = import_module(package)
    for found in sorted(pkgutil.iter_modules(root.__path__), key=lambda m: m.name):
        yield import_module(f"{package}.{found.name}")


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order of their ids."""
    families = (
        f"archfit.rules.{m.name}"
        for m in pkgutil.iter_modules(import_module("archfit.rules").__path__)
        if m.ispkg
    )
    found = [
        module.RULE
        for family in sorted(families)
        for module in _modules(family)
        if hasattr(module, "RULE")
    ]
    return tuple(sorted(found, key=lambda rule: rule.id))


def card(rule_id: str) -> str:
    """The docstring of a rule's file. Raises Misuse for an unknown id."""
    family, _, name = rule_id.partition(".")
    if rule_id not in {rule.id for rule in rules()}:
        raise Misuse(f"there is no rule {rule_id!r}{_nearest(rule_id)}", "archfit explain")
    module = import_module(f"archfit.rules.{family}.{name.replace('-', '_')}")
    return (module.__doc__ or "").strip()


def _nearest(rule_id: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(rule_id, [rule.id for rule in rules()], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def chosen(select: Iterable[str], ignore: Iterable[str]) -> tuple[Rule, ...]:
    """Rules that settings leave on. An id or a family (`run`) may be named. Raises Misuse."""
    everything = rules()
    select, ignore = tuple(select), tuple(ignore)
    known = {rule.id for rule in everything} | {rule.id.split(".")[0] for rule in everything}
    for name in (*select, *ignore):
        if name not in known:
            raise Misuse(f"there is no rule {name!r}{_nearest(name)}", "archfit explain")

    def named(rule: Rule, names: tuple[str, ...]) -> bool:
        return rule.id in names or rule.id.split(".")[0] in names

    return tuple(
        rule
        for rule in everything
        if (not select or named(rule, select)) and not named(rule, ignore)
    )


@cache
def file_probes() -> dict[str, tuple[FileProbe, ...]]:
    """Probes by the format they read, in the order their `after` asks for."""
    probes = _ordered([p for p in _probes() if isinstance(p, FileProbe)])
    formats = {name for probe in probes for name in probe.formats}
    return {name: tuple(p for p in probes if name in p.formats) for name in formats}


@cache
def host_probes() -> tuple[HostProbe, ...]:
    """Probes of the host, in the order their `after` asks for."""
    return tuple(_ordered([p for p in _probes() if isinstance(p, HostProbe)]))


@cache
def _probes() -> tuple[FileProbe | HostProbe, ...]:
    return tuple(m.PROBE for m in _modules("archfit.probes") if hasattr(m, "PROBE"))


def _ordered(probes: list[P]) -> list[P]:
    done: list[P] = []
    names = {probe.name for probe in probes}
    waiting = list(probes)
    while waiting:
        ready = [
            p
            for p in waiting
            if all(a not in names or a in {d.name for d in done} for a in p.after)
        ]
        if not ready:
            raise ValueError(f"probes wait for each other: {[p.name for p in waiting]}")
        done += ready
        waiting = [p for p in waiting if p not in ready]
    return done
