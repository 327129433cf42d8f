"""The cells of a matrix: what each is made of, and why some can't be run.

A cell is known by the hash of all that decides what it does; `key` is that hash.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from archfit.host import lab_store
from archfit.lab import catalogue
from archfit.lab.catalogue import CCompiler, Emulator, GoToolchain
from archfit.lab.go_catalogue import number, why_not
from archfit.lab.matrix_recipe import Case, Program, Recipe

#: Of what is kept of a build, and of a cell; a new number makes all of them new.
BUILD_FORMAT, CELL_FORMAT = 1, 3

#: An emulated program may take so many times longer.
_SLOWER = 4.0
#: What a build and a run may see of the user's environment beside what is set for them.
_PASSED = ("PATH", "HOME", "TMPDIR", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE",
           "GOMODCACHE", "GOPATH", "GOAUTH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
           "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Config:
    """One column: a release, a C compiler, a target. ``why``: it can't be had here, so that
    none of its cells is run; ``tool`` and ``compiler`` are then None."""

    release: str  #: as asked for: 1.27 or 1.27.3
    cc: str  #: as asked for: gcc, clang, zig
    target: str
    tool: GoToolchain | None = None
    compiler: CCompiler | None = None
    emulator: Emulator | None = None
    why: str = ""

    @property
    def version(self) -> str:
        """The exact release when it is here."""
        return self.tool.version if self.tool else self.release


@dataclass(frozen=True, slots=True)
class Build:
    """A program of a recipe for one column. ``sources``: (path, bytes) of its folder."""

    config: Config
    program: Program
    compiler: CCompiler
    sources: tuple[tuple[str, bytes], ...] = field(repr=False)
    key: str = ""
    env: tuple[tuple[str, str], ...] = ()

    @property
    def argv(self) -> list[str]:
        """The command; it writes `program` beside the sources."""
        assert self.config.tool is not None
        return [self.config.tool.go, "build", "-trimpath", *self.program.flags, "-o",
                "../program", "."]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A case in a column. ``why``: it is not run; else ``build`` and ``key`` are there."""

    config: Config
    case: Case
    why: str = ""
    build: Build | None = None
    key: str = ""
    runs: int = 0

    @property
    def name(self) -> str:
        """Unique in a matrix, and fit for a file's name."""
        c = self.config
        return f"{self.case.name}--go{c.version}-{c.cc}-{c.target.replace('/', '-')}"

    @property
    def timeout(self) -> float:
        """Seconds for one run."""
        return self.case.timeout * (_SLOWER if self.config.emulator else 1)


def configs(
    releases: Sequence[str],
    ccs: Sequence[str],
    targets: Sequence[str],
    tools: Mapping[str, GoToolchain | str],
) -> list[Config]:
    """Every column. ``tools``: the toolchain of each release, or why it can't be had."""
    out: list[Config] = []
    for release in sorted(releases, key=number):
        tool = tools[release]
        for cc in ccs:
            out += [_config(release, cc, target, tool) for target in targets]
    return out


def _config(release: str, cc: str, target: str, tool: GoToolchain | str) -> Config:
    why = why_not(release, target, cgo=True)
    if why:
        return Config(release, cc, target, why=why)
    if isinstance(tool, str):
        return Config(release, cc, target, why=tool)
    compiler = _compiler(cc, target, "")
    if compiler is None:
        return Config(release, cc, target, tool, why=f"no {cc} for {target} is on this machine")
    if target == catalogue.machine():
        return Config(release, cc, target, tool, compiler)
    emulator = _emulator(target)
    if emulator is None:
        why = f"nothing on this machine runs programs of {target}"
        return Config(release, cc, target, tool, compiler, why=why)
    return Config(release, cc, target, tool, compiler, emulator)


@cache
def _compiler(name: str, target: str, libc: str) -> CCompiler | None:
    return catalogue.compiler_for(name, target, libc)


@cache
def _emulator(target: str) -> Emulator | None:
    return catalogue.emulator_for(target)


def cells(recipe: Recipe, columns: Iterable[Config], runs: int = 0) -> list[Cell]:
    """Every cell, in the order of the cases. ``runs``: at least so many in place of the case's."""
    sources = {p.name: tuple(_sources(recipe, p)) for p in recipe.programs}
    builds: dict[tuple[Config, str, str], Build] = {}
    out: list[Cell] = []
    columns = list(columns)
    for case in recipe.cases:
        program = recipe.program(case.program)
        for config in columns:
            why = config.why or _senseless(case, config)
            compiler = config.compiler
            if not why and case.libc:
                compiler = _compiler(config.cc, config.target, case.libc)
                if compiler is None:
                    why = f"no {config.cc} with {case.libc} for {config.target} is on this machine"
            if why or compiler is None:
                out.append(Cell(config, case, why))
                continue
            at = (config, program.name, case.libc)
            if at not in builds:
                builds[at] = _build(config, program, compiler, sources[program.name])
            build = builds[at]
            wanted = runs or case.runs
            out.append(
                Cell(config, case, "", build, _cell_key(build, case, config, wanted), wanted)
            )
    return out


def _senseless(case: Case, config: Config) -> str:
    if case.targets and config.target not in case.targets:
        return f"the case is about {', '.join(case.targets)}"
    if case.since and number(config.version)[0] < number(case.since)[0]:
        return f"the case is about Go {case.since} and later"
    if case.until and number(config.version)[0] > number(case.until)[0]:
        return f"the case is about Go up to {case.until}"
    return ""


def _sources(recipe: Recipe, program: Program) -> list[tuple[str, bytes]]:
    folder = os.path.normpath(os.path.join(recipe.folder, program.folder))
    return lab_store.files_below(folder)


def _build(
    config: Config, program: Program, compiler: CCompiler, sources: tuple[tuple[str, bytes], ...]
) -> Build:
    assert config.tool is not None
    env = environment(config, program, compiler)
    known = {key: value for key, value in env.items() if key not in _PASSED}
    parts: list[str | bytes] = [
        str(BUILD_FORMAT),
        "build",
        config.tool.version,
        lab_store.identity(config.tool.go),
        *_identity(compiler),
        *(f"{key}={value}" for key, value in sorted(known.items())),
        *program.flags,
    ]
    for path, data in sources:
        parts += [path, data]
    key = lab_store.digest(parts)
    return Build(config, program, compiler, sources, key, tuple(sorted(env.items())))


def environment(config: Config, program: Program, compiler: CCompiler) -> dict[str, str]:
    """Of a build: everything pinned, Go's own settings forgotten."""
    system, _, isa = config.target.partition("/")
    env = {key: os.environ[key] for key in _PASSED if key in os.environ}
    env |= {
        "LC_ALL": "C",
        "GOENV": "off",
        "GOFLAGS": "",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOCACHE": os.path.join(lab_store.home(), "go-build"),
        "GOOS": system,
        "GOARCH": isa,
        "CGO_ENABLED": "1" if program.cgo else "0",
    }
    if program.cgo:
        env |= {"CC": " ".join(compiler.argv), "CXX": " ".join(_cxx(compiler))}
    return env | dict(program.env)


def _cxx(compiler: CCompiler) -> tuple[str, ...]:
    """The C++ compiler beside a C compiler: gcc -> g++, clang -> clang++, zig cc -> zig c++."""
    first, *rest = compiler.argv
    if compiler.kind == "zig":
        return (first, "c++", *rest[1:])
    above, _, name = first.rpartition("/")
    twin = f"{name[:-3]}g++" if name.endswith("gcc") else f"{name}++"
    return (f"{above}/{twin}" if above else twin, *rest)


def _identity(compiler: CCompiler) -> tuple[str, ...]:
    return (*compiler.argv, compiler.version, lab_store.identity(compiler.path), _libc(compiler))


@cache
def _libc(compiler: CCompiler) -> str:
    """The C library that its programs get, as a file's identity; "" when it does not tell."""
    path = catalogue.answer((*compiler.argv, "-print-file-name=libc.so.6"))
    return lab_store.identity(path) if os.path.isfile(path) else ""


def _cell_key(build: Build, case: Case, config: Config, runs: int) -> str:
    runner: tuple[str, ...] = ("native",)
    if config.emulator:
        e = config.emulator
        runner = (*e.argv, e.version, lab_store.identity(e.path))
    return lab_store.digest(
        [
            str(CELL_FORMAT),
            build.key,
            *runner,
            *case.args,
            *(f"{key}={value}" for key, value in sorted(case.env.items())),
            str(runs),
            f"{case.timeout:g}",
        ]
    )
