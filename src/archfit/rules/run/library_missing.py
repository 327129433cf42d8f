"""A library that the program needs is not on this host

What is wrong
-------------
The loader finds no file for a library which the program (or one of its libraries) names:
`error while loading shared libraries: libfoo.so.1: cannot open shared object file`,
`Error loading shared library libfoo.so.1: No such file or directory` (musl), `Library
not loaded: @rpath/libfoo.dylib` (dyld).

Why it happens
--------------
It is not installed, or lies where the loader does not look: its folder is in no rpath,
not in the loader's cache and no default folder, or the rpath is relative to another
place ($ORIGIN, @loader_path).

Remedy
------
Install the library, or name its folder in an rpath relative to the program.

References
----------
- ld.so(8): the order in which libraries are looked for
- dyld(1): @executable_path, @loader_path, @rpath

Limits
------
Libraries by themselves are not judged: the program that loads them may bring what they
need. What dlopen asks for is not seen. Environment variables of another login are not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.platforms.execution import start
from archfit.platforms.targets import library_sets
from archfit.rules.fit import fit, proof


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """Each needed library for which no file was found, of any ISA."""
    if b.TYPE.of(facts) != "executable":
        return
    found = b.LOADER_FOUND.of(facts)
    if found is not None and found.get("path") is None:
        # Without a loader nothing is looked for: run.loader-missing says so.
        return
    for isa, system, libraries in library_sets(facts):
        answer = start(isa, system, host)
        if answer is None or not answer.runs:
            continue
        for row in libraries:
            if row.get("path") is not None or row.get("wrong") or not _looked_for(row):
                continue
            for_ = f", which {row['for']} needs," if row.get("for") else ""
            yield from fit(
                need={"library": row["name"], "isa": isa},
                offer={"searched": row.get("searched")},
                message=f"{row['name']}{for_} is not where the loader looks",
                evidence=proof(facts, b.NEEDED, b.RUNPATH, b.RPATH),
                remedies=(
                    Remedy(
                        f"Install the package that holds {row['name']}",
                        f"apt-file search {row['name']}" if system == "linux" else "",
                        safe=True,
                        verify="archfit check {subject}",
                    ),
                    Remedy("Or put it beside the program and give that folder as rpath"),
                ),
                confidence=0.93,
            )


def _looked_for(row: dict[str, object]) -> bool:
    """The whole search was possible; on macOS a library may live in the shared cache."""
    return bool(row.get("searched")) and not row.get("unchecked") and row.get("by") is None


RULE = Rule(
    "run.library-missing",
    (Kind.BINARY,),
    (b.FORMAT, b.TYPE),
    (h.RUNS, h.OS),
    judge,
)
