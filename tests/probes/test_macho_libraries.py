"""Libraries beside a Mach-O file, found as dyld would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import macho_bytes as make
from archfit.host.live import Live
from archfit.model.fact import Fact, Trust
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes import macho, macho_libraries

NEW_SDK = make.build_version(sdk=0xE0000)
LIBRARY = make.thin(filetype=make.DYLIB)
MAC = {"host.os": Fact("darwin", Trust.OBSERVED, "uname")}


def rows(path: Path, host: dict[str, Fact] | None = None) -> dict[str, Any]:
    raw = path.read_bytes()
    facts: dict[str, Fact] = {}
    scene = Scene(Live(), host or {}, None)
    image = Image(str(path), "fat" if raw[:1] == b"\xca" else "macho", raw)
    macho.PROBE.run(image, facts, scene)
    macho_libraries.PROBE.run(image, facts, scene)
    if "binary.libraries" not in facts:
        return {"slices": facts["binary.slices"].value}
    found = facts["binary.libraries"].value
    assert isinstance(found, list)
    return {row["name"]: row for row in found}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libgood.dylib").write_bytes(LIBRARY)
    (tmp_path / "lib" / "libintel.dylib").write_bytes(
        make.thin(cpu=make.AMD64, filetype=make.DYLIB)
    )
    (tmp_path / "lib" / "libboth.dylib").write_bytes(
        make.fat([(make.AMD64, 3, make.thin(cpu=make.AMD64)), (make.ARM64, 0, LIBRARY)])
    )
    (tmp_path / "lib" / "libtext.dylib").write_text("no library")
    (tmp_path / "lib" / "libfolder.dylib").mkdir()
    return tmp_path


def program(app: Path, *names: str, sdk: bytes = NEW_SDK, kind: int = 0x0C) -> Path:
    path = app / "bin" / "program"
    commands = [make.dylib(name, kind) for name in names]
    path.write_bytes(make.thin([*commands, make.rpath("@executable_path/../lib"), sdk]))
    return path


def test_found_beside_the_program(app: Path) -> None:
    found = rows(program(app, "@rpath/libgood.dylib", "@loader_path/../lib/libboth.dylib"))
    assert found["@rpath/libgood.dylib"] == {
        "name": "@rpath/libgood.dylib",
        "path": str(app / "lib/libgood.dylib"),
        "isa": "arm64",
        "by": "rpath",
    }
    assert found["@loader_path/../lib/libboth.dylib"]["by"] == "loader_path"


def test_missing_only_when_all_places_were_looked_at(app: Path) -> None:
    found = rows(program(app, "@rpath/libnone.dylib"))["@rpath/libnone.dylib"]
    assert found == {
        "name": "@rpath/libnone.dylib",
        "path": None,
        "searched": [str(app / "lib/libnone.dylib")],
    }
    old = rows(program(app, "@rpath/libnone.dylib", sdk=make.build_version(sdk=0xD0000)))
    assert "unchecked" in old["@rpath/libnone.dylib"]


def test_wrong_isa(app: Path) -> None:
    found = rows(program(app, "@rpath/libintel.dylib"))["@rpath/libintel.dylib"]
    assert found["path"] is None
    assert found["wrong"] == [{"path": str(app / "lib/libintel.dylib"), "isa": "amd64"}]


@pytest.mark.parametrize("name", ["libtext.dylib", "libfolder.dylib"])
def test_what_is_no_library_is_not_judged(app: Path, name: str) -> None:
    found = rows(program(app, f"@rpath/{name}"))[f"@rpath/{name}"]
    assert found["path"] is None
    assert "no Mach-O file" in found["unchecked"]


def test_weak_and_lazy_ones_may_be_absent(app: Path) -> None:
    found = rows(program(app, "@rpath/libnone.dylib", kind=0x80000018))
    assert found["@rpath/libnone.dylib"]["by"] == "weak"
    found = rows(program(app, "@rpath/libnone.dylib", kind=0x20))
    assert found["@rpath/libnone.dylib"]["by"] == "lazy"


def test_system_libraries_are_no_files(app: Path) -> None:
    name = "/usr/lib/libSystem.B.dylib"
    assert rows(program(app, name))[name] == {"name": name, "path": None, "by": "shared cache"}


def test_absolute_paths_count_on_a_mac_only(app: Path) -> None:
    there, not_there = str(app / "lib/libgood.dylib"), "/opt/nowhere/libnone.dylib"
    path = program(app, there, not_there)
    elsewhere = rows(path)
    assert "unchecked" in elsewhere[there]
    assert "unchecked" in elsewhere[not_there]
    mac = rows(path, MAC)
    assert mac[there]["by"] == "path"
    assert mac[not_there] == {"name": not_there, "path": None, "searched": [not_there]}


def test_the_program_is_where_its_link_leads(app: Path) -> None:
    path = program(app, "@rpath/libgood.dylib")
    (app / "elsewhere").mkdir()
    link = app / "elsewhere" / "link"
    link.symlink_to(path)
    assert rows(link)["@rpath/libgood.dylib"]["path"] == str(app / "lib/libgood.dylib")


def test_a_library_is_loaded_by_an_unknown_program(app: Path) -> None:
    path = app / "lib" / "libasks.dylib"
    path.write_bytes(make.thin([make.dylib("@rpath/libnone.dylib"), NEW_SDK], filetype=make.DYLIB))
    assert "LC_RPATHs" in rows(path)["@rpath/libnone.dylib"]["unchecked"]


def test_each_slice_has_its_own_rows(app: Path) -> None:
    path = app / "bin" / "universal"
    commands = [make.dylib("@rpath/libintel.dylib"), make.rpath("@loader_path/../lib"), NEW_SDK]
    path.write_bytes(
        make.fat([
            (make.AMD64, 3, make.thin(commands, make.AMD64, 3)),
            (make.ARM64, 0, make.thin(commands)),
        ])
    )  # fmt: skip
    amd, arm = rows(path)["slices"]
    assert amd["libraries"][0]["path"] == str(app / "lib/libintel.dylib")
    assert arm["libraries"][0]["wrong"][0]["isa"] == "amd64"


def test_nothing_is_beside_bytes_without_a_place(tmp_path: Path) -> None:
    raw = make.thin([make.dylib("@rpath/x"), NEW_SDK])
    facts: dict[str, Fact] = {}
    scene = Scene(Live(), {}, None)
    image = Image(str(tmp_path / "not-there"), "macho", raw)
    macho.PROBE.run(image, facts, scene)
    macho_libraries.PROBE.run(image, facts, scene)
    assert "binary.libraries" not in facts
