"""Joined stacks as text and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from archfit.crash.joined import Joined, ThreadStack, address, culprit
from archfit.crash.unwind import KEPT, Frame, Stack
from archfit.model.words import visible

SCHEMA = "archfit.stacks/1"

#: Signals by number on Linux, amd64 and arm64 (include/uapi/asm-generic/signal.h).
_SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    5: "SIGTRAP",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
    23: "SIGURG",
    31: "SIGSYS",
}


class Named(Protocol):
    """As `archfit.crash.symbolizer.Frame`."""

    @property
    def function(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def inlined(self) -> bool: ...
    @property
    def source(self) -> str: ...
    @property
    def trust(self) -> str: ...


#: The frames at a place of a mapped file, innermost first.
Names = Callable[[Frame], Sequence[Named]]


def text(joined: Joined, names: Names, *, every: bool) -> Iterator[str]:
    """Lines. ``every``: also threads that wait and goroutines that are on no thread."""
    first = culprit(joined.threads)
    rest = [one for place, one in enumerate(joined.threads) if place != first]
    for thread in [joined.threads[first], *(rest if every else ())]:
        yield _head(thread)
        yield from _stack_text(thread.stack, names)
        yield ""
    if every:
        for goroutine, stack in joined.parked or ():
            yield f"goroutine {goroutine.id} [{goroutine.state}], on no thread:"
            yield from _stack_text(stack, names)
            yield ""
    elif len(joined.threads) > 1 or joined.parked:
        count = len(joined.parked) if joined.parked is not None else "an unknown number of"
        yield f"{len(rest)} threads and {count} goroutines more; --all shows them"
    for path, why in joined.image.missing.items():
        yield f"not looked at: {visible(path)}: {why}"
    yield from joined.notes


def _head(thread: ThreadStack) -> str:
    words = f"thread {thread.id}"
    if thread.signal:
        words += f", signal {thread.signal} {_SIGNALS.get(thread.signal, '')}".rstrip()
    one = thread.goroutine
    return words + (f", goroutine {one.id} [{one.state}]:" if one else ", no goroutine:")


def _stack_text(stack: Stack, names: Names) -> Iterator[str]:
    number = 0
    for at, frame in enumerate(stack.frames):
        if stack.cut and at == KEPT:
            yield f"       ... {stack.cut} frames ..."
            number += stack.cut
        if frame.guess:
            yield f"      ? the next frame is a guess: {frame.guess}"
        if frame.kind == "signal":
            yield f"  {number:3}  sig  <signal handler called>"
            number += 1
            continue
        found = names(frame) or ()
        for one in found:
            mark = "" if not one.inlined else " (inlined)"
            place = f" at {visible(one.file)}:{one.line}" if one.file else ""
            yield f"  {number:3}  {frame.kind:3}  {visible(one.function)}{mark}{place}"
            number += 1
        if not found:
            where = f" in {visible(frame.module.path)}" if frame.module else ""
            name = visible(frame.name) or f"{frame.pc:#x}"
            yield f"  {number:3}  {frame.kind:3}  {name}{where}"
            number += 1
    if not stack.whole:
        yield f"       the stack is cut here: {stack.end}"


def as_json(joined: Joined, names: Names, extra: dict[str, Any]) -> dict[str, Any]:
    """The object of schema `archfit.stacks/1`."""
    parked = joined.parked
    return {
        "schema": SCHEMA,
        "isa": joined.image.isa,
        "go": joined.version or None,
        "culprit": joined.threads[culprit(joined.threads)].id,
        **extra,
        "threads": [
            {
                "id": one.id,
                "signal": one.signal or None,
                "goroutine": one.goroutine.id if one.goroutine else None,
                "state": one.goroutine.state if one.goroutine else None,
                **_stack_json(one.stack, names),
            }
            for one in joined.threads
        ],
        "goroutines": None
        if parked is None
        else [
            {"id": one.id, "state": one.state, **_stack_json(stack, names)} for one, stack in parked
        ],
        "not_checked": [
            *({"path": path, "reason": why} for path, why in joined.image.missing.items()),
            *({"path": None, "reason": why} for why in joined.notes),
        ],
    }


def _stack_json(stack: Stack, names: Names) -> dict[str, Any]:
    return {
        "whole": stack.whole,
        "end": stack.end,
        "cut": stack.cut,
        "frames": [_frame_json(frame, names) for frame in stack.frames],
    }


def _frame_json(frame: Frame, names: Names) -> dict[str, Any]:
    module = frame.module
    return {
        "pc": f"{frame.pc:#x}",
        "sp": f"{frame.sp:#x}",
        "kind": frame.kind,
        "file": module.path if module else None,
        "address": f"{address(frame):#x}" if module else None,
        "caller_by": frame.how or None,
        "guess": frame.guess or None,
        "functions": [
            {
                "function": one.function,
                "file": one.file,
                "line": one.line,
                "inlined": one.inlined,
                "source": one.source,
                "trust": one.trust,
            }
            for one in names(frame)
        ],
    }
