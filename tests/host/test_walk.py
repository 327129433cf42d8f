"""The walk: once, no link out, no odd file can stop it."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Sequence
from pathlib import Path

from archfit.formats.magic import FIRST_TWO, HEAD, recognise
from archfit.host.walk import Place, Visit, apart


def everything(head: bytes) -> str:
    """As if each file were one that is looked at."""
    del head
    return "any"


def visit(root: Path, places: Sequence[Place], pseudo: dict[str, str] | None = None) -> Visit:
    return Visit(str(root), places, HEAD, frozenset((b"x", b"\x7fE")), everything, pseudo or {})


def stretches(root: Path) -> list[list[str]]:
    """Relative paths of all files, stretch by stretch; what could not be read ends in a colon."""
    found: list[list[str]] = []
    left: list[Place] = [str(root)]
    while left:
        step = visit(root, left)
        paths = []
        for path, fd, why in step:
            if fd >= 0:
                os.close(fd)
            paths.append(os.path.relpath(path, root) + (":" if why else ""))
        found.append(paths)
        left = step.left
    return found


def files_of(root: Path) -> list[str]:
    return [path for stretch in stretches(root) for path in stretch]


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


def test_a_folder_that_became_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"\x7fELF")
    root = tmp_path / "root"
    root.mkdir()
    (root / "was-a-folder").symlink_to(tmp_path / "outside")
    assert [fd for _, fd, _ in visit(root, [f"{root}/was-a-folder"])] == [-1]


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"x")
    (tmp_path / "here").symlink_to("there")
    assert files_of(tmp_path / "here") == ["file"]


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
    assert files_of(tmp_path) == ["c", "a/1", "a/3", "a/b/c/d", "b/2"]


def test_stretches_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    chance = random.Random(4)
    wanted = []
    for folder in ("", "a", "a/b", "a/b/c", "d"):
        (tmp_path / folder).mkdir(exist_ok=True)
        for number in sorted(chance.sample(range(1000), 120)):
            (tmp_path / folder / f"{number:04}").write_bytes(b"x")
            wanted.append(os.path.join(folder, f"{number:04}"))
    found = stretches(tmp_path)
    assert len(found) > 3
    assert [path for stretch in found for path in stretch] == wanted


def test_a_large_folder_is_left_in_pieces(tmp_path: Path) -> None:
    for number in range(5000):
        (tmp_path / f"{number:04}").touch()
    (tmp_path / "below").mkdir()
    step = visit(tmp_path, [str(tmp_path)])
    assert not list(step)
    pieces = [place[1] for place in step.left if not isinstance(place, str)]
    assert step.files == 5000 - sum(map(len, pieces))
    assert len(pieces) >= 2
    assert pieces[-1][-1] == "4999"
    assert step.left[-1] == f"{tmp_path}/below"


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    assert [(fd, bool(why)) for _, fd, why in visit(tmp_path, [f"{tmp_path}/x"])] == [(-1, True)]


def test_a_pseudo_file_system_is_not_entered_but_by_name(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "file").write_bytes(b"x")
    pseudo = {f"{tmp_path}/proc": "proc"}
    assert [fd for _, fd, _ in visit(tmp_path, [str(tmp_path)], pseudo)] == [-1]
    for _, fd, _ in visit(tmp_path / "proc", [f"{tmp_path}/proc"], pseudo):
        assert fd >= 0
        os.close(fd)


def test_a_fifo_that_takes_a_files_place_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "was-a-file")
    answers = list(visit(tmp_path, [(f"{tmp_path}/", ["was-a-file", "gone"])]))
    assert [(path.rsplit("/", 1)[1], fd) for path, fd, _ in answers] == [("gone", -1)]


def test_only_recognised_files_stay_open(tmp_path: Path) -> None:
    (tmp_path / "elf").write_bytes(b"\x7fELF" + bytes(60))
    (tmp_path / "text").write_bytes(b"hello")
    (tmp_path / "link").symlink_to("elf")
    place = (f"{tmp_path}/", ["elf", "text", "link"])
    answers = list(Visit(str(tmp_path), [place], HEAD, FIRST_TWO, recognise, {}))
    for _, fd, _ in answers:
        if fd >= 0:
            os.close(fd)
    names = [(path.rsplit("/", 1)[1], fd >= 0) for path, fd, _ in answers]
    assert names == [("elf", True), ("link", False)]


def test_a_place_taken_apart_file_by_file(tmp_path: Path) -> None:
    for name in ("b", "a", "c/d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files, folders = apart(str(tmp_path))
    assert files == [(f"{tmp_path}/", ["a"]), (f"{tmp_path}/", ["b"])]
    assert folders == [f"{tmp_path}/c"]
    assert apart((f"{tmp_path}/", ["a", "b"])) == (files, [])
