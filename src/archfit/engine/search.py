"""Finds the messages of all rules in text of any size, in bounded memory and linear time.

A chunk is first split into words, and those that stand in some message are gathered. A
message whose needle has a word that was not met can't be in the chunk, and that is nearly
every message in nearly every chunk. The needles that are left are looked for; where one is
found (or may hide behind escapes) the chunk is freed from decoration and searched line by
line, and only in lines with the needle the regular expression is tried.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

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
#: What may stand inside a message and be gone once the decoration is.
_ESCAPES = re.compile(r"\x1b\[[0-?]{0,32}[ -/]{0,4}[@-~]|\^\[\[[0-9;]{0,32}m|\x1b")
_ESCAPED = re.compile(r"\\[ntrbf]")


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
        tail: deque[tuple[int, str]] = deque(maxlen=_ENDS)
        first, until, last = 1, _ENDS, 0
        for chunk in chunks:
            count = chunk.count("\n")
            candidates = self._candidates(chunk)
            if not whole and not self._needed(chunk, candidates) and until < first:
                last = _remember(tail, chunk, first)
            else:
                plain = undecorate(chunk)
                lines = plain.text.split("\n")
                if chunk.endswith("\n") and not lines[-1]:
                    lines.pop()
                for rule_id, hit in self._hits(
                    plain.text, lines, range(1, len(lines) + 1), candidates, counts
                ):
                    found.hits.setdefault(rule_id, []).append(_placed(hit, plain, first))
                numbers = _numbers(plain, len(lines), first)
                if whole:
                    for number, line in zip(numbers, lines, strict=True):
                        found.keep(number, line)
                elif lines:
                    until = _keep(found, tail, lines, numbers, until)
                    tail.extend(zip(numbers[-_ENDS:], lines[-_ENDS:], strict=True))
                last = max(last, numbers[-1] if lines else 0)
            first += count
        found.last = last
        _keep_tail(found, tail)
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
        if "\x1b" in chunk or "^[[" in chunk:
            chunk = _ESCAPES.sub("", chunk)
        data = chunk.encode("utf-8", "replace")
        met = self._all_words.intersection(data.translate(_NOT_A_WORD).split())
        if "\\" in chunk:
            data = _ESCAPED.sub(" ", chunk).encode("utf-8", "replace")
            met |= self._all_words.intersection(data.translate(_NOT_A_WORD).split())
        return [needle for needle, words in self._words if words <= met]

    def _needed(self, chunk: str, candidates: Sequence[str]) -> bool:
        """A needle stands in the chunk, or may once its escapes are gone."""
        if not candidates:
            return False
        if "\x1b" in chunk or "^[[" in chunk:
            chunk = _ESCAPES.sub("", chunk)
        if '\\"' in chunk or "\\t" in chunk or "\\u" in chunk or "&" in chunk:
            return True
        return any(needle in chunk for needle in candidates)

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


def _numbers(plain: Plain, count: int, first: int) -> Sequence[int]:
    """For each plain line the number of the line of the text that it stands in."""
    if not plain.decorated:
        return range(first, first + count)
    return [first - 1 + plain.origin(at)[0] for at in range(1, count + 1)]


def _placed(hit: Hit, plain: Plain, first: int) -> Hit:
    """A hit in a line of ``plain`` with its place in the text, of which the chunk starts at
    line ``first``."""
    number, column = plain.origin(hit.number, hit.column)
    return replace(hit, number=first - 1 + number, column=column)


def _starts(lines: Iterable[str]) -> list[int]:
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    return starts


# -- which lines of a large text are kept -------------------------------------------


def _remember(tail: deque[tuple[int, str]], chunk: str, first: int) -> int:
    """Put the last lines of a chunk, as they are, into the tail; the number of the last."""
    body = chunk[:-1] if chunk.endswith("\n") else chunk
    last = first + body.count("\n")
    lines = body.rsplit("\n", _ENDS)
    if len(lines) > _ENDS:
        del lines[0]
    tail.extend(enumerate(lines, last + 1 - len(lines)))
    return last


def _keep(
    found: Found,
    tail: deque[tuple[int, str]],
    lines: Sequence[str],
    numbers: Sequence[int],
    until: int,
) -> int:
    """Keep what stands around hits; the number up to which later lines are to be kept."""
    first, last = numbers[0], numbers[-1]
    wanted = set(range(first, min(until, last) + 1))
    for hits in found.hits.values():
        for hit in hits:
            if hit.number >= first:
                wanted.update(range(hit.number - _BEFORE, hit.number + _AFTER + 1))
    until = max(until, max(wanted, default=0))
    for number, line in tail:
        if number in wanted and number < first and number not in found.lines:
            found.keep(number, undecorate(line).text)
    for number, line in zip(numbers, lines, strict=True):
        if number in wanted:
            found.keep(number, line)
    return until


def _keep_tail(found: Found, tail: Iterable[tuple[int, str]]) -> None:
    there = set(found.lines)
    for number, line in tail:
        if number not in there:
            found.keep(number, undecorate(line).text)
    found.lines = dict(sorted(found.lines.items()))
