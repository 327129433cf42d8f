"""Crash texts of any kind to signatures; most are recognised without being read.

Two crashes whose heads and function lines are equal have one signature, so that each distinct
stack is normalised once in a process. Texts that are not plain Go tracebacks go to the readers
that `archfit check` has.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern

from archfit.crash.quick_dump import is_plain, quick
from archfit.crash.signature import Raw, Signature, signature
from archfit.crash.template import spoken, template
from archfit.formats.go_dump import Dump
from archfit.model.errors import Malformed

#: Distinct stacks that are remembered; then all are forgotten (some 300 bytes each).
_REMEMBERED = 200_000
#: Characters of one crash that are read.
LONGEST = 4 << 20
#: Names of a list of frames that are looked at.
_MOST_NAMES = 400


class Signer:
    """Signs crashes; keeps what it has seen."""

    def __init__(self) -> None:
        self._known: dict[tuple[Raw, str], Signature] = {}

    def text(self, text: str, program: str = "") -> Signature:
        """The signature of the first crash in a text. Raises Malformed when there is none."""
        raw = quick(text)
        if raw is None:
            return signature(_first(text), program)
        key = (raw, program)
        known = self._known.get(key)
        if known is None:
            if not is_plain(text):
                return signature(_first(text), program)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            kept = Raw(
                raw.kind,
                raw.said,
                raw.signal,
                raw.spoken,
                tuple(intern(name) for name in raw.names),
                raw.creator,
            )
            known = self._known[(kept, program)] = signature(kept, program)
        return known

    def stack(
        self, names: Sequence[str], kind: str, message: str, signal: str, program: str = ""
    ) -> Signature:
        """That of a crash which came as a list of functions, innermost first."""
        kept = tuple(name for name in names[:_MOST_NAMES] if name)
        if not kept and not kind and not signal:
            raise Malformed("neither frames nor a kind of crash")
        word = kind or ("signal" if signal else "crash")
        return signature(Raw(word, template(message), signal, "", kept, go=False), program)


def all_of(text: str, program: str = "") -> list[Signature]:
    """Those of every crash that a text tells of. Raises Malformed when there is none."""
    from archfit.formats.go_traceback import read

    raws = [_of_dump(d) for d in read(text[:LONGEST]) if d.kind != "goroutines" and not d.relayed]
    return [signature(raw, program) for raw in raws or [_native(text[:LONGEST])]]


def _first(text: str) -> Raw:
    from archfit.formats.go_traceback import read

    text = text[:LONGEST]
    for dump in read(text):
        if dump.kind != "goroutines" and not dump.relayed:
            return _of_dump(dump)
    return _native(text)


def _of_dump(dump: Dump) -> Raw:
    message = dump.message if dump.kind in ("panic", "fatal") else ""
    before = spoken("\n".join(line.text for line in dump.before))
    if dump.kind == "race":
        return _of_race(dump)
    kind = dump.kind
    if dump.exception:
        kind = f"exception {dump.exception[0]:#x}"
    first = dump.first
    names = tuple(frame.function for frame in first.frames) if first else ()
    if not names and dump.runtime_stack is not None:
        names = tuple(frame.function for frame in dump.runtime_stack.frames)
    creator = first.created_by.function if first and first.created_by else ""
    signal = dump.signal if kind in ("signal", "fatal") else ""
    return Raw(kind, template(message), signal, before, names, creator)


def _of_race(dump: Dump) -> Raw:
    """Both accesses, whichever came first."""
    accesses = dump.race.accesses[:2] if dump.race is not None else ()
    stacks = [[frame.function for frame in access.frames[:8]] for access in accesses]
    names = tuple(name for stack in sorted(stacks) for name in stack)
    return Raw("race", "", "", "", names)


def _native(text: str) -> Raw:
    """A report of an Apple system, of a sanitizer, or a debugger's session."""
    from archfit.crash.native_cause import innermost
    from archfit.formats import sanitizer
    from archfit.formats.log import Log

    found = sanitizer.read(text)
    if found is not None:
        return Raw(f"{found.tool}: {found.kind}", "", "", "", found.functions, go=False)
    log = Log(dict(enumerate(text.split("\n"), 1)))
    report = log.report
    if report is not None and (report.crashed or report.exception):
        names = [frame.symbol for frame in report.crashed.frames] if report.crashed else []
        kind = "signal" if report.signal else report.exception or report.kind or "report"
        return Raw(kind, "", report.signal, "", tuple(innermost(names)), go=False)
    session = log.session
    if session is not None and session.stopped is not None and session.stopped.frames:
        names = innermost([frame.function for frame in session.stopped.frames])
        kind = "signal" if session.signal else "stopped"
        return Raw(kind, "", session.signal, "", tuple(names), go=False)
    raise Malformed("no crash was recognised in it")
