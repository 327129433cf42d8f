"""Archives made by hand in each dialect; real ones are in tests/oracle."""

from __future__ import annotations

import struct

import pytest

import macho_bytes
from archfit.formats import ar
from archfit.model.errors import Malformed


def header(name: bytes, size: int) -> bytes:
    return name.ljust(16) + b"0           0     0     644     " + b"%-10d`\n" % size


def member(name: bytes, body: bytes) -> bytes:
    return header(name, len(body)) + body + b"\n" * (len(body) & 1)


def elf(machine: int, little: bool = True, bits: int = 64, osabi: int = 0) -> bytes:
    order = "<" if little else ">"
    ident = b"\x7fELF" + bytes([bits // 32, 1 if little else 2, 1, osabi]) + bytes(8)
    return ident + struct.pack(order + "HHI", 1, machine, 1) + bytes(40)


MACHO = macho_bytes.thin(filetype=macho_bytes.OBJECT, flags=0)


def names(raw: bytes) -> list[str]:
    return [m.name for m in ar.members(raw)]


def test_gnu() -> None:
    long = b"a_very_long_member_name.o/\nanother_long_member_name.o/\n"
    raw = ar.REGULAR + member(b"/", b"\0\0\0\0") + member(b"//", long)
    raw += member(b"short.o/", b"abc") + member(b"/0", b"x") + member(b"/27", b"yy")
    raw += member(b"with space.o/", b"")
    found = list(ar.members(raw))
    assert [m.name for m in found] == [
        "short.o",
        "a_very_long_member_name.o",
        "another_long_member_name.o",
        "with space.o",
    ]
    assert [raw[m.offset : m.offset + m.size] for m in found] == [b"abc", b"x", b"yy", b""]


def test_64_bit_index_and_coff_tables() -> None:
    raw = ar.REGULAR + member(b"/SYM64/", bytes(8)) + member(b"/", bytes(4))
    raw += member(b"//", b"first.obj\0second_with_long_name.obj\0")
    raw += member(b"/<ECSYMBOLS>/", bytes(4)) + member(b"/10", b"z")
    assert names(raw) == ["second_with_long_name.obj"]


def test_bsd() -> None:
    raw = ar.REGULAR + member(b"#1/20", b"__.SYMDEF SORTED\0\0\0\0" + b"tables")
    raw += member(b"#1/8", b"long.o\0\0" + b"body") + member(b"plain.o", b"p")
    found = list(ar.members(raw))
    assert [m.name for m in found] == ["long.o", "plain.o"]
    assert raw[found[0].offset : found[0].offset + found[0].size] == b"body"


def test_thin_members_have_no_bytes_here() -> None:
    raw = ar.THIN + member(b"/", bytes(4)) + member(b"//", b"../obj/one.o/\nother.a/\n")
    raw += header(b"/0", 5000) + header(b"two.o/", 7) + header(b"/14:1234", 9)
    found = list(ar.members(raw))
    assert [(m.name, m.size, m.stored) for m in found] == [
        ("../obj/one.o", 5000, False),
        ("two.o", 7, False),
        ("other.a", 9, False),
    ]
    counted = ar.census(raw, head_of=lambda name: elf(183) if name == "two.o" else None)
    assert (counted.isas, counted.others) == ({"linux/arm64": 1}, 2)


def test_census_of_a_mixed_archive() -> None:
    raw = ar.REGULAR + b"".join(
        member(b"m%d.o/" % n, elf(183)) for n in range(3)
    ) + member(b"odd.o/", elf(62)) + member(b"ifunc.o/", elf(183, osabi=3))  # fmt: skip
    raw += member(b"be.o/", elf(21, little=False)) + member(b"mac.o/", MACHO)
    raw += member(b"README/", b"no code") + member(b"lib.rmeta/", b"rust\0\0\0\1")
    found = ar.census(raw)
    assert found.isas == {"linux/arm64": 4, "linux/amd64": 1, "linux/ppc64": 1, "darwin/arm64": 1}
    assert sorted(found.odd) == [
        ("be.o", "linux/ppc64"),
        ("mac.o", "darwin/arm64"),
        ("odd.o", "linux/amd64"),
    ]
    assert (found.objects, found.others) == (7, 2)


def test_odd_members_are_told_by_ten() -> None:
    raw = ar.REGULAR + b"".join(member(b"m%d/" % n, elf(183)) for n in range(40))
    raw += b"".join(member(b"x%d/" % n, elf(62)) for n in range(20))
    found = ar.census(raw)
    assert len(found.odd) == 10
    assert found.odd[0] == ("x0", "linux/amd64")


def test_import_library_and_go_archive() -> None:
    short = struct.pack("<HHHHI", 0, 0xFFFF, 0, 0xAA64, 0) + bytes(20)
    anything = struct.pack("<HHHHI", 0, 0xFFFF, 0, 0, 0) + bytes(20)
    raw = ar.REGULAR + member(b"a.dll/", short) + member(b"b.dll/", anything)
    assert ar.census(raw).isas == {"windows/arm64": 1}
    line = b"go object darwin arm64 go1.19.8 X:none\n"
    raw = ar.REGULAR + member(b"__.PKGDEF", line) + member(b"_go_.o", line)
    raw += member(b"x_cgo.o", MACHO)
    found = ar.census(raw)
    assert (found.isas, found.others) == ({"darwin/arm64": 2}, 1)


def test_bitcode_without_a_target_counts_but_is_not_odd() -> None:
    raw = ar.REGULAR + member(b"a.o/", elf(183)) + member(b"b.o/", b"BC\xc0\xde" + bytes(20))
    found = ar.census(raw)
    assert (found.objects, found.isas, found.odd) == (2, {"linux/arm64": 1}, [])


def test_window_within_a_file() -> None:
    inner = ar.REGULAR + member(b"a.o/", MACHO)
    raw = bytes(100) + inner + b"trailing"
    assert ar.census(raw, 100, 100 + len(inner)).isas == {"darwin/arm64": 1}


def test_trailing_padding_is_no_member() -> None:
    raw = ar.REGULAR + member(b"a.o/", b"xx")
    assert names(raw + b"\n") == names(raw + b"\0\0\0") == ["a.o"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"!<arch>",
        ar.REGULAR + b"x",
        ar.REGULAR + member(b"a/", b"abcd")[:-1],
        ar.REGULAR + header(b"a/", 1)[:-2] + b"xx",
        ar.REGULAR + header(b"a/", 1).replace(b"1         `", b"-1        `"),
        ar.REGULAR + header(b"a/", 1).replace(b"1         `", b"          `"),
        ar.REGULAR + header(b"a/", 9999999),
        ar.REGULAR + member(b"/9", b""),
        ar.REGULAR + member(b"/x", b""),
        ar.REGULAR + member(b"#1/9", b"abc"),
        ar.REGULAR + member(b"#1/x", b"abc"),
        ar.REGULAR + member(b"//", b"abc/\n") + member(b"/77", b""),
    ],
)
def test_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        list(ar.members(raw))


def test_more_members_than_anyone_has() -> None:
    raw = ar.REGULAR + header(b"a/", 0) * (ar.MOST_MEMBERS + 1)
    with pytest.raises(Malformed, match="more than"):
        ar.census(raw)
