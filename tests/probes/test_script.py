"""Facts of scripts, and their interpreters looked up on a machine."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

import macho_bytes
from archfit.host.live import Live
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes.script import PROBE

ELF = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHI", 2, 183, 1) + bytes(40)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    for name, raw in (
        ("prog", ELF),
        ("mac", macho_bytes.thin()),
        ("both", macho_bytes.fat([(macho_bytes.ARM64, 0, b"x"), (macho_bytes.AMD64, 3, b"y")])),
        ("shim", b"#!/bin/sh\n"),
        ("env", ELF),
    ):
        (tmp_path / name).write_bytes(raw)
        (tmp_path / name).chmod(0o755)
    return Scene(Live({"PATH": str(tmp_path)}), {}, None)


def run(line: str, scene: Scene) -> dict[str, Any]:
    facts: dict[str, Fact] = {}
    PROBE.run(Image("s", "script", line.encode()), facts, scene)
    assert set(facts) <= {key.name for key in PROBE.gives}
    return {name.partition(".")[2]: fact.value for name, fact in facts.items()}


def test_the_interpreter_itself(scene: Scene, tmp_path: Path) -> None:
    found = run(f"#!{tmp_path}/prog -x\n", scene)
    assert found == {
        "format": "script",
        "interpreter": f"{tmp_path}/prog",
        "args": "-x",
        "program": f"{tmp_path}/prog",
        "crlf": False,
        "resolved": {"path": f"{tmp_path}/prog", "format": "elf", "isa": "arm64", "os": "linux"},
    }


def test_by_env(scene: Scene, tmp_path: Path) -> None:
    assert run(f"#!{tmp_path}/env mac\n", scene)["resolved"] == {
        "path": f"{tmp_path}/mac",
        "format": "macho",
        "isa": "arm64",
        "os": "darwin",
    }
    both = run(f"#!{tmp_path}/env both\n", scene)["resolved"]
    assert (both["format"], both["isas"]) == ("macho", ["arm64", "amd64"])
    shim = run(f"#!{tmp_path}/env shim\n", scene)["resolved"]
    assert shim == {"path": f"{tmp_path}/shim", "format": "script"}
    absent = run(f"#!{tmp_path}/env nothing-of-the-kind\n", scene)["resolved"]
    assert absent == {"path": None, "searched": ["PATH"]}


def test_env_itself_must_be_there(scene: Scene) -> None:
    found = run("#!/nowhere/env prog\n", scene)
    assert found["resolved"] == {"path": None, "searched": ["/nowhere/env"]}
    assert found["program"] == "prog"


def test_absent(scene: Scene) -> None:
    assert run("#!/nowhere/sh\n", scene)["resolved"]["path"] is None


def test_faults_of_the_line(scene: Scene, tmp_path: Path) -> None:
    assert run(f"#!{tmp_path}/prog\r\n", scene)["crlf"] is True
    assert run(f"\ufeff#!{tmp_path}/prog\n", scene)["bom"] is True
    assert run(f"#!{tmp_path}/env prog -u\n", scene)["unsplit"] is True
    facts: dict[str, Fact] = {}
    PROBE.run(Image("s", "script", b"#!/" + b"x" * 300), facts, scene)
    assert facts["script.cut"].value is True


def test_no_interpreter_no_facts(scene: Scene) -> None:
    assert run("#!python\n", scene) == {}


def test_a_host_known_by_its_facts_alone() -> None:
    facts: dict[str, Fact] = {}
    with pytest.raises(Unavailable):
        PROBE.run(Image("s", "script", b"#!/bin/sh\n"), facts, Scene(None, {}, None))
    assert facts["script.interpreter"].value == "/bin/sh"


def test_an_answer_is_asked_for_once(scene: Scene, tmp_path: Path) -> None:
    first = run(f"#!{tmp_path}/prog\n", scene)["resolved"]
    (tmp_path / "prog").unlink()
    assert run(f"#!{tmp_path}/prog -y\n", scene)["resolved"] is first
