"""Moves that leave a Go module with fewer files without leaving anything out.

Leaving out alone can't go below one file a package, one header, one caller: a package that
only main imports is put into main, a header into those who include it, a package that
fails by itself becomes the program. Each move is a guess that the oracle judges.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from archfit.lab import go_source
from archfit.lab.case import Case

_PACKAGE = re.compile(r"^package[ \t]+(\w+)", re.M)
_MODULE = re.compile(r"^module[ \t]+\"?([^\s\"]+)", re.M)
_INCLUDE = re.compile(
    r'^(?P<lead>[ \t]*(?://)?[ \t]*)#[ \t]*include[ \t]*"(?P<name>[^"\n]+)"[^\n]*$', re.M
)
_GUARD = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+once[^\n]*\n?", re.M)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


@dataclass(frozen=True, slots=True)
class Move:
    """``candidates``: cases with one move made, the likeliest first."""

    name: str
    candidates: Callable[[Case], Iterator[Case]]


def _packages(case: Case) -> dict[str, dict[str, str]]:
    """Folder -> its Go files that are no tests, with their texts."""
    found: dict[str, dict[str, str]] = {}
    for path, text in case.texts((".go",)):
        if not path.endswith("_test.go"):
            found.setdefault(posixpath.dirname(path), {})[path] = text
    return found


def _import_path(case: Case, folder: str) -> str:
    """The path that other packages import a folder by; "" when no go.mod names the module."""
    above = folder
    while True:
        text = case.files.get(posixpath.join(above, "go.mod"), b"").decode("utf-8", "replace")
        named = _MODULE.search(text)
        if named is not None:
            return posixpath.join(named[1], posixpath.relpath(folder or ".", above or ".")).rstrip(
                "/."
            )
        if not above:
            return ""
        above = posixpath.dirname(above)


def _graph(case: Case, packages: Mapping[str, Mapping[str, str]]) -> dict[str, set[str]]:
    """Folder -> folders of the packages it imports."""
    by_path = {_import_path(case, folder): folder for folder in packages}
    return {
        folder: {
            by_path[path]
            for text in files.values()
            for path in go_source.imported(text)
            if path in by_path
        }
        for folder, files in packages.items()
    }


def _promoted(case: Case) -> Iterator[Case]:
    """A package with C in it as the program, with what it imports and without the rest."""
    packages = _packages(case)
    graph = _graph(case, packages)
    cgo = [f for f, files in packages.items() if any('import "C"' in t for t in files.values())]
    for folder in cgo:
        own = packages[folder]
        if all(_name(text) == "main" for text in own.values()):
            continue
        needed, new = {folder}, {folder}
        while new := {inner for one in new for inner in graph[one]} - needed:
            needed |= new
        files = {
            path: data
            for path, data in case.files.items()
            if not path.endswith(".go") or posixpath.dirname(path) in needed
        }
        first = min(own)
        for path, text in own.items():
            clause = _PACKAGE.sub("package main", text, count=1)
            if path == first and not any(re.search(r"^func main\(", t, re.M) for t in own.values()):
                clause += "\nfunc main() {}\n"
            files[path] = clause.encode()
        # At the root first: a program is named as its folder, which would be in its way.
        yield replace(case, files=_moved(files, folder, ""))
        yield replace(case, files=files)
        argv = [
            f"./{folder}" if number > 1 and word.startswith((".", "/", "{")) else word
            for number, word in enumerate(case.argv)
        ]
        if tuple(argv) != case.argv and not any("..." in word for word in case.argv):
            yield replace(case, files=files, argv=tuple(argv))


def _moved(files: Mapping[str, bytes], old: str, new: str, prefix: str = "") -> dict[str, bytes]:
    """All files of a folder in another one; ``prefix`` is put before names that are taken."""
    moved = {path: data for path, data in files.items() if posixpath.dirname(path) != old}
    if new != old and not prefix:
        moved = {p: d for p, d in moved.items() if posixpath.dirname(p) != new or p[-3:] != ".go"}
    for path, data in files.items():
        if posixpath.dirname(path) == old:
            there = posixpath.join(new, posixpath.basename(path))
            if there in moved:
                there = posixpath.join(new, prefix + posixpath.basename(path))
            text = (
                _resourced(data.decode("utf-8", "replace"), old, new) if path[-3:] == ".go" else ""
            )
            moved[there] = text.encode() or data
    return moved


def _name(text: str) -> str:
    found = _PACKAGE.search(go_source.blank(text))
    return found[1] if found else ""


def _folded(case: Case) -> Iterator[Case]:
    """A package put into the only one that imports it."""
    packages = _packages(case)
    graph = _graph(case, packages)
    for folder in packages:
        users = [user for user, used in graph.items() if folder in used]
        if len(users) != 1 or users[0] == folder:
            continue
        user, name = users[0], _name(next(iter(packages[folder].values())))
        path, target = _import_path(case, folder), _name(next(iter(packages[user].values())))
        renamed = {
            own: _PACKAGE.sub(f"package {target}", text, count=1).encode()
            for own, text in packages[folder].items()
        }
        files = _moved({**case.files, **renamed}, folder, user, f"{name}_")
        for own, text in packages[user].items():
            bare = re.sub(rf"\b{re.escape(name)}\.(?=[A-Z])", "", text)
            spec = re.compile(
                rf'^[ \t]*(?:import[ \t]+)?(?:\w+[ \t]+)?"{re.escape(path)}"[ \t]*\n', re.M
            )
            files[own] = spec.sub("", bare).encode()
        yield replace(case, files=files)


def _resourced(text: str, old: str, new: str) -> str:
    """``${SRCDIR}/../x`` seen from another folder; what lies beside the file comes along."""

    def other(found: re.Match[str]) -> str:
        there = posixpath.normpath(posixpath.join(old or ".", found[1]))
        return f"${{SRCDIR}}/{posixpath.relpath(there, new or '.')}"

    return re.sub(r"\$\{SRCDIR\}/([\w./-]*/[\w./-]*)", other, text)


def _merged(case: Case) -> Iterator[Case]:
    """All Go files of a package in one."""
    for own in _packages(case).values():
        if len(own) < 2:
            continue
        first, *rest = sorted(own)
        heads, bodies, seen = [], [], set()
        for path in (first, *rest):
            imports, body = go_source.imports_apart(own[path])
            heads += [one for one in imports if one not in seen]
            seen |= {one for one in imports if not one.endswith('"C"\n')}
            bodies.append(body)
        text = f"package {_name(own[first])}\n\n" + "".join(heads) + "".join(bodies)
        files = {path: data for path, data in case.files.items() if path not in rest}
        yield replace(case, files=files | {first: text.encode()})


def _inlined(case: Case) -> Iterator[Case]:
    """A header put in the place of the lines that include it."""
    headers = dict(case.texts((".h", ".hh", ".hpp", ".hxx")))
    for path, content in headers.items():
        plain = _COMMENT.sub("", _GUARD.sub("", content)).strip("\n")
        files = {one: data for one, data in case.files.items() if one != path}
        for user, text in case.texts():
            if user == path:
                continue

            def line(found: re.Match[str], whole: str = path, put: str = plain) -> str:
                if not f"/{whole}".endswith(f"/{posixpath.basename(found['name'])}"):
                    return found[0]
                lead = found["lead"] if "//" in found["lead"] else ""
                return "\n".join(f"{lead}{one}" for one in put.splitlines())

            new = _INCLUDE.sub(line, text)
            if new != text:
                files[user] = new.encode()
        yield replace(case, files=files)


PROMOTE = Move("a package as the program", _promoted)
FOLD = Move("packages in one", _folded)
MERGE = Move("Go files in one", _merged)
INLINE = Move("headers in place", _inlined)
