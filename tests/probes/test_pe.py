"""Facts of PE images made by hand."""

from __future__ import annotations

import struct
from typing import Any

import pytest

import pe_bytes as make
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes.pe import PROBE


def values(raw: bytes, form: str = "pe") -> dict[str, Any]:
    facts: dict[str, Fact] = {}
    PROBE.run(Image("x", form, raw), facts, Scene(None, {}, None))
    assert set(facts) <= {key.name for key in PROBE.gives}
    return {name.partition(".")[2]: fact.value for name, fact in facts.items()}


def test_an_executable() -> None:
    found = values(make.image(imports=["KERNEL32.dll", "msvcrt.dll"], os_version=(10, 0)))
    slices = found.pop("slices")
    assert found == {
        "format": "pe",
        "isa": "amd64",
        "os": "windows",
        "type": "executable",
        "bits": 64,
        "endian": "little",
        "needed": ["KERNEL32.dll", "msvcrt.dll"],
        "libc": "msvcrt",
        "min_os": "10.0",
        "signature": "none",
        "segment_align": 4096,
        "stripped": True,
    }
    assert slices[0]["subsystem"] == "console"


@pytest.mark.parametrize(
    ("imports", "libc"),
    [
        (["api-ms-win-crt-heap-l1-1-0.dll"], "ucrt"),
        (["VCRUNTIME140.dll"], "ucrt"),
        (["ucrtbase.dll"], "ucrt"),
        (["MSVCR100.dll"], "msvcrt"),
        (["KERNEL32.dll"], "none"),
        ([], "none"),
    ],
)
def test_libc(imports: list[str], libc: str) -> None:
    assert values(make.image(imports=imports))["libc"] == libc


def test_delayed_imports_are_not_needed_at_start() -> None:
    found = values(make.image(imports=["a.dll"], delayed=["late.dll"]))
    assert found["needed"] == ["a.dll"]
    assert found["slices"][0]["delayed"] == ["late.dll"]


def test_managed_code_is_bound_to_no_isa() -> None:
    found = values(make.image(0x14C, False, True, cli_flags=1))
    assert "isa" not in found
    assert "os" not in found
    assert found["variant"] == "anycpu"


def test_efi_application() -> None:
    found = values(make.image(0xAA64, subsystem=10))
    assert (found["isa"], found["os"]) == ("arm64", "efi")
    assert "min_os" not in found
    assert "libc" not in found


def test_object_file() -> None:
    raw = struct.pack("<HHIIIHH", 0xA641, 1, 0, 0, 0, 0, 0) + bytes(40)
    found = values(raw, "coff")
    assert (found["format"], found["isa"], found["variant"]) == ("coff", "arm64", "arm64ec")
    assert (found["type"], found["os"]) == ("object", "windows")
    assert "needed" not in found


def test_a_dos_program_has_no_facts() -> None:
    assert values(b"MZ" + bytes(58) + struct.pack("<I", 64) + b"NE" + bytes(64)) == {}
