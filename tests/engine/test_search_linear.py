"""Every pattern of every rule takes linear time, whatever line it meets.

First by its form: no repetition of unbounded length stands in another one, and none of
bounded length multiplies beyond a limit. Then by work: lines of 1 MB, made from the pattern's
own needle and from what it repeats, are searched, and twice the line may not take much more
than twice the time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as sre  # type: ignore[attr-defined]
from typing import Any

import pytest

from archfit.engine.registry import rules
from archfit.engine.search import compiled, hit_at, words_of
from archfit.model.text import Text

TEXTS = [(rule.id, text) for rule in rules() for text in rule.texts]
PATTERNS = sorted({text.pattern for _, text in TEXTS if text.pattern})
_REPEATS = (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT)
#: A repeat of something that itself repeats at most so often in all is no danger.
_NESTED = 4000


def most(pattern: Any) -> Iterator[str]:
    """What is wrong with the repeats of a parsed pattern."""
    for op, argument in pattern:
        if op in _REPEATS:
            low, high, inner = argument
            del low
            inside = repeats(inner)
            if high is c.MAXREPEAT and inside > 1:
                yield "an unbounded repeat of a repeat"
            elif high is not c.MAXREPEAT and high > 1 < inside and high * inside > _NESTED:
                yield f"a repeat of {high} times {inside}"
            yield from most(inner)
        else:
            for part in parts(op, argument):
                yield from most(part)


def repeats(pattern: Any) -> int:
    """How often the innermost thing may be repeated; 1 for none."""
    worst = 1
    for op, argument in pattern:
        if op in _REPEATS:
            _, high, inner = argument
            if high is c.MAXREPEAT:
                return 1 << 30
            worst = (
                max(worst, int(high) * repeats(inner)) if high > 1 else max(worst, repeats(inner))
            )
        else:
            for part in parts(op, argument):
                worst = max(worst, repeats(part))
    return worst


def parts(op: Any, argument: Any) -> Iterator[Any]:
    if op is c.SUBPATTERN:
        yield argument[3]
    elif op is c.BRANCH:
        yield from argument[1]
    elif op in (c.ASSERT, c.ASSERT_NOT):
        yield argument[1]
    elif op is c.ATOMIC_GROUP:
        yield argument
    elif op is c.GROUPREF_EXISTS:
        yield from (part for part in argument[1:] if part is not None)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_repeat_of_repeats(pattern: str) -> None:
    assert not list(most(sre.parse(pattern))), pattern


def adversaries(text: Text) -> list[str]:
    """What a line may be full of to make this pattern work hard."""
    literal = re.sub(r"\W+", " ", text.pattern)[:40]
    fillers = [
        "a",
        " ",
        "/",
        "a ",
        "a/",
        ": ",
        "x:",
        "('",
        "1 ",
        "(a) ",
        text.needle + " ",
        literal,
    ]
    return [filler or "a" for filler in fillers]


def work(text: Text, line: str, at: int) -> float:
    start = time.process_time()
    hit_at(text, line, at, 1)
    return time.process_time() - start


@pytest.mark.parametrize("rule_id", sorted({rule_id for rule_id, _ in TEXTS}))
def test_a_line_of_one_megabyte(rule_id: str) -> None:
    """Only what stands around the needle is looked at: the length of the line does not
    matter, and the worst place takes a bounded time."""
    for text in (text for owner, text in TEXTS if owner == rule_id):
        if text.pattern:
            compiled(text.pattern)
        for filler in adversaries(text):
            half = (filler * (500_000 // len(filler) + 1))[:500_000]
            small = (filler * (2_000 // len(filler) + 1))[:2_000]
            short = work(text, f"{small}{text.needle}{small}", len(small))
            long = work(text, f"{half}{text.needle}{half}", len(half))
            # A part of 4,000 characters to either side is searched, twice the short line:
            # quadratic work would be 4 times as much, and never more than that.
            assert long < 10 * short + 0.05, (text.needle, filler, short, long)
            assert long < 0.5, (text.needle, filler, long)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_texts_are_well_formed(rule: Any) -> None:
    for text in rule.texts:
        assert text.needle.strip() == text.needle, text
        assert "\n" not in text.needle
        assert words_of(text.needle) or not text.needle.isascii(), text
        assert text.tool, text
        assert 0 < text.confidence <= 1
        if text.pattern:
            groups = re.compile(text.pattern).groupindex
            named = re.findall(r"\{(\w+)\}", text.says)
            if rule.weigh is None:
                assert set(named) <= set(groups), text
