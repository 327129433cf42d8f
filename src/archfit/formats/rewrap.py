"""Lines that a terminal or a mail program broke at a fixed column, put together again.

A terminal breaks at its last column, in the middle of a word, and what is copied from some
terminals keeps the break. Mail programs, wikis and chats break at a blank before a column
(72 to 80 by RFC 5322, section 2.1.1, and by habit). Neither leaves a mark, so both are told
by the lengths of the lines alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

#: Widths at which terminals and mail programs break.
_NARROWEST, _WIDEST = 40, 400
#: Two short lines are as long as each other by chance; below this width it takes three.
_USUAL = 60
#: Lines put together at most: a longer run of full lines is a table or a dump.
_MOST = 40


def terminal_width(lines: Mapping[int, str]) -> int:
    """The column at which a terminal broke the lines, or 0.

    No line is longer, at least two (of short ones three) are just as long, and what follows
    each of them goes on without a blank more often than not.
    """
    lengths = Counter(len(line) for line in lines.values())
    width = max(lengths, default=0)
    if not _NARROWEST <= width <= _WIDEST or lengths[width] < 2:
        return 0
    listed = list(lines.values())
    full = [at for at, line in enumerate(listed) if len(line) == width and at + 1 < len(listed)]
    goes_on = [
        at for at in full if _inside(listed[at], listed[at + 1]) and not _is_rule(listed[at])
    ]
    least = 2 if width >= _USUAL else 3
    return width if len(goes_on) >= least and len(goes_on) * 2 > len(full) else 0


def unbroken(lines: Mapping[int, str], width: int) -> dict[int, str]:
    """Lines of ``width`` joined with what follows; a joined line has its first one's number."""
    out: dict[int, str] = {}
    number, count, full = 0, 0, False
    for at, line in lines.items():
        if full and count < _MOST:
            out[number] += line
            count += 1
        else:
            out[at] = line
            number, count = at, 1
        full = len(line) == width
    return out


def filled(lines: Mapping[int, str]) -> dict[int, str]:
    """Lines joined by a blank where the next one's first word had no room in the widest.

    Empty when the widest line is no width at which anybody breaks text.
    """
    width = max(map(len, lines.values()), default=0)
    if not _NARROWEST <= width <= 132:
        return {}
    out: dict[int, str] = {}
    number, count, before = 0, 0, ""
    for at, line in lines.items():
        word = line.split(" ", 1)[0] if line[:1].strip() else ""
        if before and word and count < _MOST and len(before) + 1 + len(word) > width:
            out[number] += " " + line
            count += 1
        else:
            out[at] = line
            number, count = at, 1
        before = line.rstrip()
    return out


def _inside(line: str, following: str) -> bool:
    """The break stands inside a word or right beside a blank that was kept."""
    return bool(following) and (line[-1:] == " " or (line[-1:] != "" and following[0] != " "))


def _is_rule(line: str) -> bool:
    return len(set(line)) <= 2
