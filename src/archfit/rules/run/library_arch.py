"""A library of another ISA is in the place of the one that is needed

What is wrong
-------------
A process can only load libraries of its own ISA. The library that the program asks for
is there, but for another one. macOS says `mach-o file, but is an incompatible
architecture (have 'arm64', need 'x86_64')`. glibc passes over files of another machine
while it searches and then says `cannot open shared object file: No such file or
directory`, as if the file were absent. musl says `unsupported relocation type`.

Why it happens
--------------
Libraries of two ISAs on one machine: Homebrew under /usr/local (Intel) and under
/opt/homebrew (Apple Silicon), a wheel for the other platform, a copied lib folder,
LD_LIBRARY_PATH or an rpath that leads into the wrong one.

Remedy
------
Bring the library for the program's ISA, or the program for the library's.

References
----------
- glibc elf/dl-load.c (open_verify: another e_machine or class is skipped in a search)
- dyld, "incompatible architecture (have ..., need ...)"

Limits
------
Libraries that a program opens while it runs (dlopen, plug-ins) are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Evidence, Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.platforms.execution import start
from archfit.platforms.targets import library_sets
from archfit.rules.fit import fit, proof


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """Needed libraries that are there for another ISA only, then a library by itself."""
    for isa, system, libraries in library_sets(facts):
        answer = start(isa, system, host)
        if answer is None or not answer.runs:
            continue
        for row in libraries:
            if row.get("path") is None and row.get("wrong"):
                yield from _wrong(facts, isa, row)
    yield from _alone(facts, host)


def _wrong(facts: Facts, isa: str, row: dict[str, Any]) -> Iterator[Finding]:
    seen = row["wrong"][0]
    for_ = f" (for {row['for']})" if row.get("for") else ""
    yield from fit(
        need={"library": row["name"], "isa": isa},
        offer={"library": seen.get("path"), "isa": seen.get("isa")},
        message=f"needs {row['name']}{for_} for {isa}; {seen.get('path')} is for {seen.get('isa')}",
        evidence=(
            *proof(facts, b.ISA, b.NEEDED),
            *(Evidence(str(w.get("path")), f"file header: {w.get('isa')}") for w in row["wrong"]),
        ),
        remedies=(
            Remedy(
                f"Bring {row['name']} for {isa}",
                verify="archfit check {subject}",
            ),
            Remedy(f"Or build the program for {seen.get('isa')}, if all its libraries are"),
        ),
        # A place that could not be looked at may hold the right one.
        confidence=0.85 if row.get("unchecked") else 0.95,
    )


def _alone(facts: Facts, host: Facts) -> Iterator[Finding]:
    """A library given by itself, which no program of this host can load."""
    if b.TYPE.of(facts) not in ("shared", "bundle") or b.FOUND_IN.of(facts) is not None:
        return
    isa, system = b.ISA.of(facts), b.OS.of(facts)
    if isa is None or system is None or system != h.OS.of(host):
        return
    answer = start(isa, system, host)
    if answer is None or answer.how != "no":
        return
    yield from fit(
        need={"isa of the process": isa},
        offer={"runs": h.RUNS.require(host)},
        message=f"a library for {isa}; no process on this host is of that ISA",
        evidence=proof(facts, b.ISA, b.TYPE) + proof(host, h.ISA, h.RUNS),
        remedies=(Remedy(f"Build or fetch it for {h.ISA.of(host)}"),),
        confidence=0.9,
        severity=Severity.ERROR,
    )


RULE = Rule(
    "run.library-arch",
    (Kind.BINARY,),
    (b.FORMAT, b.TYPE),
    (h.RUNS, h.OS),
    judge,
)
