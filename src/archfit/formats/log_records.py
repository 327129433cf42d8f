"""Lines of a log that are not lines of the program: parts of one, or several in one.

Sources: Kubernetes CRI log format (mark P: the line goes on in the next record), Docker's
json-file driver (a record without a line end goes on in the next), RFC 8259 for records of
structured loggers, rsyslog's escape of control characters (`#012`). `log_decoration` uses
these; a body is a text with a line end in front of it.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable

#: Gives the lines that stand in one line, or None for a line that is just one.
Unfold = Callable[[str], list[str] | None]
_CRI_PART = re.compile(r"\n\d[^\s]{19,40} std(?:out|err) P ")
_ESCAPES = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "", '"': '"', "\\": "\\", "/": "/"}
_MESSAGES = ("log", "msg", "message", "MESSAGE", "textPayload", "line", "body", "content")
_DETAILS = ("error", "err", "exception", "stack", "stacktrace", "stack_trace", "trace")


def regrouped(body: str) -> tuple[str, array[int] | None]:
    """The body with cut lines joined and lines between lines left out.

    Also the number that each line had; None when nothing had to be done.
    """
    if " P " in body and _CRI_PART.search(body):
        return _joined(body)
    if double_spaced(body):
        rows = body.split("\n")
        return "\n" + "\n".join(rows[1::2]), array("I", range(1, len(rows), 2))
    return body, None


def double_spaced(body: str) -> bool:
    """Every second line is empty, from the first on, as some pages give text back."""
    if body.count("\n\n") * 2.2 < body.count("\n") or body.count("\n") < 8:
        return False
    rows = body.rstrip().split("\n")
    return not any(row.strip() for row in rows[2::2])


def _joined(body: str) -> tuple[str, array[int]]:
    """Lines that the container runtime cut in parts (CRI mark P) are put together."""
    out: list[str] = []
    lines: array[int] = array("I")
    open_part = False
    for number, line in enumerate(body.split("\n")[1:], 1):
        head = line[:64].split(" ", 3)
        is_cri = len(head) == 4 and head[1] in ("stdout", "stderr") and head[2] in ("P", "F")
        if is_cri and open_part:
            out[-1] += line.split(" ", 3)[3]
        else:
            out.append(line)
            lines.append(number)
        open_part = is_cri and head[2] == "P"
    return "\n" + "\n".join(out), lines


def expanded(
    body: str, lines: array[int] | None, unfold: Unfold | None
) -> tuple[str, array[int]] | None:
    """The body with one line for each of those that stood in one line, None when none did.

    JSON records, escaped line ends, and what ``unfold`` knows.
    """
    here = ('"' in body and '\n{"' in body) or "\\" in body or ("#" in body and "#012" in body)
    if not here and unfold is None:
        return None
    out: list[str] = []
    numbers: array[int] = array("I")
    changed = carry = False
    for number, line in enumerate(body.split("\n")[1:], 1):
        texts = _unfolded(line)
        if texts is None and unfold is not None:
            texts = unfold(line)
        source = number if lines is None else lines[number - 1]
        if texts is None:
            texts, now_open = [line], False
        else:
            changed = True
            now_open = line.startswith('{"log":') and texts[-1] != ""
            if texts[-1] == "" and len(texts) > 1:
                texts.pop()
        if carry and texts:
            out[-1] += texts.pop(0)
        out += texts
        numbers.extend([source] * len(texts))
        carry = now_open
    return ("\n" + "\n".join(out), numbers) if changed else None


def _unfolded(line: str) -> list[str] | None:
    """The lines in a line; None when it holds only itself."""
    if line.startswith('{"') and len(line) < 1 << 20:
        texts = _json_texts(line)
        if texts:
            return "\n".join(texts).split("\n")
    if "\\n\\t" in line or line.count("\\n") > 2:
        text = _ESCAPES.sub(
            lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPED.get(m[2], m[0]), line
        )
        return text.split("\n")
    if "#012" in line:
        return line.replace("#011", "\t").split("#012")
    return None


def _json_texts(line: str) -> list[str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return []
    if not isinstance(record, dict):
        return []
    if isinstance(record.get("jsonPayload"), dict):
        record = record["jsonPayload"]
    found = [record[k] for k in _MESSAGES if isinstance(record.get(k), str)][:1]
    for key in _DETAILS:
        value = record.get(key)
        if isinstance(value, dict):
            value = value.get("stack") or value.get("message")
        if isinstance(value, str) and value not in found:
            found.append(value)
    return found
