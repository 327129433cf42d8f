"""Programs that crash, hang, flood and leave children behind."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from archfit.host.experiment import run
from archfit.model.errors import Unavailable


def test_the_end_and_both_streams(tmp_path: Path) -> None:
    done = run(
        ["sh", "-c", "cat; echo bad >&2; exit 3"],
        cwd=str(tmp_path),
        env=os.environ,
        timeout=10,
        stdin=b"given",
    )
    assert (done.status, done.out, done.err) == (3, b"given", b"bad\n")
    assert done.peak > 100_000
    assert done.whole
    assert not done.timed_out


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    done = run(["sh", "-c", "kill -SEGV $$"], cwd=str(tmp_path), env=os.environ, timeout=10)
    assert done.status == -11
    assert not done.core
    assert not list(tmp_path.iterdir())


def test_what_it_left_behind_is_killed_with_it(tmp_path: Path) -> None:
    script = "sleep 60 & echo $! > child; exit 0"
    done = run(["sh", "-c", script], cwd=str(tmp_path), env=os.environ, timeout=10)
    assert done.status == 0
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text():
            return
        time.sleep(0.02)
    pytest.fail("the child lives on")


def test_the_time_limit_ends_it_whole(tmp_path: Path) -> None:
    script = "echo begun; sleep 60 & sleep 60"
    done = run(["sh", "-c", script], cwd=str(tmp_path), env=os.environ, timeout=0.3)
    assert done.timed_out
    assert done.status == -9
    assert done.out == b"begun\n"


def test_output_is_bounded_and_in_order(tmp_path: Path) -> None:
    flood = run(
        ["sh", "-c", "head -c 300000 /dev/zero; echo end >&2"],
        cwd=str(tmp_path),
        env=os.environ,
        timeout=10,
        limit=1000,
    )
    assert len(flood.out) == 1000
    assert not flood.whole
    assert flood.err == b"end\n"
    merged = run(
        ["sh", "-c", "echo 1; echo 2 >&2; echo 3"],
        cwd=str(tmp_path),
        env=os.environ,
        timeout=10,
        merge=True,
    )
    assert merged.out == b"1\n2\n3\n"


def test_what_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file"):
        run([str(tmp_path / "absent")], cwd=str(tmp_path), env={}, timeout=1)
    odd = tmp_path / "odd"
    odd.write_bytes(b"\x7fELF\0")
    odd.chmod(0o755)
    with pytest.raises(Unavailable, match="exec format error"):
        run([str(odd)], cwd=str(tmp_path), env={}, timeout=1)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_it_dies_with_the_one_who_asked(tmp_path: Path) -> None:
    code = (
        "from archfit.host.experiment import run; import os;"
        f"run(['sh', '-c', 'echo $$ > {tmp_path}/pid; sleep 60'], cwd='/', env=os.environ,"
        "timeout=60)"
    )
    asker = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code])
    pid = tmp_path / "pid"
    for _ in range(250):
        if pid.exists() and pid.read_text():
            break
        time.sleep(0.02)
    os.kill(asker, 9)
    os.waitpid(asker, 0)
    process = Path(f"/proc/{pid.read_text().strip()}")
    for _ in range(100):
        if not process.exists():
            return
        time.sleep(0.02)
    pytest.fail("it lives on")
