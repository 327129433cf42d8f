"""It needs a newer system than this one

What is wrong
-------------
The file states the lowest version of the operating system that it runs on, and this host
is below it: dyld says `built for macOS 26.0 which is newer than running OS`, glibc says
`FATAL: kernel too old`.

Why it happens
--------------
The deployment target of the build (MACOSX_DEPLOYMENT_TARGET, `-mmacosx-version-min`, the
SDK's default) or the toolchain's own minimum is above this host. Each Go release raises
the lowest macOS it supports.

Remedy
------
Build with a lower deployment target or with a toolchain that still supports this system,
or upgrade the host.

References
----------
- <mach-o/loader.h>: LC_BUILD_VERSION minos, LC_VERSION_MIN_MACOSX
- glibc, .note.ABI-tag (gABI note type 1) and sysdeps/unix/sysv/linux/dl-sysdep.h
- Go release notes, "Ports", Darwin

Limits
------
System calls and frameworks used are not looked at, only what the file declares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.platforms.execution import pick
from archfit.rules.fit import fit, proof, slice_proof, version


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The declared minimum of the slice that would be started, against the host's version."""
    system = h.OS.require(host)
    if b.OS.require(facts) != system or b.TYPE.of(facts) not in ("executable", "shared", "bundle"):
        return
    one = pick(b.SLICES.require(facts), system, host)
    if one is None or not one.get("min_os"):
        return
    there = _host_version(system, host)
    if there is None:
        return
    darwin = system == "darwin"
    wanted, name = str(one["min_os"]), "macOS" if darwin else "kernel"
    if version(wanted) <= version(there):
        return
    yield from fit(
        need={name: f">= {wanted}"},
        offer={name: there},
        message=f"needs {name} {wanted} or newer; this host has {there}",
        evidence=slice_proof(one, "min_os") + proof(host, h.OS_VERSION if darwin else h.KERNEL),
        remedies=tuple(_remedies(facts, one, system, there)),
    )


def _host_version(system: str, host: Facts) -> str | None:
    if system == "darwin":
        return h.OS_VERSION.of(host)
    kernel = h.KERNEL.of(host)
    return kernel.partition("-")[0] if kernel and system == "linux" else None


def _remedies(facts: Facts, one: dict[str, Any] | Any, system: str, there: str) -> Iterator[Remedy]:
    verify = "archfit check {subject}"
    if system != "darwin":
        yield Remedy("Run it on a newer kernel, or build it for this one", verify=verify)
        return
    if go.VERSION.of(facts):
        yield Remedy(
            f"Build it with a Go release that still supports macOS {there}",
            verify=verify,
        )
        return
    yield Remedy(
        f"Build it with a deployment target of {there}",
        f"MACOSX_DEPLOYMENT_TARGET={there} make",
        safe=True,
        verify=verify,
    )


RULE = Rule("run.os-too-old", (Kind.BINARY,), (b.SLICES, b.OS), (h.OS, h.RUNS), judge)
