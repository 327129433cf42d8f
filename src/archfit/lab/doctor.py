"""What the lab has on this machine, what it lacks, and the one command that brings it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from archfit.engine.host_facts import gather
from archfit.host import experiment, lab_store
from archfit.host.live import Live
from archfit.lab import catalogue
from archfit.lab.catalogue import CCompiler
from archfit.lab.go_catalogue import fits, spelled, why_not
from archfit.model.errors import Unavailable
from archfit.rules.host_packages import family

SCHEMA = "archfit.lab-doctor/1"

_PROGRAM = b'#include <stdio.h>\nint main(void) { puts("ok"); return 0; }\n'

#: What the recipes use -> the package that has it: (Debian, Fedora, Alpine, Arch).
_PACKAGES = {
    "gcc": ("gcc g++ libc6-dev", "gcc gcc-c++", "build-base", "gcc"),
    "clang": ("clang", "clang", "clang", "clang"),
    "musl-gcc": ("musl-tools", "musl-gcc", "", "musl"),
    "aarch64-linux-gnu-gcc": (
        "gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross",
        "gcc-aarch64-linux-gnu",
        "",
        "aarch64-linux-gnu-gcc",
    ),
    "qemu-aarch64": ("qemu-user", "qemu-user", "qemu-aarch64", "qemu-user"),
    "gdb-multiarch": ("gdb-multiarch", "gdb", "gdb-multiarch", "gdb"),
    "lldb": ("lldb", "lldb", "lldb", "lldb"),
    "dlv": ("delve", "delve", "delve", "delve"),
}
_INSTALL = {
    "debian": "apt-get install -y --no-install-recommends {}",
    "fedora": "dnf install -y {}",
    "alpine": "apk add {}",
    "arch": "pacman -S {}",
}
_KIN = {"ubuntu": "debian", "raspbian": "debian", "rhel": "fedora"}
#: Where the distribution has none, and for what no distribution packages.
_ELSEWHERE = {
    "zig cc": "pip install ziglang",
    "dlv": "go install github.com/go-delve/delve/cmd/dlv@latest",
}


@dataclass(slots=True)
class Health:
    """``links``: for each C compiler whether it linked a program, or what it said."""

    go: list[catalogue.GoToolchain]
    compilers: list[tuple[CCompiler, str]]
    emulators: list[catalogue.Emulator]
    debuggers: list[catalogue.Debugger]
    missing: list[tuple[str, str]] = field(default_factory=list)  #: (what, the command)
    refused: list[tuple[str, str]] = field(default_factory=list)  #: (what was asked for, why not)
    command: str = ""  #: the one command that brings all which the distribution has

    def document(self) -> dict[str, Any]:
        """As ``archfit.lab-doctor/1``."""
        return {
            "schema": SCHEMA,
            "machine": catalogue.machine(),
            "go": [asdict(tool) for tool in self.go],
            "compilers": [
                asdict(c) | {"links": None if said == _UNTRIED else not said, "said": said}
                for c, said in self.compilers
            ],
            "emulators": [asdict(emulator) for emulator in self.emulators],
            "debuggers": [asdict(debugger) for debugger in self.debuggers],
            "missing": [{"what": what, "command": how} for what, how in self.missing],
            "refused": [{"what": what, "why": why} for what, why in self.refused],
            "command": self.command,
        }

    def lines(self, quiet: bool = False) -> list[str]:
        """For people."""
        out = [f"Go toolchains that run here ({catalogue.machine()})"]
        out += [f"  {t.version:<10}{t.source:<14}{t.goroot}" for t in self.go] or ["  none"]
        out.append("C compilers")
        for c, said in self.compilers:
            state = "links" if not said else "not tried" if said == _UNTRIED else f"FAILS: {said}"
            out.append(f"  {c.target:<15}{c.libc:<10}{c.name:<24}{_short(c.version):<12}{state}")
        mine = [e for e in self.emulators if e.sysroot]
        out.append("emulators (qemu-user) with libraries of their ISA beside them")
        out += [f"  {e.isa:<10}{e.version:<10}{e.path}  -L {e.sysroot}" for e in mine] or ["  none"]
        others = " ".join(e.isa for e in self.emulators if not e.sysroot)
        if others:
            out.append(f"  for static programs only: {others}")
        out.append("debuggers")
        out += [f"  {d.name:<14}{d.version}" for d in self.debuggers] or ["  none"]
        if self.missing:
            out.append("missing")
            out += [f"  {what:<24}{how}" for what, how in self.missing]
        out += [f"can't be had: {what}: {why}" for what, why in self.refused]
        if self.command and not quiet:
            out.append(f"all of it that this system packages: {self.command}")
        return out


_UNTRIED = "its first program takes half a minute"


def _short(version: str) -> str:
    return next((w for w in reversed(version.split()) if w[:1].isdigit()), version[:12])


def examine(
    goroots: Sequence[str] = (),
    releases: Sequence[str] = (),
    targets: Sequence[str] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> Health:
    """Look at this machine, and try the compilers (answers are kept by the file's identity)."""
    tools = catalogue.go_toolchains(goroots)
    tried = []
    for compiler in catalogue.c_compilers():
        progress(f"trying {compiler.name} for {compiler.target}")
        tried.append((compiler, links(compiler)))
    health = Health(tools, tried, catalogue.emulators(), catalogue.debuggers())
    _missing(health)
    for name in releases:
        version = spelled(name)
        for target in targets or (catalogue.machine(),):
            why = why_not(version, target, cgo=True)
            if why:
                health.refused.append((f"Go {version} for {target}", why))
        refused = any(version in what.split() for what, _ in health.refused)
        if not refused and not any(fits(tool.version, version) for tool in tools):
            named = version if version.count(".") == 2 else f"{version}.N"
            how = f"archfit lab matrix crashes --go {named}"
            health.missing.append((f"Go {version}", f"{how}   (obtains it by GOTOOLCHAIN)"))
    return health


def links(compiler: CCompiler) -> str:
    """ "" when the compiler made a program from C source, else the last line of what it said."""
    if compiler.kind == "zig":
        return _UNTRIED
    name = lab_store.digest([*compiler.argv, lab_store.identity(compiler.path), compiler.version])
    path = os.path.join(lab_store.home(), "links", name)
    known = lab_store.read(path)
    if known is not None:
        return known.decode()
    with lab_store.workplace() as folder:
        lab_store.write(f"{folder}/a.c", _PROGRAM)
        try:
            done = experiment.run(
                [*compiler.argv, "-o", "a.out", "a.c"],
                cwd=folder,
                env={**os.environ, "LC_ALL": "C"},
                timeout=60,
                merge=True,
            )
        except Unavailable as error:
            return error.why
    lines = done.out.decode("utf-8", "replace").strip().splitlines()
    said = (lines[-1] if lines else f"status {done.status}") if done.status else ""
    lab_store.write(path, said.encode())
    return said


def _missing(health: Health) -> None:
    facts, _ = gather(Live(), costly=False)
    system = family(facts)
    system = _KIN.get(system, system)
    there = {c.name for c, said in health.compilers if said in ("", _UNTRIED)}
    there |= {d.name for d in health.debuggers}
    there |= {os.path.basename(e.path).removesuffix("-static") for e in health.emulators}
    own = catalogue.machine().partition("/")[2]
    names = [name for name in (*_PACKAGES, "zig cc") if name not in there]
    if own == "arm64":
        names = [name for name in names if "aarch64" not in name]
    packages: list[str] = []
    for name in names:
        package = _package(name, system)
        if package:
            packages.append(package)
        how = _INSTALL[system].format(package) if package else _ELSEWHERE.get(name, "")
        health.missing.append((name, how or "no package of this system is known to have it"))
    if packages:
        health.command = _INSTALL[system].format(" ".join(packages))
    if not health.go:
        health.missing.append(("Go", "install Go from go.dev/dl"))


def _package(name: str, system: str) -> str:
    known = list(_INSTALL)
    return _PACKAGES[name][known.index(system)] if name in _PACKAGES and system in known else ""
