"""The release's name where the build info is gone."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from archfit.formats import go_places, go_release, pclntab
from archfit.formats.elf import read
from archfit.formats.go_layout import Layout, Span
from archfit.formats.pclntab import Header
from go_programs import build

TABLE = Header(0, 0, (1, 20), "<", 1, 8, 1, 1, None, 0, 0, 0, 0, 0)


def find(text: bytes, since: tuple[int, int] = (1, 20)) -> str | None:
    """The release found in a read-only text at address 0x1000."""
    layout = Layout((Span(0x1000, 0, len(text)),), strings=(Span(0x1000, 0, len(text)),))
    found = go_release.find(text, layout, replace(TABLE, since=since))
    return found.name if found else None


@pytest.mark.parametrize(
    "name",
    [
        "go1.26",
        "go1.26.5",
        "go1.27rc1",
        "go1.21beta1",
        "go1.26.5 X:nocoverageredesign,aliastypeparams",
        "go1.25.1-custom.2+x",
        "devel go1.28-0c8fb9b Tue",
        "go1.26.7 (Red Hat 1.26.7-1.module_el8.10.0+4264+117c8fc2)",
    ],
)
def test_names(name: str) -> None:
    found = find(b"\0\0" + name.encode() + b"\0\0")
    assert found == (None if "Tue" in name else name)


def test_only_what_the_table_can_be() -> None:
    assert find(b"\0go1.19.3\0") is None
    assert find(b"\0go1.19.3\0", (1, 18)) == "go1.19.3"
    assert find(b"\0go1.20\0", (1, 18)) is None
    assert find(b"\0go1.15\0", (1, 2)) == "go1.15"


def test_look_alikes_give_nothing() -> None:
    assert find(b"bits_go1.26.go\0go1.26 or later is needed\0") is None
    assert find(b"go1.x\0go1.\0go1.1234\0") is None


def test_two_names_give_nothing_unless_one_is_pointed_at() -> None:
    text = b"\0go1.25.1\0go1.26.5\0".ljust(32, b"\0")
    assert find(text) is None
    data = text + bytes(16) + struct.pack("<QQ", 0x100A, 8)
    layout = Layout(
        (Span(0x1000, 0, 32), Span(0x2000, 32, 32)),
        writable=Span(0x2000, 32, 32),
        strings=(Span(0x1000, 0, 32),),
    )
    found = go_release.find(data, layout, TABLE)
    assert found is not None
    assert (found.name, found.offset, found.pointed) == ("go1.26.5", 10, True)


def test_before_1_18_the_variable_tells_the_name_from_its_neighbours() -> None:
    text = b"froundglobalgo1.16gopherheader".ljust(32, b"\0")
    assert find(text, (1, 16)) is None
    data = text + struct.pack(">II", 0x100C, 6)
    layout = Layout(
        (Span(0x1000, 0, 32), Span(0x2000, 32, 8)),
        writable=Span(0x2000, 32, 8),
        strings=(Span(0x1000, 0, 32),),
        order=">",
        pointer=4,
    )
    found = go_release.find(data, layout, replace(TABLE, since=(1, 16)))
    assert found is not None
    assert (found.name, found.pointed) == ("go1.16", True)


@pytest.mark.parametrize("release", ["1.19", "", "1.27.3"])
@pytest.mark.parametrize("way", ["pure", "pure-pie", "net", "cgo-pie", "library"])
def test_real_programs(release: str, way: str) -> None:
    path = build(way, release)
    data = path.read_bytes()
    layout = go_places.of_elf(read(data))
    assert layout is not None
    table = go_places.table_of(data, layout, known=True)
    assert table is not None
    assert table.since in pclntab.RELEASES
    found = go_release.find(data, layout, table)
    assert found is not None
    assert found.name == path.name.split("-")[0]
