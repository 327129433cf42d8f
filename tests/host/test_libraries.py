"""The library search in made-up machines: orders, odd files, and hosts known by facts alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from archfit.formats import elf as reader
from archfit.host.libraries import Libraries
from archfit.host.library_files import Files, Target
from archfit.host.library_index import index
from archfit.host.live import Live
from archfit.host.rooted import Rooted
from archfit.model.fact import Fact, Trust
from elf_bytes import elf
from ld_cache_bytes import new

GLIBC, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
DIRS = b"\0/lib64/\0/usr/lib64/\0\0lib64\0\0/etc/ld.so.cache\0"


class Machine:
    """A folder with two loaders, in which files are made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.facts: dict[str, Fact] = {}
        self.say("host.isa", "amd64")
        self.say("host.runs", ["amd64", "386"])
        self.say("host.isa_level", "x86-64-v3")
        self.put(GLIBC, elf(type=3, soname="ld-linux-x86-64.so.2") + DIRS)
        self.put(MUSL, elf(type=3, soname="libc.so"))
        self.env: dict[str, str] = {}

    def say(self, name: str, value: object) -> None:
        self.facts[name] = Fact(value, Trust.OBSERVED, "test")

    def put(self, path: str, data: bytes) -> str:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return str(place)

    def library(self, path: str, **what: Any) -> str:
        return self.put(path, elf(**{"type": 3, "soname": os.path.basename(path), **what}))

    def program(self, path: str = "/opt/app/bin/app", **what: Any) -> str:
        return self.put(path, elf(**{"interp": GLIBC, **what}))

    @property
    def door(self) -> Rooted:
        door = Rooted(Live({}), str(self.root))
        door.env = self.env
        return door

    def rows(self, path: str) -> list[dict[str, Any]]:
        data = Path(path).read_bytes()
        found = Libraries(self.door, self.facts).of(path, reader.read(data))
        assert found is not None
        return found

    def found(self, path: str) -> list[tuple[str, str | None, str | None]]:
        return [(row["name"], row["path"], row["by"]) for row in self.rows(path)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "root")


def test_glibc_goes_from_rpath_to_default_folders(machine: Machine) -> None:
    machine.env["LD_LIBRARY_PATH"] = "/env;/env2"
    places = ["/opt/app/rpath", "/env", "/env2", "/lib64", "/usr/lib64"]
    by = ["rpath", "LD_LIBRARY_PATH", "LD_LIBRARY_PATH", "default", "default"]
    program = machine.program(needed=["liba.so.1"], rpath="$ORIGIN/../rpath")
    for place in reversed(places):
        machine.library(f"{place}/liba.so.1")
    for place, step in zip(places, by, strict=True):
        path = place.replace("/opt/app/rpath", "/opt/app/bin/../rpath")
        assert machine.found(program) == [("liba.so.1", f"{path}/liba.so.1", step)]
        (machine.root / place.lstrip("/") / "liba.so.1").unlink()
    (row,) = machine.rows(program)
    assert row == {
        "name": "liba.so.1",
        "path": None,
        "isa": None,
        "by": None,
        "for": None,
        "searched": [
            "/opt/app/bin/../rpath",
            "/env",
            "/env2",
            "/etc/ld.so.cache",
            "/lib64",
            "/usr/lib64",
        ],
    }


def test_runpath_comes_after_the_environment_and_is_not_inherited(machine: Machine) -> None:
    machine.library("/run/liba.so.1", needed=["libb.so.1"])
    machine.library("/run/libb.so.1")
    program = machine.program(needed=["liba.so.1"], runpath="/run")
    assert machine.found(program) == [
        ("liba.so.1", "/run/liba.so.1", "runpath"),
        ("libb.so.1", None, None),
    ]
    assert machine.rows(program)[1]["for"] == "/run/liba.so.1"
    machine.env["LD_LIBRARY_PATH"] = "/env"
    machine.library("/env/liba.so.1")
    assert machine.found(program) == [("liba.so.1", "/env/liba.so.1", "LD_LIBRARY_PATH")]


def test_rpath_is_inherited_unless_the_library_has_runpath(machine: Machine) -> None:
    machine.library("/r/liba.so.1", needed=["libc1.so"])
    machine.library("/r/libb.so.1", needed=["libc2.so"], runpath="/elsewhere")
    machine.library("/r/libc1.so")
    machine.library("/r/libc2.so")
    program = machine.program(needed=["liba.so.1", "libb.so.1"], rpath="/r")
    assert machine.found(program)[2:] == [
        ("libc1.so", "/r/libc1.so", "rpath"),
        ("libc2.so", None, None),
    ]


def test_tokens(machine: Machine) -> None:
    machine.library("/t/lib64/x86_64/liba.so.1")
    program = machine.program("/t/app", needed=["liba.so.1"], runpath="${ORIGIN}/$LIB/$PLATFORM")
    assert machine.found(program)[0][1] == "/t/lib64/x86_64/liba.so.1"
    odd = machine.program("/t/app2", needed=["liba.so.1"], runpath="$ORIGINS/x:/t/$NOTHING")
    assert machine.rows(odd)[0]["searched"][:2] == ["$ORIGINS/x", "/t/$NOTHING"]
    assert "run in" in machine.rows(odd)[0]["unchecked"]


def test_names_and_sonames_already_loaded_are_not_looked_for(machine: Machine) -> None:
    machine.library("/run/liba.so", soname="libb.so.1", needed=["libb.so.1", "libc.so.9"])
    machine.library("/lib64/libc.so.9", needed=["liba.so", "ld-linux-x86-64.so.2"])
    program = machine.program(needed=["liba.so"], runpath="/run")
    assert machine.found(program) == [
        ("liba.so", "/run/liba.so", "runpath"),
        ("libc.so.9", "/lib64/libc.so.9", "default"),
        ("ld-linux-x86-64.so.2", GLIBC, "loader"),
    ]


def test_one_file_under_two_names_is_loaded_once(machine: Machine) -> None:
    machine.library("/lib64/libreal.so", soname="")
    os.symlink("libreal.so", machine.root / "lib64/libother.so")
    program = machine.program(needed=["libreal.so", "libother.so"])
    assert machine.found(program) == [("libreal.so", "/lib64/libreal.so", "default")]


def test_other_machines_are_passed_over_and_remembered(machine: Machine) -> None:
    machine.library("/a/liba.so.1", machine=183)
    machine.library("/b/liba.so.1", machine=3, bits=32)
    program = machine.program(needed=["liba.so.1"], runpath="/a:/b")
    (row,) = machine.rows(program)
    assert row["wrong"] == [
        {"path": "/a/liba.so.1", "isa": "arm64"},
        {"path": "/b/liba.so.1", "isa": "386"},
    ]
    assert (row["path"], row["searched"][:2]) == (None, ["/a", "/b"])
    machine.library("/lib64/liba.so.1")
    assert machine.rows(program) == [
        {
            "name": "liba.so.1",
            "path": "/lib64/liba.so.1",
            "isa": "amd64",
            "by": "default",
            "for": None,
            "searched": [],
        }
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"/* GNU ld script */ GROUP ( /lib/libc.so.6 )", "no ELF header"),
        (b"", "no ELF header"),
        (elf(type=3, osabi=9), "ELF file OS ABI invalid"),
        (elf(type=1), "only ET_DYN and ET_EXEC can be loaded"),
    ],
)
def test_glibc_gives_up_on_what_is_no_library(machine: Machine, data: bytes, why: str) -> None:
    machine.put("/a/liba.so.1", data)
    machine.library("/lib64/liba.so.1")
    program = machine.program(needed=["liba.so.1"], runpath="/a")
    (row,) = machine.rows(program)
    assert row["path"] is None
    assert row["broken"] == {"path": "/a/liba.so.1", "why": why}


def test_the_other_byte_order_ends_the_search(machine: Machine) -> None:
    machine.library("/a/liba.so.1", machine=21, little=False)
    machine.library("/lib64/liba.so.1")
    program = machine.program(needed=["liba.so.1"], runpath="/a")
    (row,) = machine.rows(program)
    assert (row["path"], row["wrong"]) == (None, [{"path": "/a/liba.so.1", "isa": "ppc64"}])


def test_more_places_than_are_looked_at(machine: Machine) -> None:
    names = [f"l{n}.so" for n in range(300)]
    folders = [f"/d{n}" for n in range(300)]
    program = machine.program(needed=names, runpath=":".join(folders))
    first, *_, last = rows = machine.rows(program)
    assert first["searched"] == folders[:64]
    assert first["searched_more"] == 300 + 3 - 64
    assert "unchecked" not in first
    assert (last["path"], last["unchecked"]) == (None, "more places than are looked at")
    looked = [row for row in rows if "unchecked" not in row]
    assert len(looked) == 20_000 // 302
    assert sum(len(row["searched"]) for row in rows) < 5000
    # What is remembered counts as what is not.
    libraries = Libraries(machine.door, machine.facts)
    elf_ = reader.read(Path(program).read_bytes())
    other = machine.program("/opt/other", needed=names[:3] + names[290:], runpath=":".join(folders))
    few = reader.read(Path(other).read_bytes())
    assert libraries.of(other, few) == machine.rows(other)
    assert libraries.of(program, elf_) == rows
    assert libraries.of(other, few) == machine.rows(other)


def test_cache_and_levels(machine: Machine) -> None:
    v3, v4 = "/opt/glibc-hwcaps/x86-64-v3/liba.so.1", "/opt/glibc-hwcaps/x86-64-v4/liba.so.1"
    libs = [
        ("liba.so.1", "/opt/i386/liba.so.1", 0x003, 0),
        ("liba.so.1", v4, 0x303, 1 << 62 | 1),
        ("liba.so.1", v3, 0x303, 1 << 62 | 0),
        ("liba.so.1", "/opt/plain/liba.so.1", 0x303, 0),
        ("libgone.so.1", "/opt/gone/libgone.so.1", 0x303, 0),
    ]
    machine.put("/etc/ld.so.cache", new(libs, levels=["x86-64-v3", "x86-64-v4"]))
    for path in (v3, v4, "/opt/plain/liba.so.1", "/usr/lib64/libgone.so.1"):
        machine.library(path)
    program = machine.program(needed=["liba.so.1", "libgone.so.1"])
    gone = ("libgone.so.1", "/usr/lib64/libgone.so.1", "default")
    for level, want in (
        ("x86-64-v4", v4),
        ("x86-64-v3", v3),
        ("x86-64-v2", "/opt/plain/liba.so.1"),
    ):
        machine.say("host.isa_level", level)
        assert machine.found(program) == [("liba.so.1", want, "cache"), gone]
    machine.library("/lib64/glibc-hwcaps/x86-64-v2/libgone.so.1")
    assert machine.found(program)[1][1] == "/lib64/glibc-hwcaps/x86-64-v2/libgone.so.1"


@pytest.mark.parametrize(
    ("machine_number", "flags", "want"),
    [(21, 2, "fits"), (21, 0, "fits"), (21, 1, "skipped"), (243, 5, "skipped"), (62, 0, "skipped")],
)
def test_abi_variants(machine: Machine, machine_number: int, flags: int, want: str) -> None:
    machine.library("/liba.so", machine=machine_number, flags=flags)
    judged = Files(machine.door).judge("/liba.so", Target("ppc64le", 64, "elfv2"))
    assert judged.how == want


def test_no_default_folders(machine: Machine) -> None:
    cache = [("liba.so.1", "/lib64/liba.so.1", 0x303, 0), ("libb.so.1", "/o/libb.so.1", 0x303, 0)]
    machine.put("/etc/ld.so.cache", new(cache))
    machine.library("/lib64/liba.so.1")
    machine.library("/o/libb.so.1")
    nodeflib = [(0x6FFFFFFB, 0x800)]
    program = machine.program(needed=["liba.so.1", "libb.so.1"], tags=nodeflib)
    assert machine.found(program) == [
        ("liba.so.1", None, None),
        ("libb.so.1", "/o/libb.so.1", "cache"),
    ]


def test_given_paths(machine: Machine) -> None:
    machine.library("/opt/app/lib/liba.so.1")
    machine.library("/x/libb.so.1", machine=183)
    program = machine.program(
        needed=["$ORIGIN/../lib/liba.so.1", "/x/libb.so.1", "/x/libc.so.1", "sub/libd.so"]
    )
    rows = machine.rows(program)
    assert (rows[0]["path"], rows[0]["by"]) == (
        "/opt/app/bin/../lib/liba.so.1",
        "given path",
    )
    assert rows[1]["wrong"] == [{"path": "/x/libb.so.1", "isa": "arm64"}]
    assert (rows[2]["path"], rows[2]["searched"]) == (None, ["/x/libc.so.1"])
    assert "run in" in rows[3]["unchecked"]


def test_a_library_gets_what_it_needs_itself(machine: Machine) -> None:
    machine.library("/lib64/liba.so.1", needed=["libc.so.6"])
    machine.library("/lib64/libc.so.6")
    library = machine.library(
        "/opt/module.so", needed=["liba.so.1", "libjvm.so"], versions={"l": ["GLIBC_2.2"]}
    )
    rows = machine.rows(library)
    assert [(row["name"], row["path"]) for row in rows] == [
        ("liba.so.1", "/lib64/liba.so.1"),
        ("libjvm.so", None),
    ]
    assert "the program that loads it" in rows[1]["unchecked"]


def test_musl(machine: Machine) -> None:
    machine.env["LD_LIBRARY_PATH"] = "/env"
    machine.library("/run/liba.so", needed=["libb.so", "libc.so.6", "libm.so.6"], runpath="/run2")
    machine.library("/run/libb.so", needed=["libz.so"])
    machine.library("/usr/local/lib/libz.so")
    program = machine.program(interp=MUSL, needed=["liba.so"], runpath="$ORIGIN/../../../run")
    run = "/opt/app/bin/../../../run"
    assert machine.found(program) == [
        ("liba.so", f"{run}/liba.so", "runpath"),
        ("libb.so", f"{run}/libb.so", "runpath"),  # RUNPATH is inherited
        ("libc.so.6", MUSL, "loader"),
        ("libm.so.6", MUSL, "loader"),
        ("libz.so", "/usr/local/lib/libz.so", "default"),
    ]
    machine.put("/etc/ld-musl-x86_64.path", b"/lib/musl\n")
    assert machine.found(program)[-1] == ("libz.so", None, None)
    machine.library("/env/liba.so", machine=183)
    (row,) = machine.rows(program)
    assert (row["path"], row["wrong"]) == (None, [{"path": "/env/liba.so", "isa": "arm64"}])
    # A token that musl does not know makes it drop the whole list.
    odd = machine.program("/odd", interp=MUSL, needed=["libb.so"], runpath="/run:$LIB/x")
    assert machine.rows(odd)[0]["searched"] == ["/env", "/lib/musl"]


def test_without_a_loader_there_is_no_answer(machine: Machine) -> None:
    door = Libraries(machine.door, machine.facts)
    strangers: tuple[dict[str, Any], ...] = (
        {"interp": "/lib/ld-linux-aarch64.so.1", "machine": 183},
        {"interp": "/system/bin/linker64"},
        {"interp": "/lib/ld-linux.so.2", "machine": 3, "bits": 32},
    )
    for what in strangers:
        data = elf(needed=["libc.so.6"], **what)
        assert door.of("/opt/x", reader.read(data)) is None
    assert door.of("/opt/x", reader.read(elf())) == []


def test_a_foreign_program_looks_below_its_root_first(machine: Machine) -> None:
    machine.say("host.sysroots", {"arm64": ["/usr/arm/"]})
    loader = elf(type=3, machine=183) + b"\0/lib/\0/usr/lib/\0\0/etc/ld.so.cache\0"
    machine.put("/usr/arm/lib/ld-linux-aarch64.so.1", loader)
    machine.library("/usr/arm/lib/liba.so", machine=183, needed=["libb.so"], runpath="$ORIGIN/x")
    machine.library("/usr/arm/lib/x/libb.so", machine=183)
    machine.library("/usr/lib/libc.so", machine=183)
    program = machine.program(
        machine=183, interp="/lib/ld-linux-aarch64.so.1", needed=["liba.so", "libc.so"]
    )
    assert machine.found(program) == [
        ("liba.so", "/usr/arm/lib/liba.so", "default"),
        ("libc.so", "/usr/lib/libc.so", "default"),
        ("libb.so", "/usr/arm/lib/x/libb.so", "runpath"),
    ]


def test_a_program_outside_the_folder_keeps_what_lies_beside_it(machine: Machine) -> None:
    outside = machine.root.parent / "mine"
    (outside / "lib").mkdir(parents=True)
    (outside / "lib/liba.so").write_bytes(elf(type=3, needed=["libb.so"]))
    (outside / "app").write_bytes(elf(interp=GLIBC, needed=["liba.so"], runpath="$ORIGIN/lib"))
    machine.library("/lib64/libb.so")
    assert machine.found(str(outside / "app")) == [
        ("liba.so", str(outside / "lib/liba.so"), "runpath"),
        ("libb.so", "/lib64/libb.so", "default"),
    ]


def test_a_host_known_by_its_facts_gives_the_same_answers(machine: Machine) -> None:
    v2 = "/opt/glibc-hwcaps/x86-64-v2/libh.so"
    libs = [
        ("libh.so", v2, 0x303, 1 << 62),
        ("libh.so", "/opt/libh.so", 0x303, 0),
        ("liba.so.1", "/opt/32/liba.so.1", 3, 0),
        ("liba.so.1", "/opt/liba.so.1", 0x303, 0),
        ("libgone.so", "/opt/libgone.so", 0x303, 0),
    ]
    machine.put("/etc/ld.so.cache", new(libs, levels=["x86-64-v2"]))
    machine.library("/opt/32/liba.so.1", machine=3, bits=32)
    for path in ("/opt/liba.so.1", v2, "/opt/libh.so", "/lib64/libd.so.2", "/usr/lib64/libd.so.2"):
        machine.library(path)
    machine.library("/lib64/libwrong.so", machine=183)
    machine.library("/usr/local/lib/libm1.so")
    machine.put("/lib64/libtext.so", b"GROUP ( libc.so.6 )")
    mine = machine.root.parent / "mine"
    mine.mkdir()
    (mine / "libnear.so").write_bytes(elf(type=3, needed=["libd.so.2"]))
    names = ["liba.so.1", "libh.so", "libd.so.2", "libwrong.so", "libgone.so", "libno.so"]
    programs = [
        elf(interp=GLIBC, needed=[*names, "libnear.so"], runpath="$ORIGIN:/lib64"),
        elf(interp=GLIBC, needed=names),
        elf(interp=MUSL, needed=["libm1.so", "libc.so", "libd.so.2"]),
        elf(type=3, needed=["libd.so.2", "libno.so"], versions={"x": ["GLIBC_2.4"]}),
    ]
    libraries, search = index(machine.door, machine.facts)
    loaders = [
        {"path": GLIBC, "isa": "amd64", "libc": "glibc"},
        {"path": MUSL, "isa": "amd64", "libc": "musl"},
    ]
    recorded = machine.facts | {
        "host.libraries": Fact(libraries, Trust.HEADER, ""),
        "host.library_search": Fact(search, Trust.HEADER, ""),
        "host.loaders": Fact(loaders, Trust.HEADER, ""),
    }
    for number, data in enumerate(programs):
        (mine / f"program{number}").write_bytes(data)
        place = str(mine / f"program{number}")
        here = machine.rows(place)
        there = Libraries(None, recorded, near=Live({})).of(place, reader.read(data))
        assert there == here


def test_folders_that_were_not_recorded_are_named(machine: Machine) -> None:
    libraries, search = index(machine.door, machine.facts)
    recorded = machine.facts | {
        "host.libraries": Fact(libraries, Trust.HEADER, ""),
        "host.library_search": Fact(search, Trust.HEADER, ""),
    }
    program = reader.read(elf(interp=GLIBC, needed=["liba.so"], runpath="/opt/vendor/lib"))
    (row,) = Libraries(None, recorded).of("/x", program) or []
    assert row["unchecked"] == "what /opt/vendor/lib holds is not recorded"


def test_index(machine: Machine) -> None:
    machine.put("/etc/ld.so.cache", new([("liba.so.1", "/opt/liba.so.1", 0x303, 0)]))
    machine.library("/opt/liba.so.1")
    machine.library("/lib64/libb.so", machine=183)
    machine.put("/lib64/libc.so", b"GROUP ( libc.so.6 )")
    machine.put("/lib64/libd.a", b"!<arch>\n")
    libraries, search = index(machine.door, machine.facts)
    assert libraries["liba.so.1"] == [{"path": "/opt/liba.so.1", "isa": "amd64", "by": "cache"}]
    assert libraries["libb.so"] == [{"path": "/lib64/libb.so", "isa": "arm64", "by": "default"}]
    assert "libc.so" not in libraries
    assert "libd.a" not in libraries
    assert search[GLIBC] == {
        "folders": ["/lib64", "/usr/lib64"],
        "cache": "/etc/ld.so.cache",
        "lib": "lib64",
    }
    assert search[MUSL]["folders"] == ["/lib", "/usr/local/lib", "/usr/lib"]


def test_many_objects_come_to_an_end(machine: Machine) -> None:
    for number in range(2100):
        machine.library(f"/lib64/l{number}.so", needed=[f"l{number + 1}.so"])
    rows = machine.rows(machine.program(needed=["l0.so"]))
    assert 1990 < len(rows) <= 2001
