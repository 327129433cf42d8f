"""The command line as a user meets it: status, words, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archfit.cli.main import every_verb, main

Capture = pytest.CaptureFixture[str]
BROKEN = b"#!/bin/sh\r\necho\r\n"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "run.sh"
    path.write_bytes(BROKEN)
    path.chmod(0o755)
    return path


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "fine.sh"
    path.write_bytes(b"#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_status_0_when_all_is_well(sound: Path) -> None:
    assert main(["check", str(sound)]) == 0


def test_status_1_with_findings_and_the_id_is_shown(broken: Path, capsys: Capture) -> None:
    assert main(["check", str(broken)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("error run.script-interpreter")
    assert all(len(line) <= 80 for line in out.splitlines() if str(broken) not in line)


def test_status_2_for_wrong_usage(capsys: Capture, broken: Path) -> None:
    assert main(["check", "--format", "xml"]) == 2
    assert main(["check", "--select", "run.no-such-rule", str(broken)]) == 2
    assert "there is no rule" in capsys.readouterr().err
    assert main(["check", "--host", "a", "--root", "b"]) == 2
    assert main(["check", "--context", "darwin"]) == 2
    assert main(["nonsense"]) == 2
    assert main([]) == 2


def test_a_near_miss_is_named(capsys: Capture) -> None:
    assert main(["explain", "run.loader-mising"]) == 2
    assert "did you mean run.loader-missing?" in capsys.readouterr().err


def test_status_3_when_nothing_could_be_checked(tmp_path: Path, capsys: Capture) -> None:
    assert main(["check", str(tmp_path / "absent")]) == 3
    assert "no such file" in capsys.readouterr().out
    (tmp_path / "empty").touch()
    assert main(["check", str(tmp_path / "empty")]) == 3
    os.mkfifo(tmp_path / "fifo")
    assert main(["check", str(tmp_path / "fifo")]) == 3
    assert "a FIFO" in capsys.readouterr().out
    assert main(["check", "/dev/null"]) == 3


def test_one_bad_subject_does_not_hide_the_others(
    tmp_path: Path, broken: Path, capsys: Capture
) -> None:
    assert main(["check", "--format", "json", str(tmp_path / "absent"), str(broken)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [f["rule"] for f in report["findings"]] == ["run.script-interpreter"]
    assert [n["subject"] for n in report["not_checked"]] == [f"file:{tmp_path}/absent"]


def test_fail_on(broken: Path) -> None:
    assert main(["check", "--fail-on", "never", str(broken)]) == 0
    # Met below a folder it is only a warning.
    assert main(["check", str(broken.parent)]) == 0
    assert main(["check", "--fail-on", "warning", str(broken.parent)]) == 1


def test_select_and_ignore(broken: Path) -> None:
    assert main(["check", "--ignore", "run.script-interpreter", str(broken)]) == 0
    assert main(["check", "--select", "build", str(broken)]) == 0
    assert main(["check", "--select", "run.page-size,run", str(broken)]) == 1


def test_settings_file(broken: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    below = broken.parent / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    settings = broken.parent / "archfit.toml"
    settings.write_text('ignore = ["run.script-interpreter"]\n')
    assert main(["check", str(broken)]) == 0
    settings.write_text('fail-on = "never"\n')
    assert main(["check", str(broken)]) == 0
    assert main(["check", "--fail-on", "error", str(broken)]) == 1
    settings.write_text('colour = "blue"\n')
    assert main(["check", str(broken)]) == 2
    assert "no such setting: colour" in capsys.readouterr().err
    settings.write_text("select = [\n")
    assert main(["check", str(broken)]) == 2
    settings.unlink()
    (broken.parent / "pyproject.toml").write_text('[tool.archfit]\nfail-on = "never"\n')
    assert main(["check", str(broken)]) == 0


def test_the_same_subject_twice_has_two_ids(broken: Path, capsys: Capture) -> None:
    main(["check", "--format", "json", str(broken), str(broken)])
    report = json.loads(capsys.readouterr().out)
    ids = [s["id"] for s in report["subjects"]]
    assert len(set(ids)) == 2
    assert [f["subject"] for f in report["findings"]] == ids


def test_standard_input_and_frozen_facts_say_the_same(broken: Path, capsys: Capture) -> None:
    main(["facts", "--format", "json", str(broken)])
    frozen = capsys.readouterr().out
    facts = broken.parent / "facts.json"
    facts.write_text(frozen)

    def rules(*args: str, stdin: bytes = b"") -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "archfit", "check", "--format", "json", *args],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1, done
        return [f["rule"] for f in json.loads(done.stdout)["findings"]]

    expected = ["run.script-interpreter"]
    assert rules("-", stdin=BROKEN) == expected
    assert rules(str(facts)) == expected
    assert rules("-", stdin=frozen.encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": "archfit.facts/1"}',
        '{"schema": "archfit.facts/1", "subject": {"kind": "moon"}, "facts": {}}',
        '{"schema": "archfit.facts/1", "subject": {"kind": "host"}, "facts": {"a.b": 1}}',
        '{"schema": "archfit.facts/1", "subject": {"kind": "host"}, "facts"',
        '{"schema": "archfit.facts/2", "subject": {"kind": "host"}, "facts": {}}',
    ],
)
def test_bad_host_files_are_named(text: str, tmp_path: Path, broken: Path, capsys: Capture) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    assert main(["check", "--host", str(path), str(broken)]) == 2
    err = capsys.readouterr().err
    assert "facts file" in err
    assert "Traceback" not in err


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.sh"
    with open(path, "wb") as file:
        file.write(BROKEN)
    os.chmod(path, 0o755)
    for form in ("text", "json", "jsonl", "sarif"):
        done = subprocess.run(
            [sys.executable, "-m", "archfit", "check", "--format", form, path],
            capture_output=True,
            check=False,
            timeout=60,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
        assert done.returncode == 1, done
        assert b"Traceback" not in done.stderr
        if form in ("json", "sarif"):
            json.loads(done.stdout)


def test_names_cannot_speak_to_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "evil\x1b[2Jname\n.sh"
    path.write_bytes(BROKEN)
    path.chmod(0o755)
    log = tmp_path / "x\x1b]0;title\x07.log"
    log.write_text("all is well\n")
    assert main(["check", str(path), str(log), str(tmp_path / "no\x1bne")]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "evil\\x1b[2Jname\\n.sh" in out


def test_ids_are_unique_over_trees_and_files(broken: Path, capsys: Capture) -> None:
    main(["check", "--format", "json", str(broken.parent), str(broken), str(broken.parent)])
    report = json.loads(capsys.readouterr().out)
    ids = [s["id"] for s in report["subjects"]]
    assert len(ids) == len(set(ids)) == 3
    assert {n["subject"] for n in report["not_checked"]} <= set(ids)


def test_words_for_what_was_not_judged(sound: Path, tmp_path: Path, capsys: Capture) -> None:
    main(["check", "--select", "build", str(sound)])
    assert "nothing found by the rules chosen" in capsys.readouterr().out
    empty = tmp_path / "host.json"
    empty.write_text(
        '{"schema": "archfit.facts/1", "subject": {"id": "h", "kind": "host", "name": "h"},'
        ' "facts": {}}'
    )
    assert main(["check", "--host", str(empty), sys.executable]) == 3
    assert ": not checked" in capsys.readouterr().out
    nothing = tmp_path / "x"
    nothing.write_bytes(b"#!\n")
    assert main(["check", str(nothing)]) == 3
    assert main(["check", "--root", str(tmp_path)]) == 2


def test_a_recording_is_a_host(tmp_path: Path, sound: Path, capsys: Capture) -> None:
    record = tmp_path / "machine.json"
    assert main(["facts", "host", "--record", str(record)]) == 0
    assert main(["check", "--host", str(record), sys.executable]) == 0


def test_streams_and_folders_that_are_gone(sound: Path, tmp_path: Path) -> None:
    archfit = f"{sys.executable} -m archfit check {sound}"
    gone = tmp_path / "gone"
    gone.mkdir()
    for command, status in (
        (f"{archfit} >&-", 0),
        (f"{archfit} <&-", 0),
        (f"{archfit} > /dev/full", 3),
        (f"cd {gone}; rmdir {gone}; {archfit}", 0),
    ):
        done = subprocess.run(
            ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, "fault" in done.stderr) == (status, False), (command, done)


def test_a_reader_that_leaves_early_ends_it_quietly(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number}.sh").write_bytes(b"#!/bin/sh\n")
    command = f"{sys.executable} -m archfit check --format jsonl {tmp_path} | head -1 >/dev/null"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=60, check=False)
    assert done.stderr == b""


@pytest.mark.parametrize("verb", every_verb())
def test_help_of_every_verb(verb: str, capsys: Capture) -> None:
    assert main([*verb.split(), "--help"]) == 0
    assert f"archfit {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, capsys: Capture, tmp_path: Path) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("check", "explain", "--fail-on", "run.loader-missing"):
        assert word.lstrip("-") in script
    if shell == "bash":
        path = tmp_path / "archfit"
        path.write_text(script)
        subprocess.run(["bash", "-n", str(path)], check=True, timeout=20)


def test_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("archfit 0.")


def test_the_collector_of_cycles_is_given_back() -> None:
    import gc

    assert main(["inspect", sys.executable]) == 0
    assert gc.isenabled()
