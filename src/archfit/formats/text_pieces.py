"""Text of any size in pieces that end at line ends, whatever its encoding and line ends are."""

from __future__ import annotations

import codecs
import mmap
from collections.abc import Iterator

from archfit.model.image import Window

#: Bytes taken at a time.
PIECE = 1 << 20
#: A line longer than this is cut: nobody's message is so long, and memory must not grow.
_LONGEST = 4 << 20
#: Bytes that a guess is made from.
_HEAD = 1 << 16

#: Unicode 16.0, section 23.8, table 23-5; the longest first, as one starts with another.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

#: Control characters that programs write into text: BEL BS HT LF VT FF CR ESC, and NUL,
#: which a log has where a crash cut it or where it was truncated while it was written to.
_IN_TEXT = bytes((0, 7, 8, 9, 10, 11, 12, 13, 27))
_CONTROLS = bytes(code for code in range(32) if code not in _IN_TEXT)


def is_text(head: bytes) -> bool:
    """Hardly a control character in it, once a byte order mark or NULs are told apart.

    ``head``: the first bytes, 64 KiB say. UTF-16 is text with and without its mark.
    """
    if encoding(head) != "utf-8":
        return True
    letters = head.replace(b"\0", b"")
    if len(letters) < len(head) - len(letters):
        return False
    return len(letters) - len(letters.translate(None, _CONTROLS)) <= len(letters) // 200


def encoding(head: bytes) -> str:
    """By the byte order mark; UTF-16 without it by its NULs; else UTF-8."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0::2], head[1::2]
    # Mostly Latin letters: one byte of each two is NUL, the other hardly ever.
    if len(head) >= 8 and odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if len(head) >= 8 and even.count(0) > 0.7 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return "utf-8"


def pieces(data: Window) -> Iterator[str]:
    """Pieces, each but the last ending in a line end; undecodable bytes become U+FFFD.

    NULs are left out. Of a mapped file no more than a piece stays in memory.
    """
    decoder = codecs.getincrementaldecoder(encoding(bytes(data[:_HEAD])))("replace")
    rest = ""
    for at in range(0, len(data), PIECE):
        text = decoder.decode(data[at : at + PIECE], at + PIECE >= len(data))
        if isinstance(data, mmap.mmap) and hasattr(data, "madvise"):
            data.madvise(mmap.MADV_DONTNEED, at, min(PIECE, len(data) - at))
        if "\0" in text:
            text = text.replace("\0", "")
        end = text.rfind("\n") + 1
        if end == 0 and len(rest) + len(text) < _LONGEST:
            rest += text
            continue
        if end == 0:
            end = len(text)
        yield rest + text[:end]
        rest = text[end:]
    if rest:
        yield rest
