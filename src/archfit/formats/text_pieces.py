"""Text of any size in pieces that end at line ends, whatever its encoding and line ends are."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from archfit.model.image import Window

#: Bytes taken at a time.
PIECE = 1 << 20
#: A line longer than this is cut: nobody's message is so long, and memory must not grow.
_LONGEST = 4 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def is_text(head: bytes) -> bool:
    """No NUL in it, unless a byte order mark says that it is UTF-16 or UTF-32."""
    return any(head.startswith(mark) for mark, _ in _MARKS) or b"\0" not in head


def pieces(data: Window) -> Iterator[str]:
    """Pieces, each but the last ending in a line end; undecodable bytes become U+FFFD."""
    name = next((name for mark, name in _MARKS if data[:4].startswith(mark)), "utf-8")
    decoder = codecs.getincrementaldecoder(name)("replace")
    rest = ""
    for at in range(0, len(data), PIECE):
        text = rest + decoder.decode(data[at : at + PIECE], at + PIECE >= len(data))
        end = text.rfind("\n") + 1
        if end == 0 and len(text) < _LONGEST:
            rest = text
            continue
        if end == 0:
            end = len(text)
        rest = text[end:]
        yield text[:end]
    if rest:
        yield rest
