"""A recording gives the answers that the machine gave, and no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archfit.host.live import Live
from archfit.host.recorded import Recorded
from archfit.host.recording import Recording
from archfit.model.errors import Malformed, Unavailable
from machines import NAMES, ask, document


def test_a_machine_and_its_recording_give_the_same_facts() -> None:
    door = Recording(Live())
    facts, failed = ask(door)
    again, failed_again = ask(Recorded(json.loads(json.dumps(door.document()))))
    assert {k: (f.value, f.trust, f.source) for k, f in again.items()} == {
        k: (f.value, f.trust, f.source) for k, f in facts.items()
    }
    assert set(failed_again) == set(failed)


def test_a_recording_tells_nothing_that_was_not_asked() -> None:
    live = Live({"PATH": "/usr/bin:/bin", "HOME": "/home/user", "PASSWORD": "hunter2"})
    door = Recording(live)
    ask(door)
    text = json.dumps(door.document())
    assert "hunter2" not in text
    assert os.uname().nodename not in json.loads(text)["uname"]


def test_passwords_in_addresses_are_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("GOPROXY=https://me:hunter2@proxy.example/x\nGOARCH=arm64\n")
    door = Recording(Live())
    door.read(str(path))
    held = door.document()["files"][str(path)]
    assert held == "GOPROXY=https://proxy.example/x\nGOARCH=arm64\n"


def test_reads_are_repeated_byte_for_byte(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    Path(path).write_bytes(bytes(range(256)) * 4)
    door = Recording(Live())
    assert door.read(path, 10, 5) == bytes(range(5, 15))
    assert door.read(path, 3) == b"\0\1\2"
    assert door.find(path, b"\xfe\xff", 3) == [b"\xfe\xff\0"] * 3 + [b"\xfe\xff"]
    replay = Recorded(json.loads(json.dumps(door.document())))
    assert replay.read(path, 10, 5) == bytes(range(5, 15))
    assert replay.read(path, 15) == bytes(range(15))
    assert len(replay.find(path, b"\xfe\xff", 3)) == 4
    with pytest.raises(Unavailable, match="only the first 15 bytes"):
        replay.read(path, 16)
    with pytest.raises(Unavailable, match="does not have all"):
        replay.find(path, b"other")


def test_the_process_itself_has_no_number() -> None:
    door = Recording(Live())
    door.read(f"/proc/{os.getpid()}/status", 64)
    recorded = door.document()
    assert list(recorded["files"]) == ["/proc/self/status"]
    replay = Recorded(recorded | {"pid": 99})
    assert replay.read("/proc/99/status", 5) == b"Name:"


@pytest.mark.parametrize(
    "question",
    [
        lambda d: d.uname(),
        lambda d: d.page_size(),
        lambda d: d.pid(),
        lambda d: d.read("/etc/passwd"),
        lambda d: d.find("/etc/passwd", b"x"),
        lambda d: d.exists("/etc/passwd"),
        lambda d: d.which("go"),
        lambda d: d.sysctl("hw.machine"),
        lambda d: d.execute("arm64", b""),
        lambda d: d.run(["uname"]),
    ],
)
def test_an_empty_recording_says_that_it_does_not_know(question: Any) -> None:
    with pytest.raises(Unavailable, match="the recording"):
        question(Recorded({}))


def test_a_complete_recording_knows_that_the_rest_is_absent() -> None:
    door = Recorded({"complete": True, "dirs": {"/a/b": ["c"]}, "files": {"/a/f": "text"}})
    assert not door.exists("/etc/passwd")
    assert door.which("go") == []
    assert door.is_dir("/a")
    assert door.exists("/a/b")
    assert door.listdir("/a") == ["b", "f"]
    assert door.listdir("/x") == []
    with pytest.raises(Unavailable, match="no such file"):
        door.read("/etc/passwd")
    with pytest.raises(Unavailable, match="no such name"):
        door.sysctl("hw.machine")
    with pytest.raises(Unavailable, match="no such file"):
        door.run(["go", "version"])


def test_an_error_is_repeated_with_its_reason() -> None:
    door = Recorded({"files": {"/x": None}, "why": {"/x": "permission denied"}})
    with pytest.raises(Unavailable, match="/x: permission denied"):
        door.read("/x")
    assert not door.exists("/x")


def test_a_sysctl_may_stand_among_the_commands() -> None:
    door = Recorded(
        {
            "commands": {
                "sysctl -n sysctl.proc_translated": {"status": 0, "out": "1\n", "err": ""},
                "sysctl -n hw.optional.arm64": {"status": 1, "out": "", "err": "unknown oid"},
            }
        }
    )
    assert door.sysctl("sysctl.proc_translated") == "1"
    with pytest.raises(Unavailable, match="no such name"):
        door.sysctl("hw.optional.arm64")


@pytest.mark.parametrize(
    "bad",
    [
        [],
        None,
        {"schema": "other/1"},
        {"files": []},
        {"nonsense": 1},
        {"page_size": "4096"},
    ],
)
def test_what_is_no_recording_is_refused(bad: Any) -> None:
    with pytest.raises(Malformed):
        Recorded(bad)


@pytest.mark.parametrize("content", [5, {"base64": "!!"}, {"base64": 5}, ["x"]])
def test_a_file_of_another_form_is_refused_when_it_is_read(content: Any) -> None:
    with pytest.raises(Malformed):
        Recorded({"files": {"/x": content}}).read("/x")


@pytest.mark.parametrize("name", NAMES)
def test_machines_in_the_folder_are_small_and_name_no_home(name: str) -> None:
    text = json.dumps(document(name))
    assert len(text) < 100_000
    assert "/root" not in text
    assert document(name)["about"]


def test_written_machines_are_as_their_recipe_makes_them() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "tools/write_machines.py", "--check"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
