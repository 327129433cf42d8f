"""Scripts started for real: what this kernel does must be what the reader says."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archfit.formats import script

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="holds for Linux kernels")

#: Prints the arguments it was started with, one a line, after the script's own name.
ECHO = "/usr/bin/printf"


def started(path: Path) -> tuple[int, list[str]]:
    """errno of execve (0 when it started), and the lines printed."""
    try:
        done = subprocess.run([str(path)], capture_output=True, check=False, text=True)
    except OSError as error:
        return error.errno or -1, []
    return 0, done.stdout.splitlines()


def write(folder: Path, raw: bytes) -> Path:
    path = folder / "script"
    path.write_bytes(raw)
    path.chmod(0o755)
    return path


def test_everything_behind_the_name_is_one_argument(tmp_path: Path) -> None:
    raw = b"#! /usr/bin/printf   %s  a   b \t\n"
    found = script.read(raw)
    assert found is not None
    # printf prints its format, which is the one argument, with the script's name put in.
    status, lines = started(write(tmp_path, raw))
    assert (status, lines) == (0, [f"{tmp_path}/script  a   b"])
    assert (found.interpreter, found.args) == (ECHO, "%s  a   b")


@pytest.mark.parametrize("length", range(245, 262))
def test_long_names(length: int, tmp_path: Path) -> None:
    """A name that does not end within the kernel's window is refused, a shorter one looked up."""
    name = b"/" + b"x" * (length - 1)
    for end in (b"\n", b" arg\n", b""):
        raw = b"#!" + name + end
        found = script.read(raw)
        assert found is not None
        status, _ = started(write(tmp_path, raw))
        assert status == (errno.ENOEXEC if found.cut else errno.ENOENT), (length, end)


@pytest.mark.parametrize("length", [100, 240, 256, 300, 4000])
def test_long_arguments_are_cut(length: int, tmp_path: Path) -> None:
    raw = b"#!/usr/bin/printf " + b"a" * length + b"\n"
    found = script.read(raw)
    assert found is not None
    assert started(write(tmp_path, raw)) == (0, [found.args])


def test_carriage_return_belongs_to_the_name(tmp_path: Path) -> None:
    raw = b"#!/bin/sh\r\nexit 0\r\n"
    assert started(write(tmp_path, raw))[0] == errno.ENOENT
    found = script.read(raw)
    assert found is not None
    assert found.crlf


def test_byte_order_mark_hides_the_line(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf#!/bin/sh\n"
    assert started(write(tmp_path, raw))[0] == errno.ENOEXEC


@pytest.mark.parametrize("raw", [b"#!\n", b"#!  \t \n", b"#!" + b" " * 300 + b"/bin/sh\n"])
def test_no_interpreter(raw: bytes, tmp_path: Path) -> None:
    assert started(write(tmp_path, raw))[0] == errno.ENOEXEC
    assert script.read(raw) is None


@pytest.mark.parametrize(
    "line",
    [
        "env true",
        "env true -x",
        "env -S true -x",
        "env -i true",
        "env -iS true -x",
        "env -S A=1 true",
        "env --split-string=true x",
        "env -vS true x",
        "env -S -u HOME true",
    ],
)
def test_env(line: str, tmp_path: Path) -> None:
    """What is marked as not split fails; what is not, starts `true`.

    (`env A=1 true` and `env -u A true` are not tried: as one word each they change a variable
    and start the script again, for ever.)
    """
    raw = f"#!/usr/bin/{line}\n".encode()
    found = script.read(raw)
    assert found is not None
    done = subprocess.run(
        [write(tmp_path, raw)],
        capture_output=True,
        check=False,
        env={"PATH": os.defpath},
        timeout=10,
    )
    assert (done.returncode != 0) == found.unsplit, done.stderr
    assert found.program == "true"
