"""It is too old for this system

What is wrong
-------------
The program was built in a way that this newer system no longer accepts. macOS 26's
loader refuses a program without LC_UUID (`missing LC_UUID load command`); macOS 10.15
and later start no 32-bit program at all.

Why it happens
--------------
Old toolchains: before Go 1.24 the Go linker wrote no LC_UUID when it linked by itself
(golang/go 68678). Support for 32-bit macOS ended with Go 1.15.

Remedy
------
Build it again with Go 1.24 or later, or let Apple's linker link it
(`-ldflags=-linkmode=external`).

References
----------
- golang/go 68678 (LC_UUID), Go 1.15 release notes (darwin/386 removed)
- Apple, macOS 10.15 release notes: no 32-bit programs

Limits
------
Symbols that a newer system took away are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.platforms.execution import pick
from archfit.rules.fit import fit, proof, version


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """No LC_UUID in the slice that macOS 26 or later would start."""
    if h.OS.require(host) != "darwin" or b.FORMAT.require(facts) != "macho":
        return
    if b.TYPE.of(facts) != "executable":
        return
    one = pick(b.SLICES.require(facts), "darwin", host)
    there = h.OS_VERSION.require(host)
    if one is None or one.get("build_id") or version(there) < (26,):
        return
    package = go.PATH.of(facts)
    yield from fit(
        need={"macOS": "< 26", "because": "no LC_UUID"},
        offer={"macOS": there},
        message=f"has no LC_UUID, which the loader of macOS {there} wants",
        evidence=proof(facts, b.FORMAT, go.VERSION) + proof(host, h.OS_VERSION),
        remedies=(
            Remedy(
                "Build it again with Go 1.24 or later, or with -ldflags=-linkmode=external",
                f"go build {package}" if package else "",
                safe=True,
                verify="archfit check {subject}",
            ),
        ),
        confidence=0.9,
    )


RULE = Rule(
    "run.os-too-new", (Kind.BINARY,), (b.FORMAT, b.SLICES), (h.OS, h.OS_VERSION, h.RUNS), judge
)
