"""Finds the messages of all rules in text of any size, in bounded memory and linear time.

A chunk's words are gathered into a set first. A message whose needle has a word that is
not in the set can't be in the chunk, and that is nearly every message in nearly every
chunk; only for the others the chunk is searched, and only in lines with the needle the
regular expression is tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from archfit.formats.log_decoration import Plain, undecorate
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text

#: Texts up to this size (characters) are kept whole, larger ones around what was found.
WHOLE = 8 << 20
#: Characters searched at a time.
CHUNK = 1 << 20
#: Hits of one message that are kept: the first ones say as much as all.
_HITS = 40
#: Lines kept before and after a hit in a large text.
_BEFORE, _AFTER = 60, 200
#: A line is looked at up to this many characters from the needle, both ways.
_REACH = 4000

_NOT_A_WORD = bytes(
    code if chr(code).isascii() and chr(code).isalnum() else 32 for code in range(256)
)


@dataclass(slots=True)
class Found:
    """Hits by rule id, in the order of the lines, and the lines that are kept."""

    hits: dict[str, list[Hit]] = field(default_factory=dict)
    lines: dict[int, str] = field(default_factory=dict)
    whole: bool = True


class Search:
    """The messages of some rules, ready to be looked for."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._needles: dict[str, list[tuple[str, Text]]] = {}
        for rule in rules:
            for text in rule.texts:
                self._needles.setdefault(text.needle, []).append((rule.id, text))
        self._words = [(needle, _words(needle)) for needle in self._needles]

    def over(self, chunks: Iterable[str], whole: bool) -> Found:
        """``chunks``: the text in pieces that end at line ends; ``whole``: keep all lines."""
        found = Found(whole=whole)
        counts: dict[int, int] = {}
        first = 1
        keep: set[int] = set()
        for chunk in chunks:
            plain = undecorate(chunk)
            lines = plain.text.split("\n")
            for hit_rule, hit in self._hits(plain, lines, first, counts):
                found.hits.setdefault(hit_rule, []).append(hit)
                keep.update(range(hit.number - _BEFORE, hit.number + _AFTER + 1))
            for at, line in enumerate(lines, 1):
                number = first - 1 + plain.origin(at)[0]
                if whole or number in keep:
                    found.lines[number] = line
            first += chunk.count("\n")
        for hits in found.hits.values():
            hits.sort(key=lambda hit: hit.number)
        return found

    def _hits(
        self, plain: Plain, lines: list[str], first: int, counts: dict[int, int]
    ) -> Iterator[tuple[str, Hit]]:
        text = plain.text
        there = set(text.encode("utf-8", "replace").translate(_NOT_A_WORD).split())
        starts: list[int] | None = None
        for needle, words in self._words:
            if not words <= there:
                continue
            at = text.find(needle)
            while at >= 0:
                if starts is None:
                    starts = _starts(lines)
                index = _line_of(starts, at)
                begin = starts[index]
                line = lines[index]
                origin, column = plain.origin(index + 1, at - begin + 1)
                for rule_id, message in self._needles[needle]:
                    if counts.get(id(message), 0) >= _HITS:
                        continue
                    hit = _hit(message, line, at - begin, first - 1 + origin, column)
                    if hit is not None:
                        counts[id(message)] = counts.get(id(message), 0) + 1
                        yield rule_id, hit
                if all(counts.get(id(m), 0) >= _HITS for _, m in self._needles[needle]):
                    break
                at = text.find(needle, begin + len(line))


def _hit(message: Text, line: str, at: int, number: int, column: int) -> Hit | None:
    part = line[max(0, at - _REACH) : at + _REACH]
    if any(word in part for word in message.unless):
        return None
    groups: dict[str, str] = {}
    if message.pattern:
        match = compiled(message.pattern).search(part)
        if match is None:
            return None
        groups = {name: value for name, value in match.groupdict().items() if value}
    return Hit(message, number, column, part, groups)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when it is first needed: few of many are, in any one text."""
    return re.compile(pattern)


def _words(needle: str) -> frozenset[bytes]:
    return frozenset(needle.encode("utf-8", "replace").translate(_NOT_A_WORD).split())


def _starts(lines: list[str]) -> list[int]:
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    return starts


def _line_of(starts: list[int], at: int) -> int:
    from bisect import bisect_right

    return bisect_right(starts, at) - 1
