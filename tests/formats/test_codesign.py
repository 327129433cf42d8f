"""Code signatures made by hand: what the kernel would take and what it would refuse."""

from __future__ import annotations

import struct

import pytest

import macho_bytes as make
from archfit.formats import macho
from archfit.model.errors import Malformed

COMMANDS = [make.uuid(), make.dylib("/usr/lib/libSystem.B.dylib")]


def read(raw: bytes) -> macho.Slice:
    return macho.read(raw).slices[0]


def fault(raw: bytes) -> str:
    signature = read(raw).code_signature
    assert signature is not None
    assert signature.kind == "broken"
    return signature.fault


def poke(raw: bytes, at: int, new: bytes) -> bytes:
    return raw[:at] + new + raw[at + len(new) :]


@pytest.mark.parametrize(
    ("flags", "cms", "kind"),
    [(0x2, b"", "adhoc"), (0x20002, b"", "linker"), (0x10000, b"der", "signed")],
)
@pytest.mark.parametrize("sha", ["sha1", "sha256", "sha384"])
@pytest.mark.parametrize("page", [12, 14])
def test_kinds(flags: int, cms: bytes, kind: str, sha: str, page: int) -> None:
    part = read(make.signed(COMMANDS, flags, cms, page, sha))
    assert part.signature == kind
    assert part.code_signature is not None
    assert part.code_signature.identifier == "a.out"
    assert part.code_signature.hash == sha
    assert part.code_signature.hardened == (kind == "signed")
    assert macho.verify_pages(part) == ()


def test_a_signature_in_a_universal_file() -> None:
    raw = make.fat([
        (make.AMD64, 3, make.thin(COMMANDS, cpu=make.AMD64)),
        (make.ARM64, 0, make.signed(COMMANDS)),
    ])  # fmt: skip
    first, second = macho.read(raw).slices
    assert (first.signature, second.signature) == ("none", "adhoc")
    assert macho.verify_pages(second) == ()
    with pytest.raises(Malformed):
        macho.verify_pages(first)


def test_load_commands_changed_after_signing() -> None:
    raw = make.signed(COMMANDS)
    at = raw.index(b"libSystem")
    assert "changed after signing" in fault(poke(raw, at, b"libsystem"))


def test_a_later_page_changed_is_seen_when_asked() -> None:
    raw = poke(make.signed(COMMANDS), 5 * 4096 + 1, b"x")
    part = read(raw)
    assert part.signature == "adhoc"
    assert macho.verify_pages(part) == (5,)
    many = read(poke(make.signed(COMMANDS), 4096, b"x" * 16384))
    assert macho.verify_pages(many) == (1, 2, 3, 4)
    assert macho.verify_pages(many, most=2) == (1, 2)


def test_what_the_kernel_refuses() -> None:
    raw = make.signed(COMMANDS, size=8192)
    start = 8192
    directory = start + 20
    assert "outside the file" in fault(raw[:-40])
    assert "no signature" in fault(poke(raw, start, b"\0\0\0\0"))
    assert "index is longer" in fault(poke(raw, start + 8, b"\0\0\xff\xff"))
    assert "outside of it" in fault(poke(raw, start + 16, b"\0\xff\xff\xff"))
    assert "unknown kind" in fault(poke(raw, directory + 37, b"\x09"))
    assert "unknown hash" in fault(poke(raw, directory + 36, b"\x14"))
    assert "2^13" in fault(poke(raw, directory + 39, b"\x0d"))
    assert "outside the CodeDirectory" in fault(poke(raw, directory + 16, b"\0\0\xff\xff"))
    assert "fewer hashes" in fault(poke(raw, directory + 28, b"\0\0\xff\xff"))
    assert "not every signed page" in fault(poke(raw, directory + 28, b"\0\0\0\x01"))
    assert "more bytes were signed" in fault(poke(raw, directory + 32, b"\0\xff\xff\xff"))
    assert "no CodeDirectory" in fault(poke(raw, start + 12, b"\0\0\0\x05"))


def test_a_bare_code_directory_is_a_signature() -> None:
    raw = make.signed(COMMANDS, size=4096)
    # The load command is made to point past the SuperBlob, straight at the directory.
    at = raw.index(struct.pack("<I", 0x1D))
    total = struct.unpack_from("<I", raw, at + 12)[0]
    moved = poke(raw, at + 8, struct.pack("<II", 4096 + 20, total - 20))
    assert "changed after signing" in fault(moved)


def test_every_byte_of_a_signature_may_be_anything() -> None:
    raw = make.signed(COMMANDS, size=4096)
    for at in range(4096, len(raw)):
        for value in (0, 1, 0x7F, 0xFF):
            read(poke(raw, at, bytes([value])))
