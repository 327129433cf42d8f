"""Facts of Mach-O files made by hand."""

from __future__ import annotations

import struct
from typing import Any

import pytest

import macho_bytes as make
from archfit.facts import binary as b
from archfit.formats.magic import recognise
from archfit.model.errors import Malformed
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes.macho import PROBE

SYSTEM = "/usr/lib/libSystem.B.dylib"


def facts_of(raw: bytes) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    PROBE.run(Image("/x", recognise(raw[:64]), raw), facts, Scene(None, {}, None))
    return facts


def values(raw: bytes) -> dict[str, Any]:
    return {name: fact.value for name, fact in facts_of(raw).items()}


def test_a_thin_program() -> None:
    raw = make.signed(
        [
            make.segment("__TEXT", 1 << 32, 0x8000, 0, 0x8000),
            make.dylinker(),
            make.dylib(SYSTEM),
            make.dylib("@rpath/w.dylib", 0x80000018),
            make.rpath("@loader_path"),
            make.build_version(),
            make.uuid(),
        ],
        flags=0x20002,
    )
    found = values(raw)
    one = found.pop("binary.slices")[0]
    assert found == {
        "binary.format": "macho",
        "binary.isa": "arm64",
        "binary.os": "darwin",
        "binary.type": "executable",
        "binary.bits": 64,
        "binary.endian": "little",
        "binary.pie": True,
        "binary.static": False,
        "binary.loader": "/usr/lib/dyld",
        "binary.needed": [SYSTEM, "@rpath/w.dylib"],
        "binary.rpath": ["@loader_path"],
        "binary.libc": "libSystem",
        "binary.platform": "macos",
        "binary.min_os": "11.0",
        "binary.sdk": "14.2.1",
        "binary.build_id": "000102030405060708090a0b0c0d0e0f",
        "binary.signature": "linker",
        "binary.segment_align": 1 << 32,
        "binary.stripped": True,
    }
    assert one["weak"] == ["@rpath/w.dylib"]
    assert (one["offset"], one["size"]) == (0, len(raw))
    for name, value in found.items():
        if name != "binary.format":
            assert one[name.removeprefix("binary.")] == value


def test_every_fact_has_a_source_and_a_key() -> None:
    facts = facts_of(make.signed([make.version_min(), make.dylib(SYSTEM)]))
    assert set(facts) <= {key.name for key in PROBE.gives}
    assert all(fact.source for fact in facts.values())
    assert facts["binary.min_os"].source == "LC_VERSION_MIN"


def test_slices_that_differ_are_told_apart() -> None:
    arm = make.thin([make.dylib(SYSTEM), make.build_version()], filetype=make.DYLIB)
    amd = make.thin([make.dylib(SYSTEM), make.version_min()], make.AMD64, 3, filetype=make.DYLIB)
    found = values(make.fat([(make.AMD64, 3, amd), (make.ARM64, 0, arm)]))
    assert "binary.isa" not in found
    assert "binary.min_os" not in found
    assert found["binary.os"] == "darwin"
    assert found["binary.type"] == "shared"
    assert found["binary.needed"] == [SYSTEM]
    assert [(s["isa"], s["min_os"]) for s in found["binary.slices"]] == [
        ("amd64", "10.9"),
        ("arm64", "11.0"),
    ]


def test_arm64_and_arm64e_share_an_isa() -> None:
    found = values(
        make.fat([
            (make.ARM64, 0, make.thin()),
            (make.ARM64, 0x80000002, make.thin(subtype=0x80000002)),
        ])
    )  # fmt: skip
    assert found["binary.isa"] == "arm64"
    assert "binary.variant" not in found
    assert found["binary.slices"][1]["variant"] == "arm64e"
    assert found["binary.slices"][1]["ptrauth_abi"] == 0


def test_ios() -> None:
    found = values(make.thin([make.build_version(7)]))
    assert (found["binary.os"], found["binary.platform"]) == ("ios", "iossimulator")


def test_a_broken_signature_says_why() -> None:
    raw = make.signed([make.uuid(), make.rpath("@loader_path/lib")])
    found = values(raw.replace(b"@loader_path/lib", b"@loader_path/xxx"))
    assert found["binary.signature"] == "broken"
    assert "changed after signing" in found["binary.slices"][0]["signature_fault"]


def test_object_files_have_no_signature_and_need_nothing() -> None:
    found = values(make.thin([make.build_version()], filetype=make.OBJECT, flags=0))
    assert found["binary.type"] == "object"
    for absent in ("signature", "needed", "pie", "static", "libc", "stripped", "segment_align"):
        assert f"binary.{absent}" not in found


def test_a_program_without_dyld_is_static() -> None:
    found = values(make.thin())
    assert (found["binary.static"], found["binary.libc"]) == (True, "none")


def test_universal_static_library() -> None:
    member = make.thin(filetype=make.OBJECT, flags=0)
    size = b"%-10d" % len(member)
    archive = b"!<arch>\na.o/            0           0     0     644     " + size + b"`\n" + member
    found = values(make.fat([(make.ARM64, 0, archive), (make.AMD64, 3, b"BC\xc0\xde" + bytes(9))]))
    assert found["binary.format"] == "macho"
    first, second = found["binary.slices"]
    assert (first["type"], first["members"], first["isas"]) == ("archive", 1, {"darwin/arm64": 1})
    assert (second["isa"], second["type"]) == ("amd64", "bitcode")


def test_what_was_known_before_the_fault_stays() -> None:
    raw = struct.pack("<I", 0xFEEDFACF)
    facts: dict[str, Fact] = {}
    with pytest.raises(Malformed):
        PROBE.run(Image("/x", "macho", raw), facts, Scene(None, {}, None))
    assert b.FORMAT.of(facts) == "macho"
