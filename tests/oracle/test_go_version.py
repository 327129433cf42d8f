"""Every Go binary of the bench tree against `go version -m -json`; settings against Go itself."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archfit.formats import go_buildinfo
from archfit.formats.magic import HEAD, recognise
from archfit.model.fact import Fact, Trust
from go_programs import build, cache_home, go_tool, read_path

#: Formats that can hold Go.
BINARY = ("elf", "macho", "fat", "pe", "xcoff", "wasm")


@cache
def tree() -> Path:
    """The tree that `tools/bench_tree.py` lays down."""
    named = os.environ.get("ARCHFIT_BENCH")
    path = (Path(named) if named else cache_home() / "bench") / "tree"
    if not path.is_dir():
        missing = f"needs {path}: python tools/bench_tree.py"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return path


def go_lines(*arguments: str) -> str:
    go, env = go_tool()
    done = subprocess.run([go, *arguments], env=env, capture_output=True, text=True, check=False)
    return done.stdout


@cache
def known_to_go() -> dict[str, dict[str, Any]]:
    """{path: what `go version -m -json` says of it}.

    Over a folder the JSON comes without file names, so the names are asked for first.
    """
    names = [
        line.partition(": go")[0]
        for line in go_lines("version", str(tree())).splitlines()
        if ": go" in line and not os.path.islink(line.partition(": go")[0])
    ]
    assert len(names) >= 100
    return dict(zip(names, objects(go_lines("version", "-m", "-json", *names)), strict=True))


def objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        found, end = decoder.raw_decode(text, at)
        yield found
        at = end + len(text[end:]) - len(text[end:].lstrip())


def module(found: dict[str, Any]) -> dict[str, object]:
    """A module as `go version` has it, in our spelling."""
    out: dict[str, object] = {"path": found.get("Path", ""), "version": found.get("Version", "")}
    if "Sum" in found:
        out["sum"] = found["Sum"]
    if "Replace" in found:
        out["replace"] = module(found["Replace"])
    return out


def expected(info: dict[str, Any]) -> dict[str, object]:
    """The facts that these answers of `go version -m -json` call for."""
    out: dict[str, object] = {"go.version": info["GoVersion"]}
    if "Path" in info:
        out["go.path"] = info["Path"]
    if info["Main"]:
        main = module(info["Main"])
        out["go.module"], out["go.module_version"] = main["path"], main["version"]
        if "sum" in main:
            out["go.module_sum"] = main["sum"]
    if "Deps" in info:
        out["go.deps"] = [module(dep) for dep in info["Deps"]]
    if "Settings" in info:
        pairs = [(row["Key"], row.get("Value", "")) for row in info["Settings"]]
        out["go.settings"] = dict(pairs)
        assert len(dict(pairs)) == len(pairs)
        if "CGO_ENABLED" in dict(pairs):
            out["go.cgo_setting"] = dict(pairs)["CGO_ENABLED"]
    return out


def told(facts: dict[str, Fact]) -> dict[str, object]:
    """Our facts about the build, without what `go version` can't know."""
    return {
        name: fact.value
        for name, fact in facts.items()
        if name.startswith("go.") and name != "go.cgo"
    }


def test_every_go_binary_of_the_tree() -> None:
    wrong = []
    for path, info in known_to_go().items():
        facts, errors = read_path(Path(path))
        if told(facts) != expected(info) or errors or "go.cgo" not in facts:
            wrong.append((path, errors))
    assert not wrong


def binaries() -> Iterator[str]:
    folders = [str(tree())]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    with open(entry.path, "rb") as file:
                        if recognise(file.read(HEAD)) in BINARY:
                            yield entry.path


def test_what_go_does_not_know_is_marked_so() -> None:
    """Go that `go version` does not see: only with the lesser trust, or in WebAssembly."""
    known = known_to_go()
    more = []
    for path in binaries():
        if path in known:
            continue
        facts, _ = read_path(Path(path))
        version = facts.get("go.version")
        if version is not None:
            assert version.trust is Trust.DECLARED or path.endswith(".wasm"), path
            more.append(path)
        else:
            assert "go.cgo" not in facts, path
    stripped = [path for path in more if "/esbuild-" in path]
    assert len(stripped) == 21, sorted(more)


@pytest.mark.parametrize("release", ["1.19", "", "1.27.3"])
@pytest.mark.parametrize("way", ["pure", "cgo-pie", "library", "library-stripped", "net-pie"])
def test_programs_built_here(way: str, release: str) -> None:
    path = build(way, release)
    (info,) = objects(go_lines("version", "-m", "-json", str(path)))
    facts, errors = read_path(path)
    assert not errors
    assert told(facts) == expected(info)


WRITER = """package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

func main() {
	var all [][]debug.BuildSetting
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		panic(err)
	}
	var texts []string
	for _, settings := range all {
		texts = append(texts, (&debug.BuildInfo{Settings: settings}).String())
	}
	out, _ := json.Marshal(texts)
	fmt.Println(string(out))
}
"""


def test_settings_as_go_writes_them(tmp_path: Path) -> None:
    """Keys and values of any characters, through Go's own writer and back."""
    go, env = go_tool()
    (tmp_path / "main.go").write_text(WRITER)
    chance = random.Random(7)
    letters = [*"ab= \t\"`'\\", "\r", "\v", "\0", "\x7f", "é", "\u2028", "\U0001f600", "\ufffd"]
    rows = [
        {
            "".join(chance.choices(letters, k=chance.randint(1, 5))): "".join(
                chance.choices(letters, k=chance.randint(0, 12))
            )
            for _ in range(chance.randint(1, 4))
        }
        for _ in range(2000)
    ]
    asked = [[{"Key": key, "Value": text} for key, text in row.items()] for row in rows]
    done = subprocess.run(
        [go, "run", str(tmp_path / "main.go")],
        input=json.dumps(asked),
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    for row, text in zip(rows, json.loads(done.stdout), strict=True):
        assert go_buildinfo.parse(text).settings == row, text
