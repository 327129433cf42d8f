"""One crash as a line of JSON, the way collectors store them.

The keys are this project's (docs/crash-cluster.md): ``text`` (what the program printed) or
``stack`` (functions, innermost first: strings, or objects with ``function``), and, all optional,
``id``, ``program``, ``version``, ``goos``, ``goarch``, ``time`` (ISO 8601, or seconds or
milliseconds since 1970), ``kind``, ``message``, ``signal``. Others are not looked at.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any, NamedTuple

from archfit.model.errors import Malformed

#: The day of a crash whose time is not known.
NO_DAY = -(1 << 30)
_MOST_FRAMES = 1000
#: Longest name of a program, version or platform.
_WORD = 200
_DAYS: dict[str, int] = {}


class Record(NamedTuple):
    """A crash as it came. ``day``: since 1970-01-01, NO_DAY when unknown."""

    id: str
    text: str
    stack: tuple[str, ...]
    kind: str
    message: str
    signal: str
    program: str
    version: str
    goos: str
    goarch: str
    day: int


def record(line: bytes) -> Record:
    """The crash in a line. Raises Malformed when it is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise Malformed("no line of JSON") from None
    if not isinstance(row, dict):
        raise Malformed("no JSON object")
    get = row.get
    text = get("text")
    stack: tuple[str, ...] = ()
    if type(text) is not str:
        text = ""
        stack = _stack(get("stack"))
        if not stack:
            raise Malformed('neither "text" nor "stack" in it')
    return Record(
        _word(get("id")),
        text,
        stack,
        _word(get("kind")),
        _word(get("message"), 2000) if stack else "",
        _word(get("signal")),
        _word(get("program")),
        _word(get("version")),
        _word(get("goos")),
        _word(get("goarch")),
        _day(get("time")),
    )


def is_records(head: bytes) -> bool:
    """The first line of a text looks like such a record."""
    line = head.lstrip().partition(b"\n")[0]
    return line[:1] == b"{" and any(key in line for key in (b'"text"', b'"stack"'))


def _word(value: Any, most: int = _WORD) -> str:
    if type(value) is str:
        return value if len(value) <= most else value[:most]
    return str(value)[:most] if type(value) in (int, float) else ""


def _stack(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    names = []
    for frame in value[:_MOST_FRAMES]:
        name = frame
        if isinstance(frame, dict):
            name = frame.get("function") or frame.get("symbol") or frame.get("name")
        if isinstance(name, str) and name:
            names.append(name)
    return tuple(names)


def _day(value: Any) -> int:
    if type(value) is str:
        day = value[:10]
        known = _DAYS.get(day)
        if known is None:
            try:
                known = date.fromisoformat(day).toordinal() - 719163
            except ValueError:
                known = NO_DAY
            if len(_DAYS) > 100_000:
                _DAYS.clear()
            _DAYS[day] = known
        return known
    if type(value) in (int, float) and 0 <= value < 1e14:
        return int(value / 1000 if value > 1e11 else value) // 86400
    return NO_DAY
