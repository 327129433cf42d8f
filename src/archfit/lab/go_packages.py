"""What `go list` tells of a module's packages: which have C in them, and what they link.

Source: `go help list` (fields of Package), Go 1.19 to 1.27.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archfit.host import experiment
from archfit.model.errors import Unavailable

_FIELDS = (
    "Dir,ImportPath,Name,Standard,DepOnly,Imports,CgoFiles,CFiles,CXXFiles,MFiles,HFiles,SFiles,"
    "SysoFiles,CgoLDFLAGS,Module,Error,IgnoredGoFiles"
)


@dataclass(frozen=True, slots=True)
class Package:
    """``module``: path, ``version``: of its module, "" for the standard library and for the
    main module. ``named``: it was asked for, not only a dependency. ``cgo``: files that
    import "C". ``c``: C, C++ and Objective-C sources and headers."""

    path: str
    name: str
    folder: str
    standard: bool
    named: bool
    module: str = ""
    version: str = ""
    imports: tuple[str, ...] = ()
    cgo: tuple[str, ...] = ()
    c: tuple[str, ...] = ()
    syso: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    error: str = ""


def packages(
    go: str, folder: str, patterns: Sequence[str], env: Mapping[str, str], tags: str = ""
) -> list[Package]:
    """The packages of these patterns and all that they need, dependencies first.

    Raises Unavailable with what the go command said.
    """
    argv = [go, "list", "-e", "-deps", f"-json={_FIELDS}"]
    argv += [f"-tags={tags}"] if tags else []
    done = experiment.run([*argv, *patterns], cwd=folder, env=env, timeout=600, limit=256 << 20)
    text = done.out.decode("utf-8", "replace")
    if done.status and not text.strip():
        said = done.err.decode("utf-8", "replace").strip().splitlines()
        raise Unavailable(f"go list: {said[-1] if said else 'no answer'}")
    return [_package(row) for row in objects(text)]


def objects(text: str) -> list[dict[str, Any]]:
    """JSON objects that stand one after another. Raises Unavailable when they do not."""
    decoder, found, at = json.JSONDecoder(), [], 0
    try:
        while (at := _next(text, at)) < len(text):
            row, at = decoder.raw_decode(text, at)
            found.append(row)
    except ValueError as error:
        raise Unavailable(f"the go command's answer is no JSON: {error}") from None
    return found


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _package(row: Mapping[str, Any]) -> Package:
    module = row.get("Module") or {}
    actual = module.get("Replace") or module
    own = bool(module.get("Main"))
    c_files = [
        name for key in ("CFiles", "CXXFiles", "MFiles", "HFiles") for name in row.get(key) or ()
    ]
    return Package(
        row["ImportPath"],
        row.get("Name", ""),
        row.get("Dir", ""),
        bool(row.get("Standard")),
        not row.get("DepOnly"),
        "" if own else module.get("Path", ""),
        "" if own else actual.get("Version", module.get("Version", "")),
        tuple(row.get("Imports") or ()),
        tuple(row.get("CgoFiles") or ()),
        tuple(c_files),
        tuple(row.get("SysoFiles") or ()),
        tuple(row.get("CgoLDFLAGS") or ()),
        str((row.get("Error") or {}).get("Err", "")),
    )


def chain(found: Sequence[Package], goal: str) -> tuple[str, ...]:
    """The shortest way of imports from a named package to ``goal``; empty when there is none."""
    by_path = {package.path: package for package in found}
    ways: dict[str, tuple[str, ...]] = {
        package.path: (package.path,) for package in found if package.named
    }
    queue = list(ways)
    while queue:
        path = queue.pop(0)
        if path == goal:
            return ways[path]
        for name in by_path[path].imports if path in by_path else ():
            if name not in ways:
                ways[name] = (*ways[path], name)
                queue.append(name)
    return ()
