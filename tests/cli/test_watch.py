"""`archfit watch`: real commands, their status, and what is said when they fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from toolbox import need_tool


def watch(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archfit", "watch", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
    )


def test_success_is_silent() -> None:
    done = watch("--", "/bin/sh", "-c", "echo hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")


def test_a_failure_without_a_cause() -> None:
    done = watch("--", "/bin/sh", "-c", "echo no; exit 3")
    assert (done.returncode, done.stdout) == (3, "no\n")
    assert done.stderr == "archfit: no cause was found in the output\n"
    assert watch("-q", "--", "/bin/sh", "-c", "exit 3").stderr == ""


def test_a_cause_in_the_output() -> None:
    message = "x: error while loading shared libraries: libq.so.9: cannot open shared object file"
    done = watch(
        "--", "/bin/sh", "-c", f"echo '{message}: No such file or directory' >&2; exit 127"
    )
    assert done.returncode == 127
    assert done.stderr.startswith(message)
    assert "run.library-missing" in done.stderr
    assert "libq.so.9 is not found" in done.stderr


def test_a_cause_in_the_end_alone() -> None:
    done = watch("--", "/bin/sh", "-c", "kill -ILL $$")
    assert done.returncode == 132
    assert "run.cpu-feature" in done.stderr


def test_a_real_build_for_the_wrong_machine(tmp_path: Path) -> None:
    go = need_tool("go")
    (tmp_path / "go.mod").write_text("module example.com/app\n\ngo 1.19\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() {}\n")
    done = watch("--", "env", "GOARCH=s390x", go, "run", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert "run.exec-format" in done.stderr


def test_a_program_that_can_not_be_started_is_looked_at(tmp_path: Path) -> None:
    gcc = need_tool("aarch64-linux-gnu-gcc")
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    subprocess.run([gcc, "-static", "-o", "a.out", "a.c"], cwd=tmp_path, check=True, timeout=60)
    done = watch("--", "./a.out", cwd=tmp_path)
    assert done.returncode == 126
    assert "run.exec-format" in done.stderr
    assert "linux/arm64" in done.stderr


def test_wrong_usage() -> None:
    assert watch().returncode == 2
    assert watch("--").returncode == 2
    assert watch("--", "/no/such/program").returncode == 127
