"""Go found in real programs, and whether they are cgo: every release, system and way of linking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from archfit.formats import elf, macho
from archfit.formats.go_buildinfo import INFO_START, MAGIC
from archfit.model.errors import Malformed, Unavailable
from archfit.model.fact import Fact, Trust
from go_programs import WAYS, build, read, read_path, universal

RELEASES = ("1.19", "", "1.27.3")

#: What each way of building is. An outside linker brings runtime/cgo along since Go 1.20 or
#: later, but did not in 1.19; libc alone is not cgo.
CGO = {
    "pure": "no",
    "pure-stripped": "no",
    "pure-pie": "no",
    "allowed": "no",
    "net": "yes",
    "net-stripped": "yes",
    "net-pie": "yes",
    "net-off": "no",
    "cgo": "yes",
    "cgo-stripped": "yes",
    "cgo-pie": "yes",
    "cgo-static": "static",
    "cgo-static-pie": "static",
    "library": "yes",
    "library-stripped": "yes",
    "plugin": "yes",
}


def value(facts: Mapping[str, Fact], name: str) -> Any:
    return facts[name].value if name in facts else None


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("way", CGO)
def test_cgo_by_evidence(way: str, release: str) -> None:
    path = build(way, release)
    facts, errors = read_path(path)
    assert value(facts, "go.cgo") == CGO[way], facts["go.cgo"].source
    if (way, release) == ("plugin", "1.19"):  # the one that carries no build info
        assert "go.version" not in facts
        assert [type(error) for error in errors] == [Unavailable]
        return
    assert not errors
    assert value(facts, "go.version") == path.name.split("-")[0]
    assert value(facts, "go.path") == f"example.com/probe/{WAYS[way][0]}"
    assert value(facts, "go.module") == "example.com/probe"
    assert value(facts, "go.module_version") == "(devel)"
    assert value(facts, "go.cgo_setting") == WAYS[way][1]
    assert value(facts, "go.settings")["GOOS"] == "linux"
    assert facts["go.version"].trust is Trust.STORED


@pytest.mark.parametrize(("release", "cgo"), [("1.19", "no"), ("", "yes"), ("1.27.3", "yes")])
def test_an_outside_linker(release: str, cgo: str) -> None:
    facts, _ = read_path(build("allowed-outside", release))
    assert value(facts, "go.cgo") == cgo
    assert value(facts, "binary.needed") == ["libc.so.6"]


def test_what_cannot_have_c_in_it_is_not_searched() -> None:
    facts, _ = read_path(build("pure"))
    assert facts["go.cgo"].source == "no interpreter, no NEEDED, no section of a C linker"


@pytest.mark.parametrize("way", ["cgo", "net", "library"])
def test_another_machine(way: str) -> None:
    facts, errors = read_path(build(way, target="linux/arm64"))
    assert not errors
    assert value(facts, "go.cgo") == "yes"
    assert value(facts, "binary.isa") == "arm64"


TARGETS = [
    "aix/ppc64",
    "darwin/amd64",
    "darwin/arm64",
    "freebsd/amd64",
    "js/wasm",
    "linux/386",
    "linux/mips",
    "linux/s390x",
    "openbsd/amd64",
    "windows/386",
    "windows/amd64",
    "windows/arm64",
]


@pytest.mark.parametrize("target", TARGETS)
def test_other_systems(target: str) -> None:
    path = build("pure", target=target)
    facts, errors = read_path(path)
    assert not errors
    assert value(facts, "go.cgo") == "no"
    assert value(facts, "go.version") == path.name.split("-")[0]
    system, isa = target.split("/")
    settings = value(facts, "go.settings")
    assert (settings["GOOS"], settings["GOARCH"]) == (system, isa)
    assert value(facts, "go.cgo_setting") == "0"


def without_build_info(data: bytes) -> bytes:
    assert MAGIC in data
    return data.replace(MAGIC, bytes(len(MAGIC)))


@pytest.mark.parametrize("target", ["", *(t for t in TARGETS if not t.endswith("wasm"))])
def test_without_build_info(target: str) -> None:
    path = build("pure", target=target)
    data = without_build_info(path.read_bytes())
    facts, errors = read(data)
    assert not errors
    assert value(facts, "go.version") == path.name.split("-")[0]
    assert facts["go.version"].trust is Trust.DECLARED
    assert "build info is gone" in facts["go.version"].source
    assert value(facts, "go.cgo") == "no"
    assert value(facts, "go.module") == "example.com/probe"
    assert facts["go.module"].trust is Trust.DECLARED
    facts, _ = read(data.replace(INFO_START, bytes(16)))
    assert "go.version" in facts
    assert "go.module" not in facts


@pytest.mark.parametrize("way", ["cgo", "cgo-pie", "net-stripped", "library", "cgo-static"])
@pytest.mark.parametrize("release", RELEASES)
def test_cgo_without_build_info(way: str, release: str) -> None:
    path = build(way, release)
    facts, errors = read(without_build_info(path.read_bytes()))
    assert not errors
    assert value(facts, "go.cgo") == CGO[way]
    assert value(facts, "go.version") == path.name.split("-")[0]


def test_without_section_headers() -> None:
    data = bytearray(build("pure").read_bytes())
    data[0x28:0x30] = bytes(8)  # e_shoff
    data[0x3C:0x40] = bytes(4)  # e_shnum, e_shstrndx
    facts, errors = read(bytes(data))
    assert not errors
    assert value(facts, "go.version").startswith("go1.")
    assert value(facts, "go.cgo") == "no"


def test_a_name_hidden_is_not_a_name_absent() -> None:
    data = build("cgo").read_bytes()
    hidden = data.replace(b"\0crosscall2\0", b"\0xxxxxxxxxx\0").replace(
        b"\0runtime.goexit\0", b"\0xxxxxxxxxxxxxx\0"
    )
    facts, _ = read(hidden)
    assert value(facts, "go.cgo") == "unknown"


def test_a_broken_blob_is_told_and_the_rest_still_read() -> None:
    data = bytearray(build("pure").read_bytes())
    at = data.index(MAGIC)
    data[at + 32] = 0x7F  # the version reaches into what follows
    data[at + 32 + 128] = 0xFF
    data[at + 33 + 128] = 0xFF
    facts, errors = read(bytes(data))
    assert [type(error) for error in errors] == [Malformed]
    assert value(facts, "go.cgo") == "no"


def test_no_table_where_one_is_named() -> None:
    data = bytearray(without_build_info(build("cgo").read_bytes()))
    section = elf.read(bytes(data)).section(".gopclntab")
    assert section is not None
    data[section[1]] ^= 0xFF
    facts, errors = read(bytes(data))
    assert [type(error) for error in errors] == [Malformed]
    assert value(facts, "go.cgo") == "unknown"
    assert "go.version" not in facts


def mac(target: str, release: str = "") -> bytes:
    return build("pure", release, f"darwin/{target}").read_bytes()


def test_every_slice_of_a_universal_binary() -> None:
    facts, errors = read(universal(mac("amd64"), mac("arm64")))
    assert not errors
    one, two = value(facts, "binary.slices")
    assert one["go"]["settings"]["GOARCH"] == "amd64"
    assert two["go"]["settings"]["GOARCH"] == "arm64"
    for part in (one, two):
        assert part["go"]["path"] == "example.com/probe/pure"
        assert part["go"]["module"] == "example.com/probe"
        assert part["go"]["cgo"] == "no"
    assert value(facts, "go.version") == one["go"]["version"]
    assert value(facts, "go.cgo") == "no"
    assert "go.settings" not in facts  # they differ in GOARCH


def test_slices_of_different_releases() -> None:
    facts, _ = read(universal(mac("amd64", "1.27.3"), mac("arm64", "1.19")))
    one, two = value(facts, "binary.slices")
    assert (one["go"]["version"], two["go"]["version"]) == ("go1.27.3", "go1.19.8")
    assert "go.version" not in facts
    assert value(facts, "go.module") == "example.com/probe"


def test_a_slice_that_is_not_go() -> None:
    other = bytearray(mac("arm64"))
    for section in macho.read(bytes(other)).slices[0].sections():
        name = section.name.encode()
        if name.startswith(b"__go"):
            at = other.index(name.ljust(16, b"\0"))
            other[at : at + len(name)] = name.replace(b"__go", b"__no")
    facts, _ = read(universal(mac("amd64"), bytes(other)))
    one, two = value(facts, "binary.slices")
    assert one["go"]["cgo"] == "no"
    assert "go" not in two
    assert "go.version" not in facts


def test_what_is_not_go() -> None:
    for name in ("/bin/sh", "/bin/true"):
        with open(name, "rb") as file:
            facts, errors = read(file.read())
        assert not errors
        assert not [key for key in facts if key.startswith("go.")]
