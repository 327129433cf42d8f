"""Text in pieces, whatever its encoding, its line ends and its NULs."""

from __future__ import annotations

import mmap
import tempfile

import pytest

from archfit.formats import text_pieces
from archfit.formats.text_pieces import encoding, is_text, pieces

TEXT = "first line\r\nzweite Zeile: ä ö ü\nlast"


@pytest.mark.parametrize(
    "name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings(name: str) -> None:
    data = TEXT.encode(name)
    assert is_text(data)
    assert "".join(pieces(data)) == TEXT


def test_undecodable_bytes_are_replaced() -> None:
    assert "".join(pieces(b"caf\xe9 au lait\n")) == "caf\ufffd au lait\n"


def test_nuls_of_a_cut_log_are_left_out() -> None:
    data = b"one\n" * 100 + b"\0" * 300 + b"two\n"
    assert is_text(data)
    assert "".join(pieces(data)) == "one\n" * 100 + "two\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + bytes(200),
        bytes(1000),
        bytes(range(256)) * 4,
        b"\x1f\x8b\x08\x00" + bytes(range(1, 32)) * 20,
    ],
    ids=["elf", "nul", "all", "gzip"],
)
def test_what_is_no_text(data: bytes) -> None:
    assert not is_text(data)


def test_encoding_is_told_by_mark_or_nuls() -> None:
    assert encoding(b"\xff\xfea\0") == "utf-16"
    assert encoding(b"\xff\xfe\0\0a\0\0\0") == "utf-32"
    assert encoding("some words".encode("utf-16-le")) == "utf-16-le"
    assert encoding(b"some words") == "utf-8"


def test_pieces_end_at_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_pieces, "PIECE", 16)
    data = b"".join(b"line %d\n" % at for at in range(40)) + b"tail"
    parts = list(pieces(data))
    assert "".join(parts) == data.decode()
    assert len(parts) > 10
    assert all(part.endswith("\n") for part in parts[:-1])
    assert parts[-1].endswith("tail")


def test_a_line_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_pieces, "PIECE", 64)
    monkeypatch.setattr(text_pieces, "_LONGEST", 200)
    parts = list(pieces(b"x" * 1000))
    assert "".join(parts) == "x" * 1000
    assert max(map(len, parts)) <= 264


def test_a_character_that_a_piece_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_pieces, "PIECE", 3)
    assert "".join(pieces("äöü€\n€".encode())) == "äöü€\n€"


def test_a_mapped_file() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"mapped line\n" * 300_000)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            assert sum(part.count("\n") for part in pieces(data)) == 300_000
