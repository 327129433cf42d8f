"""`archfit facts host > host.json` here, `check --host host.json` there: the same answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archfit.cli.main import main
from recorded_hosts import host_file
from toolbox import need_tool

pytestmark = pytest.mark.slow


def answers(capsys: pytest.CaptureFixture[str], *args: str | Path) -> dict[str, list[str]]:
    capsys.readouterr()
    main(["check", "--format", "jsonl", *map(str, args)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {
        row["subject"]["name"]: [finding["rule"] for finding in row["findings"]]
        for row in rows
        if row["subject"]["kind"] == "binary"
    }


def test_the_programs_of_this_system(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = host_file("here", tmp_path)
    here = answers(capsys, "/usr/bin")
    assert len(here) > 100
    assert answers(capsys, "--host", host, "/usr/bin") == here


def test_misfits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import subprocess

    cc = need_tool("gcc")
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "f.c").write_text("int f(void) { return 0; }\n")
    (folder / "a.c").write_text("int f(void);\nint main(void) { return f(); }\n")
    steps = (
        ["-shared", "-fPIC", "-o", "libgone.so", "f.c"],
        ["-o", "missing", "a.c", "-L.", "-lgone"],
        ["-o", "no-loader", "f.c", "a.c", "-Wl,--dynamic-linker=/lib/ld-none.so.1"],
        ["-o", "level", "f.c", "a.c", "-Wl,-z,x86-64-v4"],
        ["-o", "fine", "f.c", "a.c"],
    )
    for step in steps:
        subprocess.run([cc, *step], cwd=folder, check=True, timeout=60)
    (folder / "libgone.so").unlink()
    changes = {"host.isa_level": "x86-64-v2"}
    host = host_file("here", tmp_path, changes)
    there = {
        Path(name).name: found for name, found in answers(capsys, "--host", host, folder).items()
    }
    assert there == {
        "missing": ["run.library-missing"],
        "no-loader": ["run.loader-missing"],
        "level": ["run.cpu-feature"],
        "fine": [],
    }
    here = {Path(name).name: found for name, found in answers(capsys, folder).items()}
    for name in ("missing", "no-loader", "fine"):
        assert here[name] == there[name]
