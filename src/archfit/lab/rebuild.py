"""`lab rebuild`: the same source built twice, in two folders, at two times, and compared."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from archfit.host import experiment, files, lab_store, source_copy
from archfit.host.live import Live
from archfit.lab import catalogue, go_packages, linked_pieces
from archfit.lab.build_difference import Difference, Seen, explain
from archfit.lab.build_marks import Side, day_in
from archfit.lab.go_catalogue import why_not
from archfit.lab.linked_pieces import Piece
from archfit.lab.pinned_build import Bench, Built, Choices, modules_folder
from archfit.lab.program_parts import take
from archfit.model.errors import Misuse, Unavailable

#: The second copy's files are this much older, in seconds.
_OLDER = 30 * 86400.0
_SOURCES = (".go", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".s", ".S", ".m", ".mm")
_C_DATE = re.compile(rb"__(?:DATE|TIME|TIMESTAMP)__")
_MOST_SOURCE = 8 << 20


@dataclass(frozen=True, slots=True)
class Compared:
    """``with_``: second build, emulated build or the path of an existing file."""

    file: str
    with_: str
    digests: tuple[str, str]
    difference: Difference | None


@dataclass(slots=True)
class Outcome:
    """All that a rebuild found. ``days``: {file: where the day of the build stands in it}."""

    tool: catalogue.GoToolchain
    choices: Choices
    builds: list[Built] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    commit: str = ""
    dirty: bool = False
    days: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    compiler: catalogue.CCompiler | None = None
    modules: list[Any] = field(default_factory=list)
    out: str = ""

    @property
    def same(self) -> bool:
        """All builds gave the same files."""
        return all(row.difference is None for row in self.compared)

    @property
    def fits(self) -> bool:
        """No piece is known to be for another target."""
        return all(piece.fits is not False for piece in self.pieces)


def rebuild(
    folder: str,
    choices: Choices,
    *,
    cgo: str = "auto",
    version: str = "",
    emulated: str = "",
    against: str = "",
    out: str = "",
    offline: bool = False,
    goroots: tuple[str, ...] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """Build twice (three times with ``emulated``, an ISA), compare, and look at every piece.

    ``cgo``: on, off, or auto: on where this machine has a C compiler that links for the target.
    Raises Misuse for a folder without a module, Unavailable for what this machine lacks or a
    build that fails.
    """
    folder = os.path.realpath(folder)
    module, base = _roots(folder)
    tool = _tool(version, offline, goroots, progress)
    if against:
        source_copy.digest(against)  # a file that can't be read is told before the builds
    refused = why_not(tool.version, choices.target)
    if refused:
        raise Misuse(refused)
    compiler, note = _compiler(choices.target, cgo)
    choices = replace(choices, cgo=compiler is not None)
    if emulated and choices.cgo:
        raise Unavailable(
            "an emulated build with cgo needs the C compiler emulated too: not done",
            "archfit lab rebuild --cgo off --emulated",
        )
    outcome = Outcome(tool, choices, compiler=compiler, notes=[note] if note else [])
    lab_store.sweep()
    with ExitStack() as stack:
        work = stack.enter_context(lab_store.workplace("rebuild-"))
        bench = Bench(work, tool, compiler, offline, progress)
        below = os.path.relpath(folder, base)
        places = [f"{work}/first/source", f"{work}/second-and-elsewhere/the-source"]
        progress("copying the source")
        source_copy.copy(base, places[0])
        source_copy.copy(base, places[1], time.time() - _OLDER)
        _state(outcome, places[0], os.path.relpath(module, base))
        inside = [os.path.normpath(os.path.join(place, below)) for place in places]
        _download(bench, inside[0], choices)
        mains = () if choices.command else bench.mains(inside[0], choices)
        first = bench.build("first", inside[0], choices, mains)
        # Clocks in programs count seconds: the second build begins in a later one.
        time.sleep(max(0.0, 1.1 - (time.time() - first.ended)))
        second = bench.build("second", inside[1], choices, mains)
        outcome.builds = [first, second]
        outcome.digests = {name: source_copy.digest(path) for name, path in first.files.items()}
        env = bench.environment(choices, "first")
        found = go_packages.packages(tool.go, inside[0], mains or ("./...",), env, choices.tags)
        seen = Seen(_generated(places[0], places[1], outcome), _c_dates(places[0], found))
        _compare_builds(outcome, first, second, places, seen)
        if emulated:
            third = _emulated(bench, emulated, base, below, work, choices, mains)
            outcome.builds.append(third)
            _compare_builds(outcome, first, third, [places[0], f"{work}/third/source"], seen)
        if against:
            _against(outcome, first, places[0], os.path.abspath(against), seen)
        outcome.pieces = [
            replace(piece, path=piece.path.replace(places[0], ".").replace(work, "$WORK"))
            for piece in linked_pieces.pieces(
                places[0], choices.target, first.files.values(), found
            )
        ]
        _left_out(outcome, bench, inside[0], mains)
        if out:
            outcome.out = lab_store.folder(os.path.abspath(out))
            for name, path in first.files.items():
                data = lab_store.read(path, 4 << 30) or b""
                lab_store.write(os.path.join(outcome.out, name), data, 0o755)
    return outcome


# -- before -----------------------------------------------------------------------------------


def _roots(folder: str) -> tuple[str, str]:
    """(module's folder, folder to copy): the repository's when the module is in one."""
    door = Live()
    if not door.is_dir(folder):
        raise Misuse(f"{folder}: no such folder")
    above = [folder]
    while (upper := os.path.dirname(above[-1])) != above[-1]:
        above.append(upper)
    module = next((path for path in above if door.exists(f"{path}/go.mod")), "")
    if not module:
        raise Misuse(f"{folder}: no go.mod here or above", "go mod init NAME")
    base = next((path for path in above if door.exists(f"{path}/.git")), module)
    return module, base if module.startswith(base) else module


def _tool(
    version: str, offline: bool, goroots: tuple[str, ...], progress: Callable[[str], None]
) -> catalogue.GoToolchain:
    if version:
        return catalogue.go_toolchain(version, offline, goroots, progress)
    here = catalogue.go_toolchains(goroots)
    if not here:
        raise Unavailable("no Go toolchain on this machine", "archfit lab doctor")
    return here[0]


def _compiler(target: str, cgo: str) -> tuple[catalogue.CCompiler | None, str]:
    """(the C compiler, a note); no compiler: the build is without cgo."""
    if cgo == "off":
        return None, ""
    if target.startswith("darwin/") and not catalogue.machine().startswith("darwin/"):
        why = (
            "cgo for darwin links against libraries of Apple's SDK (libresolv, CoreFoundation),"
            " which are on macOS only"
        )
        if cgo == "on":
            raise Unavailable(why, f"archfit lab rebuild --target {target} --cgo off")
        return None, f"built without cgo: {why}"
    for kind in ("gcc", "clang", "zig"):
        compiler = catalogue.compiler_for(kind, target)
        if compiler is not None:
            return compiler, ""
    why = f"no C compiler for {target} on this machine"
    if cgo == "on":
        raise Unavailable(why, "archfit lab doctor")
    return None, f"built without cgo: {why}"


def _state(outcome: Outcome, place: str, module: str) -> None:
    """The sums of the module's files, and the commit where there is one."""
    outcome.sources = source_copy.sums(os.path.normpath(os.path.join(place, module)))
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": place, "GIT_CONFIG_NOSYSTEM": "1"}
    if not Live().exists(f"{place}/.git"):
        return
    try:
        head = experiment.run(["git", "rev-parse", "HEAD"], cwd=place, env=env, timeout=30)
        status = experiment.run(["git", "status", "--porcelain"], cwd=place, env=env, timeout=120)
    except Unavailable:
        outcome.notes.append("git is not here: no stamp, and the commit is not recorded")
        return
    if head.status == 0:
        outcome.commit = head.out.decode("ascii", "replace").strip()
        outcome.dirty = bool(status.out.strip())


def _download(bench: Bench, folder: str, choices: Choices) -> None:
    if Live().exists(f"{folder}/vendor/modules.txt"):
        return
    env = bench.environment(choices, "first")
    done = experiment.run(
        [bench.tool.go, "mod", "download"],
        cwd=folder,
        env=env,
        timeout=1800,
        merge=True,
        tick=lambda: bench.progress("obtaining modules"),
    )
    if done.status:
        said = done.out.decode("utf-8", "replace").strip().splitlines()
        hint = "go mod download, with the network" if bench.offline else "go mod tidy"
        raise Unavailable(f"modules can't be had: {said[-1] if said else 'no answer'}", hint)


# -- after ------------------------------------------------------------------------------------


def _compare_builds(
    outcome: Outcome, first: Built, second: Built, places: list[str], seen: Seen
) -> None:
    label = f"emulated on {second.emulated}" if second.emulated else second.name
    for name in sorted({*first.files, *second.files}):
        if name not in first.files or name not in second.files:
            raise Unavailable(f"{name} was made by one of the builds only")
        sides = (
            Side("first", places[0], first.began, first.ended),
            Side(second.name, places[1], second.began, second.ended),
        )
        _compare(outcome, name, label, first.files[name], second.files[name], sides, seen)


def _compare(
    outcome: Outcome,
    name: str,
    label: str,
    one: str,
    two: str,
    sides: tuple[Side, Side],
    seen: Seen,
) -> None:
    digests = source_copy.digest(one), source_copy.digest(two)
    difference = None
    with files.window(one) as (a, _), files.window(two) as (b, _):
        taken = take(a)
        if taken.info is not None and not outcome.modules:
            outcome.modules = list(taken.info.deps)
        if digests[0] != digests[1]:
            difference = explain(taken, take(b), *sides, seen)
        elif sides[1].began:
            where = day_in(taken, sides[0], seen.c_dates)
            if where:
                outcome.days[name] = where
    outcome.compared.append(Compared(name, label, digests, difference))


def _against(outcome: Outcome, first: Built, place: str, path: str, seen: Seen) -> None:
    name = os.path.basename(path)
    if name not in first.files:
        if len(first.files) != 1:
            raise Misuse(f"--against {path}: the build makes {', '.join(first.files)}")
        name = next(iter(first.files))
    sides = Side("first", place, first.began, first.ended), Side(path)
    # What was seen in these two builds says nothing of how that file was made.
    seen = Seen((), seen.c_dates)
    _compare(outcome, name, path, first.files[name], path, sides, seen)


def _generated(one: str, two: str, outcome: Outcome) -> tuple[str, ...]:
    """Sources that the two trees don't share after their builds."""
    skip = (".git", "node_modules")
    a, b = source_copy.sums(one, skip), source_copy.sums(two, skip)
    found = []
    for path in sorted({*a, *b}):
        if a.get(path) == b.get(path) or not path.endswith(_SOURCES):
            continue
        lines = [
            (lab_store.read(os.path.join(root, path), _MOST_SOURCE) or b"").splitlines()
            for root in (one, two)
        ]
        at = next(
            (n for n, (x, y) in enumerate(zip(*lines, strict=False)) if x != y),
            min(map(len, lines)),
        )
        texts = [
            (side[at] if at < len(side) else b"(no such line)").decode("utf-8", "replace").strip()
            for side in lines
        ]
        found.append(f"{path}:{at + 1}: {texts[0]} | {texts[1]}")
    return tuple(found)


def _c_dates(root: str, found: list[go_packages.Package]) -> tuple[str, ...]:
    """Where C sources of the tree or of a package with cgo use the clock of the compiler."""
    paths = [os.path.join(p.folder, n) for p in found if p.cgo for n in (*p.cgo, *p.c)]
    uses = []
    for path in dict.fromkeys(paths):
        try:
            data = lab_store.read(path, _MOST_SOURCE) or b""
        except Unavailable:
            continue
        for match in _C_DATE.finditer(data):
            line = data.count(b"\n", 0, match.start()) + 1
            name = path.replace(root + os.sep, "").replace(modules_folder() + os.sep, "")
            uses.append(f"{name}:{line}: {match[0].decode()}")
    return tuple(dict.fromkeys(uses))


def _left_out(outcome: Outcome, bench: Bench, folder: str, mains: tuple[str, ...]) -> None:
    """Without cgo, files that import "C" are left out: say whose."""
    if outcome.choices.cgo or not mains:
        return
    env = bench.environment(outcome.choices, "first") | {"CGO_ENABLED": "1"}
    with_c = go_packages.packages(bench.tool.go, folder, mains, env, outcome.choices.tags)
    names = [package.path for package in with_c if package.cgo and not package.standard]
    if names:
        outcome.notes.append(
            "without cgo the C code of these packages is left out: " + ", ".join(names[:8])
        )


def _emulated(
    bench: Bench,
    isa: str,
    base: str,
    below: str,
    work: str,
    choices: Choices,
    mains: tuple[str, ...],
) -> Built:
    system = catalogue.machine().split("/")[0]
    emulator = catalogue.emulator_for(f"{system}/{isa}")
    if emulator is None:
        raise Unavailable(f"no emulator for {isa} on this machine", "archfit lab doctor")
    goroot = foreign_goroot(bench, f"{system}-{isa}")
    place = f"{work}/third/source"
    source_copy.copy(base, place, time.time() - _OLDER / 2)
    inside = os.path.normpath(os.path.join(place, below))
    return bench.build("emulated", inside, choices, mains, emulator, goroot)


def foreign_goroot(bench: Bench, platform: str) -> str:
    """The same release for another machine, as the module golang.org/toolchain, whose sum the
    go command checks (go.dev/doc/toolchain). Raises Unavailable."""
    name = f"golang.org/toolchain@v0.0.1-go{bench.tool.version}.{platform}"
    env = bench.environment(Choices(catalogue.machine()), "first")
    with lab_store.lock(f"obtain-{platform}-{bench.tool.version}"):
        done = experiment.run(
            [bench.tool.go, "mod", "download", "-json", name],
            cwd=bench.work,
            env=env,
            timeout=900,
            tick=lambda: bench.progress(f"obtaining go{bench.tool.version} for {platform}"),
        )
        rows = go_packages.objects(done.out.decode("utf-8", "replace"))
        place = str(rows[0].get("Dir", "")) if rows else ""
        if done.status or not place:
            why = rows[0].get("Error") if rows else done.err.decode("utf-8", "replace").strip()
            raise Unavailable(f"{name}: {why or 'can not be obtained'}")
        source_copy.allow_execution(f"{place}/bin")
        source_copy.allow_execution(f"{place}/pkg/tool")
    return place


def moment(seconds: float) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
