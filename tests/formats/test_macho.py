"""Mach-O reader over files made by hand; real files are in tests/oracle."""

from __future__ import annotations

import struct
from typing import Any

import pytest

import macho_bytes as make
from archfit.formats import macho
from archfit.model.errors import Malformed


def one(*commands: bytes, **header: Any) -> macho.Slice:
    return macho.read(make.thin(commands, **header)).slices[0]


def test_a_program() -> None:
    part = one(
        make.segment("__PAGEZERO", 0, 1 << 32, 0, 0, 0),
        make.segment("__TEXT", 1 << 32, 0x4000, 0, 0x4000),
        make.segment("__DATA", 0x100004000, 0x4000, 0x4000, 0x4000, 3),
        make.dylinker(),
        make.dylib("/usr/lib/libSystem.B.dylib"),
        make.dylib("@rpath/libweak.dylib", 0x80000018),
        make.dylib("@rpath/libup.dylib", 0x80000023),
        make.dylib("/r.dylib", 0x8000001F),
        make.dylib("/lazy.dylib", 0x20),
        make.rpath("@loader_path/../lib"),
        make.rpath("/opt/lib"),
        make.build_version(),
        make.uuid(),
        make.command(0x80000028, bytes(16)),
        make.command(0x80000034, bytes(8)),
    )
    assert (part.kind, part.isa, part.variant, part.type) == ("macho", "arm64", "", "executable")
    assert (part.bits, part.endian, part.pie) == (64, "little", True)
    assert (part.platform, part.min_os, part.sdk) == ("macos", "11.0", "14.2.1")
    assert part.uuid == "000102030405060708090a0b0c0d0e0f"
    assert [(d.name, d.kind) for d in part.needed] == [
        ("/usr/lib/libSystem.B.dylib", "load"),
        ("@rpath/libweak.dylib", "weak"),
        ("@rpath/libup.dylib", "upward"),
        ("/r.dylib", "reexport"),
        ("/lazy.dylib", "lazy"),
    ]
    assert (part.needed[0].current, part.needed[0].compatible) == ("1.2.3", "1.0")
    assert part.rpaths == ("@loader_path/../lib", "/opt/lib")
    assert (part.dylinker, part.entry, part.fixups) == ("/usr/lib/dyld", "main", "chained")
    assert (part.signature, part.segment_align) == ("none", 0x4000)
    assert part.id is None


@pytest.mark.parametrize(
    ("cpu", "subtype", "isa", "variant", "abi"),
    [
        (make.ARM64, 0, "arm64", "", None),
        (make.ARM64, 0x80000002, "arm64", "arm64e", 0),
        (make.ARM64, 0x81000002, "arm64", "arm64e", 1),
        (make.ARM64, 2, "arm64", "arm64e", None),
        (make.AMD64, 0x80000003, "amd64", "", None),
        (make.AMD64, 8, "amd64", "x86_64h", None),
        (0x0200000C, 1, "arm64_32", "", None),
        (12, 12, "arm", "armv7k", None),
        (999, 0, "cpu:999", "", None),
    ],
)
def test_isa_and_variant(cpu: int, subtype: int, isa: str, variant: str, abi: int | None) -> None:
    part = one(cpu=cpu, subtype=subtype)
    assert (part.isa, part.variant, part.abi) == (isa, variant, abi)


def test_big_endian_32_bit() -> None:
    raw = make.thin(
        [
            make.dylib("/usr/lib/libSystem.B.dylib", order=">"),
            make.version_min(lowest=0xA0400, order=">"),
            make.string_command(0x8000001C, "/lib", ">"),
        ],
        cpu=make.PPC,
        order=">",
        bits=32,
        filetype=make.DYLIB,
    )
    part = macho.read(raw).slices[0]
    assert (part.isa, part.endian, part.bits, part.type) == ("ppc", "big", 32, "shared")
    assert (part.min_os, part.sdk, part.rpaths) == ("10.4", None, ("/lib",))
    assert part.needed[0].name == "/usr/lib/libSystem.B.dylib"


def test_simulator_by_cpu_and_by_platform() -> None:
    assert one(make.version_min(0x25), cpu=make.AMD64).platform == "iossimulator"
    assert one(make.version_min(0x25)).platform == "ios"
    assert one(make.build_version(7)).platform == "iossimulator"
    assert one(make.build_version(99)).platform == "platform:99"


def test_zippered_library_has_two_platforms() -> None:
    part = one(make.build_version(1), make.build_version(6, 0xD0100, 0), filetype=make.DYLIB)
    assert part.platform == "macos"
    assert part.platforms == (("macos", "11.0", "14.2.1"), ("maccatalyst", "13.1", ""))


def test_dylib_use_command() -> None:
    part = one(make.used_dylib("@rpath/a", 8), make.used_dylib("@rpath/b", 1))
    assert [(d.name, d.kind) for d in part.needed] == [
        ("@rpath/a", "delayed"),
        ("@rpath/b", "weak"),
    ]


def test_the_timestamp_marker_alone_is_no_use_command() -> None:
    assert one(make.dylib("/x", stamp=0x1A741800)).needed[0].kind == "load"


def test_sections_and_addresses() -> None:
    sections = [("__go_buildinfo", 0x100004010, 16, 0x1010, 0), ("__bss", 0x100005000, 64, 0, 1)]
    commands = [
        make.segment("__DATA", 0x100004000, 0x2000, 0x1000, 0x1000, 3, sections),
    ]
    raw = make.thin(commands)
    raw += bytes(0x2000 - len(raw))
    universal = macho.read(make.fat([(make.ARM64, 0, raw)], align=14))
    for base, part in ((0, macho.read(raw).slices[0]), (0x4000, universal.slices[0])):
        found = part.section("__DATA", "__go_buildinfo")
        assert found is not None
        assert (found.offset, found.size, found.addr) == (base + 0x1010, 16, 0x100004010)
        bss = part.section("__DATA", "__bss")
        assert bss is not None
        assert bss.offset == -1
        assert part.section("__TEXT", "__go_buildinfo") is None
        assert part.offset_of(0x100004010) == base + 0x1010
        assert part.offset_of(0x100005000) is None  # in memory only
        assert part.offset_of(0) is None
        assert len(list(part.sections())) == 2


def test_a_section_beyond_the_file_is_malformed() -> None:
    part = one(make.segment("__X", 0, 1, 0, 1, 3, [("__y", 0, 1 << 40, 8, 0)]))
    with pytest.raises(Malformed):
        part.section("__X", "__y")


def test_object_file_sections_stand_in_a_segment_without_name() -> None:
    body = make.segment("", 0, 16, 0, 16, 7, [("__text", 0, 4, 0, 0)])
    raw = bytearray(make.thin([body], filetype=make.OBJECT))
    at = raw.index(b"__text") + 16
    raw[at : at + 6] = b"__TEXT"
    part = macho.read(bytes(raw)).slices[0]
    assert part.section("__TEXT", "__text") is not None
    assert part.segment_align is None


@pytest.mark.parametrize("wide", [False, True])
def test_universal(wide: bool) -> None:
    arm, amd = make.thin([make.uuid()]), make.thin([make.uuid()], cpu=make.AMD64, subtype=3)
    found = macho.read(make.fat([(make.AMD64, 3, amd), (make.ARM64, 0, arm)], wide))
    assert found.universal
    assert [(s.isa, s.offset, s.size) for s in found.slices] == [
        ("amd64", 4096, len(amd)),
        ("arm64", 8192, len(arm)),
    ]


def test_universal_of_archives_and_bitcode() -> None:
    found = macho.read(
        make.fat([
            (make.ARM64, 0, b"!<arch>\n"),
            (make.AMD64, 3, b"\xde\xc0\x17\x0b" + bytes(16)),
            (make.I386, 3, b"what is this"),
        ])
    )  # fmt: skip
    assert [(s.kind, s.isa, s.type) for s in found.slices] == [
        ("ar", "arm64", None),
        ("bitcode", "amd64", None),
        ("", "386", None),
    ]


def test_a_slice_of_another_cpu_than_the_header_says() -> None:
    with pytest.raises(Malformed, match="holds amd64"):
        macho.read(make.fat([(make.ARM64, 0, make.thin(cpu=make.AMD64))]))


def test_stripped() -> None:
    symtab = make.command(2, struct.pack("<4I", 0, 5, 0, 0))
    empty = make.command(2, struct.pack("<4I", 0, 0, 0, 0))

    def dysymtab(local: int, external: int) -> bytes:
        return make.command(0x0B, struct.pack("<6I", 0, local, local, external, 0, 3) + bytes(48))

    assert one(empty).stripped is True
    assert one(symtab).stripped is None
    assert one(symtab, dysymtab(0, 1)).stripped is True
    assert one(symtab, dysymtab(9, 1)).stripped is False
    assert one(symtab, dysymtab(0, 4)).stripped is False
    assert one(symtab, dysymtab(0, 4), filetype=make.DYLIB).stripped is True
    assert one(symtab, dysymtab(0, 4), filetype=make.OBJECT).stripped is None


def test_every_truncation_is_read_or_malformed() -> None:
    whole = make.fat([
        (make.ARM64, 0, make.signed([make.uuid(), make.rpath("x"), make.dylib("y")], size=8192)),
    ])  # fmt: skip
    for end in range(0, len(whole), 7):
        try:
            macho.read(whole[:end])
        except Malformed:
            continue


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"\xca\xfe\xba\xbe\0\0\0\0",
        b"\xca\xfe\xba\xbe\0\0\0\x2b" + bytes(2000),
        make.thin([struct.pack("<II", 0x19, 4)]),
        make.thin([struct.pack("<II", 0x19, 1 << 30)]),
        make.thin([make.command(0x0C, struct.pack("<4I", 9999, 0, 0, 0))]),
        make.thin([make.command(0x0C, struct.pack("<I", 24))]),
        make.thin([make.command(0x8000001C, struct.pack("<I", 4096))]),
        make.thin([make.command(0x32, bytes(4))]),
        make.thin()[:16] + b"\xff\xff\xff\xff" + make.thin()[20:],
        make.thin()[:20] + b"\xff\xff\xff\xff" + make.thin()[24:],
    ],
)
def test_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        macho.read(raw)


def test_names_that_are_no_text() -> None:
    raw = make.command(0x0C, struct.pack("<4I", 24, 0, 0, 0) + b"\xff\xfe/lib")
    assert one(raw).needed[0].name == "\\xff\\xfe/lib"
