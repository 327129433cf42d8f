"""ELF files made by hand: identity, needs, notes, segments, sections, and broken ones."""

from __future__ import annotations

import contextlib
import struct

import pytest

from archfit.formats import elf as reader
from archfit.model.errors import Malformed
from elf_bytes import BASE, elf, note, properties

GLIBC = "/lib64/ld-linux-x86-64.so.2"


def test_a_dynamic_program() -> None:
    raw = elf(
        type=3,
        interp=GLIBC,
        needed=["libfoo.so.1", "libc.so.6"],
        runpath="$ORIGIN/../lib:/opt/lib",
        versions={"libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.34"], "libfoo.so.1": ["FOO_1"]},
        tags=[(0x6FFFFFFB, 0x08000000)],
    )
    found = reader.read(raw)
    assert (found.bits, found.endian, found.isa, found.variant) == (64, "little", "amd64", None)
    assert (found.type, found.pie, found.static) == ("executable", True, False)
    assert found.interp == GLIBC
    assert found.needed == ("libfoo.so.1", "libc.so.6")
    assert found.runpath == ("$ORIGIN/../lib", "/opt/lib")
    assert found.rpath == ()
    assert found.versions == {"libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.34"], "libfoo.so.1": ["FOO_1"]}
    assert (found.libc, found.os) == ("glibc", "linux")
    assert found.glibc_min == "2.34"


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("little", [True, False])
def test_every_class_and_byte_order_reads_the_same(bits: int, little: bool) -> None:
    raw = elf(
        bits=bits,
        little=little,
        machine=8,
        type=3,
        soname="libx.so.1",
        needed=["libc.so.6"],
        rpath="/a:/b",
        versions={"libc.so.6": ["GLIBC_2.9"]},
        sections=[(".text", 1, 6, b"code"), (".symtab", 2, 0, b"syms")],
    )
    found = reader.read(raw)
    assert (found.bits, found.type, found.soname) == (bits, "shared", "libx.so.1")
    assert (found.needed, found.rpath, found.glibc_min) == (("libc.so.6",), ("/a", "/b"), "2.9")
    assert found.isa == ("mips64" if bits == 64 else "mips") + ("le" if little else "")
    assert found.stripped is False
    section = found.section(".text")
    assert section is not None
    addr, offset, size = section
    assert raw[offset : offset + size] == b"code"
    assert found.offset_of(addr) == offset
    assert found.section(".none") is None


@pytest.mark.parametrize(
    ("machine", "bits", "little", "flags", "want"),
    [
        (62, 64, True, 0, ("amd64", None)),
        (62, 32, True, 0, ("amd64", "x32")),
        (3, 32, True, 0, ("386", None)),
        (183, 64, True, 0, ("arm64", None)),
        (183, 64, False, 0, ("arm64be", None)),
        (183, 32, True, 0, ("arm64", "ilp32")),
        (40, 32, True, 0x05000400, ("arm", "armhf")),
        (40, 32, True, 0x05000200, ("arm", "armel")),
        (40, 32, True, 0x05000002, ("arm", None)),
        (40, 32, False, 0x05000400, ("armbe", "armhf")),
        (8, 32, True, 0x70001007, ("mipsle", "o32")),
        (8, 32, False, 0x90001407, ("mips", "o32-r6")),
        (8, 32, True, 0x80000027, ("mips64le", "n32")),
        (8, 64, True, 0x80000007, ("mips64le", "n64")),
        (8, 64, False, 0xA0000407, ("mips64", "n64-r6")),
        (8, 32, True, 0x70001407, ("mipsle", "o32-nan2008")),
        (20, 32, False, 0, ("ppc", None)),
        (21, 64, False, 1, ("ppc64", "elfv1")),
        (21, 64, True, 2, ("ppc64le", "elfv2")),
        (21, 64, False, 0, ("ppc64", None)),
        (22, 64, False, 0, ("s390x", None)),
        (22, 32, False, 0, ("s390", None)),
        (243, 64, True, 5, ("riscv64", "lp64d")),
        (243, 64, True, 1, ("riscv64", "lp64")),
        (243, 32, True, 8, ("riscv", "ilp32e")),
        (258, 64, True, 0x43, ("loong64", "lp64d")),
        (258, 64, True, 0x41, ("loong64", "lp64s")),
        (2, 32, False, 0, ("sparc", None)),
        (43, 64, False, 0, ("sparc64", None)),
        (0x9026, 64, True, 0, ("alpha", None)),
        (247, 64, True, 0, ("bpfel", None)),
        (12345, 64, True, 0, ("em-12345", None)),
    ],
)
def test_machines(
    machine: int, bits: int, little: bool, flags: int, want: tuple[str, str | None]
) -> None:
    found = reader.read(elf(machine=machine, bits=bits, little=little, flags=flags))
    assert (found.isa, found.variant) == want


def test_a_program_of_go_for_arm_takes_its_variant_from_the_loader() -> None:
    raw = elf(machine=40, bits=32, flags=0x05000002, interp="/lib/ld-linux-armhf.so.3")
    assert reader.read(raw).variant == "armhf"


def test_types() -> None:
    assert reader.read(elf(type=1)).type == "object"
    assert reader.read(elf(type=4)).type == "core"
    assert reader.read(elf(type=0xFE00)).type == "et-65024"
    assert reader.read(elf(type=3, needed=["libc.so.6"])).type == "shared"
    # libc.so.6 itself has an interpreter and a SONAME.
    assert reader.read(elf(type=3, interp=GLIBC, soname="libc.so.6")).type == "shared"
    assert reader.read(elf(type=3, interp=GLIBC)).type == "executable"
    # A static PIE, with the flag of newer linkers and with DT_DEBUG alone.
    assert reader.read(elf(type=3, tags=[(0x6FFFFFFB, 0x08000000)])).static is True
    assert reader.read(elf(type=3, tags=[(21, 0)])).pie is True


def test_symbols_split_off_are_no_program() -> None:
    raw = elf(
        type=3,
        interp=GLIBC,
        needed=["libc.so.6"],
        sections=[(".text", 8, 6, b""), (".s", 2, 0, b"")],
    )
    found = reader.read(raw)
    assert (found.type, found.needed, found.libc, found.stripped) == ("debug", (), None, False)


@pytest.mark.parametrize(
    ("what", "want"),
    [
        ({"interp": GLIBC}, "glibc"),
        ({"interp": "/lib/ld-musl-x86_64.so.1"}, "musl"),
        ({"interp": "/system/bin/linker64"}, "bionic"),
        ({"interp": "/lib/ld-uClibc.so.0"}, "uclibc"),
        ({"interp": "/libexec/ld-elf.so.1"}, "freebsd"),
        ({"interp": "/nix/store/abc-glibc-2.38/lib/ld-linux-x86-64.so.2"}, "glibc"),
        ({"type": 3, "needed": ["libc.so.6"]}, "glibc"),
        ({"type": 3, "needed": ["libc.musl-x86_64.so.1"]}, "musl"),
        ({"type": 3, "needed": ["libc.so"]}, "musl"),
        ({"type": 3, "needed": ["liblog.so", "libc.so"]}, "bionic"),
        ({"type": 3, "needed": ["libc.so.7"], "osabi": 9}, "freebsd"),
        ({"type": 3, "needed": ["libm.so.6"], "versions": {"libm.so.6": ["GLIBC_2.29"]}}, "glibc"),
        ({"type": 3, "needed": ["libfoo.so"]}, None),
        ({"type": 1}, None),
        ({}, "none"),
        ({"notes": note(b"GNU", 1, bytes(16))}, "glibc"),
        ({"sections": [("__libc_IO_vtables", 1, 3, b"x")]}, "glibc"),
        (
            {"sections": [(".init", 1, 6, b"x"), (".strtab", 3, 0, b"\0__init_libc\0")]},
            "musl",
        ),
        (
            {
                "sections": [
                    (".init", 1, 6, b"x"),
                    (
                        ".rodata",
                        1,
                        2,
                        b"No error information\0Illegal byte sequence\0Domain error\0",
                    ),
                ]
            },
            "musl",
        ),
    ],
)
def test_libc(what: dict[str, object], want: str | None) -> None:
    assert reader.read(elf(**what)).libc == want


@pytest.mark.parametrize(
    ("what", "want"),
    [
        ({}, None),
        ({"interp": GLIBC}, "linux"),
        ({"osabi": 9}, "freebsd"),
        ({"osabi": 3}, "linux"),
        ({"osabi": 6}, "solaris"),
        ({"notes": note(b"NetBSD", 1, bytes(4))}, "netbsd"),
        ({"notes": note(b"OpenBSD", 1, bytes(4))}, "openbsd"),
        ({"notes": note(b"Android", 1, bytes(4))}, "android"),
        ({"notes": note(b"GNU", 1, struct.pack("<4I", 1, 0, 0, 0))}, "hurd"),
        ({"notes": note(b"GNU", 1, struct.pack("<4I", 0, 3, 2, 0))}, "linux"),
        ({"interp": "/usr/libexec/ld.so"}, "openbsd"),
        ({"interp": "/lib/amd64/ld.so.1"}, "solaris"),
    ],
)
def test_system(what: dict[str, object], want: str | None) -> None:
    assert reader.read(elf(**what)).os == want


@pytest.mark.parametrize(
    ("versions", "weak", "tags", "want"),
    [
        (["GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.9"], [], [], "2.17"),
        (["GLIBC_2.3", "GLIBC_PRIVATE"], [], [], "2.3"),
        (["GLIBC_2.3.4", "GLIBC_2.3"], [], [], "2.3.4"),
        (["GLIBC_2.17", "GLIBC_2.38"], ["GLIBC_2.38"], [], "2.17"),
        (["GLIBC_2.17", "GLIBC_ABI_DT_RELR"], [], [], "2.36"),
        (["GLIBC_2.38", "GLIBC_ABI_DT_RELR"], [], [], "2.38"),
        (["GLIBC_2.17"], [], [(36, BASE)], "2.36"),
        (["GLIBC_2.99999999999"], [], [], None),
    ],
)
def test_lowest_glibc(
    versions: list[str], weak: list[str], tags: list[tuple[int, int]], want: str | None
) -> None:
    raw = elf(
        interp=GLIBC, needed=["libc.so.6"], versions={"libc.so.6": versions}, weak=weak, tags=tags
    )
    assert reader.read(raw).glibc_min == want


def test_lowest_libstdcxx() -> None:
    names = ["GLIBCXX_3.4.9", "GLIBCXX_3.4.30", "CXXABI_1.3.9", "CXXABI_1.3", "CXXABI_TM_1"]
    found = reader.read(elf(needed=["libstdc++.so.6"], versions={"libstdc++.so.6": names}))
    assert (found.glibcxx_min, found.cxxabi_min, found.glibc_min) == ("3.4.30", "1.3.9", None)


def test_notes() -> None:
    level = properties((0xC0000002, 3), (0xC0008002, 0b0101), (0xC0010002, 0b1111))
    found = reader.read(elf(notes=level, notes_align=8))
    assert found.hardening == ("ibt", "shstk")
    assert found.isa_level == "x86-64-v3"
    assert found.marks.isa_used == "x86-64-v4"
    used = reader.read(elf(notes=properties((0xC0010002, 0b1111)), notes_align=8))
    assert used.isa_level is None
    arm = reader.read(elf(machine=183, notes=properties((0xC0000000, 0b111)), notes_align=8))
    assert arm.hardening == ("bti", "pac", "gcs")
    both = note(b"GNU", 3, b"\xab\xcd\xef\x01") + note(b"Go", 4, b"id")
    found = reader.read(elf(notes=both))
    assert found.build_id == "abcdef01"
    assert [(one.owner, one.type) for one in found.notes] == [(b"GNU", 3), (b"Go", 4)]


def test_notes_of_an_object_come_from_its_sections() -> None:
    raw = elf(
        type=1, loads=[], sections=[(".note.gnu.build-id", 7, 2, note(b"GNU", 3, b"\x01\x02"))]
    )
    # An object has no program headers at all.
    found = reader.read(raw[:54] + b"\0\0" + b"\0\0" + raw[58:])
    assert found.segments == ()
    assert found.build_id == "0102"


LOAD = 1


@pytest.mark.parametrize(
    ("loads", "want"),
    [
        ([(LOAD, 5, 0, 0x10000, 0x5000, 0x5000, 0x10000)], 0x10000),
        ([(LOAD, 5, 0, 0, 0x5000, 0x5000, 0x1000)], 1 << 20),
        # Text and data on neighbouring 4 KiB pages, same shift: at 8 KiB they would share one.
        (
            [
                (LOAD, 5, 0, 0x400000, 0x1000, 0x1000, 0x1000),
                (LOAD, 6, 0x1000, 0x401000, 0x1000, 0x1000, 0x1000),
            ],
            0x1000,
        ),
        # GNU ld for 64 KiB pages: data moved to the next 64 KiB, offsets congruent.
        (
            [
                (LOAD, 5, 0, 0, 0x8F4, 0x8F4, 0x10000),
                (LOAD, 6, 0xFDC8, 0x1FDC8, 0x270, 0x278, 0x10000),
            ],
            0x10000,
        ),
        # lld for 4 KiB pages: each segment one page further in memory than in the file.
        (
            [
                (LOAD, 4, 0, 0x200000, 0x5F0, 0x5F0, 0x1000),
                (LOAD, 5, 0x5F0, 0x2015F0, 0x100, 0x100, 0x1000),
            ],
            0x1000,
        ),
        # Read only and then executable, from the same bytes: the second may take the page over.
        (
            [
                (LOAD, 4, 0, 0, 0x1000, 0x1000, 0x1000),
                (LOAD, 5, 0x1000, 0x1000, 0x1000, 0x1000, 0x1000),
            ],
            1 << 20,
        ),
        ([(LOAD, 5, 0x10, 0x400000, 0x10, 0x10, 1)], 0x10),
        (
            [
                (LOAD, 5, 0, 0, 0x2000, 0x2000, 0x1000),
                (LOAD, 6, 0x1000, 0x1000, 0x1000, 0x1000, 0x1000),
            ],
            None,
        ),
    ],
)
def test_page_size_that_segments_allow(
    loads: list[tuple[int, int, int, int, int, int, int]], want: int | None
) -> None:
    assert reader.read(elf(loads=loads)).segment_align == want


def test_smallest_alignment_and_the_stack() -> None:
    loads = [(LOAD, 5, 0, 0, 1, 1, 0x10000), (LOAD, 6, 0x1000, 0x11000, 1, 1, 0x1000)]
    assert reader.read(elf(loads=loads)).load_align == 0x1000
    stack = (0x6474E551, 7, 0, 0, 0, 0, 16)
    assert reader.read(elf(others=[stack])).exec_stack is True
    assert reader.read(elf(others=[(0x6474E551, 6, 0, 0, 0, 0, 16)])).exec_stack is False
    # Without the mark: glibc's default for what it loads, else the kernel's.
    assert reader.read(elf(interp=GLIBC, needed=["libc.so.6"])).exec_stack is True
    assert reader.read(elf()).exec_stack is False
    assert reader.read(elf(machine=3, bits=32)).exec_stack is True
    assert reader.read(elf(machine=42, bits=32)).exec_stack is None
    assert reader.read(elf(type=1)).exec_stack is None


def test_strange_but_sound() -> None:
    no_interp_end = elf(interp=GLIBC).replace(GLIBC.encode() + b"\0", GLIBC.encode() + b"X")
    assert reader.read(no_interp_end).interp == GLIBC + "X"
    raw = elf(needed=["lib\u00e9.so", "lib.so"])
    assert reader.read(raw).needed == ("lib\u00e9.so", "lib.so")
    assert reader.read(raw.replace("\u00e9".encode(), b"\xff\xfe")).needed[0] == "lib\\xff\\xfe.so"
    assert reader.read(elf()).stripped is True


def test_section_numbers_that_do_not_fit() -> None:
    raw = bytearray(elf(sections=[(".data", 1, 3, b"data")]))
    shoff = struct.unpack_from("<Q", raw, 40)[0]
    count, index = struct.unpack_from("<HH", raw, 60)
    struct.pack_into("<HH", raw, 60, 0, 0xFFFF)
    struct.pack_into("<Q", raw, shoff + 32, count)  # sh_size of section 0
    struct.pack_into("<I", raw, shoff + 40, index)  # sh_link of section 0
    assert reader.read(bytes(raw)).section(".data") is not None
    phnum = struct.unpack_from("<H", raw, 56)[0]
    struct.pack_into("<H", raw, 56, 0xFFFF)
    struct.pack_into("<I", raw, shoff + 44, phnum)  # sh_info of section 0
    assert len(reader.read(bytes(raw)).segments) == phnum


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x7fELF",
        b"\x7fELF\x03\x01\x01" + bytes(60),
        b"\x7fELF\x02\x05\x01" + bytes(60),
        elf()[:63],
        elf()[:100],
        elf(bits=32)[:51],
    ],
)
def test_no_elf_at_all(raw: bytes) -> None:
    with pytest.raises(Malformed):
        reader.read(raw)


def test_a_cut_file_says_so_when_asked() -> None:
    raw = elf(type=3, interp=GLIBC, needed=["libc.so.6"], sections=[(".text", 1, 6, b"code")])
    for size in range(64 + 56 * 5, len(raw), 7):
        found = reader.read(raw[:size])
        assert found.isa == "amd64"
        with contextlib.suppress(Malformed):
            assert found.needed in ((), ("libc.so.6",))
        assert found.stripped in (None, True)
        assert found.section(".text") is None


def dynamic_at(raw: bytes) -> int:
    return next(s.offset for s in reader.read(raw).segments if s.type == 2)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (1, 1 << 40),  # a name far outside
        (5, 0x10),  # a string table nowhere in the file
        (10, 1 << 60),  # a string table larger than the file
        (0x6FFFFFFE, 0x10),  # version needs nowhere
    ],
)
def test_wrong_pointers(tag: int, value: int) -> None:
    raw = bytearray(elf(needed=["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.4"]}))
    at = dynamic_at(bytes(raw))
    while struct.unpack_from("<Q", raw, at)[0] != tag:
        at += 16
    struct.pack_into("<Q", raw, at + 8, value)
    with pytest.raises(Malformed):
        assert reader.read(bytes(raw)).dynamic


def test_version_needs_that_never_end() -> None:
    raw = bytearray(elf(needed=["l"], versions={"l": ["A"], "m": ["B"]}))
    at = dynamic_at(bytes(raw))
    while struct.unpack_from("<Q", raw, at)[0] != 0x6FFFFFFE:
        at += 16
    needs = struct.unpack_from("<Q", raw, at + 8)[0] - BASE
    struct.pack_into("<Q", raw, at + 24, 0xFFFFFFFF)  # DT_VERNEEDNUM
    struct.pack_into("<I", raw, needs + 12, 1)  # vn_next
    with pytest.raises(Malformed):
        assert reader.read(bytes(raw)).versions
