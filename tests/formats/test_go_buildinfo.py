"""Build info in both encodings, by hand and from real programs."""

from __future__ import annotations

import struct

import pytest

from archfit.formats import go_buildinfo
from archfit.formats.go_buildinfo import INFO_END, INFO_START, MAGIC, Module
from archfit.formats.go_layout import Layout, Span
from archfit.model.errors import Malformed

TEXT = "path\texample.com/a\nmod\texample.com/a\t(devel)\t\nbuild\tGOOS=linux\n"
FRAMED = INFO_START + TEXT.encode() + INFO_END


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def inline(version: bytes = b"go1.26.8", text: bytes = FRAMED) -> bytes:
    head = MAGIC + b"\x08\x02" + bytes(16)
    return head + varint(len(version)) + version + varint(len(text)) + text


def pointers(order: str, size: int, base: int, version: bytes = b"go1.16") -> bytes:
    """A blob of Go 1.16 with its strings behind it, the first byte at address ``base``."""
    word = order + ("QQ" if size == 8 else "II")
    flags = 1 if order == ">" else 0
    headers = base + 32
    strings = headers + 4 * size
    head = MAGIC + bytes((size, flags)) + struct.pack(word, headers, headers + 2 * size)
    body = struct.pack(word, strings, len(version))
    body += struct.pack(word, strings + len(version), len(FRAMED))
    return head.ljust(32, b"\0") + body + version + FRAMED


def one_span(data: bytes, address: int = 0x1000, named: bool = True) -> Layout:
    span = Span(address, 0, len(data))
    return Layout((span,), info=span if named else None, writable=span)


@pytest.mark.parametrize("named", [True, False])
def test_inline_strings(named: bool) -> None:
    data = bytes(48) + inline()
    blob = go_buildinfo.read(data, one_span(data, named=named))
    assert blob is not None
    assert (blob.version, blob.text, blob.offset, blob.inline) == ("go1.26.8", TEXT, 48, True)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [4, 8])
def test_pointers_to_strings(order: str, size: int) -> None:
    data = bytes(16) + pointers(order, size, 0x401010)
    blob = go_buildinfo.read(data, one_span(data, 0x401000))
    assert blob is not None
    assert (blob.version, blob.text, blob.inline) == ("go1.16", TEXT, False)


def test_a_program_without_modules_has_a_version_alone() -> None:
    data = inline(text=b"")
    blob = go_buildinfo.read(data, one_span(data))
    assert blob is not None
    assert (blob.version, blob.text) == ("go1.26.8", "")


def test_text_without_its_marks_is_none() -> None:
    data = inline(text=FRAMED.replace(b"linux\n", b"linux "))
    blob = go_buildinfo.read(data, one_span(data))
    assert blob is not None
    assert blob.text == ""


def test_a_misaligned_magic_is_passed_over() -> None:
    # Programs that read build info carry its magic as a constant of their own.
    data = bytes(5) + MAGIC + bytes(13) + inline()
    assert len(data) - len(inline()) == 32
    blob = go_buildinfo.read(data, one_span(data, named=False))
    assert blob is not None
    assert blob.offset == 32


def test_alignment_counts_in_addresses() -> None:
    data = bytes(8) + inline()
    assert go_buildinfo.read(data, one_span(data, 0x1008)) is not None
    assert go_buildinfo.read(data, one_span(data, 0x1000)) is None


def test_nothing_there() -> None:
    assert go_buildinfo.read(bytes(4096), one_span(bytes(4096))) is None
    assert go_buildinfo.read(inline(), Layout(())) is None
    assert go_buildinfo.read(MAGIC, one_span(MAGIC)) is None


@pytest.mark.parametrize(
    "data",
    [
        inline()[:-1],
        inline()[:33],
        MAGIC + b"\x08\x02" + bytes(16) + b"\xff" * 12,
        MAGIC + b"\x08\x02" + bytes(16) + b"\x00\x00",
        MAGIC + b"\x08\x02" + bytes(16) + varint(1 << 40) + b"go1.2",
        MAGIC + b"\x03\x00" + bytes(16),
        MAGIC + b"\x08\x00" + bytes(16),
        MAGIC + b"\x08\x00" + b"\xff" * 16,
        pointers("<", 8, 0x999999),
    ],
)
def test_broken_blobs(data: bytes) -> None:
    with pytest.raises(Malformed):
        go_buildinfo.read(data, one_span(data))


def test_the_text_is_found_by_its_marks() -> None:
    data = bytes(100) + FRAMED + bytes(100)
    layout = Layout((), strings=(Span(0, 0, len(data)),))
    assert go_buildinfo.find_text(data, layout) == (TEXT, 116)
    assert go_buildinfo.find_text(data[:-110], layout) is None
    assert go_buildinfo.find_text(bytes(100), layout) is None


def test_modules_and_replacements() -> None:
    info = go_buildinfo.parse(
        "path\tcommand-line-arguments\nmod\ta\tv1\th1:A\ndep\tb\tv2\n=>\t./c\t(devel)\t\n"
        "dep\td\tv3\th1:D\nunknown\tline\nbuild\t-compiler=gc\nlast line without end"
    )
    assert info.path == "command-line-arguments"
    assert info.main == Module("a", "v1", "h1:A")
    assert info.deps == [Module("b", "v2", "", Module("./c", "(devel)")), Module("d", "v3", "h1:D")]
    assert info.deps[0].plain() == {
        "path": "b",
        "version": "v2",
        "replace": {"path": "./c", "version": "(devel)"},
    }
    assert info.settings == {"-compiler": "gc"}


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("CGO_CFLAGS=", "CGO_CFLAGS", ""),
        ('CGO_CFLAGS="-O2 -g"', "CGO_CFLAGS", "-O2 -g"),
        ('-ldflags=`-X a="b"`', "-ldflags", '-X a="b"'),
        ('"a key"=v', "a key", "v"),
        (r'x="\a\b\f\n\r\t\v\\\"\101\x41é\U0001f600"', "x", '\a\b\f\n\r\t\v\\"AAé\U0001f600'),
        (r'x="\xff"', "x", "�"),
        (r'x="\xc3\xa9"', "x", "é"),
        ("x=a=b", "x", "a=b"),
    ],
)
def test_settings(line: str, key: str, value: str) -> None:
    assert go_buildinfo.parse(f"build\t{line}\n").settings == {key: value}


@pytest.mark.parametrize(
    "text",
    [
        "build\t\n",
        "build\t=v\n",
        "build\tkey\n",
        "build\ta key=v\n",
        "build\tx=a b\n",
        'build\tx="a\n',
        'build\tx="a"b\n',
        'build\t"key"\n',
        'build\t"key" =v\n',
        r'build	x="\q"' + "\n",
        r'build	x="\x4"' + "\n",
        r'build	x="\400"' + "\n",
        r'build	x="\ud800"' + "\n",
        'build\tx="\\"\n',
        "mod\ta\n",
        "dep\ta\tb\tc\td\n",
        "=>\ta\tb\tc\n",
        "dep\ta\tb\n=>\ta\tb\n",
        "dep\ta\tb\n=>\ta\tb\tc\n=>\ta\tb\tc\n",
    ],
)
def test_lines_that_go_refuses(text: str) -> None:
    with pytest.raises(Malformed, match="line"):
        go_buildinfo.parse(text)


def test_limits() -> None:
    with pytest.raises(Malformed, match="too many"):
        go_buildinfo.parse("dep\ta\tb\n" * 40_000)
    with pytest.raises(Malformed, match="too many"):
        go_buildinfo.parse("".join(f"build\t{n}=\n" for n in range(11_000)))
    data = inline(text=bytes(3 << 20))
    with pytest.raises(Malformed, match="bytes"):
        go_buildinfo.read(data, one_span(data))


def test_a_crowd_of_misaligned_magics_ends_the_search() -> None:
    crowd = bytes(1) + (MAGIC + bytes(2)) * 100_000
    assert go_buildinfo.read(crowd, one_span(crowd, named=False)) is None
