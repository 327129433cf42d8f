"""A matrix with real toolchains: small, but whole. One hangs, one does not build, one is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from archfit.host.lab_store import home
from archfit.lab.catalogue import go_toolchains, machine
from toolbox import need_tool

pytestmark = pytest.mark.slow

SCHEMA = (
    Path(__file__).parents[2]
    / "src" / "archfit" / "report" / "schema" / "archfit.lab-doctor-1.json"
)  # fmt: skip

RECIPE = """
schema = "archfit.recipe/1"
name = "small"

[[program]]
name = "app"
folder = "app"
cgo = false

[[program]]
name = "broken"
folder = "broken"
cgo = false

[[case]]
name = "dies"
program = "app"
args = ["dies"]
verdict = "dies"
cause = ["crash.go-panic"]

[[case]]
name = "hangs"
program = "app"
args = ["hangs"]
timeout = 0.5
verdict = "hangs"

[[case]]
name = "wrong"
program = "app"
args = ["lives"]
verdict = "dies"

[[case]]
name = "sometimes"
program = "app"
args = ["sometimes"]
runs = 3
flaky = true
verdict = "dies"

[[case]]
name = "unbuilt"
program = "broken"
verdict = "lives"
"""
MAIN = """package main

import ("os"; "time")

func main() {
	switch os.Args[1] {
	case "dies":
		panic("on purpose")
	case "hangs":
		time.Sleep(time.Hour)
	case "sometimes":
		// Every other run: a file outside of its own folder remembers.
		if os.Remove(os.Getenv("MARK")) != nil {
			os.WriteFile(os.Getenv("MARK"), nil, 0o600)
			panic("sometimes")
		}
	}
}
"""
BROKEN = 'package main\n\nimport "example.com/absent"\n\nfunc main() { absent.Run() }\n'


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    folder = tmp_path / "recipe"
    for name, text in (("app", MAIN), ("broken", BROKEN)):
        (folder / name).mkdir(parents=True)
        (folder / name / "main.go").write_text(text)
        (folder / name / "go.mod").write_text(f"module example.com/{name}\n\ngo 1.19\n")
    mark = tmp_path / "mark"
    text = RECIPE.replace("flaky = true", f'flaky = true\nenv = {{ MARK = "{mark}" }}')
    (folder / "recipe.toml").write_text(text)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """A cache of its own, with Go's build cache of the user's lab."""
    (tmp_path / "cache" / "lab").mkdir(parents=True)
    (tmp_path / "cache" / "lab" / "go-build").symlink_to(Path(home()) / "go-build")
    (Path(home()) / "go-build").mkdir(exist_ok=True)
    return {**os.environ, "ARCHFIT_CACHE": str(tmp_path / "cache")}


def matrix(recipe: Path | str, env: dict[str, str], *more: str) -> tuple[int, dict[str, Any], str]:
    need_tool("go")
    need_tool("gcc")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "archfit", "lab", "matrix", str(recipe)),
            *("--cc", "gcc", "--format", "json", "--offline", *more),
        ],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def test_each_cell_is_told_as_it_went_and_done_once(
    recipe: Path, own: dict[str, str], tmp_path: Path
) -> None:
    status, document, said = matrix(recipe, own, "--go", "1.26,1.13")
    rows = {row["case"]: row for row in document["cells"] if row["state"] != "not run"}
    assert status == 1  # `wrong`
    assert (rows["dies"]["how"], rows["dies"]["cause"]) == ("dies", "crash.go-panic")
    assert rows["dies"]["trust"] == "whole"
    assert rows["dies"]["crash_ending"].startswith("SIGABRT")
    assert (rows["hangs"]["how"], rows["hangs"]["expected"]) == ("hangs", True)
    assert (rows["wrong"]["how"], rows["wrong"]["expected"]) == ("lives", False)
    assert rows["sometimes"]["how"] == "dies 3 of 5"
    assert rows["unbuilt"]["state"] == "not built"
    assert "example.com/absent" in rows["unbuilt"]["error"]
    assert rows["unbuilt"]["expected"] is None
    assert document["totals"]["hung"] == 1
    absent = [row for row in document["cells"] if row["go"] == "1.13"]
    assert {row["why"] for row in absent} == {"go1.13 is not on this machine (--offline)"}
    assert "5 cells run, 0 known" in said
    _, again, said = matrix(recipe, own, "--go", "1.26,1.13")
    assert "0 programs built, 0 cells run, 5 known" in said
    assert again["digest"] == document["digest"]
    assert again["cells"] == document["cells"]
    # A source that changes makes its own cells new, and no others.
    (recipe / "app" / "main.go").write_text(MAIN + "\n// changed\n")
    _, _, said = matrix(recipe, own, "--go", "1.26,1.13")
    assert "1 programs built, 4 cells run, 1 known" in said
    assert not list((tmp_path / "cache" / "lab" / "tmp").iterdir())


def test_a_module_of_the_users_own(recipe: Path, own: dict[str, str]) -> None:
    (recipe / "app" / "main.go").write_text("package main\n\nfunc main() { println(1) }\n")
    status, document, _ = matrix(recipe / "app", own, "--go", "1.26")
    assert status == 0
    assert [row["how"] for row in document["cells"]] == ["lives"]


def test_nothing_could_be_run(recipe: Path, own: dict[str, str]) -> None:
    status, document, _ = matrix(recipe, own, "--go", "1.13")
    assert status == 3
    assert document["totals"]["ran"] == 0


def test_a_change_is_narrowed_down(own: dict[str, str]) -> None:
    need_tool("/usr/lib/go-1.19/bin/go")
    here = {tool.version for tool in go_toolchains()}
    newest = next((version for version in here if version.startswith("1.27.")), "")
    if not newest or not any(version.startswith("1.26.") for version in here):
        need_tool("go1.26 and go1.27 among the toolchains of `archfit lab doctor`")
    _, document, _ = matrix(
        "crashes", own, "--go", "1.19,1.27", "--case", "pointer-nested,go-nil", "--bisect",
        "--target", machine(),
    )  # fmt: skip
    words = [change for change in document["differences"] if change["what"] == "words"]
    assert [change["case"] for change in words] == ["pointer-nested"]
    (found,) = [b for b in document["bisected"] if b["what"] == "words"]
    assert found["after"].startswith("1.19.")
    assert found["by"].startswith("1.26.")
    assert found["tried"] == [found["by"]]


def test_doctor_says_what_is_missing_and_the_one_command(tmp_path: Path) -> None:
    env = {**os.environ, "ARCHFIT_CACHE": str(tmp_path)}
    run = [sys.executable, "-m", "archfit", "lab", "doctor", "--format", "json"]
    for path in (env["PATH"], str(tmp_path)):
        done = subprocess.run(
            run, env={**env, "PATH": path}, capture_output=True, text=True, check=True
        )
        document = json.loads(done.stdout)
        jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    missing = {row["what"]: row["command"] for row in document["missing"]}
    assert {"gcc", "clang", "qemu-aarch64"} <= set(missing)
    if "apt-get" in missing["gcc"]:
        assert "gcc" in document["command"].split()
        assert "qemu-user" in document["command"].split()
    asked = subprocess.run(
        [*run, "--go", "1.14", "--target", "darwin/arm64"],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 1
    assert "since 1.16" in json.loads(asked.stdout)["refused"][0]["why"]


def test_killed_and_resumed() -> None:
    need_tool("go")
    need_tool("gcc")
    tool = Path(__file__).parents[2] / "tools" / "lab_kill.py"
    done = subprocess.run(
        [
            *(sys.executable, str(tool), "--kills", "3", "--go", "1.26"),
            *("--case", "abort,go-nil,c-exit,deadlock"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("same result") == 3
    time.sleep(0.2)
    leftovers = [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.parent.name != str(os.getpid()) and "archfit-lab-kill-" in _read(path)
    ]
    assert leftovers == []


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
