"""The log as judges see it, and the platform it speaks of."""

from __future__ import annotations

import pytest

from archfit.formats.log import Log
from archfit.formats.spoken_of import spoken_of

LOG = Log({1: "first", 5: "fifth line", 6: "sixth", 90: "far"}, {"host": "Apple M2"})


def test_lines_and_what_stands_near() -> None:
    assert LOG.text == "first\nfifth line\nsixth\nfar"
    assert list(LOG.numbers) == [1, 5, 6, 90]
    assert list(LOG.around(5, 4, 1)) == ["first", "fifth line", "sixth"]
    assert LOG.near(5, "sixth", after=1)
    assert not LOG.near(5, "far")


def test_has_is_of_the_text_says_is_of_both() -> None:
    assert LOG.has("none", "fifth")
    assert not LOG.has("Apple")
    assert LOG.says("Apple")
    assert not LOG.says("Intel")


@pytest.mark.parametrize(
    ("text", "context", "system"),
    [
        ("dyld[12]: Library not loaded: /opt/homebrew/lib/x.dylib", {}, "darwin"),
        ("/usr/bin/ld: x: cannot find\ncollect2: error: ld returned 1", {}, "linux"),
        ("C:\\Users\\dev> app.exe", {}, "windows"),
        ("anything", {"host": "macOS 14, M1"}, "darwin"),
        ("anything", {"host": "docker on macOS"}, "linux"),
        ("anything", {"goos": "windows"}, "windows"),
        ("dyld: x", {"host": "Ubuntu 22.04"}, "linux"),
        ("nothing to see", {}, ""),
    ],
)
def test_operating_system(text: str, context: dict[str, str], system: str) -> None:
    assert spoken_of(text, context).os == system


def test_isas_in_the_order_of_how_often_they_are_named() -> None:
    found = spoken_of("arm64 x86_64 aarch64 amd64 arm64", {})
    assert found.isas == ("arm64", "amd64")
    assert spoken_of("arm64 arm64", {"goarch": "amd64"}).isas == ("amd64", "arm64")


@pytest.mark.parametrize(
    ("text", "name"),
    [("apk add x", "alpine"), ("apt-get install x", "debian"), ("dnf install", "fedora")],
)
def test_distribution(text: str, name: str) -> None:
    assert spoken_of(text, {}).distribution == name
