"""The walk: once, no link out, no odd file can stop it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from archfit.formats.magic import FIRST_TWO, HEAD, recognise
from archfit.host.walk import Batch, Passed, walk, wanted


def files_of(root: Path) -> list[str]:
    found = []
    for step in walk(str(root)):
        if isinstance(step, Batch):
            found += [folder + name for folder, names in step.groups for name in names]
    return [os.path.relpath(path, root) for path in found]


def test_links_are_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"\x7fELF")
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "file").write_bytes(b"x")
    (root / "out").symlink_to(outside)
    (root / "out-file").symlink_to(outside / "secret")
    (root / "a" / "cycle").symlink_to(root)
    (root / "self").symlink_to("self")
    assert files_of(root) == ["a/file"]


def test_odd_files_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    (tmp_path / "file").write_bytes(b"\x7fELF")
    assert files_of(tmp_path) == ["file"]
    server.close()


def test_order_is_sorted_and_every_file_once(tmp_path: Path) -> None:
    for name in ("b/2", "a/1", "a/3", "c", "a/b/c/d"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = files_of(tmp_path)
    assert sorted(found) == ["a/1", "a/3", "a/b/c/d", "b/2", "c"]
    assert found == ["c", "a/1", "a/3", "a/b/c/d", "b/2"]


def test_many_files_make_several_batches(tmp_path: Path) -> None:
    for number in range(1200):
        (tmp_path / f"{number:04}").write_bytes(b"")
    batches = [step for step in walk(str(tmp_path)) if isinstance(step, Batch)]
    sizes = [sum(len(names) for _, names in batch.groups) for batch in batches]
    assert sizes == [512, 512, 176]


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    steps = list(walk(str(tmp_path / "nothing")))
    assert [type(step) for step in steps] == [Passed]


def test_a_fifo_that_takes_a_files_place_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "was-a-file")
    batch = Batch(str(tmp_path), [(f"{tmp_path}/", ["was-a-file", "gone"])])
    answers = list(wanted(batch, HEAD, FIRST_TWO, recognise))
    assert [(path.rsplit("/", 1)[1], fd) for path, fd, _ in answers] == [("gone", -1)]


def test_only_recognised_files_stay_open(tmp_path: Path) -> None:
    (tmp_path / "elf").write_bytes(b"\x7fELF" + bytes(60))
    (tmp_path / "text").write_bytes(b"hello")
    (tmp_path / "link").symlink_to("elf")
    batch = Batch(str(tmp_path), [(f"{tmp_path}/", ["elf", "text", "link"])])
    answers = list(wanted(batch, HEAD, FIRST_TWO, recognise))
    for _, fd, _ in answers:
        if fd >= 0:
            os.close(fd)
    names = [(path.rsplit("/", 1)[1], fd >= 0) for path, fd, _ in answers]
    assert names == [("elf", True), ("link", False)]
