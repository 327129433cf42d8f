"""Marks of a build that stand in its result: times, folders, what the linker was told to set.

Sources: `cmd/link/internal/ld/data.go` (addstrdata: a variable set by -X points at a symbol of
its name with ".str"), Go 1.27.3; gcc's manual, "Standard Predefined Macros" (forms of
__DATE__ and __TIME__).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from archfit.lab.program_parts import Part, Taken

_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Side:
    """One build. ``folder``: where it was built, "" when that is not known; ``began`` and
    ``ended``: seconds since 1970, 0 when not known."""

    name: str
    folder: str = ""
    began: float = 0
    ended: float = 0


def bytes_of(taken: Taken, part: Part) -> bytes:
    """A part's bytes."""
    return bytes(taken.data[part.offset : part.offset + part.size])


def runs(one: bytes, two: bytes) -> Iterator[tuple[int, int]]:
    """(start, length) of what differs; where the sizes differ, from the first such byte on."""
    if len(one) != len(two):
        end = min(len(one), len(two))
        at = next(
            (n for n in range(0, end, _BLOCK) if one[n : n + _BLOCK] != two[n : n + _BLOCK]), end
        )
        while at < end and one[at] == two[at]:
            at += 1
        yield at, max(len(one), len(two)) - at
        return
    start = last = -1
    for block in range(0, len(one), _BLOCK):
        if one[block : block + _BLOCK] == two[block : block + _BLOCK]:
            continue
        for at in range(block, min(block + _BLOCK, len(one))):
            if one[at] == two[at]:
                continue
            if start >= 0 and at - last > 8:
                yield start, last - start + 1
                start = -1
            if start < 0:
                start = at
            last = at
    if start >= 0:
        yield start, last - start + 1


def part_at(taken: Taken, at: int) -> str:
    """The name of the part in which a byte of the file stands."""
    fits = [p.name for p in taken.parts if p.offset <= at < p.offset + p.size]
    return fits[0] if fits else "between the sections"


def text_at(taken: Taken, at: int) -> str:
    """The printable text at a place, 160 characters at the most."""
    raw = bytes(taken.data[at : at + 160])
    end = next((n for n, byte in enumerate(raw) if byte < 0x20 or byte > 0x7E), len(raw))
    return raw[:end].decode("ascii", "replace")


def section(taken: Taken, name: str) -> bytes:
    """A part's bytes by its name; empty when absent."""
    part = next((p for p in taken.parts if p.name == name), None)
    return b"" if part is None else bytes_of(taken, part)


def set_by_linker(taken: Taken) -> dict[str, bytes]:
    """{variable: value} of what -ldflags=-X set, by the symbols; empty for a stripped file."""
    begin, whole = taken.names
    raw = bytes(taken.data[begin : begin + whole])
    wanted = {m.start() + 1: m[1] for m in re.finditer(rb"\0(_?[\w./%-]+)\.str(?=\0)", raw)}
    if not wanted:
        return {}
    found = {}
    for number, (address, length, name) in enumerate(taken.symbols):
        base = wanted.get(name)
        if base is None or b"\0" + base + b"\0" not in raw:
            continue
        later = (row[0] for row in taken.symbols[number + 1 :] if row[0] > address)
        # Symbols of Mach-O have no size: up to the next one.
        size = length or min(next(later, address) - address, 4096)
        part = next((p for p in taken.parts if 0 <= address - p.address < p.size), None)
        if part is not None and part.address > 0:
            at = part.offset + address - part.address
            text = bytes(taken.data[at : at + size]).rstrip(b"\0")
            variable = base.decode("utf-8", "replace").removeprefix("_")
            # The go command itself sets some: runtime.modinfo holds the build info.
            if not variable.startswith(("runtime.", "internal/")):
                found[variable] = text
    return found


_CLOCK = re.compile(
    rb"(?P<iso>20\d\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d:[0-5]\d)|(?P<day>20\d\d-[01]\d-[0-3]\d)"
    rb"|(?P<c>[A-Z][a-z]{2} [ 1-3]\d 20\d\d)|(?P<time>(?<!\d)[0-2]\d:[0-5]\d:[0-5]\d)"
    rb"|(?P<epoch>(?<!\d)[12]\d{9}(?!\d))"
)
_FORMS = {"iso": "%Y-%m-%dT%H:%M:%S", "day": "%Y-%m-%d", "c": "%b %d %Y"}


def within(text: bytes, side: Side) -> list[str]:
    """Texts of times and days that lie within a build, in order."""
    found = []
    for match in _CLOCK.finditer(text):
        kind = match.lastgroup or ""
        raw = match[0].decode("ascii")
        low, high = side.began - 1, side.ended + 1
        if kind == "epoch":
            fits = low <= int(raw) <= high
        elif kind == "time":
            hours, minutes, seconds = (int(word) for word in raw.split(":"))
            of_day = hours * 3600 + minutes * 60 + seconds
            # Within the build, also when that lasted past midnight.
            fits = (of_day - low) % 86400 <= high - low
        else:
            try:
                form = _FORMS[kind]
                when = datetime.strptime(raw.replace(" ", "T") if kind == "iso" else raw, form)
            except ValueError:
                continue
            at = when.replace(tzinfo=UTC).timestamp()
            length = 0 if kind == "iso" else 86399
            fits = at <= high and at + length >= low
        if fits:
            found.append(raw)
    return found


def day_in(taken: Taken, side: Side, c_dates: Sequence[str] = ()) -> str:
    """Where the day of the build stands in a file; "" when it does not.

    Two builds of one day have it in common: they are the same today, and not tomorrow's.
    Searched in C's form when C sources ask for it, and in ISO 8601's.
    """
    when = datetime.fromtimestamp(side.began, UTC)
    c_form = f"{when:%b} {when.day:2d} {when:%Y}"
    for text in ([c_form] if c_dates else []) + [f"{when:%Y-%m-%d}"]:
        at = taken.data.find(text.encode())
        if at >= 0:
            return f"{text} in {part_at(taken, at)}"
    return ""


def functions_of(taken: Taken) -> dict[str, int]:
    """{name: bytes of code} of Go functions."""
    if taken.program is None:
        return {}
    return {f.name: f.end - f.entry for f in taken.program.functions}
