"""Which cgo flag reaches whom, and what breaks when it is the wrong one.

Three experiments over the Go releases and compilers that are here: every variable and
every `#cgo` line at once, each with a flag of its own (*reach*); a language standard in each
of them (*break*); a library as C, as C++ and as C++ with extern "C", named in four ways
from two folders (*library*).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archfit.host.lab_pool import unordered_map
from archfit.host.live import Live
from archfit.lab import catalogue
from archfit.lab.catalogue import GoToolchain
from archfit.lab.flag_cells import MARKERS, Cell, Compilers, Outcome, compilers, outcome
from archfit.lab.flag_words import VARIABLES
from archfit.model.errors import Misuse, Unavailable

_MOD = "module probe.test/flags\n\ngo 1.19\n"
_HEADER = "void user_c(void);\nvoid user_cc(void);\nvoid user_s(void);\nvoid user_f_(void);\n"
_C = '#include "user.h"\nvoid user_c(void) {}\n'
_CC = 'extern "C" {\n#include "user.h"\n}\nvoid user_cc(void) {}\n'
#: `ret` is the return of amd64, arm64, riscv64, loong64 and ppc64 assemblers alike.
_S = (
    '.globl user_s\nuser_s:\n\tret\n#ifdef __ELF__\n.section .note.GNU-stack,"",%progbits\n#endif\n'
)
_F = "      subroutine user_f\n      end\n"
#: A standard of C++, one of C, and both.
STANDARDS = ("-std=gnu++17", "-std=c11", "-std=c11 -std=gnu++17")
#: How a library is named -> the words of `#cgo LDFLAGS`.
NAMED = ("./libhello.a", "${SRCDIR}/libhello.a", "-L. -lhello", "-L${SRCDIR} -lhello")
LIBRARIES = ("c", "c++", 'c++ extern "C"')
_HELLO = '#include "hello.h"\nvoid say_hello(void) {}\n'
_PLAIN = "void say_hello(void);\n"
_GUARDED = f'#ifdef __cplusplus\nextern "C" {{\n#endif\n{_PLAIN}#ifdef __cplusplus\n}}\n#endif\n'


@dataclass(frozen=True, slots=True)
class Flags:
    """All cells with what became of them; ``absent``: what is not here, and so was not run."""

    cells: tuple[tuple[Cell, Outcome], ...]
    releases: tuple[str, ...]
    tools: tuple[Compilers, ...]
    absent: tuple[str, ...]
    seconds: float

    def of(self, kind: str) -> list[tuple[Cell, Outcome]]:
        """The cells of one experiment."""
        return [(cell, found) for cell, found in self.cells if cell.kind == kind]

    def reach(self) -> dict[str, dict[str, list[str]]]:
        """Marker -> role -> the toolchains (`go1.26.8 gcc`) in which it is reached."""
        table: dict[str, dict[str, list[str]]] = {marker: {} for marker in MARKERS}
        for cell, found in self.of("reach"):
            for marker, roles in found.reach.items():
                for role in roles:
                    table[marker].setdefault(role, []).append(_toolchain(cell))
        return table


def _toolchain(cell: Cell) -> str:
    return f"go{cell.go.version} {cell.tools.name}"


def flags(
    releases: Sequence[str] = (),
    names: Sequence[str] = (),
    *,
    every: bool = False,
    offline: bool = False,
    jobs: int = 2,
    say: Callable[[str], None] = lambda _text: None,
) -> Flags:
    """Run the experiments, or read what is known of them.

    ``releases``: Go releases (none: all that are here); ``names``: gcc, clang, zig (none:
    all); ``every``: the standards on every release, not on the newest alone. Raises Misuse for
    an unknown compiler, Unavailable where no Go or no C compiler is here.
    """
    begin = time.monotonic()
    tools, absent = _compilers(names)
    gos = _releases(releases, offline, say)
    if not gos or not tools:
        raise Unavailable("no Go toolchain or no C compiler is here", "archfit lab doctor")
    cells: list[Cell] = []
    for number, go in enumerate(gos):
        for own in tools:
            cells.append(_reach(go, own))
            cells += _library(go, own)
            if every or number == 0:
                cells += _standards(go, own)
    done: dict[Cell, Outcome] = {}
    for cell, found in unordered_map(outcome, cells, jobs):
        done[cell] = found or Outcome(status=-1, error="its process died")
        say(f"{len(done)} of {len(cells)} builds")
    return Flags(
        tuple((cell, done[cell]) for cell in cells),
        tuple(go.version for go in gos),
        tuple(tools),
        tuple(absent),
        time.monotonic() - begin,
    )


def _releases(
    wanted: Sequence[str], offline: bool, say: Callable[[str], None]
) -> list[GoToolchain]:
    """The newest first; of each release one."""
    if wanted:
        found = [catalogue.go_toolchain(name, offline, progress=say) for name in wanted]
    else:
        found = catalogue.go_toolchains()
    unique = {tool.version: tool for tool in reversed(found)}
    return sorted(
        unique.values(),
        key=lambda tool: [int(part) for part in tool.version.split(".") if part.isdigit()],
        reverse=True,
    )


def _compilers(names: Sequence[str]) -> tuple[list[Compilers], list[str]]:
    kinds = {"gcc": "g++", "clang": "clang++", "zig": ""}
    unknown = [name for name in names if name not in kinds]
    if unknown:
        raise Misuse(f"--cc {unknown[0]}: known are gcc, clang and zig")
    here, absent = [], []
    fortran = (Live().which("gfortran") or [""])[0]
    target = catalogue.machine()
    for kind, cxx in kinds.items():
        if names and kind not in names:
            continue
        found = catalogue.compiler_for(kind, target)
        glibc = catalogue.compiler_for(kind, target, "glibc") if kind == "zig" else None
        twin = (Live().which(cxx) or [""])[0] if cxx else "zig c++"
        if found is None or not twin:
            absent.append(f"{kind if found is None else cxx} is not here")
            continue
        # zig cc brings its own libraries, and libgfortran is none of them.
        here.append(compilers(glibc or found, twin, fortran if kind != "zig" else ""))
    if not fortran:
        absent.append("gfortran is not here: CGO_FFLAGS and .f files were not tried")
    elif any(own.name == "zig cc" for own in here):
        absent.append("zig cc has no libgfortran: CGO_FFLAGS and .f files were not tried with it")
    return here, absent


def _go_file(lines: Sequence[str], fortran: bool) -> str:
    head = "".join(f"#cgo {line}\n" for line in lines)
    calls = "\tC.user_c()\n\tC.user_cc()\n\tC.user_s()\n" + ("\tC.user_f_()\n" if fortran else "")
    return (
        f'package main\n\n/*\n{head}#include "user.h"\n*/\nimport "C"\n\n'
        f"//export goCallback\nfunc goCallback() {{}}\n\nfunc main() {{\n{calls}}}\n"
    )


def _sources(lines: Sequence[str], fortran: bool) -> tuple[tuple[str, str], ...]:
    files = [("go.mod", _MOD), ("main.go", _go_file(lines, fortran)), ("user.h", _HEADER)]
    files += [("user.c", _C), ("user.cc", _CC), ("user.S", _S)]
    return tuple(files + ([("user.f", _F)] if fortran else []))


def _reach(go: GoToolchain, own: Compilers) -> Cell:
    def flag(marker: str) -> str:
        return f"-L/{marker}" if marker.endswith("LDFLAGS") else f"-D{marker}"

    fortran = bool(own.fc)
    lines = [f"{name[4:]}: {flag(f'LINE_{name[4:]}')}" for name in VARIABLES]
    env = tuple((name, flag(f"ENV_{name[4:]}")) for name in VARIABLES)
    axes = (("go", go.version), ("cc", own.name))
    return Cell("reach", axes, go, own, _sources(lines, fortran), env)


def _standards(go: GoToolchain, own: Compilers) -> list[Cell]:
    cells = []
    for name in VARIABLES:
        if name == "CGO_FFLAGS" and not own.fc:
            continue
        for standard in STANDARDS:
            for origin in ("env", "line"):
                axes = (
                    ("go", go.version),
                    ("cc", own.name),
                    ("where", name if origin == "env" else f"#cgo {name[4:]}"),
                    ("flag", standard),
                )
                lines = [f"{name[4:]}: {standard}"] if origin == "line" else []
                env = ((name, standard),) if origin == "env" else ()
                cells.append(Cell("break", axes, go, own, _sources(lines, bool(own.fc)), env))
    return cells


def _library(go: GoToolchain, own: Compilers) -> list[Cell]:
    cells = []
    for built in LIBRARIES:
        for named in NAMED if built == "c" else NAMED[1:2]:
            for where in (".", "app") if built == "c" else ("app",):
                axes = (
                    ("go", go.version),
                    ("cc", own.name),
                    ("library", built),
                    ("named", named),
                    ("from", "the package's folder" if where == "app" else "the module's root"),
                )
                main = (
                    f'package main\n\n/*\n#cgo LDFLAGS: {named}\n#include "hello.h"\n*/\n'
                    'import "C"\n\nfunc main() { C.say_hello() }\n'
                )
                header = _GUARDED if "extern" in built else _PLAIN
                files = (
                    ("go.mod", _MOD),
                    ("app/main.go", main),
                    ("app/hello.h", header),
                    ("app/hello.in", _HELLO),
                )
                cells.append(Cell("library", axes, go, own, files, (), where, "app", built))
    return cells
