"""The crash that a text tells of, in a few lines, from its facts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from archfit.facts import log as keys
from archfit.model.fact import Facts


def crash_lines(facts: Facts, width: int) -> Iterator[str]:
    """Where it died, who raised the signal, on which goroutine and thread, stack trust."""
    kind = keys.CRASH_KIND.of(facts)
    if kind is None:
        return
    yield from _wrap("crash", kind, width)
    yield from _wrap("died in", keys.CRASH_WHERE.of(facts) or "", width)
    signal, raised = keys.CRASH_SIGNAL.of(facts), keys.CRASH_RAISED.of(facts)
    if raised:
        yield from _wrap("signal", f"{signal or 'the exception'} raised {raised}", width)
    goroutine = keys.CRASH_GOROUTINE.of(facts) or {}
    words = []
    if "id" in goroutine:
        state = f" [{goroutine['state']}]" if "state" in goroutine else ""
        words.append(f"goroutine {goroutine['id']}{state}")
    if "m" in goroutine:
        words.append(f"thread {goroutine['m']} (Go's number of it)")
    if "thread" in goroutine:
        words.append(f"thread {goroutine['thread']}")
    yield from _wrap("on", ", ".join(words), width)
    yield from _wrap("stack", keys.CRASH_TRUST.of(facts) or "", width)
    stack = keys.CRASH_STACK.of(facts) or []
    for frame in stack[:_SHOWN]:
        place = f" {frame['file']}:{frame['line']}" if frame.get("file") else ""
        yield f"          {frame.get('function') or '??'}{place}  [{frame.get('trust')}]"
    if len(stack) > _SHOWN:
        yield f"          ... {len(stack) - _SHOWN} more (archfit facts)"


_SHOWN = 8


def _wrap(label: str, text: str, width: int) -> list[str]:
    if not text:
        return []
    return textwrap.wrap(
        text,
        width,
        initial_indent=f"  {label:8}",
        subsequent_indent=" " * 10,
        break_long_words=False,
        break_on_hyphens=False,
    )
