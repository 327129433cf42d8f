"""Caches of ldconfig made by hand: both formats, both byte orders, extensions, broken ones."""

from __future__ import annotations

import struct

import pytest

from archfit.formats.ld_cache import Entry, accepted, read, read_path_file
from archfit.model.errors import Malformed
from ld_cache_bytes import new, old

FOO = ("libfoo.so.1", "/usr/lib/libfoo.so.1", 0x303, 0)
BAR = ("libbar.so", "/lib/libbar.so", 0x003, 0)


@pytest.mark.parametrize(("order", "mark"), [("<", 2), (">", 3), ("<", 0), (">", 0)])
def test_new_format(order: str, mark: int) -> None:
    cache = read(new([FOO, BAR], order, mark))
    assert cache.entries == (
        Entry("libfoo.so.1", "/usr/lib/libfoo.so.1", 0x303, ""),
        Entry("libbar.so", "/lib/libbar.so", 3, ""),
    )
    assert cache.generator == "ldconfig (test) 2.42"


def test_levels_and_entries_of_the_old_mechanism() -> None:
    libs = [
        ("libfoo.so.1", "/lib/glibc-hwcaps/x86-64-v3/libfoo.so.1", 0x303, 1 << 62 | 1),
        ("libfoo.so.1", "/lib/glibc-hwcaps/x86-64-v9/libfoo.so.1", 0x303, 1 << 62 | 9),
        ("libfoo.so.1", "/lib/haswell/libfoo.so.1", 0x303, 1 << 4),
        FOO,
    ]
    found = read(new(libs, levels=["x86-64-v2", "x86-64-v3"])).entries
    assert [(entry.path, entry.level) for entry in found] == [
        ("/lib/glibc-hwcaps/x86-64-v3/libfoo.so.1", "x86-64-v3"),
        ("/usr/lib/libfoo.so.1", ""),
    ]


@pytest.mark.parametrize("order", ["<", ">"])
def test_old_format_and_the_new_one_inside_it(order: str) -> None:
    assert read(old([FOO], order)).entries == (Entry(*FOO[:3], ""),)
    start = 16 + 12 * 2
    inner = new([BAR], order, 0, at=start + -start % 8)
    assert read(old([FOO, FOO], order, inner)).entries == (Entry(*BAR[:3], ""),)


def test_a_broken_extension_counts_as_none() -> None:
    raw = bytearray(new([FOO]))
    struct.pack_into("<I", raw, 32, len(raw))
    assert read(bytes(raw)).generator == ""
    struct.pack_into("<I", raw, 32, 51)
    assert read(bytes(raw)).entries


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"glibc-ld.so.cache1.1",
        b"ld.so-1.7.0\0\xff\xff\xff\xff",
        new([FOO], mark=1),
        new([FOO])[:60],
        new([FOO])[:80],
        old([FOO])[:-1],
        b"something else entirely" * 4,
    ],
)
def test_broken_caches(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read(raw)


@pytest.mark.parametrize(
    ("isa", "variant", "want"),
    [
        ("amd64", None, {0x303}),
        ("amd64", "x32", {0x803}),
        ("386", None, {1, 3}),
        ("arm64", None, {0xA03}),
        ("arm", "armhf", {0x903, 3}),
        ("arm", "armel", {0xB03, 3}),
        ("ppc64le", "elfv2", {0x503}),
        ("ppc64", "elfv1", {0x503}),
        ("s390x", None, {0x403}),
        ("riscv64", "lp64d", {0x1003}),
        ("riscv64", "lp64", {0x0F03}),
        ("loong64", "lp64d", {0x1203}),
        ("mips64le", "n64", {0x703}),
        ("mips64", "n32", {0x603}),
        ("mipsle", "o32", {1, 3}),
        ("mips", "o32-nan2008", {0xC03}),
        ("sparc64", None, {0x103}),
        ("ppc", None, {1, 3}),
    ],
)
def test_flags_that_a_loader_takes(isa: str, variant: str | None, want: set[int]) -> None:
    assert accepted(isa, variant) == want


def test_path_file_of_musl() -> None:
    assert read_path_file(b"/lib/a:/usr/lib\n\n/c\n") == ("/lib/a", "/usr/lib", "/c")
    assert read_path_file(b"") == ()
