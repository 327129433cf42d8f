"""What glibc's loader has built in, from its bytes."""

from __future__ import annotations

import pytest

from archfit.formats.loader_defaults import read

DEBIAN = (
    b"\0junk\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0"
    b"\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0lib/x86_64-linux-gnu\0/etc/ld.so.cache\0"
)
FEDORA = b"\0\0/lib64/\0/usr/lib64/\0x\0lib64\0/etc/ld.so.cache\0"
NIX = b"\0/nix/store/abc-glibc-2.39/lib/\0/nix/store/abc-glibc-2.39/etc/ld.so.cache\0"


@pytest.mark.parametrize(
    ("data", "folders", "cache", "lib"),
    [
        (
            DEBIAN,
            ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"),
            "/etc/ld.so.cache",
            "lib/x86_64-linux-gnu",
        ),
        (FEDORA, ("/lib64", "/usr/lib64"), "/etc/ld.so.cache", "lib64"),
        (
            NIX,
            ("/nix/store/abc-glibc-2.39/lib",),
            "/nix/store/abc-glibc-2.39/etc/ld.so.cache",
            "lib",
        ),
    ],
)
def test_distributions(data: bytes, folders: tuple[str, ...], cache: str, lib: str) -> None:
    assert read(data) == (folders, cache, lib)


@pytest.mark.parametrize("data", [b"", b"\0/lib", b"/lib/\x01/\0", b"/lib" * 100_000, b"\0/bin/\0"])
def test_nothing_there(data: bytes) -> None:
    assert read(data) is None
