"""One goroutine of a Go dump: its header, and its stack when it is asked for.

Sources: `goroutineheader` in Go 1.19, 1.26 and 1.27 runtime/traceback.go. Its parts came one
by one: minutes, `locked to thread`, `(scan)`; `gp= m= mp=` (1.22; only at level system or in
a throw), `synctest bubble`, `(durable)`, `(leaked)`, `labels:{...}` inside the bracket (1.26)
and `{...}` after it (1.27).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from archfit.formats.go_frames import Ancestor, Frame, Note, Place, Stack, parse_stack

#: The start of a header up to its bracket; `header_of` looks at what follows.
HEADER = re.compile(
    r"goroutine (\d{1,20})((?: (?:gp|m|mp)=[0-9a-fxnil]{1,18}){0,3}) \[([^\n]{1,4000})"
)
_MINUTES = re.compile(r"(\d{1,9}) minutes\Z")
_BUBBLE = re.compile(r"synctest bubble (\d{1,9})\Z")
_WORD = r'(?:"(?:[^"\\]|\\.)*+"|[\w./]++)'
_LABEL = re.compile(rf"(?<![\w./])({_WORD}): ({_WORD})(?=, |\Z)")
_FLAGS = ("scan", "leaked", "durable")


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in a goroutine's first line.

    ``id`` is None for `runtime stack:` and where the header was cut off. ``state``: the
    status or the reason of waiting as printed (`chan receive`, `running`). ``minutes``: whole
    minutes of waiting, 0 when not printed. ``gp`` and ``mp`` are None where the header has
    none, ``m`` also where it says m=nil. ``flags``: scan, leaked, durable.
    """

    id: int | None
    state: str = ""
    minutes: int = 0
    locked: bool = False
    gp: int | None = None
    m: int | None = None
    mp: int | None = None
    flags: tuple[str, ...] = ()
    bubble: int | None = None
    labels: tuple[tuple[str, str], ...] = ()


def header_of(found: re.Match[str]) -> Header | None:
    """The header that a match of `HEADER` starts, or None when it does not end like one."""
    bracket = _bracket(found[3])
    if bracket is None:
        return None
    state, minutes, locked, flags, bubble, labels = bracket
    gp = m = mp = None
    if found[2]:
        pointers = dict(part.split("=", 1) for part in found[2].split())
        gp, mp = _number(pointers.get("gp")), _number(pointers.get("mp"))
        m = _number(pointers.get("m"), 10)
    number = int(found[1])
    return Header(number, state, minutes, locked, gp, m, mp, flags, bubble, labels)


_Bracket = tuple[str, int, bool, tuple[str, ...], int | None, tuple[tuple[str, str], ...]]


@lru_cache(maxsize=256)
def _bracket(rest: str) -> _Bracket | None:
    """What stands from the bracket on: state, minutes, locked, flags, bubble, labels."""
    rest = rest.rstrip()
    labels = ""
    if rest.endswith("]:"):
        inside = rest[:-2]
        start = inside.find(" labels:{")
        if start >= 0:
            inside, labels = inside[:start], inside[start + 9 : -1]
    elif rest.endswith("}:") and (start := rest.find("] {")) >= 0:
        inside, labels = rest[:start], rest[start + 3 : -2]
    else:
        return None
    state, minutes, locked, bubble = inside, 0, False, None
    while True:
        head, comma, last = state.rpartition(", ")
        if comma and last == "locked to thread":
            locked = True
        elif comma and (number := _MINUTES.match(last)):
            minutes = int(number[1])
        elif comma and (number := _BUBBLE.match(last)):
            bubble = int(number[1])
        else:
            break
        state = head
    flags = tuple(f for f in _FLAGS if state.endswith(f" ({f})") or f" ({f}) (" in state)
    for flag in flags:
        state = state.replace(f" ({flag})", "")
    pairs = tuple((_unquoted(k), _unquoted(v)) for k, v in _LABEL.findall(labels))
    return state, minutes, locked, flags, bubble, pairs


def _number(text: str | None, base: int = 16) -> int | None:
    try:
        return None if text is None else int(text, base)
    except ValueError:
        return None


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text[1:-1])


class Goroutine:
    """A header and, read when first asked for, the stack below it.

    ``at``: line and column of the header in the text as given. ``block``: the lines below it.
    """

    __slots__ = ("_line", "_place", "_stack", "at", "block", "header")

    def __init__(self, header: Header, at: tuple[int, int], block: str, line: int, place: Place):
        self.header = header
        self.at = at
        self.block = block
        self._line = line
        self._place = place
        self._stack: Stack | None = None

    def __repr__(self) -> str:
        return f"Goroutine({self.header!r}, at={self.at})"

    @property
    def stack(self) -> Stack:
        """All that stands below the header."""
        if self._stack is None:
            self._stack = parse_stack(self.block, self._line, self._place)
        return self._stack

    @property
    def id(self) -> int | None:
        """As in the header; None for a stack that has no header of its own."""
        return self.header.id

    @property
    def state(self) -> str:
        """As in the header."""
        return self.header.state

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The innermost call first."""
        return self.stack.frames

    @property
    def created_by(self) -> Frame | None:
        """The go statement which started it; None for the main goroutine."""
        return self.stack.created_by

    @property
    def creator(self) -> int | None:
        """The goroutine with that go statement (Go 1.21 and later)."""
        return self.stack.creator

    @property
    def ancestors(self) -> tuple[Ancestor, ...]:
        """With GODEBUG=tracebackancestors."""
        return self.stack.ancestors

    @property
    def elided(self) -> int:
        """Frames left out; -1 when there were some and Go did not say how many."""
        return self.stack.elided

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the runtime said while it walked the stack, and lines that are not its own."""
        return self.stack.notes

    @property
    def cut(self) -> bool:
        """The text ends inside this stack."""
        return self.stack.cut

    def calls(self, function: str) -> Iterator[Frame]:
        """The frames of functions whose name ends so (`._Cfunc_parse`, `runtime.cgocall`)."""
        return (frame for frame in self.frames if frame.function.endswith(function))
