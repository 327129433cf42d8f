"""For which system and ISA the program of a dump was built, from the text alone.

Sources: names of the runtime's files (`sys_linux_amd64.s`, `asm_arm64.s`, `os_darwin.go`: a
file name's suffix is a build constraint, see `go help buildconstraint`), the names in the
register block (runtime/signal_*.go), the form of the head (signal_windows.go).
"""

from __future__ import annotations

import re

from archfit.formats.go_dump import Dump

_SYSTEMS = "linux|darwin|windows|freebsd|netbsd|openbsd|dragonfly|solaris|illumos|android|aix|plan9"
_ISAS = "amd64|arm64|386|arm|ppc64le|ppc64|riscv64|s390x|loong64|mips64le|mips64|mipsle|mips|wasm"
#: Files of the standard library only: a program's own file may be named otherwise by mistake.
_FILE = re.compile(
    r"(?:^|/)(?:runtime|syscall|internal)/(?:[\w.-]{1,60}/){0,5}[a-z][a-z0-9_]{0,60}?"
    rf"(?:_({_SYSTEMS}))?(?:_({_ISAS}))?(?:x)?\.(?:go|s):",
    re.M,
)


def dump_target(dump: Dump) -> tuple[str, str]:
    """(system, ISA) in Go's spelling; "" for what the text does not tell.

    A dump whose files speak of two systems, or of two ISAs, tells of none.
    """
    systems: set[str] = {"windows"} if dump.exception else set()
    isas: set[str] = (
        {dump.isa} if dump.isa in ("amd64", "arm64", "386", "arm", "riscv64") else set()
    )
    stacks = list(dump.goroutines[:64])
    if dump.runtime_stack:
        stacks.append(dump.runtime_stack)
    for goroutine in stacks:
        for line in goroutine.block.split("\n"):
            found = _FILE.search(line.strip()[:1000])
            if found:
                systems |= {found[1]} if found[1] else set()
                isas |= {found[2]} if found[2] else set()
    system = next(iter(systems)) if len(systems) == 1 else ""
    return system, next(iter(isas)) if len(isas) == 1 else ""
