"""What a reduction says of commands that it can't reduce, without any build."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archfit.lab.minimise import minimise
from archfit.lab.minimise_report import document, lines, write
from archfit.model.errors import Misuse, Unavailable

#: A build that "fails" as a compiler does while the header is asked for, in no time.
_BUILD = (
    "grep -l lost.h *.c || exit 0; echo '# example.com/m'; "
    "echo 'a.c:1:10: fatal error: lost.h: No such file or directory'; "
    "echo 'compilation terminated.'; exit 1"
)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHFIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "build").write_text(_BUILD)
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/m\n")
    (folder / "a.c").write_text('int a;\n#include "lost.h"\nint b;\n')
    (folder / "b.c").write_text("int c;\n")
    return folder


def test_the_file_and_the_line_are_left(module: Path, tmp_path: Path) -> None:
    argv = ("sh", str(tmp_path / "build"))
    env = {**os.environ, "CGO_CFLAGS": f"-I{module}/x -O2"}
    found = minimise(argv, str(module), environ=env, jobs=1)
    assert found.goal.cause == "build.header-missing"
    assert found.last.files == {
        "go.mod": b"",
        "a.c": b'#include "lost.h"\n',
    }
    assert found.first.env == (("CGO_CFLAGS", ("-I{root}/x", "-O2")),)
    assert document(found)["flags"]["needed"] == []
    assert "  - CGO_CFLAGS -O2" in list(lines(found, True))
    write(found, str(tmp_path / "out"))
    assert (tmp_path / "out" / "a.c").read_bytes() == b'#include "lost.h"\n'
    with pytest.raises(Misuse):
        write(found, str(tmp_path / "out"))
    again = minimise(argv, str(module), environ=env, jobs=1)
    assert again.resumed
    assert again.tried == found.tried


def test_what_is_no_failure_or_no_known_cause_is_refused(module: Path, tmp_path: Path) -> None:
    with pytest.raises(Misuse):
        minimise((), str(module), environ=os.environ)
    with pytest.raises(Misuse):
        minimise(("true",), str(module / "none"), environ=os.environ)
    with pytest.raises(Unavailable, match="succeeds in a copy"):
        minimise(("true",), str(module), environ=os.environ)
    with pytest.raises(Unavailable, match="no cause is known"):
        minimise(("false",), str(module), environ=os.environ)
    with pytest.raises(Unavailable, match=r"another cause.*header-missing"):
        minimise(
            ("sh", str(tmp_path / "build")),
            str(module),
            environ=os.environ,
            cause="run.loader-missing",
        )
    with pytest.raises(Unavailable, match="did not end"):
        minimise(("sleep", "9"), str(module), environ=os.environ, timeout=0.2)
    with pytest.raises(Unavailable):
        minimise(("no-such-program",), str(module), environ=os.environ)
