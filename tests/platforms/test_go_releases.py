"""Go's releases and ports: the table against the toolchains at hand."""

from __future__ import annotations

import datetime
import itertools
import subprocess

import pytest

from archfit.platforms import go_releases as go
from archfit.platforms.isa import rows as isas
from archfit.platforms.table import table
from toolbox import need_tool


def rows(kind: str) -> list[dict[str, str]]:
    return table("go_releases")[kind]


def test_releases_follow_each_other() -> None:
    minors = [go.minor(row["version"]) for row in rows("release")]
    days = [datetime.date.fromisoformat(row["released"]) for row in rows("release")]
    assert minors == list(range(28))
    assert days == sorted(days)


def test_rows_of_a_target_do_not_overlap() -> None:
    for name in {row["target"] for row in rows("port")}:
        for older, newer in itertools.pairwise(go.ports(name)):
            assert (go.minor(older["until"]) or 999) < (go.minor(newer["since"]) or 0)


def test_every_target_is_of_a_known_isa() -> None:
    known = set(isas()) | {"amd64p32"}  # 32-bit pointers on amd64, for nacl alone
    assert {row["target"].split("/")[1] for row in rows("port")} <= known


@pytest.mark.parametrize("kind", ["port", "minimum", "setting", "format"])
def test_versions_name_releases(kind: str) -> None:
    known = {row["version"] for row in rows("release")} | {""}
    for row in rows(kind):
        for column in ("since", "until", "cgo", "broken"):
            assert row.get(column, "") in known, row


def test_minimums_only_rise() -> None:
    for name in {row["target"] for row in rows("minimum")}:
        mine = [row for row in rows("minimum") if row["target"] == name]
        versions = [[int(n) for n in row["version"].split(".")] for row in mine]
        assert versions == sorted(versions), name


def test_the_toolchain_at_hand_lists_the_same() -> None:
    tool = need_tool("go")
    version = subprocess.run([tool, "env", "GOVERSION"], capture_output=True, text=True, check=True)
    listed = subprocess.run(
        [tool, "tool", "dist", "list"], check=False, capture_output=True, text=True
    )
    release = go.minor(version.stdout.strip())
    if listed.returncode or release is None or release > go.newest():
        pytest.skip("this go has no `go tool dist`, or is newer than the table")
    assert go.targets(release) == listed.stdout.split()


@pytest.mark.parametrize(
    ("target", "release", "expected"),
    [
        ("darwin/arm64", 4, "later"),
        ("darwin/arm64", 15, "there"),  # but it is iOS
        ("darwin/arm64", 16, "there"),
        ("darwin/386", 14, "there"),
        ("darwin/386", 15, "dropped"),
        ("windows/arm", 11, "later"),
        ("windows/arm", 24, "broken"),
        ("windows/arm", 26, "dropped"),
        ("windows/arm64", 16, "later"),
        ("linux/loong64", 18, "later"),
        ("freebsd/riscv64", 27, "broken"),
        ("openbsd/mips64", 27, "dropped"),
        ("linux/x86_64", 27, "never"),
        ("nacl/386", 13, "there"),
    ],
)
def test_standing(target: str, release: int, expected: str) -> None:
    assert go.standing(target, release) == expected


@pytest.mark.parametrize(
    ("goos", "goarch", "expected"),
    [
        ("Darwin", "arm64", "darwin/arm64"),
        ("darwin", "x86_64", "darwin/amd64"),
        ("macos", "aarch64", "darwin/arm64"),
        ("windows ", "amd64", "windows/amd64"),
        ("linux/arm64", "amd64", "linux/arm64"),
        ("linux", "arm64v8", "linux/arm64"),
        ("linux", "armv7", "linux/arm"),
        ("beos", "amd64", ""),
        ("linux", "z80", ""),
    ],
)
def test_what_was_meant(goos: str, goarch: str, expected: str) -> None:
    assert go.meant(goos, goarch) == expected


def test_cgo_and_oldest_system() -> None:
    assert not go.cgo("linux/riscv64", 15)
    assert go.cgo("linux/riscv64", 16)
    assert not go.cgo("darwin/386", 15)
    assert go.oldest_system("darwin/arm64", 27) == "13"
    assert go.oldest_system("darwin/amd64", 20) == "10.13"
    assert go.oldest_system("linux/amd64", 23) == "2.6.32"
    assert go.oldest_system("linux/loong64", 19) == "5.19"
    assert go.oldest_system("plan9/386", 20) == ""


def test_minor_of_names_in_the_field() -> None:
    names = ["go1.21.3", "1.16", "go1", "go1.27rc1", "devel +abc", "2.0"]
    assert [go.minor(name) for name in names] == [21, 16, 0, 27, None, None]
    assert go.released("go1.16.3") == "2021-02-16"
