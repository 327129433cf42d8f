"""One build of the flags experiment: sources, settings, and what became of it.

A cell is carried out in a folder of its own and kept by content: the Go release, the
compilers as they are on disk, every source and every variable.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

from archfit.host import experiment, lab_store, slots
from archfit.lab import flag_calls, twins
from archfit.lab.catalogue import CCompiler, GoToolchain
from archfit.model.errors import Unavailable

#: Raised when the same cell may end otherwise than before.
_FORM = "2"
_SECONDS = 300.0
_PASSED = ("PATH", "HOME", "GOCACHE", "GOPATH", "XDG_CACHE_HOME", "ARCHFIT_CACHE", "GOMODCACHE")
_COMPLAINT = re.compile(
    r"error|undefined reference|cannot find|invalid|no such file|not recognized|not found", re.I
)


@dataclass(frozen=True, slots=True)
class Compilers:
    """A C compiler with its C++ twin, and gfortran where it is here (Fortran has no other)."""

    name: str
    cc: tuple[str, ...]
    cxx: tuple[str, ...]
    fc: tuple[str, ...]
    version: str


def compilers(own: CCompiler, cxx: str, fc: str) -> Compilers:
    """Of gcc, clang or zig; ``cxx``: the path of g++ or clang++, ``fc``: of gfortran or ""."""
    twin = (cxx,) if own.kind != "zig" else (own.argv[0], "c++", *own.argv[2:])
    return Compilers(own.name, own.argv, twin, (fc,) if fc else (), own.version)


@dataclass(frozen=True, slots=True)
class Cell:
    """``kind``: reach, break or library; ``axes``: what it stands for in the tables.

    ``library``: "" or how hello's archive is built first: c, c++, c++ extern "C".
    """

    kind: str
    axes: tuple[tuple[str, str], ...]
    go: GoToolchain
    tools: Compilers
    files: tuple[tuple[str, str], ...]
    env: tuple[tuple[str, str], ...] = ()
    where: str = "."
    package: str = "."
    library: str = ""

    def axis(self, name: str) -> str:
        """Where it stands on one axis."""
        return dict(self.axes)[name]


@dataclass(slots=True)
class Outcome:
    """``error``, ``warning``: the first line of each, "" for none. ``reach``: marker -> roles.

    ``seen``: calls by role, of the recorder and of -x. ``cause``: the finding's id.
    """

    status: int = 0
    seconds: float = 0.0
    error: str = ""
    warning: str = ""
    cause: str = ""
    text: str = ""
    reach: dict[str, list[str]] = field(default_factory=dict)
    seen: dict[str, list[int]] = field(default_factory=dict)
    twins: list[list[str]] = field(default_factory=list)
    cached: bool = False


def outcome(cell: Cell) -> Outcome:
    """Carry a cell out, or read what it gave before. Raises Unavailable when it can't be."""
    tools = [lab_store.identity(argv[0]) for argv in (cell.tools.cc, cell.tools.cxx)]
    own = asdict(cell)
    own["go"] = f"{cell.go.version} {lab_store.identity(cell.go.go)}"
    own.pop("axes")
    key = lab_store.digest([_FORM, json.dumps(own, sort_keys=True), *tools])
    path = os.path.join(lab_store.home(), "flags", f"{key}.json")
    data = lab_store.read(path)
    if data is not None:
        return Outcome(**{**json.loads(data), "cached": True})
    with lab_store.workplace("flags-") as folder:
        found = _carry_out(cell, folder)
    lab_store.write(path, json.dumps(asdict(found)).encode())
    return found


def _carry_out(cell: Cell, folder: str) -> Outcome:
    source = lab_store.folder(folder, "src")
    slots.put_tree(source, {p: t.encode() for p, t in cell.files}, frozenset())
    env = {name: os.environ[name] for name in _PASSED if name in os.environ}
    env |= {"LC_ALL": "C", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    env |= {"GOPROXY": "off", "CGO_ENABLED": "1", "GOTMPDIR": lab_store.folder(folder, "tmp")}
    env |= dict(cell.env)
    tools = {"cc": cell.tools.cc, "cxx": cell.tools.cxx, "fc": cell.tools.fc}
    names = {"cc": "CC", "cxx": "CXX", "fc": "FC"}
    log = lab_store.folder(folder, "calls")
    for tool, argv in tools.items():
        if not argv:
            continue
        env[names[tool]] = shlex.join(argv)
        if cell.kind == "reach":
            script = os.path.join(folder, tool)
            lab_store.write(script, flag_calls.recorder(tool, argv, log).encode(), 0o755)
            env[names[tool]] = script
    if cell.library:
        _build_library(cell, os.path.join(source, cell.package), env)
    flags = ["-x"] if cell.kind == "reach" else []
    done = experiment.run(
        [cell.go.go, "build", *flags, "-o", os.path.join(folder, "out"), _target(cell)],
        cwd=os.path.join(source, cell.where),
        env=env,
        timeout=_SECONDS,
        merge=True,
    )
    text = done.out.decode("utf-8", "replace")
    found = Outcome(done.status, done.seconds)
    if cell.kind == "reach":
        _calls(found, text, log, {os.path.join(folder, tool): tool for tool in tools})
        lines = text.splitlines()
        text = "\n".join(line for line in lines if ": error:" in line or "warning:" in line)
    text = text.replace(source, "SRC").replace(folder, "TMP")
    _complaints(found, text, os.path.join(source, cell.package))
    return found


def _target(cell: Cell) -> str:
    return "." if cell.where == cell.package else f"./{os.path.relpath(cell.package, cell.where)}"


def _build_library(cell: Cell, folder: str, env: dict[str, str]) -> None:
    """libhello.a beside its header, from hello.c or hello.cpp.in, with the cell's compiler."""
    plain = cell.library == "c"
    compiler = cell.tools.cc if plain else cell.tools.cxx
    language = ("-x", "c" if plain else "c++")
    for argv in (
        (*compiler, *language, "-c", "hello.in", "-o", "hello.obj"),
        ("ar", "rcs", "libhello.a", "hello.obj"),
    ):
        done = experiment.run(argv, cwd=folder, env=env, timeout=_SECONDS, merge=True)
        if done.status:
            said = done.out.decode("utf-8", "replace").strip().splitlines()
            raise Unavailable(f"{argv[0]}: {said[0] if said else done.status}")


def _calls(found: Outcome, text: str, log: str, programs: dict[str, str]) -> None:
    """What the recorder saw, beside what -x shows."""
    for name, data in lab_store.files_below(log):
        call = flag_calls.recorded(name, data)
        role = flag_calls.role(call) if call is not None else ""
        if call is None or not role:
            continue
        found.seen.setdefault(role, [0, 0])[0] += 1
        for marker in flag_calls.markers(call, MARKERS):
            roles = found.reach.setdefault(marker, [])
            if role not in roles:
                roles.append(role)
    for call in flag_calls.shown(text, programs):
        role = flag_calls.role(call)
        if role:
            found.seen.setdefault(role, [0, 0])[1] += 1


#: What tells a variable's flag from a `#cgo` line's in a call.
MARKERS = tuple(
    f"{origin}_{name}"
    for origin in ("ENV", "LINE")
    for name in ("CFLAGS", "CPPFLAGS", "CXXFLAGS", "FFLAGS", "LDFLAGS")
)


def _complaints(found: Outcome, text: str, tree: str) -> None:
    lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    warned = [line for line in lines if "warning:" in line]
    found.warning = warned[0] if warned else ""
    if found.status == 0:
        return
    rest = [
        line
        for line in lines
        if "warning:" not in line and "running gcc failed" not in line and line
    ]
    told = [line for line in rest if _COMPLAINT.search(line) and "/link: running" not in line]
    plain = [line for line in told if "ld returned" not in line and "-Wl," not in line]
    best = [line for line in plain if "error:" in line or "undefined reference" in line]
    found.error = (best or plain or told or rest or [f"status {found.status}"])[0][:400]
    missing = twins.undefined(text)
    there = list(twins.twins(missing, twins.objects_of("", tree))) if missing else []
    found.twins = [[twin.wanted, twin.there, twin.fix] for twin in _once(there)]
    import archfit

    findings = archfit.diagnose(text + "".join(f"\n{twin.line}" for twin in there)).findings
    found.cause = findings[0].rule if findings else ""
    found.text = text[:2000]


def _once(there: Sequence[twins.Twin]) -> Iterator[twins.Twin]:
    seen: set[tuple[str, str]] = set()
    for twin in there:
        if (twin.wanted, twin.there) not in seen:
            seen.add((twin.wanted, twin.there))
            yield twin
