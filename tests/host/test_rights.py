"""What this user has no right to look at is unknown, not absent: asked as nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elf_bytes import elf
from toolbox import need_tool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses setpriv of Linux")

ROOT = Path(__file__).parents[2]
LOADER = "/lib64/ld-linux-x86-64.so.2"
CODE = """
import json, sys
from archfit.host.libraries import Libraries
from archfit.host.live import Live
from archfit.host.rooted import Rooted
from archfit.formats.elf import read
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes import elf, libraries, loader, script

root, *paths = sys.argv[1:]
door = Rooted(Live({}), root) if root else Live({"PATH": "/usr/bin:/nowhere:" + paths.pop(0)})
runs = Fact(["amd64"], Trust.OBSERVED, "")
for path in paths:
    host = {"host.runs": runs}
    scene = Scene(door, host, Libraries(door, host, Live({})), near=Live({}))
    data, facts = open(path, "rb").read(), {}
    probes = (script,) if data[:2] == b"#!" else (elf, libraries, loader)
    for probe in probes:
        try:
            probe.PROBE.run(Image(path, "x", data), facts, scene)
        except Unavailable as error:
            facts[type(error).__name__.lower()] = Fact(error.why, Trust.OBSERVED, "")
    print(json.dumps({name: fact.value for name, fact in facts.items()}, default=str))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that nobody may search, unlike those that pytest makes."""
    if os.getuid() != 0:
        pytest.skip("becoming nobody needs root")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def put(path: Path, data: bytes, mode: int = 0o755) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


def as_nobody(*args: str) -> list[dict[str, Any]]:
    setpriv = need_tool("setpriv")
    nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"]
    nobody += ["--inh-caps=-all", "--bounding-set=-all"]
    python = [sys.executable, "-c", CODE]
    env = {"PYTHONPATH": f"{ROOT}/src", "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [setpriv, *nobody, *python, *args]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=env, cwd="/")
    if done.returncode and "rmission denied" in done.stderr and "Traceback" not in done.stderr:
        pytest.skip("nobody may not start this Python")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_libraries(place: Path) -> None:
    library = elf(type=3, soname="liba.so.1")
    (place / "shut").mkdir()
    put(place / "shut/liba.so.1", library)
    (place / "shut").chmod(0o700)
    put(place / "unlisted/liba.so.1", library)
    (place / "unlisted").chmod(0o711)
    put(place / "listed/liba.so.1", library)
    (place / "listed").chmod(0o744)
    put(place / "file/liba.so.1", library, 0o600)
    (place / "empty").mkdir()
    names = ["shut", "unlisted", "listed", "file", "empty"]
    apps = [
        put(place / f"app-{n}", elf(interp=LOADER, needed=["liba.so.1"], runpath=str(place / n)))
        for n in names
    ]
    given = put(place / "app-given", elf(interp=LOADER, needed=[f"{place}/shut/liba.so.1"]))
    found = [facts["binary.libraries"][0] for facts in as_nobody("", "/x", *apps, given)]
    shut, unlisted, listed, file, empty, by_path = found
    assert (shut["path"], shut["unchecked"]) == (None, f"{place}/shut: permission denied")
    assert (unlisted["path"], unlisted["by"]) == (f"{place}/unlisted/liba.so.1", "runpath")
    assert listed["unchecked"] == f"{place}/listed: permission denied"
    assert file["broken"] == {"path": f"{place}/file/liba.so.1", "why": "permission denied"}
    assert "unchecked" not in file
    assert (empty["path"], "unchecked" in empty, "broken" in empty) == (None, False, False)
    assert by_path["unchecked"] == f"{place}/shut: permission denied"


def test_a_folder_in_the_place_of_a_machine(place: Path) -> None:
    root = place / "root"
    put(root / LOADER[1:], elf(type=3) + b"\0/lib64/\0")
    put(root / "lib64/liba.so.1", elf(type=3), 0o600)
    app = put(root / "app", elf(interp=LOADER, needed=["liba.so.1"]))
    (row,) = as_nobody(str(root), app)[0]["binary.libraries"]
    assert ("broken" in row, row["path"]) == (False, None)
    assert row["unchecked"].endswith("/lib64/liba.so.1: permission denied")


def test_loaders_and_interpreters(place: Path) -> None:
    put(place / "shut/ld.so", elf(type=3))
    put(place / "shut/tool", elf())
    (place / "shut").chmod(0o700)
    loader = put(place / "app", elf(interp=f"{place}/shut/ld.so"))
    gone = put(place / "gone", elf(interp=f"{place}/ld.so"))
    script = put(place / "script", f"#!{place}/shut/tool\n".encode())
    by_env = put(place / "by-env", b"#!/usr/bin/env tool\n")
    absent = put(place / "absent", f"#!{place}/tool\n".encode())
    found = as_nobody("", f"{place}/shut", loader, gone, script, by_env, absent)
    assert found[0]["denied"] == f"{place}/shut/ld.so: permission denied"
    assert found[1]["binary.loader_found"]["path"] is None
    for facts in found[2:4]:
        assert facts["denied"] == f"{place}/shut/tool: permission denied"
        assert "script.resolved" not in facts
    assert found[4]["script.resolved"]["path"] is None
