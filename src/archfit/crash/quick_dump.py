"""The crash of a plain Go traceback, without reading all of it: thousands a second and core.

What is plain: the head at the start of its line, a header of a goroutine, and two lines a
frame, as runtime/traceback.go of Go 1.5 to 1.27 prints them. Anything else is left to
`archfit.formats.go_traceback`; `archfit.crash.signer` does so.
"""

from __future__ import annotations

import re

from archfit.crash.signature import Raw
from archfit.crash.template import spoken, template

_HEAD = re.compile(r"^(?:(panic: )|(fatal error: )|(SIG[A-Z0-9]{2,8}): [^\n]{0,80}\nPC=0x)", re.M)
_SIGNAL = re.compile(r"^\[signal (SIG[A-Z0-9]{2,8})", re.M)
#: Characters between the head and its goroutine.
_NEAR = 4000
#: Lines before the head in which a C library may have spoken.
_BEFORE = 6
_ODD = ("\r", "\x1b", "WARNING: DATA RACE", "Exception 0x")


def quick(text: str) -> Raw | None:
    """The crash with names as printed, not checked; None when the text is not plain."""
    found = _HEAD.search(text)
    if found is None or any(odd in text for odd in _ODD):
        return None
    end = found.end()
    signal = found[3] or ""
    line = text.find("\n", end)
    message = "" if signal else text[end : line if line >= 0 else None]
    before = ""
    if found.start():
        lines = text[max(0, found.start() - 2000) : found.start()].rstrip().split("\n")
        if any(line.startswith("fatal: ") for line in lines[-_BEFORE:]):
            return None
        before = spoken("\n".join(lines[-_BEFORE:]))
    kind = "panic" if found[1] else "fatal" if found[2] else "signal"
    said = template(message) if message else ""
    start = text.find("\ngoroutine ", end)
    if start < 0:
        return None
    if start - end > _NEAR:
        return None
    if found[2] and text.find("\n[signal ", end, start) >= 0:
        sent = _SIGNAL.search(text, end, start)
        if sent is None:  # Go before 1.8 prints the number alone
            return None
        signal = sent[1]
    first = text.find("\n", start + 1)
    if first < 0 or text[first - 1] != ":":
        return None
    last = text.find("\n\n", first)
    body = text[first + 1 : last if last >= 0 else None]
    creator = ""
    made = body.find("\ncreated by ")
    if made >= 0 or body.startswith("created by "):
        creator = body[made + 12 :].partition("\n")[0].partition(" in goroutine")[0]
        body = body[: made + 1] if made >= 0 else ""
    names = tuple([x[: x.rfind("(")] for x in body.split("\n") if x and x[0] not in "\t."])
    return Raw(kind, said, signal, before, names, creator)


def is_plain(text: str) -> bool:
    """What `quick` said of this text holds: each function's line ends as Go's do."""
    found = _HEAD.search(text)
    start = text.find("\ngoroutine ", found.end() if found else 0)
    first = text.find("\n", start + 1)
    last = text.find("\n\n", first)
    lines = text[first + 1 : last if last >= 0 else None].split("\n")
    calls = [x for x in lines if x and x[0] not in "\t."]
    if _HEAD.search(text, found.end() if found else 0, start) is not None:
        return False
    return bool(calls) and all(x.endswith(")") or x.startswith("created by ") for x in calls)
