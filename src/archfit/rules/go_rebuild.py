"""Commands that build a Go program again, as far as its build info tells how.

The file is written to the folder of the build under a name of its own, so that nothing is
overwritten and there is something to check afterwards. `command-line-arguments` is what cmd/go
calls a package made of files named on the command line (Go cmd/go/internal/load, GoFilesPackage):
no package path. Import paths hold ASCII letters, digits and -._~/+ (golang.org/x/mod/module,
CheckImportPath); anything else is not put into a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archfit.facts import go
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Remedy

_IMPORT_PATH = re.compile(r"(?!-)[A-Za-z0-9._~+/-]{1,300}")
_NEEDS_CGO = ("c-shared", "c-archive", "plugin", "shared")


def package(facts: Facts) -> str:
    """What to give `go build`: the import path, or `.` when none is known."""
    path = go.PATH.of(facts) or ""
    return path if path != "command-line-arguments" and _IMPORT_PATH.fullmatch(path) else "."


def build(facts: Facts, settings: str, isa: str, flags: str = "") -> tuple[str, str]:
    """(command that writes a new file, command that checks this file)."""
    name = package(facts).rpartition("/")[2].strip(".") or "rebuilt"
    out = f"{name.lstrip('-')}-{isa}"
    mode = (go.SETTINGS.of(facts) or {}).get("-buildmode")
    if mode in _NEEDS_CGO:
        flags = f"-buildmode={mode} {flags}"
    words = (settings, "go build -o", out, flags.strip(), package(facts))
    return " ".join(word for word in words if word), f"archfit check {out}"


def without_libc(facts: Facts, host: Facts, isa: str) -> Iterator[Remedy]:
    """How a Go program gets along without a libc that it misses.

    A program with cgo may have packages with `import "C"`, which CGO_ENABLED=0 leaves out of
    the build: so it is first built with cgo for this host, and the other way is no safe one.
    """
    own = h.ISA.of(host) or isa
    pure = go.CGO.of(facts) == "no"
    if not pure:
        command, verify = build(facts, f"CGO_ENABLED=1 GOARCH={own}", own)
        libc = h.LIBC.of(host) or "libc"
        yield Remedy(
            f"Build it on this host, with a C compiler for {own} and against its own {libc}",
            command,
            safe=True,
            verify=verify,
        )
    if (go.SETTINGS.of(facts) or {}).get("-buildmode") in _NEEDS_CGO:
        return
    command, verify = build(facts, f"CGO_ENABLED=0 GOARCH={isa}", isa)
    title = "Build it static, without cgo"
    yield Remedy(
        title if pure else f"{title}, if its packages can do without C",
        command,
        safe=pure,
        verify=verify,
    )
