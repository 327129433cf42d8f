"""Thousands of goroutines in bulk: how many stand where.

The text is split at its blank lines, what differs between goroutines of one kind (arguments,
addresses, the creator's number) is taken out of all at once, and each distinct stack is read
once. 40 MB/s and more on one core; see tools/bench_traceback.py.

Source: the layout of `goroutineheader` and `traceback2` in runtime/traceback.go of Go 1.19,
1.26 and 1.27; `archfit.formats.go_goroutine` reads it in full.
"""

from __future__ import annotations

import re

from archfit.formats.go_frames import Frame, Stack, parse_stack
from archfit.formats.go_goroutine import HEADER, header_of
from archfit.formats.log_decoration import undecorate

_ARGS = re.compile(r"\((?:0x|\{|_)[0-9a-fx{}, ?._]*\)\n")
_PLACES = re.compile(r" fp=0x[0-9a-f]{1,16} sp=0x[0-9a-f]{1,16}(?: pc=0x[0-9a-f]{1,16})?")
_CREATOR = re.compile(r" in goroutine \d{1,20}\n")
_START = re.compile(r"(?:\A|\n)goroutine ")
#: "goroutine " inside a line of a dump, where no header starts.
_INSIDE = ("in goroutine ", "by goroutine ", "from goroutine ", "unexpected goroutine ")
_LOOSE = re.compile(r"\n(?:exit status \d|[a-z][a-z0-9]{1,6} {2,12}0x[0-9a-f]|-----)")


class Bucket:
    """Goroutines in one state with one stack.

    ``ids``: their numbers in the order of the text. ``minutes``: shortest and longest wait.
    ``locked``: how many are locked to their thread. ``line``: where the first one's header
    stands in the text as given. ``text``: its stack without what differs.
    """

    __slots__ = ("_stack", "ids", "line", "locked", "minutes", "state", "text")

    def __init__(self, state: str, text: str) -> None:
        self.state = state
        self.text = text
        self.line = 0
        self.ids: list[int] = []
        self.minutes = (0, 0)
        self.locked = 0
        self._stack: Stack | None = None

    def __repr__(self) -> str:
        return f"Bucket({len(self.ids)} x {self.state!r}, line {self.line})"

    @property
    def stack(self) -> Stack:
        """Frames, without arguments and addresses; places count from the bucket's line."""
        if self._stack is None:
            first = self.line
            self._stack = parse_stack(self.text, 1, lambda line, column: (first + line, column))
        return self._stack

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The innermost call first."""
        return self.stack.frames


def summary(text: str) -> list[Bucket]:
    """The buckets of a text's goroutines, the fullest first.

    Data races and stacks without a header are not counted.
    """
    headers = text.count("\ngoroutine ") + text.startswith("goroutine ")
    plain = None if _is_plain(text, headers) else undecorate(text, HEADER)
    body = text
    if plain is not None:
        body = plain.text
        headers = body.count("\ngoroutine ") + body.startswith("goroutine ")
    buckets, first, blocks = _buckets(bare(body))
    if blocks < headers:
        # Blank lines were lost; each header gets its own again.
        buckets, first, _ = _buckets(bare(body.replace("\ngoroutine ", "\n\ngoroutine ")))
    at = line = number = 0
    starts = iter(_START.finditer(body))
    for bucket, ordinal in sorted(zip(buckets, first, strict=True), key=lambda x: x[1]):
        found = next(starts)
        while number < ordinal:
            found, number = next(starts), number + 1
        number += 1
        end = found.end()
        line += body.count("\n", at, end)
        at = end
        bucket.line = line + 1 if plain is None else plain.origin(line + 1)[0]
    buckets.sort(key=lambda b: (-len(b.ids), b.line))
    return buckets


def _is_plain(text: str, headers: int) -> bool:
    """All headers stand at the start of their lines, and no line ends in CR."""
    if "\r" in text or "\x1b" in text:
        return False
    others = text.count("goroutine ") - headers
    for words in _INSIDE:
        if not others:
            break
        others -= text.count(words)
    return not others


def bare(body: str) -> str:
    """Without the arguments and addresses, which differ between goroutines of one kind."""
    body = _ARGS.sub("()\n", body)
    return _PLACES.sub("", body) if " sp=0x" in body else body


def _buckets(body: str) -> tuple[list[Bucket], list[int], int]:
    """(buckets, for each the ordinal of its first goroutine in the text, blocks with a header)."""
    by_stack: dict[tuple[str, str], Bucket] = {}
    made: list[Bucket] = []
    first: list[int] = []
    states: dict[str, tuple[str, int, bool] | None] = {}
    ordinal = -1
    for block in body.split("\n\n"):
        start = 0 if block.startswith("goroutine ") else block.find("\ngoroutine ") + 1
        if not block.startswith("goroutine ", start):
            continue
        ordinal += 1
        head, _, stack = (block[start:] if start else block).partition("\n")
        number = head[10 : head.find(" ", 10)]
        bracket = head[head.find("[") :]
        if bracket in states:
            state = states[bracket]
        else:
            state = states[bracket] = _state(head)
        if state is None or not number.isdecimal():
            continue
        bucket = by_stack.get((state[0], stack))
        if bucket is None:
            # Registers or an exit status may stand right behind the last stack.
            loose = _LOOSE.search(stack)
            whole = stack[: loose.start()] if loose else stack.rstrip()
            whole = _CREATOR.sub("\n", whole)
            bucket = by_stack.get((state[0], whole))
            if bucket is None:
                bucket = by_stack[(state[0], whole)] = Bucket(state[0], whole)
                bucket.minutes = (state[1], state[1])
                made.append(bucket)
                first.append(ordinal)
            by_stack[(state[0], stack)] = bucket
        bucket.ids.append(int(number))
        if state[1] or state[2]:
            low, high = bucket.minutes
            bucket.minutes = (min(low, state[1]), max(high, state[1]))
            bucket.locked += state[2]
        elif bucket.minutes[0]:
            bucket.minutes = (0, bucket.minutes[1])
    return made, first, ordinal + 1


def _state(head: str) -> tuple[str, int, bool] | None:
    """(state, minutes, locked) of a header's line; None when it is none."""
    found = HEADER.match(head)
    header = header_of(found) if found else None
    return None if header is None else (header.state, header.minutes, header.locked)
