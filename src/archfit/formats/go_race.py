"""Reports of Go's race detector.

Source: `PrintReport` for Go in LLVM compiler-rt/lib/tsan/rtl/tsan_report.cpp: a line of 18
equals signs, `WARNING: DATA RACE`, the two accesses, where each goroutine was created.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archfit.formats.go_frames import Frame, Place, parse_stack

#: The line that starts a report.
START = "WARNING: DATA RACE"
_END = re.compile(r"={10,40}\Z")
_ACCESS = re.compile(
    r"((?:[Pp]revious )?(?:[Aa]tomic )?(?:[Rr]ead|[Ww]rite)) (?:of size \d{1,6} )?"
    r"at 0x([0-9a-f]{1,16}) by (?:goroutine (\d{1,20})|(main goroutine))[^\n]{0,80}:\Z"
)
#: What must stand shortly below `START`.
SIGN = re.compile(r"(?:[Rr]ead|[Ww]rite) (?:of size \d{1,6} )?at 0x")
_CREATED = re.compile(r"Goroutine (\d{1,20}) \((\w{1,20})\) created at:\Z")
#: A report longer than this was not ended by its line of equals signs.
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Access:
    """``kind``: read, write, previous write, previous atomic write ... ``goroutine``: 0 is main."""

    kind: str
    address: int
    goroutine: int
    frames: tuple[Frame, ...]
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a goroutine of the race was created; ``state``: running or finished."""

    goroutine: int
    state: str
    frames: tuple[Frame, ...]
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Race:
    """``whole``: the report ends with its line of equals signs."""

    accesses: tuple[Access, ...]
    origins: tuple[Origin, ...]
    whole: bool


def race_of(lines: list[str], line: int, place: Place) -> tuple[Race, int]:
    """(the report, how many lines it takes), from the line after `START` on.

    ``line``: number of the first of these lines; ``place`` as in `parse_stack`.
    """
    accesses: list[Access] = []
    origins: list[Origin] = []
    whole = False
    at = 0
    while at < min(len(lines), _LONGEST):
        text = lines[at].strip()
        if _END.match(text):
            whole = True
            at += 1
            break
        access, created = _ACCESS.match(text[:300]), _CREATED.match(text[:300])
        if access is None and created is None:
            if text:
                break  # another text: the report was cut
            at += 1
            continue
        end = at + 1
        while end < len(lines) and lines[end].strip() and not _starts(lines[end].strip()):
            end += 1
        frames = parse_stack("\n".join(lines[at + 1 : end]), line + at + 1, place).frames
        where = place(line + at, len(lines[at]) - len(lines[at].lstrip()) + 1)
        if access is not None:
            number = int(access[3]) if access[3] else 0
            accesses.append(Access(access[1].lower(), int(access[2], 16), number, frames, where))
        elif created is not None:
            origins.append(Origin(int(created[1]), created[2], frames, where))
        at = end
    return Race(tuple(accesses), tuple(origins), whole), at


def _starts(text: str) -> bool:
    return bool(_END.match(text) or _ACCESS.match(text[:300]) or _CREATED.match(text[:300]))
