"""Building programs and running cells; what is done once is kept, by its key."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from archfit.host import experiment, lab_store
from archfit.lab.cell_outcome import Run, build_cause, observe, typical, verdict
from archfit.lab.cells import Build, Cell
from archfit.model.errors import Unavailable

#: A first build of a release compiles its whole library, on a busy machine in minutes.
_BUILD_TIME = 600.0
#: When runs of a case differ, it is run so many times.
_FLAKY = 5
#: A case that hung so often from the first run on is run no more.
_HANGS = 2
#: Runs with GOTRACEBACK=crash.
_CRASHES = 2
#: Bytes of a program's output that are read.
_OUTPUT = 1 << 20
_SAID = 8_000


@dataclass(frozen=True, slots=True)
class Built:
    """``error``: what the build said when it failed; ``cause`` of that, by archfit's diagnosis."""

    key: str
    seconds: float
    peak: int
    size: int = 0
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``state``: ran, not built, or not run (with the reason in ``error``). ``how``: the verdict
    in words, as ``dies 3 of 5``.

    ``run``: the typical one. ``crash``: the same with GOTRACEBACK=crash and core files allowed;
    None where no run died. ``counts``: of each way that the runs went, ``endings`` with status
    and signature. ``steady``: no run went otherwise than the others in status, cause or
    signature; ``crash_steady``: likewise, of two. ``seconds``: all of it.
    """

    key: str
    state: str
    how: str = ""
    runs: int = 0
    counts: Mapping[str, int] | None = None
    run: Run | None = None
    crash: Run | None = None
    error: str = ""
    cause: str = ""
    endings: Mapping[str, int] | None = None
    steady: bool = True
    crash_steady: bool = True
    seconds: float = 0.0


# -- programs ---------------------------------------------------------------------------------


def built(key: str) -> Built | None:
    """What is kept of a build; None when it is still to be done."""
    known = _read(_place("programs", key, "built.json"))
    if known is None or not (known["error"] or os.path.isfile(program(key))):
        return None
    return Built(**known)


def program(key: str) -> str:
    """The path of a built program."""
    return _place("programs", key, "program")


def build(task: Build) -> Built:
    """Build a program, unless that is done; also the failure is kept.

    Raises Unavailable when the go command can't be started. A build that ran out of time is
    not kept: it may do better another time.
    """
    known = built(task.key)
    if known is not None:
        return known
    with lab_store.lock(f"build-{task.key}"), lab_store.workplace() as folder:
        known = built(task.key)
        if known is not None:
            return known
        # Not /src: the folder's name must say nothing of this machine in any text.
        source = lab_store.folder(folder, task.program.name)
        for path, data in task.sources:
            lab_store.write(os.path.join(source, path), data)
        env = {**dict(task.env), "TMPDIR": lab_store.folder(folder, "tmp")}
        done = experiment.run(
            task.argv, cwd=source, env=env, timeout=_BUILD_TIME, merge=True, limit=_OUTPUT
        )
        said = _clean(done.out.decode("utf-8", "replace"), folder, task)
        if done.status or done.timed_out:
            if done.timed_out:
                said += f"\nnot done after {_BUILD_TIME:g} s"
            system, _, isa = task.config.target.partition("/")
            cause = build_cause(said, {"goos": system, "goarch": isa})
            record = Built(task.key, done.seconds, done.peak, 0, said[-_SAID:].strip(), cause)
            if done.timed_out:
                return record
        else:
            made = os.path.join(folder, "program")
            size = os.path.getsize(made)
            lab_store.adopt(made, program(task.key))
            record = Built(task.key, done.seconds, done.peak, size)
        # Last, so that where it stands the program stands too.
        _write(_place("programs", task.key, "built.json"), asdict(record))
        return record


def _clean(text: str, folder: str, task: Build) -> str:
    """Without the folders of this machine, so that the same build says the same anywhere."""
    assert task.config.tool is not None
    for path, name in ((folder, "/work"), (task.config.tool.goroot, "$GOROOT")):
        text = text.replace(path, name)
    return text


# -- cells ------------------------------------------------------------------------------------


def outcome(key: str) -> Outcome | None:
    """What is kept of a cell; None when it is still to be run."""
    known = _read(_place("cells", key, "outcome.json"))
    if known is None:
        return None
    for name in ("run", "crash"):
        known[name] = Run(**known[name]) if known[name] else None
    return Outcome(**known)


def run(cell: Cell) -> Outcome:
    """Run a cell as often as it takes, unless that is done. Its program has been built."""
    known = outcome(cell.key)
    if known is not None:
        return known
    assert cell.build is not None
    made = built(cell.build.key) or build(cell.build)
    if made.error:
        kept = Outcome(cell.key, "not built", error=made.error, cause=made.cause)
        _write(_place("cells", cell.key, "outcome.json"), asdict(kept))
        return kept
    try:
        return _observed(cell)
    except Unavailable as error:
        # Not kept: what the kernel refuses today it may start tomorrow.
        return Outcome(cell.key, "not run", error=error.why)


def _observed(cell: Cell) -> Outcome:
    """Its runs. Raises Unavailable when the kernel can't start it."""
    runs = [_once(cell, "")]
    while len(runs) < cell.runs or (_differ(runs) and len(runs) < _FLAKY):
        # One that always hangs tells no more the third time.
        if len(runs) == _HANGS and all(one.how == "hangs" for one in runs):
            break
        runs.append(_once(cell, ""))
    shown = typical(runs)
    died = any(one.how == "dies" for one in runs)
    crashes = [_once(cell, "crash") for _ in range(_CRASHES if died else 0)]
    kept = Outcome(
        cell.key,
        "ran",
        verdict(runs),
        len(runs),
        dict(Counter(one.how for one in runs)),
        shown,
        crashes[0] if crashes else None,
        endings=dict(Counter(f"{one.how} {one.status} {one.signature}" for one in runs)),
        steady=not _differ(runs),
        crash_steady=len({(one.how, one.status, one.core) for one in crashes}) < 2,
        seconds=sum(one.seconds for one in (*runs, *crashes)),
    )
    _write(_place("cells", cell.key, "outcome.json"), asdict(kept))
    return kept


def _differ(runs: list[Run]) -> bool:
    return len({(one.how, one.status, one.cause, one.signature) for one in runs}) > 1


def _once(cell: Cell, traceback: str) -> Run:
    """One run in a folder of its own, where a core file may be written."""
    assert cell.build is not None
    config = cell.config
    with lab_store.workplace() as folder:
        env = {"PATH": os.environ.get("PATH", ""), "HOME": folder, "LC_ALL": "C", **cell.case.env}
        if traceback:
            env["GOTRACEBACK"] = traceback
        done = experiment.run(
            command(cell),
            cwd=folder,
            env=env,
            timeout=cell.timeout,
            limit=_OUTPUT,
            core_limit=bool(traceback),
        )
        cores = any("core" in name for name in os.listdir(folder))
    system, _, isa = config.target.partition("/")
    seen = observe(done, {"goos": system, "goarch": isa}, diagnosed=not traceback)
    # Under qemu-user the kernel sees qemu die; qemu itself writes the program's core.
    return seen if seen.core or not cores else _with_core(seen)


def _with_core(seen: Run) -> Run:
    return Run(**{**asdict(seen), "core": True})


def command(cell: Cell) -> list[str]:
    """What is run: the emulator where one is needed, the program, the case's arguments."""
    assert cell.build is not None
    prefix = list(cell.config.emulator.argv) if cell.config.emulator else []
    return [*prefix, program(cell.build.key), *cell.case.args]


# -- the cache --------------------------------------------------------------------------------


def _place(kind: str, key: str, name: str) -> str:
    return os.path.join(lab_store.home(), kind, key[:2], key[2:], name)


def _read(path: str) -> dict[str, Any] | None:
    data = lab_store.read(path)
    if data is None:
        return None
    try:
        known = json.loads(data)
    except ValueError:  # a disk that was full; it is done again
        return None
    return known if isinstance(known, dict) else None


def _write(path: str, record: dict[str, Any]) -> None:
    lab_store.write(path, json.dumps(record).encode())
