"""It was linked against a newer or another C library than this host's

What is wrong
-------------
The program needs symbol versions which the host's glibc (or libstdc++) does not have:
`version 'GLIBC_2.34' not found`, `version 'GLIBCXX_3.4.30' not found`. Or it needs
glibc where there is musl, or the reverse: `Error relocating ...: symbol not found`.

Why it happens
--------------
glibc is compatible forwards only: a program built on a newer distribution records the
newest versions of the symbols it uses. musl has no symbol versions and not all symbols.

Remedy
------
Build on the oldest system that must run it (or in its container), or with a compiler
that is told the glibc to aim at (`zig cc -target x86_64-linux-gnu.2.28`), or statically.

References
----------
- glibc elf/dl-version.c (_dl_check_map_versions, "version `%s' not found")
- GCC, libstdc++ ABI Policy and Guidelines, "Symbol versions"
- musl wiki, "Functional differences from glibc"

Limits
------
Only versions are compared; a program that looks a symbol up at run time is not seen.
A program whose loader is not one of the host's own is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.model.fact import Facts, Key
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.rules.fit import fit, proof, version


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """A needed version over the host's, or the other libc."""
    # Foreign ISAs bring a libc of their own, of which the host's version says nothing.
    if b.ISA.require(facts) not in h.RUNS.require(host)[:1]:
        return
    if not _uses_host_libc(facts, host):
        return
    libc = h.LIBC.require(host)
    if libc == "glibc":
        yield from _newer(facts, host, b.GLIBC_MIN, h.LIBC_VERSION, "glibc", "libc.so.6")
        yield from _newer(facts, host, b.GLIBCXX_MIN, h.GLIBCXX, "GLIBCXX", "libstdc++.so.6")
    needs = b.LIBC.of(facts)
    if {needs, libc} == {"glibc", "musl"} and b.LOADER.of(facts) is None:
        yield from fit(
            need={"libc": needs},
            offer={"libc": libc},
            message=f"a library linked against {needs}; the programs of this host use {libc}",
            evidence=proof(facts, b.LIBC, b.NEEDED) + proof(host, h.LIBC),
            remedies=(Remedy(f"Build it against {libc}, or fetch its {libc} version"),),
            confidence=0.9,
        )


def _uses_host_libc(facts: Facts, host: Facts) -> bool:
    found = b.LOADER_FOUND.of(facts)
    if found is None:
        return b.LOADER.of(facts) is None
    loaders = {str(row.get("path")) for row in h.LOADERS.of(host) or ()}
    return found.get("path") in loaders


def _bundled(facts: Facts, soname: str) -> bool:
    """The file brings this library itself, so the host's own version does not matter."""
    for row in b.LIBRARIES.of(facts) or ():
        if row.get("name") == soname:
            return row.get("by") not in ("cache", "default")
    return False


def _newer(
    facts: Facts, host: Facts, need: Key[str], offer: Key[str], name: str, soname: str
) -> Iterator[Finding]:
    wanted, there = need.of(facts), offer.of(host)
    if wanted is None or there is None or version(wanted) <= version(there):
        return
    if _bundled(facts, soname):
        return
    mark = f"GLIBC_{wanted}" if name == "glibc" else f"{name}_{wanted}"
    yield from fit(
        need={name: wanted},
        offer={name: there},
        message=f"needs {mark} of {soname}; this host has {there}",
        evidence=proof(facts, need, b.VERSIONS) + proof(host, offer),
        remedies=tuple(_remedies(facts, host, name, there)),
        severity=Severity.ERROR,
    )


def _remedies(facts: Facts, host: Facts, name: str, there: str) -> Iterator[Remedy]:
    verify = "archfit check {subject}"
    if go.VERSION.of(facts):
        yield Remedy(
            "Build it without cgo, so that it needs no libc",
            f"CGO_ENABLED=0 go build {go.PATH.of(facts) or '.'}",
            safe=True,
            verify=verify,
        )
    system = h.OS_NAME.of(host) or "this host's distribution"
    yield Remedy(f"Build it on {system} (or in its container image)", verify=verify)
    if name == "glibc":
        target = {"amd64": "x86_64", "arm64": "aarch64"}.get(str(b.ISA.of(facts)))
        if target:
            yield Remedy(
                f"Link against glibc {there} with zig",
                f'CC="zig cc -target {target}-linux-gnu.{there}" make',
                verify=verify,
            )


RULE = Rule(
    "run.libc-mismatch",
    (Kind.BINARY,),
    (b.ISA, b.LIBC),
    (h.RUNS, h.LIBC),
    judge,
)
