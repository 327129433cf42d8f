"""A matrix as a document (``archfit.lab/1``), and the folder it is kept in.

The document holds what was asked, what was there, each cell, the clusters, what changed, and
facts of trust REPRODUCED. Its ``digest`` is of all that does not change when the same matrix is
run again: no times, no sizes of memory, and of a cell that goes now this way and now that only
that it does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from archfit import __version__
from archfit.facts import lab as keys
from archfit.facts.frozen import freeze_facts
from archfit.host import lab_store
from archfit.host.live import Live
from archfit.host.pool import workers
from archfit.lab import catalogue, cell_run
from archfit.lab.cell_outcome import Run
from archfit.lab.cells import Build, Cell, Config
from archfit.lab.clusters import clusters, differences, told
from archfit.lab.matrix import Plan
from archfit.lab.signature import signal_name
from archfit.model.fact import Fact, Trust

SCHEMA = "archfit.lab/1"
FILE = "result.json"

#: What a repeated run of the same cell may do otherwise.
_FLEETING = ("seconds", "peak", "text", "output", "counts", "runs", "endings")
#: What is left of a cell whose runs differ.
_STEADY = ("case", "go", "cc", "target", "state", "key")


def document(plan: Plan, outcomes: Mapping[str, cell_run.Outcome]) -> dict[str, Any]:
    """All that a matrix told; ``bisected`` is added by who did that."""
    rows = [row(cell, outcomes.get(cell.key)) for cell in plan.cells]
    found = clusters(rows)
    changed = differences(rows)
    whole = {
        "schema": SCHEMA,
        "archfit": __version__,
        "kind": "matrix",
        "recipe": _recipe(plan),
        "machine": {
            "target": catalogue.machine(),
            "kernel": Live().uname()[2],
            "cores": workers(),
        },
        "toolchains": _toolchains(plan),
        "columns": [_column(config) for config in plan.columns],
        "cells": rows,
        "totals": totals(rows),
        "clusters": found,
        "differences": changed,
        "bisected": [],
        "known_changes": [
            {"after": after, "by": by, "told": told(after, by)} for after, by in _steps(changed)
        ],
    }
    whole["digest"] = digest(whole)
    whole["facts"] = freeze_facts(_facts(whole))
    return whole


def row(cell: Cell, seen: cell_run.Outcome | None) -> dict[str, Any]:
    """One cell. ``expected``: it went as its case says; None where it was not run."""
    config, case = cell.config, cell.case
    state = "not run" if cell.why or seen is None else seen.state
    shown = seen.run if seen else None
    how = seen.how if seen else ""
    died = bool(shown and shown.how == "dies")
    crash = seen.crash if seen else None
    expected = None
    if state == "ran" and case.verdict:
        expected = how.split(" ")[0] == case.verdict
    return {
        "case": case.name,
        "go": config.version,
        "cc": config.cc,
        "target": config.target,
        "state": state,
        "why": cell.why or _why(seen),
        "how": how,
        "expected": expected,
        "died": died,
        "steady": bool(seen is None or seen.steady) and not (case.flaky and state == "ran"),
        "crash_steady": bool(seen is None or seen.crash_steady),
        "ending": _ending(shown) if shown else "",
        "crash_ending": _ending(crash) if crash else "",
        "core": crash.core if crash else None,
        "cause": (seen.cause if seen and state == "not built" else shown.cause if shown else ""),
        "confidence": shown.confidence if shown else 0.0,
        "cause_right": shown.cause in case.cause if shown and died and case.cause else None,
        "signature": shown.signature if shown else "",
        "headline": shown.headline if shown else "",
        "trust": shown.level if shown else "",
        "trust_reason": shown.reason if shown else "",
        "chain": shown.chain if shown else "",
        "error": seen.error if seen and state == "not built" else "",
        "runs": seen.runs if seen else 0,
        "counts": dict(seen.counts or {}) if seen else {},
        "endings": dict(seen.endings or {}) if seen else {},
        "seconds": round(seen.seconds, 3) if seen else 0.0,
        "peak": shown.peak if shown else 0,
        "text": shown.text if shown else "",
        "output": "",
        "build": _command_of(cell.build) if cell.build else "",
        "command": _run_command(cell) if cell.build else "",
        "key": cell.key,
    }


def _why(seen: cell_run.Outcome | None) -> str:
    if seen is None:
        return "its process was lost"
    return seen.error if seen.state == "not run" else ""


def _ending(shown: Run) -> str:
    if shown.how == "hangs":
        return "ended by its time limit"
    if shown.status < 0:
        return signal_name(-shown.status) + (", core" if shown.core else "")
    return f"exit {shown.status}"


def _command_of(build: Build) -> str:
    own = ("CGO_ENABLED", "CC", "CXX", "GOOS", "GOARCH", *build.program.env)
    said = [f"{key}={shlex.quote(dict(build.env)[key])}" for key in own if key in dict(build.env)]
    return " ".join([*said, shlex.join(["go", *build.argv[1:]])])


def _run_command(cell: Cell) -> str:
    assert cell.build is not None
    path = cell_run.program(cell.build.key)
    argv = ["./program" if word == path else word for word in cell_run.command(cell)]
    said = [f"{key}={shlex.quote(value)}" for key, value in cell.case.env.items()]
    return " ".join([*said, shlex.join(argv)])


def _steps(changed: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((change["after"], change["by"]) for change in changed))


def totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Counts of cells."""
    ran = [r for r in rows if r["state"] == "ran"]
    return {
        "cells": len(rows),
        "ran": len(ran),
        "not_run": sum(r["state"] == "not run" for r in rows),
        "not_built": sum(r["state"] == "not built" for r in rows),
        "expected": sum(r["expected"] is True for r in ran),
        "unexpected": sum(r["expected"] is False for r in ran),
        "flaky": sum(len(r["endings"]) > 1 for r in ran),
        "hung": sum(r["how"].startswith("hangs") for r in ran),
        "died": sum(r["died"] for r in ran),
        "cause_right": sum(r["cause_right"] is True for r in ran),
        "cause_wrong": sum(r["cause_right"] is False for r in ran),
    }


def _recipe(plan: Plan) -> dict[str, Any]:
    recipe = plan.recipe
    sources = {
        path: hashlib.sha256(data).hexdigest()
        for path, data in lab_store.files_below(recipe.folder)
    }
    return {
        "name": recipe.name,
        "title": recipe.title,
        "sources": sources,
        "cases": [
            {
                "name": case.name,
                "about": case.about,
                "verdict": case.verdict,
                "cause": list(case.cause),
                "program": case.program,
                "args": list(case.args),
            }
            for case in recipe.cases
        ],
    }


def _toolchains(plan: Plan) -> list[dict[str, Any]]:
    out = []
    for release, tool in plan.tools.items():
        if isinstance(tool, str):
            out.append({"release": release, "version": "", "source": "", "why": tool})
        else:
            identity = lab_store.identity(tool.go)
            out.append(
                {
                    "release": release,
                    "version": tool.version,
                    "source": tool.source,
                    "identity": identity,
                    "why": "",
                }
            )
    return out


def _column(config: Config) -> dict[str, Any]:
    compiler, emulator = config.compiler, config.emulator
    return {
        "go": config.version,
        "release": config.release,
        "cc": config.cc,
        "target": config.target,
        "compiler": compiler.version if compiler else "",
        "libc": compiler.libc if compiler else "",
        "emulator": f"{os.path.basename(emulator.path)} {emulator.version}" if emulator else "",
        "why": config.why,
    }


def digest(whole: Mapping[str, Any]) -> str:
    """SHA-256 of what stays when the matrix is run again."""
    steady = []
    for cell in whole["cells"]:
        keep = [k for k in cell if k not in _FLEETING] if cell["steady"] else list(_STEADY)
        if cell["steady"] and not cell["crash_steady"]:
            keep = [k for k in keep if k not in ("crash_ending", "core", "crash_steady")]
        steady.append({key: cell[key] for key in keep})
    text = json.dumps([whole["recipe"], whole["columns"], steady], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _facts(whole: Mapping[str, Any]) -> dict[str, Fact]:
    source = f"archfit lab matrix {whole['recipe']['name']}"
    verdicts: dict[str, dict[str, int]] = {}
    causes: dict[str, list[str]] = {}
    for cell in whole["cells"]:
        if cell["state"] == "ran":
            counts = verdicts.setdefault(cell["case"], {})
            word = cell["how"].split(" ")[0]
            counts[word] = counts.get(word, 0) + 1
        if cell["died"] and cell["cause"] and cell["case"] not in causes.get(cell["cause"], []):
            causes.setdefault(cell["cause"], []).append(cell["case"])
    changed = [
        f"{d['case']}: {d['what']} {d['from']} -> {d['to']} (after {d['after']}, by {d['by']})"
        for d in whole["differences"]
        if d["what"] in ("verdict", "ending", "cause")
    ]
    known = {t["release"]: t["version"] or t["why"] for t in whole["toolchains"]}
    values: list[tuple[Any, Any]] = [
        (keys.RECIPE, whole["recipe"]["name"]),
        (keys.CELLS, whole["totals"]),
        (keys.TOOLCHAINS, known),
        (keys.VERDICTS, verdicts),
        (keys.CAUSES, causes),
        (keys.CHANGES, changed),
    ]
    return {key.name: Fact(value, Trust.REPRODUCED, source) for key, value in values}


def save(whole: dict[str, Any], folder: str) -> str:
    """Write the result folder: ``result.json``, and below ``outputs/`` what each cell said.

    Returns the folder. Raises Unavailable when it can't be written.
    """
    for cell in whole["cells"]:
        said = cell.pop("text") or cell["error"]
        if said:
            name = f"{cell['case']}--go{cell['go']}-{cell['cc']}-{cell['target']}"
            cell["output"] = f"outputs/{name.replace('/', '-')}.txt"
            lab_store.write(os.path.join(folder, cell["output"]), said.encode())
    # Last: where it stands, all that it names stands too.
    data = json.dumps(whole, indent=1).encode() + b"\n"
    lab_store.write(os.path.join(folder, FILE), data)
    return folder


def default_folder(whole: Mapping[str, Any]) -> str:
    """In the cache, named by what was run."""
    name = f"{whole['recipe']['name']}-{whole['digest'][:12]}"
    return os.path.join(lab_store.home(), "results", name)
