"""The lab's cache: whole or not there, and one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archfit.host import lab_store
from archfit.model.errors import Unavailable


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHFIT_CACHE", str(tmp_path))
    return tmp_path / "lab"


def test_a_file_is_written_whole_and_read_back(own: Path) -> None:
    path = os.path.join(lab_store.home(), "a", "b", "c.json")
    assert lab_store.read(path) is None
    lab_store.write(path, b"one")
    lab_store.write(path, b"two")
    assert lab_store.read(path) == b"two"
    assert [p.name for p in (own / "a" / "b").iterdir()] == ["c.json"]
    with pytest.raises(Unavailable, match="more than 2 bytes"):
        lab_store.read(path, 2)


def test_xdg_cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARCHFIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert lab_store.home() == str(tmp_path / "xdg" / "archfit" / "lab")


def test_what_was_adopted_first_stays(tmp_path: Path) -> None:
    for text in ("first", "second"):
        (tmp_path / "part").write_text(text)
        lab_store.adopt(str(tmp_path / "part"), str(tmp_path / "x" / "program"))
    # Two files: rename(2) puts the later one in its place; two folders: the first stays.
    assert not (tmp_path / "part").exists()
    for text in ("first", "second"):
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "name").write_text(text)
        lab_store.adopt(str(tmp_path / "folder"), str(tmp_path / "y"))
    assert (tmp_path / "y" / "name").read_text() == "first"
    assert not (tmp_path / "folder").exists()


def test_a_lock_waits_and_is_let_go_by_death(own: Path) -> None:
    code = (
        "import os, sys; from archfit.host.lab_store import lock\n"
        "with lock('one'):\n print('held', flush=True)\n sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    other.kill()
    other.communicate()
    with lab_store.lock("one"):
        assert (own / "locks" / "one").exists()


def test_work_places_of_the_dead_are_swept(own: Path) -> None:
    with lab_store.workplace() as mine:
        gone = own / "tmp" / "run-999999999-abc"
        gone.mkdir()
        lab_store.sweep()
        assert os.path.isdir(mine)
        assert not gone.exists()
    assert not os.path.exists(mine)


def test_a_digest_knows_where_its_parts_end() -> None:
    assert lab_store.digest(["ab", "c"]) != lab_store.digest(["a", "bc"])
    assert lab_store.digest(["ab"]) == lab_store.digest([b"ab"])


def test_files_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "src" / "sub").mkdir(parents=True)
    (tmp_path / "src" / "b.go").write_text("b")
    (tmp_path / "src" / "sub" / "a.go").write_text("a")
    (tmp_path / "src" / ".git").mkdir()
    (tmp_path / "src" / ".git" / "config").write_text("no")
    (tmp_path / "src" / "link").symlink_to("b.go")
    assert lab_store.files_below(str(tmp_path / "src")) == [("b.go", b"b"), ("sub/a.go", b"a")]
