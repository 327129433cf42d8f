"""Finds the messages of all rules in text of any size, in bounded memory and linear time.

A chunk is first split into words, and those that stand in some message are gathered. A
message whose needle has a word that was not met can't be in the chunk, and that is nearly
every message in nearly every chunk. The needles that are left are looked for; only the lines
with one (and their neighbours) are freed from decoration, and there the regular expression
is tried. Of a text that is kept whole every line is freed.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from archfit.formats.goroutine_thinning import thinned
from archfit.formats.log_decoration import Plain, undecorate
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text

#: Texts up to this size (characters) are kept whole, larger ones around what was found.
WHOLE = 8 << 20
#: Hits of one message that are kept: the first ones say as much as all.
_HITS = 40
#: Lines kept before and after a hit in a large text, and of its start and end.
_BEFORE, _AFTER, _ENDS = 60, 200, 200
#: A line is looked at up to this many characters from the needle, both ways.
_REACH = 4000
#: Places of a needle that are tried in one line.
_TRIES = 64

_NOT_A_WORD = bytes(
    code if chr(code).isascii() and chr(code).isalnum() else 32 for code in range(256)
)
#: What may stand inside a message and be gone once the decoration is. Each starts with what
#: is looked for in one go.
_CONTROL = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~])?")
_CARET = re.compile(r"\^\[\[[0-9;]{0,32}m")
_ESCAPED = (b"\\n", b"\\t", b"\\r", b"\\b", b"\\f")
#: Lines around one with a needle that are freed with it: some decoration is told by the
#: neighbours.
_NEIGHBOURS = 3


@dataclass(slots=True)
class Found:
    """Hits by rule id, in the order of the lines, and the lines that are kept.

    One line of the text may hold several of a program (a JSON record): they are joined by
    line ends under its number.
    """

    hits: dict[str, list[Hit]] = field(default_factory=dict)
    lines: dict[int, str] = field(default_factory=dict)
    whole: bool = True
    last: int = 0  #: number of the last line of the text, whether kept or not

    def keep(self, number: int, line: str) -> None:
        """Add a plain line that stands in line ``number`` of the text."""
        self.lines[number] = f"{self.lines[number]}\n{line}" if number in self.lines else line


class Search:
    """The messages of some rules, ready to be looked for."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._messages: dict[str, list[tuple[str, Text]]] = {}
        for rule in rules:
            for text in rule.texts:
                self._messages.setdefault(text.needle, []).append((rule.id, text))
        self._words = [(needle, words_of(needle)) for needle in self._messages]
        self._all_words = frozenset[bytes]().union(*(words for _, words in self._words))

    def over(self, chunks: Iterable[str], whole: bool) -> Found:
        """``chunks``: the text in pieces that end at line ends; ``whole``: keep all lines."""
        found = Found(whole=whole)
        counts: dict[tuple[str, int], int] = {}
        kept = _Kept(found)
        first = 1
        for chunk in chunks:
            lines = chunk.split("\n")
            if chunk.endswith("\n"):
                lines.pop()
            free = chunk[: len(chunk) - chunk.endswith("\n")]
            fewer = thinned(free) if whole else None
            if fewer is not None:
                free = fewer[0]
            candidates = self._candidates(free)
            if fewer is not None:
                numbers: Sequence[int] = [first + row for row in fewer[1]]
            elif whole:
                numbers = range(first, first + len(lines))
            else:
                rows = sorted(self._rows(chunk, candidates))
                numbers = [first + row for row in rows]
                free = "\n".join([lines[row] for row in rows])
            if numbers:
                plain = undecorate(free)
                freed = plain.text.split("\n")
                places = range(1, len(freed) + 1)
                for rule_id, hit in self._hits(plain.text, freed, places, candidates, counts):
                    at, column = plain.origin(hit.number, hit.column)
                    number = numbers[min(at, len(numbers)) - 1]
                    placed = replace(hit, number=number, column=column)
                    found.hits.setdefault(rule_id, []).append(placed)
                    kept.around(number)
                if whole:
                    _free(found, plain, freed, numbers)
            if not whole:
                kept.take(lines, first)
            first += chunk.count("\n")
            found.last = first - 1 + (not chunk.endswith("\n"))
        if not whole:
            kept.end()
        for hits in found.hits.values():
            hits.sort(key=lambda hit: hit.number)
        return found

    def again(self, lines: Mapping[int, str]) -> dict[str, list[Hit]]:
        """The hits in plain lines, by rule id; ``lines``: number -> line, in order."""
        text = "\n".join(lines.values())
        hits: dict[str, list[Hit]] = {}
        found = self._hits(
            text, list(lines.values()), list(lines), self._candidates(text), counts={}
        )
        for rule_id, hit in found:
            hits.setdefault(rule_id, []).append(hit)
        for some in hits.values():
            some.sort(key=lambda hit: hit.number)
        return hits

    def _candidates(self, chunk: str) -> list[str]:
        """Needles all of whose words stand in the chunk."""
        data = without_colour(chunk).encode("utf-8", "replace")
        met = self._all_words.intersection(data.translate(_NOT_A_WORD).split())
        if b"\\" in data:
            for escape in _ESCAPED:
                data = data.replace(escape, b" ")
            met |= self._all_words.intersection(data.translate(_NOT_A_WORD).split())
        return [needle for needle, words in self._words if words <= met]

    def _rows(self, chunk: str, candidates: Sequence[str]) -> set[int]:
        """Lines of the chunk (from 0) that may hold a message, and their neighbours."""
        text = without_colour(chunk)
        rows: set[int] = set()
        starts: list[int] | None = None
        lines: list[str] = []
        for needle in candidates:
            # A pattern that looks at the start of the line must see it without decoration.
            open_start = all(m.pattern and "^" not in m.pattern for _, m in self._messages[needle])
            for written in _written(needle):
                at = text.find(written)
                while at >= 0:
                    if starts is None:
                        lines = text.split("\n")
                        starts = _starts(lines)
                    row = bisect_right(starts, at) - 1
                    line = lines[row]
                    if (
                        not open_start
                        or "\\" in line
                        or any(
                            _matches(m, line, at - starts[row]) for _, m in self._messages[needle]
                        )
                    ):
                        rows.update(range(row - _NEIGHBOURS, row + _NEIGHBOURS + 1))
                    at = text.find(written, starts[row] + len(line))
        if not rows:
            return rows
        return rows & set(range(len(lines) - (text[-1:] == "\n")))

    def _hits(
        self,
        text: str,
        lines: Sequence[str],
        numbers: Sequence[int],
        candidates: Sequence[str],
        counts: dict[tuple[str, int], int],
    ) -> Iterator[tuple[str, Hit]]:
        starts: list[int] | None = None
        for needle in candidates:
            messages = self._messages[needle]
            at = text.find(needle)
            while at >= 0:
                if starts is None:
                    starts = _starts(lines)
                index = bisect_right(starts, at) - 1
                begin, line = starts[index], lines[index]
                full = True
                for rule_id, message in messages:
                    key = (rule_id, id(message))
                    if counts.get(key, 0) >= _HITS:
                        continue
                    full = False
                    hit = _hit_in(message, line, at - begin, numbers[index])
                    if hit is not None:
                        counts[key] = counts.get(key, 0) + 1
                        yield rule_id, hit
                if full:
                    break
                at = text.find(needle, begin + len(line))


def _hit_in(message: Text, line: str, at: int, number: int) -> Hit | None:
    """The message at the first place of the needle that its pattern agrees to."""
    for _ in range(_TRIES):
        hit = hit_at(message, line, at, number)
        if hit is not None or len(line) <= at + _REACH:
            return hit
        # What stands close by was seen with this place.
        at = line.find(message.needle, at + _REACH)
        if at < 0:
            return None
    return None


def hit_at(message: Text, line: str, at: int, number: int) -> Hit | None:
    """The message in a line whose character ``at`` starts its needle, or None."""
    part = line[max(0, at - _REACH) : at + _REACH]
    if any(word in part for word in message.unless):
        return None
    groups: dict[str, str] = {}
    if message.pattern:
        match = compiled(message.pattern).search(part)
        if match is None:
            return None
        groups = {name: value for name, value in match.groupdict().items() if value}
    return Hit(message, number, at + 1, part, groups)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when it is first needed: few of many are, in any one text."""
    return re.compile(pattern)


def words_of(needle: str) -> frozenset[bytes]:
    """The runs of ASCII letters and digits in a needle."""
    return frozenset(needle.encode("utf-8", "replace").translate(_NOT_A_WORD).split())


@cache
def _written(needle: str) -> tuple[str, ...]:
    """A needle as it stands in text, in JSON and in HTML."""
    html = needle.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    forms = (needle, json.dumps(needle)[1:-1], html.replace('"', "&quot;"))
    return tuple(dict.fromkeys(forms))


def _matches(message: Text, line: str, at: int) -> bool:
    """As far as is seen with the decoration, the pattern matches."""
    part = line[max(0, at - _REACH) : at + _REACH]
    return len(line) > at + _REACH or compiled(message.pattern).search(part) is not None


def without_colour(text: str) -> str:
    """The text without control sequences; the line ends stay."""
    if "\x1b" in text:
        text = _CONTROL.sub("", text)
    return _CARET.sub("", text) if "^[[" in text else text


def _starts(lines: Iterable[str]) -> list[int]:
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    return starts


def _free(found: Found, plain: Plain, freed: Sequence[str], numbers: Sequence[int]) -> None:
    """Keep plain lines under the numbers of the lines that they stand in."""
    if not plain.decorated:
        found.lines.update(zip(numbers, freed, strict=True))
        return
    for at, line in enumerate(freed, 1):
        found.keep(numbers[min(plain.origin(at)[0], len(numbers)) - 1], line)


class _Kept:
    """Which lines of a large text are kept: around hits, and its start and end."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._raw: dict[int, str] = {}
        self._tail: deque[tuple[int, str]] = deque(maxlen=_ENDS)
        self._wanted: list[range] = [range(1, _ENDS + 1)]

    def around(self, number: int) -> None:
        """A hit stands in line ``number``."""
        self._wanted.append(range(number - _BEFORE, number + _AFTER + 1))

    def take(self, lines: Sequence[str], first: int) -> None:
        """Keep what is wanted of the lines of a chunk and of those before it."""
        end = first + len(lines)
        for wanted in self._wanted:
            for number in range(max(wanted.start, first), min(wanted.stop, end)):
                self._raw[number] = lines[number - first]
            if wanted.start < first:
                self._raw.update((n, line) for n, line in self._tail if n in wanted)
        self._wanted = [wanted for wanted in self._wanted if wanted.stop > end]
        self._tail.extend(enumerate(lines[-_ENDS:], end - min(_ENDS, len(lines))))

    def end(self) -> None:
        """All has been seen: what is kept is freed from decoration."""
        self._raw.update(self._tail)
        numbers = sorted(self._raw)
        if numbers:
            plain = undecorate("\n".join([self._raw[number] for number in numbers]))
            _free(self._found, plain, plain.text.split("\n"), numbers)
