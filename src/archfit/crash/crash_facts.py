"""The crash that a text tells of, as facts: where it died, of what, and how far its stack holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from archfit.crash.death_place import Place
from archfit.crash.deaths import first_death
from archfit.crash.native_cause import innermost, is_go
from archfit.crash.signal_origin import SignalOrigin
from archfit.crash.stack_trust import (
    Cut,
    FrameTrust,
    StackTrust,
    report_trust,
    session_trust,
    stack_trust,
)
from archfit.facts import log as keys
from archfit.formats.go_dump import Dump
from archfit.formats.go_frames import Frame
from archfit.formats.log import Log
from archfit.model.fact import Fact, Trust

#: Frames that are kept: of an endless recursion Go prints a hundred.
_KEPT = 64
_RAISED = {"kernel": "by the kernel", "sent": "sent", "runtime": "by Go's runtime"}


def crash_facts(log: Log) -> dict[str, Fact]:
    """The keys `crash.*`; empty where the text has no crash."""
    death = first_death(log)
    facts = {}
    if death is not None and death.dump is not None:
        facts = _of_dump(death.dump)
    elif log.report is not None and (log.report.crashed or log.report.exception):
        report = log.report
        names = [frame.symbol for frame in report.crashed.frames] if report.crashed else []
        kind = f"{report.exception} {report.subtype}".strip() or report.kind
        frames, cuts = report_trust(report)
        number = report.crashed.number if report.crashed else None
        facts = dict(_native(kind, report.signal, names, frames, cuts, number))
    elif log.session is not None and log.session.stopped is not None:
        session, thread = log.session, log.session.stopped
        names = [frame.function for frame in thread.frames]
        frames, cuts = session_trust(session)
        kind = session.reason or session.signal or f"stopped in {session.tool}"
        facts = dict(_native(kind, session.signal, names, frames, cuts, thread.number or None))
    return {name: Fact(value, Trust.REPORTED, "the text") for name, value in facts.items()}


def _of_dump(dump: Dump) -> dict[str, Any]:
    trust = stack_trust(dump)
    facts: dict[str, Any] = {keys.CRASH_KIND.name: _kind(dump)}
    if dump.signal:
        facts[keys.CRASH_SIGNAL.name] = dump.signal
    if trust.signal is not None and trust.signal.by != "unknown":
        facts[keys.CRASH_RAISED.name] = _raised(trust.signal)
    if trust.place.where:
        facts[keys.CRASH_WHERE.name] = _where(trust.place, trust)
    goroutine = _goroutine(dump, trust)
    if goroutine:
        facts[keys.CRASH_GOROUTINE.name] = goroutine
    # The stack that was judged: the runtime's own when the runtime gave up.
    own = dump.runtime_stack is not None and trust.place.where in ("runtime", "boundary")
    stack = dump.runtime_stack if own or dump.first is None else dump.first
    if trust.frames:
        facts[keys.CRASH_STACK.name] = _frames(trust.frames, stack.frames if stack else ())
    facts[keys.CRASH_TRUST.name] = _trust(trust)
    return facts


def _kind(dump: Dump) -> str:
    message = dump.message.partition("\n")[0][:200]
    words = {"fatal": "fatal error", "signal": dump.signal or "signal", "race": "DATA RACE"}
    if dump.kind == "exception" and dump.exception:
        return f"exception {dump.exception[0]:#x}"
    kind = words.get(dump.kind, dump.kind)
    return f"{kind}: {message}" if message and message != kind else kind


def _raised(origin: SignalOrigin) -> str:
    return f"{_RAISED[origin.by]}: {origin.reason}"


def _where(place: Place, trust: StackTrust) -> str:
    where = {"c": "C", "go": "Go"}.get(place.where, place.where)
    told = f"{where}: {place.reason}"
    if place.where == "c" and trust.c_function:
        told += f"; Go had called {trust.c_function}"
    elif place.function:
        told += f"; {place.function}"
    if trust.go_callback and trust.go_callback not in told:
        told += f"; C had called {trust.go_callback}"
    return told


def _goroutine(dump: Dump, trust: StackTrust) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if trust.goroutine is not None:
        found["id"] = trust.goroutine
        if dump.first is not None and dump.first.state:
            found["state"] = dump.first.state
    if trust.thread is not None:
        found["m"] = trust.thread
    if trust.c_thread:
        found["thread"] = "made by C"
    return found


def _frames(trusts: Sequence[FrameTrust], frames: Sequence[Frame]) -> list[dict[str, Any]]:
    out = []
    for number, trust in enumerate(trusts[:_KEPT]):
        frame: dict[str, Any] = {"function": trust.function}
        if number < len(frames) and frames[number].file:
            frame |= {"file": frames[number].file, "line": frames[number].line}
        out.append(frame | {"trust": trust.source})
    return out


def _trust(trust: StackTrust) -> str:
    parts = [f"{trust.level}: {trust.reason}", counted(trust.frames), *_cuts(trust.cuts)]
    return "; ".join(part for part in parts if part and part != trust.reason)


def counted(frames: Sequence[FrameTrust]) -> str:
    """`5 frames from Go's tables, 1 saved when Go called C`."""
    words = {
        "tables": "from Go's tables",
        "inlined": "from Go's inline tree",
        "trap": "at the signal's pc",
        "saved": "saved when Go called C",
        "c-traceback": "from the program's C traceback",
        "call-frame": "by unwind tables",
        "frame-pointer": "by frame pointers, a guess in C",
        "guess": "guessed",
    }
    counts: dict[str, int] = {}
    for frame in frames:
        counts[frame.source] = counts.get(frame.source, 0) + 1
    told = [f"{count} {words[source]}" for source, count in counts.items()]
    return "frames: " + ", ".join(told) if told else ""


def _cuts(cuts: Sequence[Cut]) -> Iterator[str]:
    for cut in cuts[:4]:
        where = "above the first frame" if cut.frame == 0 else f"after frame {cut.frame}"
        yield f"cut {where}: {cut.reason}"


def _native(
    kind: str,
    signal: str,
    names: Sequence[str],
    frames: Sequence[FrameTrust],
    cuts: Sequence[Cut],
    thread: int | None,
) -> Iterator[tuple[str, Any]]:
    """The facts that a report or a debugger's session gives."""
    yield keys.CRASH_KIND.name, kind[:200]
    if signal:
        yield keys.CRASH_SIGNAL.name, signal
    names = innermost(names)
    first = next((name for name in names if name), "")
    if first:
        where = "C" if not is_go(first) else "runtime" if first.startswith("runtime.") else "Go"
        called = next((n for n in names if n.startswith("runtime.") or "_Cfunc_" in n), "")
        told = f"; Go had called C through {called}" if where == "C" and called else ""
        yield keys.CRASH_WHERE.name, f"{where}: the innermost function is {first}{told}"
    if thread is not None:
        yield keys.CRASH_GOROUTINE.name, {"thread": thread}
    if frames:
        yield keys.CRASH_STACK.name, _frames(frames, ())
    guessed = sum(frame.source in ("guess", "frame-pointer") for frame in frames)
    level = "none" if not frames else "cut" if cuts else "whole" if not guessed else "guessed"
    yield keys.CRASH_TRUST.name, "; ".join(filter(None, [level, counted(frames), *_cuts(cuts)]))
