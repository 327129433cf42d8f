"""A planted cgo module made small by real builds; killed, it goes on where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import plant_cgo
import pytest

from toolbox import need_tool

pytestmark = pytest.mark.slow
_SCHEMA = Path(__file__).parents[2] / "src/archfit/report/schema/archfit.lab-minimise-1.json"
_COMMAND = (sys.executable, "-m", "archfit", "lab", "minimise", "--format", "json")


def _planted(tmp_path: Path, fault: str) -> tuple[Path, dict[str, str], list[str]]:
    need_tool("go")
    need_tool("g++")
    folder = tmp_path / "shop"
    env, argv = plant_cgo.plant(folder, fault)
    return folder, {**os.environ, **env, "ARCHFIT_CACHE": str(tmp_path / "cache")}, argv


def _small(tmp_path: Path) -> tuple[Path, dict[str, str], list[str]]:
    """The planted module without most of its packages: one that is soon reduced."""
    folder, env, argv = _planted(tmp_path, "mangled")
    (folder / "main.go").write_text(
        'package main\n\nimport "example.com/shop/native"\n\n'
        "func main() { println(native.Weigh(3)) }\n"
    )
    for name in plant_cgo.NAMES:
        for path in (folder / name).glob("*"):
            path.unlink()
    return folder, env, argv


def _tiny(tmp_path: Path) -> tuple[Path, dict[str, str], list[str]]:
    """Only the faulty pair of files, and the program that uses it."""
    folder, env, argv = _small(tmp_path)
    for path in (folder / "native").iterdir():
        if not path.name.startswith("weigh"):
            path.unlink()
    return folder, env, argv


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_module_is_reduced_to_three_files_and_no_flag(tmp_path: Path) -> None:
    folder, env, argv = _small(tmp_path)
    before = _tree(folder)
    out = tmp_path / "out"
    done = subprocess.run(
        [*_COMMAND, "--dir", str(folder), "--out", str(out), "--", *argv],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(_SCHEMA.read_text()))
    assert _tree(folder) == before
    assert found["cause"] == "build.symbol-mangled"
    assert found["after"]["files"] <= 3
    assert found["flags"]["needed"] == []
    assert [(t["wanted"], t["there"]) for t in found["twins"]] == [("weigh", "_Z5weighi")]
    shown = subprocess.run(
        ["sh", "-c", found["command"]], cwd=out, capture_output=True, text=True, check=False
    )
    assert "undefined reference to `weigh'" in shown.stderr


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, env, argv = _tiny(tmp_path)
    tried = tmp_path / "cache" / "lab" / "minimise"
    command = [*_COMMAND, "--dir", str(folder), "--", *argv]
    for wanted in (4, 12):
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.DEVNULL, start_new_session=True
        )
        while len(list(tried.glob("*/tried/*"))) < wanted and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    known = len(list(tried.glob("*/tried/[!.]*")))
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["resumed"]
    assert found["candidates"] > known >= 12
    assert found["after"]["files"] <= 3
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["files"] == found["files"]
    assert json.loads(done.stdout)["candidates"] == found["candidates"]


def test_a_command_that_succeeds_is_refused(tmp_path: Path) -> None:
    need_tool("go")
    (tmp_path / "go.mod").write_text("module example.com/good\n\ngo 1.19\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() {}\n")
    done = subprocess.run(
        [*_COMMAND, "--dir", str(tmp_path), "--", "go", "vet", "./..."],
        env={**os.environ, "ARCHFIT_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "succeeds in a copy" in done.stderr
