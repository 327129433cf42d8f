"""A folder seen as a machine: links stay inside, whatever they say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archfit.host.live import Live
from archfit.host.rooted import Rooted
from archfit.model.errors import Unavailable


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("outside")
    root = tmp_path / "root"
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/bin").mkdir()
    (root / "usr/lib/libx.so.1.2").write_bytes(b"library")
    (root / "usr/bin/sh").write_text("shell")
    os.symlink("usr/lib", root / "lib")
    os.symlink("/usr/lib/libx.so.1.2", root / "usr/lib/libx.so.1")
    os.symlink("libx.so.1", root / "usr/lib/libx.so")
    os.symlink("../../../../../secret", root / "usr/lib/out")
    os.symlink(str(tmp_path / "secret"), root / "usr/lib/out2")
    os.symlink("loop", root / "usr/lib/loop")
    return root


def test_absolute_links_start_in_the_folder(root: Path) -> None:
    door = Rooted(Live(), str(root))
    assert door.read("/lib/libx.so") == b"library"
    assert door.realpath("/lib/libx.so") == "/usr/lib/libx.so.1.2"
    assert door.exists("/lib/libx.so.1")
    assert door.listdir("/lib") == door.listdir("/usr/lib")
    assert door.is_dir("/lib")
    assert door.which("sh") == ["/usr/bin/sh"]
    assert door.find("/lib/libx.so", b"rar", 3) == [b"rar"]


@pytest.mark.parametrize(
    "path",
    [
        "/proc/sys/../../secret",
        "/usr/lib/out",
        "/usr/lib/out2",
        "/../secret",
        "/usr/../../secret",
        "//../../secret",
    ],
)
def test_nothing_leads_out(root: Path, path: str) -> None:
    door = Rooted(Live(), str(root))
    assert not door.exists(path)
    with pytest.raises(Unavailable):
        door.read(path)


def test_loops_and_null_bytes(root: Path) -> None:
    door = Rooted(Live(), str(root))
    for path in ("/usr/lib/loop", "/usr/lib/loop/x", "/a\0b"):
        assert not door.exists(path)
        assert not door.is_dir(path)
        assert door.listdir(path) == []
        assert door.realpath(path) == path
        with pytest.raises(Unavailable):
            door.read(path)


def test_paths_from_outside(root: Path) -> None:
    os.symlink(root, root.parent / "again")
    door = Rooted(Live(), str(root.parent / "again"))
    assert door.within(str(root / "usr/bin/sh")) == "/usr/bin/sh"
    assert door.within(str(root.parent / "again/usr/bin/sh")) == "/usr/bin/sh"
    assert door.within(str(root.parent / "secret")) is None
    assert door.within(str(root) + "er") is None
    assert door.outside("/lib/libx.so") == str(root / "usr/lib/libx.so.1.2")


def test_environment_and_programs_are_not_those_of_this_machine(root: Path) -> None:
    door = Rooted(Live({"LD_LIBRARY_PATH": "/x"}), str(root))
    assert door.env == {}
    assert door.page_size() == Live().page_size()
    with pytest.raises(Unavailable):
        door.run(["true"])
    with pytest.raises(Unavailable):
        Rooted(Live(), str(root / "nowhere"))


def test_the_kernel_is_that_of_the_outer_machine(root: Path) -> None:
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/ostype").write_text("another")
    os.symlink("/proc/sys/kernel/ostype", root / "usr/lib/kind")
    door = Rooted(Live(), str(root))
    for path in ("/proc/sys/kernel/ostype", "/usr/lib/kind", "/usr/../proc/sys/kernel/ostype"):
        assert door.read(path) == Live().read("/proc/sys/kernel/ostype")
    assert door.listdir("/proc/sys") == Live().listdir("/proc/sys")
    assert not door.exists("/proc/sys/../self/exe")
    assert not door.exists("/proc/self/exe")
