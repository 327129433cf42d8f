"""PE and COFF reader over files made by hand; real files are in tests/oracle."""

from __future__ import annotations

import struct

import pytest

import pe_bytes as make
from archfit.formats import pe
from archfit.model.errors import Malformed


@pytest.mark.parametrize("wide", [False, True])
def test_an_image(wide: bool) -> None:
    raw = make.image(
        0x8664 if wide else 0x14C, wide, True, 2, ["KERNEL32.dll", "api-ms-win-crt-a.dll"],
        ["POWRPROF.dll"], "me.dll", os_version=(10, 0),
    )  # fmt: skip
    found = pe.read(raw)
    assert (found.isa, found.variant, found.system) == ("amd64" if wide else "386", "", "windows")
    assert (found.type, found.bits, found.subsystem) == ("shared", 64 if wide else 32, "gui")
    assert (found.os_version, found.subsystem_version) == ("10.0", "10.0")
    assert found.needed == ("KERNEL32.dll", "api-ms-win-crt-a.dll")
    assert found.delayed == ("POWRPROF.dll",)
    assert found.own_name == "me.dll"
    assert (found.section_align, found.certificate) == (4096, False)
    section = found.section(".rdata")
    assert section is not None
    assert (section.addr, section.offset) == (0x1000, 0x400)
    assert found.offset_of(0x1010) == 0x410
    assert found.offset_of(0x900000) is None
    assert pe.has_header(raw)


def test_old_delay_tables_hold_addresses() -> None:
    raw = make.image(0x14C, False, delayed=["OLD.dll"], delay_by_address=True)
    assert pe.read(raw).delayed == ("OLD.dll",)


@pytest.mark.parametrize(
    ("machine", "chpe", "isa", "variant"),
    [
        (0x8664, 0, "amd64", ""),
        (0x8664, 0x1000, "arm64", "arm64ec"),
        (0xAA64, 0, "arm64", ""),
        (0xAA64, 0x1000, "arm64", "arm64x"),
        (0x9999, 0, "machine:0x9999", ""),
    ],
)
def test_arm64ec_and_arm64x(machine: int, chpe: int, isa: str, variant: str) -> None:
    found = pe.read(make.image(machine, chpe=chpe))
    assert (found.isa, found.variant) == (isa, variant)


def test_dotnet() -> None:
    assert pe.read(make.image(0x14C, False, cli_flags=1)).any_cpu
    assert not pe.read(make.image(0x14C, False, cli_flags=3)).any_cpu
    assert not pe.read(make.image(0x8664, cli_flags=1)).any_cpu
    found = pe.read(make.image(0x8664 ^ 0x7B79, cli_flags=0))
    assert (found.isa, found.system) == ("amd64", "linux")
    found = pe.read(make.image(0xAA64 ^ 0x4644, cli_flags=0))
    assert (found.isa, found.system) == ("arm64", "darwin")


def test_efi_is_not_windows() -> None:
    found = pe.read(make.image(0xAA64, subsystem=10))
    assert (found.system, found.subsystem, found.type) == ("efi", "efi-application", "efi")


def test_certificate_counts_in_the_file() -> None:
    raw = make.image()
    assert pe.read(make.image(certificate=(len(raw) - 64, 64))).certificate
    assert not pe.read(make.image(certificate=(len(raw), 64))).certificate


def test_dos_program() -> None:
    raw = b"MZ" + bytes(58) + struct.pack("<I", 0x40) + b"NE" + bytes(100)
    assert not pe.has_header(raw)
    with pytest.raises(Malformed):
        pe.read(raw)


def test_coff_object() -> None:
    head = struct.pack("<HHIIIHH", 0xAA64, 2, 0, 0, 3, 0, 0)
    raw = head + bytes(80)
    found = pe.read_coff(raw)
    assert (found.kind, found.isa, found.type, found.bits, found.symbols) == (
        "coff", "arm64", "object", 64, 3,
    )  # fmt: skip
    with pytest.raises(Malformed):
        pe.read_coff(raw[:-1])


def test_bigobj() -> None:
    clsid = bytes.fromhex("c7a1bad1eebaa94baf20faf66aa4dcb8")
    raw = struct.pack("<HHHHI", 0, 0xFFFF, 2, 0x8664, 0) + clsid + bytes(16)
    raw += struct.pack("<III", 1, 0, 7) + bytes(40)
    found = pe.read_coff(raw)
    assert (found.isa, found.symbols) == ("amd64", 7)
    with pytest.raises(Malformed):
        pe.read_coff(raw[:-1])


def test_every_truncation_is_read_or_malformed() -> None:
    whole = make.image(imports=["a.dll"], delayed=["b.dll"], name="c.dll", chpe=8)
    for end in range(0, len(whole), 3):
        try:
            pe.read(whole[:end])
        except Malformed:
            continue


def test_tables_without_end() -> None:
    raw = make.image(imports=["a.dll"])
    at = raw.index(struct.pack("<II", 0x1018, 40))
    beyond = raw[:at] + struct.pack("<I", 0x800000) + raw[at + 4 :]
    with pytest.raises(Malformed, match="outside the file"):
        pe.read(beyond)
    filled = raw[:0x418] + b"\x10\x10\0\0" * ((len(raw) - 0x418) // 4)
    with pytest.raises(Malformed, match="no end"):
        pe.read(filled)


def test_more_sections_than_the_file_has() -> None:
    raw = bytearray(make.image())
    struct.pack_into("<H", raw, 0x86, 0xFFFF)
    with pytest.raises(Malformed):
        pe.read(bytes(raw))
