"""The matrix: every case of a recipe in every column, as far as this machine can.

`plan` says what there is to do, `carry_out` does what is not done yet, `document` tells it all
(``archfit.lab/1``). Programs are built first and cells run after, each side by side.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from archfit.host import lab_store
from archfit.host.lab_pool import unordered_map
from archfit.host.live import Live
from archfit.host.pool import workers
from archfit.lab import catalogue, cell_run
from archfit.lab.catalogue import GoToolchain
from archfit.lab.cells import Build, Cell, Config, cells, configs
from archfit.lab.matrix_recipe import Recipe
from archfit.model.errors import ArchfitError, Unavailable

Progress = Callable[[str], None]


@dataclass(slots=True)
class Effort:
    """What a run cost. ``busy``: the share of all cores that were not idle meanwhile, of the
    whole machine; ``own``: the share that this run's processes had. None: not measured."""

    seconds: float = 0.0
    builds: int = 0
    cells: int = 0
    cached: int = 0
    busy: float | None = None
    own: float | None = None
    lost: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """``tools``: the toolchain of each release, or why it can't be had."""

    recipe: Recipe
    columns: list[Config]
    cells: list[Cell]
    tools: dict[str, GoToolchain | str]
    runs: int = 0


def plan(
    recipe: Recipe,
    releases: Sequence[str],
    ccs: Sequence[str],
    targets: Sequence[str],
    *,
    runs: int = 0,
    offline: bool = False,
    goroots: Sequence[str] = (),
    progress: Progress = lambda text: None,
) -> Plan:
    """All columns and cells. A release that names its patch is obtained when it is not here."""
    tools: dict[str, GoToolchain | str] = {}
    for release in releases:
        try:
            tools[release] = catalogue.go_toolchain(release, offline, goroots, progress)
        except Unavailable as error:
            tools[release] = error.why
    columns = configs(releases, ccs, targets, tools)
    return Plan(recipe, columns, cells(recipe, columns, runs), tools, runs)


def carry_out(
    plan: Plan, jobs: int = 0, progress: Progress = lambda text: None
) -> tuple[dict[str, cell_run.Outcome], Effort]:
    """The outcome of each cell that can be run, by its key; what is kept is not done again."""
    effort = Effort()
    begin, idle, used = time.monotonic(), _idle(), _used()
    lab_store.sweep()
    outcomes: dict[str, cell_run.Outcome] = {}
    todo: dict[str, Cell] = {}
    for cell in plan.cells:
        if cell.why or cell.key in outcomes:
            continue
        known = cell_run.outcome(cell.key)
        if known is None:
            todo.setdefault(cell.key, cell)
        else:
            outcomes[cell.key] = known
    effort.cached = len(outcomes)
    cores = workers()
    builds = {c.build.key: c.build for c in todo.values() if c.build}
    waiting = [b for b in _in_order(list(builds.values())) if cell_run.built(b.key) is None]
    for number_, (task, made) in enumerate(
        unordered_map(cell_run.build, waiting, jobs or cores), 1
    ):
        effort.builds += 1
        what = f"go{task.config.version} {task.config.cc} {task.config.target}"
        if made is None:
            effort.lost.append(f"build of {task.program.name}, {what}")
        progress(f"built {number_} of {len(waiting)}: {task.program.name}, {what}")
    # A cell that hangs waits, and costs nothing: so there are more of them than cores.
    side_by_side = unordered_map(cell_run.run, _longest_first(todo), jobs or 2 * cores)
    for number_, (cell, seen) in enumerate(side_by_side, 1):
        effort.cells += 1
        if seen is None:
            effort.lost.append(cell.name)
        else:
            outcomes[cell.key] = seen
        progress(f"ran {number_} of {len(todo)}: {cell.name}")
    effort.seconds = time.monotonic() - begin
    if effort.cells or effort.builds:
        _share(effort, idle, used, cores)
    return outcomes, effort


def _in_order(builds: list[Build]) -> list[Build]:
    """Programs without C first, one a release and target: they compile Go's library, which the
    others then find in the build cache."""
    return sorted(builds, key=lambda b: (b.program.cgo, b.config.cc, len(b.program.env)))


def _longest_first(todo: dict[str, Cell]) -> list[Cell]:
    """What may take its whole time comes first, so that nobody waits for it in the end."""
    slow = ("hangs",)
    return sorted(
        todo.values(), key=lambda c: (c.case.verdict not in slow, -c.runs * c.case.timeout)
    )


def _idle() -> float | None:
    """Seconds that all cores together were idle since the start (proc(5), /proc/stat)."""
    try:
        words = Live().read("/proc/stat", 256).split(b"\n", 1)[0].split()
        return (int(words[4]) + int(words[5])) / 100
    except (ArchfitError, IndexError, ValueError):
        return None


def _used() -> float:
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    me = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + me.ru_utime + me.ru_stime


def _share(effort: Effort, idle: float | None, used: float, cores: int) -> None:
    room = effort.seconds * cores
    now = _idle()
    if idle is not None and now is not None and room:
        effort.busy = round(max(0.0, 1 - (now - idle) / room), 3)
    effort.own = round((_used() - used) / room, 3) if room else None
