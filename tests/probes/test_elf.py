"""Facts of ELF files made by hand, with how far each can be trusted."""

from __future__ import annotations

from typing import Any

import pytest

from archfit.model.errors import Malformed
from archfit.model.fact import Fact, Trust
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes.elf import PROBE
from elf_bytes import elf, note, properties

GLIBC = "/lib64/ld-linux-x86-64.so.2"


def facts_of(raw: bytes) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    PROBE.run(Image("x", "elf", raw), facts, Scene(None, {}, None))
    assert set(facts) <= {key.name for key in PROBE.gives}
    return facts


def values(raw: bytes) -> dict[str, Any]:
    return {name.partition(".")[2]: fact.value for name, fact in facts_of(raw).items()}


def test_a_program() -> None:
    found = values(
        elf(
            type=3,
            interp=GLIBC,
            needed=["libstdc++.so.6", "libc.so.6"],
            rpath="/a:$ORIGIN",
            versions={
                "libstdc++.so.6": ["GLIBCXX_3.4.21", "CXXABI_1.3"],
                "libc.so.6": ["GLIBC_2.17"],
            },
            notes=note(b"GNU", 3, b"\x12\x34"),
            others=[(0x6474E551, 6, 0, 0, 0, 0, 16)],
            sections=[(".text", 1, 6, b"code")],
        )
    )
    assert found.pop("slices") == [
        {
            "isa": "amd64",
            "os": "linux",
            "type": "executable",
            "bits": 64,
            "endian": "little",
            "pie": True,
            "static": False,
            "loader": GLIBC,
            "libc": "glibc",
            "needed": ["libstdc++.so.6", "libc.so.6"],
            "build_id": "1234",
        }
    ]
    assert found == {
        "format": "elf",
        "isa": "amd64",
        "bits": 64,
        "endian": "little",
        "loader": GLIBC,
        "type": "executable",
        "os": "linux",
        "needed": ["libstdc++.so.6", "libc.so.6"],
        "rpath": ["/a", "$ORIGIN"],
        "versions": {
            "libstdc++.so.6": ["GLIBCXX_3.4.21", "CXXABI_1.3"],
            "libc.so.6": ["GLIBC_2.17"],
        },
        "glibc_min": "2.17",
        "glibcxx_min": "3.4.21",
        "cxxabi_min": "1.3",
        "libc": "glibc",
        "pie": True,
        "static": False,
        "exec_stack": False,
        "segment_align": 1 << 20,
        "build_id": "1234",
        "stripped": True,
    }


def test_a_static_program_without_a_mark_is_taken_for_one_of_linux() -> None:
    facts = facts_of(elf())
    assert facts["binary.os"] == Fact(
        "linux", Trust.DECLARED, "no OS mark in the file; linux is the usual one"
    )
    assert facts["binary.static"].value is True
    assert facts["binary.libc"].value == "none"
    assert facts["binary.needed"].value == []
    assert facts["binary.isa"].trust is Trust.HEADER
    assert facts["binary.isa"].source == "ELF header e_machine 62 @0x12"


@pytest.mark.parametrize(
    ("what", "trust", "source"),
    [
        ({"interp": GLIBC}, Trust.HEADER, f"PT_INTERP {GLIBC}"),
        ({"osabi": 9}, Trust.HEADER, "EI_OSABI 9 @0x7"),
        ({"notes": note(b"NetBSD", 1, bytes(4))}, Trust.STORED, "note of NetBSD"),
        ({"notes": note(b"GNU", 1, bytes(16))}, Trust.STORED, "note .note.ABI-tag"),
    ],
)
def test_trust_in_the_system(what: dict[str, Any], trust: Trust, source: str) -> None:
    fact = facts_of(elf(**what))["binary.os"]
    assert (fact.trust, fact.source) == (trust, source)


def test_a_micro_controller_has_no_system() -> None:
    found = values(elf(machine=83, bits=32))
    assert found["isa"] == "avr"
    assert "os" not in found


@pytest.mark.parametrize(
    ("what", "variant", "source"),
    [
        ({"machine": 40, "bits": 32, "flags": 0x05000400}, "armhf", "e_flags 0x5000400 @0x24"),
        ({"machine": 21, "flags": 2}, "elfv2", "e_flags 0x2 @0x30"),
        ({"machine": 62, "bits": 32}, "x32", "EI_CLASS @0x4"),
        (
            {"machine": 40, "bits": 32, "flags": 0x05000000, "interp": "/lib/ld-linux.so.3"},
            "armel",
            "PT_INTERP /lib/ld-linux.so.3",
        ),
    ],
)
def test_variants(what: dict[str, Any], variant: str, source: str) -> None:
    fact = facts_of(elf(**what))["binary.variant"]
    assert fact.value == variant
    assert fact.source.endswith(source)


def test_levels_and_hardening() -> None:
    notes = properties((0xC0000002, 1), (0xC0008002, 8))
    found = values(elf(notes=notes, notes_align=8))
    assert (found["isa_level"], found["hardening"]) == ("x86-64-v4", ["ibt"])
    assert "isa_level" not in values(elf(notes=properties((0xC0010002, 8)), notes_align=8))


def test_objects_and_cores_say_less() -> None:
    found = values(elf(type=1, sections=[(".symtab", 2, 0, b"x")]))
    assert (found["type"], found["stripped"]) == ("object", False)
    core = values(elf(type=4, notes=note(b"CORE", 1, bytes(8)) + note(b"LINUX", 514, b"")))
    assert (core["type"], core["os"]) == ("core", "linux")
    assert not {"needed", "libc", "pie", "static", "segment_align", "exec_stack"} & (
        set(found) | set(core)
    )
    assert "stripped" not in core


def test_what_was_read_before_a_fault_stays() -> None:
    raw = bytearray(elf(interp=GLIBC, needed=["libc.so.6"]))
    facts: dict[str, Fact] = {}
    with pytest.raises(Malformed):
        PROBE.run(Image("x", "elf", bytes(raw[:-40])), facts, Scene(None, {}, None))
    assert facts["binary.isa"].value == "amd64"
    assert facts["binary.loader"].value == GLIBC
    assert "binary.needed" not in facts
