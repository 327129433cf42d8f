"""Which Go release a text names, and what becomes of a target that it refuses."""

from __future__ import annotations

import pytest

from archfit.engine.diagnose import diagnose
from archfit.engine.registry import rules
from archfit.formats.log import Log
from archfit.rules.go_spoken_of import first, last, release


def log(text: str, **context: str) -> Log:
    return Log(dict(enumerate(text.split("\n"), 1)), context)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go version go1.15.8 linux/amd64", 15),
        ("GOVERSION='go1.22.2'", 22),
        ("/opt/hostedtoolcache/go/1.15.8/x64/pkg/tool/linux_amd64/link: running gcc failed", 15),
        ("FROM golang:1.13-alpine", 13),
        ("/usr/lib/go-1.19/src/cmp", 19),
        ("/usr/local/Cellar/go/1.12.5/libexec", 12),
        ("(running go 1.21.3; GOTOOLCHAIN=local)", 21),
        ("I use Go 1.17 on Windows", 17),
        ("it requires go 1.21 or later", None),
        ("go.mod requires go >= 1.23", None),
        ("zlib 1.11 and libgo-1.2", None),
        ("", None),
    ],
)
def test_release(text: str, expected: int | None) -> None:
    assert release(log(text)) == expected


def test_what_the_user_says_comes_first() -> None:
    assert release(log("go version go1.22.1 linux/amd64", go="1.15.8")) == 15


def test_first_and_last() -> None:
    assert (first("darwin/arm64"), last("darwin/arm64")) == ("1.16", "")
    assert (first("windows/arm"), last("windows/arm")) == ("1.12", "1.25")
    assert first("beos/arm64") == ""


@pytest.mark.parametrize(
    ("line", "go", "expected"),
    [
        ("cmd/go: unsupported GOOS/GOARCH pair windows/arm", "", "build.go-too-old"),
        ("go: unsupported GOOS/GOARCH pair windows/arm", "", "build.go-too-new"),
        ("unsupported GOOS/GOARCH pair windows/arm", "1.11", "build.go-too-old"),
        ("unsupported GOOS/GOARCH pair windows/arm", "1.27", "build.go-too-new"),
        ("go: unsupported GOOS/GOARCH pair openbsd/mips64", "", "build.go-too-new"),
        ("cmd/go: unsupported GOOS/GOARCH pair openbsd/mips64", "", "build.go-too-old"),
        ("unsupported GOOS/GOARCH pair darwin/arm64", "", "build.go-too-old"),
        ("go: unsupported GOOS/GOARCH pair linux/amd64", "", "build.target-name"),
        ("go: unsupported GOOS/GOARCH pair linux/x64", "", "build.target-name"),
    ],
)
def test_a_refused_target_has_one_of_three_causes(line: str, go: str, expected: str) -> None:
    _, findings, _ = diagnose([line], rules(), {"go": go} if go else {}, "case")
    assert [found.rule for found in findings] == [expected]
