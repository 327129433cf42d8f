"""All crashes that a text tells of, each with its cause: dumps of Go, reports, sessions."""

from __future__ import annotations

from dataclasses import dataclass

from archfit.crash.cause import cause_of
from archfit.crash.verdict import Cause
from archfit.formats.go_dump import Dump
from archfit.formats.log import Log

#: So many dumps of a text are judged: the first ones say what there is to say.
_JUDGED = 40


@dataclass(frozen=True, slots=True)
class Death:
    """One crash. ``dump``: None when a report or a debugger tells of it. ``line``: its first, in
    the text as given (0 where that is not known)."""

    cause: Cause | None
    dump: Dump | None = None
    line: int = 0


def deaths(log: Log) -> tuple[Death, ...]:
    """In the order of the text; a crash whose cause is of another family, or unknown, has None."""
    told = log.text if len(log.text) < 1 << 20 else log.text[: 1 << 20]
    told += "\n" + log.told
    found = [
        Death(cause_of(dump, told), dump, log.origin(dump.first_line))
        for dump in log.dumps[:_JUDGED]
        if dump.kind != "goroutines" and not dump.relayed
    ]
    if found:
        return tuple(found)
    from archfit.crash.native_cause import of_report, of_session

    for cause in (
        of_report(log.report) if log.report else None,
        of_session(log.session) if log.session else None,
    ):
        if cause is not None:
            return (Death(cause),)
    return ()


def first_death(log: Log) -> Death | None:
    """The crash that the text is about: the first whose cause is known, or the first."""
    all_of_them = deaths(log)
    known = next((death for death in all_of_them if death.cause is not None), None)
    return known or (all_of_them[0] if all_of_them else None)
