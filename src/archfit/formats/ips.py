"""macOS and iOS reports in their JSON form (.ips): a line of metadata, then the body.

Sources: Apple, "Interpreting the JSON format of a crash report" and "Examining the fields in
a crash report" (developer.apple.com/documentation/xcode). Keys come and go between releases
and bug types, so none is needed; a value of another type than expected counts as absent.
Bug type 109 has metadata in JSON and the older text below it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from archfit.formats.apple_report import (
    KINDS,
    AppleFrame,
    AppleThread,
    Image,
    Report,
    Termination,
)
from archfit.model.errors import Malformed

#: A body longer than this is not read as a whole (stackshots); single keys are.
LONGEST = 4 << 20
_MOST_THREADS, _MOST_FRAMES, _MOST_IMAGES = 4096, 1024, 8192
_SIGN = re.compile(r'"(?:bug_type|procName|incident_id|procExitAbsTime|usedImages|faultingThread)"')
#: What is looked for in a body that is cut or too long.
_KEYS = (
    "bug_type", "procName", "procPath", "pid", "parentProc", "cpuType", "translated", "osVersion",
    "modelCode", "exception", "termination", "asi", "vmRegionInfo", "vmregioninfo", "panicString",
    "faultingThread", "usedImages", "threads", "reason", "procRole", "largestProcess", "product",
)  # fmt: skip


def is_ips(text: str) -> bool:
    """Looks like a report of this form, whole or cut."""
    return "{" in text and _SIGN.search(text) is not None


def read(text: str) -> Report:
    """The report in a text, which may have other text around it.

    Raises Malformed when nothing of it can be read. A text in the older form below the
    metadata gives only the metadata; see `body_of`.
    """
    start = text.find("{")
    if start < 0 or not is_ips(text):
        raise Malformed("no report in JSON form")
    head, end = _object(text, start)
    if head is None:
        return _report({}, _salvage(text[start:]), complete=False)
    if "threads" in head or "procName" in head or "panicString" in head:
        return _report({}, head)
    below = text.find("{", end)
    if below < 0:
        return _report(head, {}, complete=False)
    body, _ = _object(text, below)
    if body is None:
        return _report(head, _salvage(text[below:]), complete=False)
    return _report(head, body)


def body_of(text: str) -> str:
    """What stands below the line of metadata; "" when there is none."""
    start = text.find("{")
    head, end = _object(text, start) if start >= 0 else (None, 0)
    return "" if head is None else text[end:].lstrip()


def _object(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    """(the JSON object that starts here or None, where it ends)."""
    if len(text) - start > LONGEST:
        # A line of metadata is short, whatever the length of the body.
        line = text.find("\n", start)
        if not 0 <= line - start < 65536:
            return None, start
        text = text[:line]
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start
    return (value, end) if isinstance(value, dict) else (None, start)


def _salvage(text: str) -> dict[str, Any]:
    """Those keys whose values are whole, from a body that is not."""
    found: dict[str, Any] = {}
    text = text[:LONGEST]
    decoder = json.JSONDecoder()
    for key in _KEYS:
        place = re.search(rf'"{key}"\s{{0,8}}:\s{{0,8}}', text)
        if place is None:
            continue
        try:
            found[key] = decoder.raw_decode(text, place.end())[0]
        except (ValueError, RecursionError):
            continue
    return found


def _text(values: dict[str, Any], *keys: str) -> str:
    for key in keys:
        value = values.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def _number(values: dict[str, Any], key: str) -> int | None:
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _object_at(values: dict[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def _list_at(values: dict[str, Any], key: str, most: int) -> list[Any]:
    value = values.get(key)
    return value[:most] if isinstance(value, list) else []


def _report(head: dict[str, Any], body: dict[str, Any], complete: bool = True) -> Report:
    bug_type = _text(body, "bug_type") or _text(head, "bug_type")
    exception = _object_at(body, "exception")
    system = _object_at(body, "osVersion")
    version = " ".join(x for x in (_text(system, "train"), _text(system, "build")) if x)
    translated = body.get("translated")
    images = tuple(_image(x) for x in _list_at(body, "usedImages", _MOST_IMAGES))
    faulting = _number(body, "faultingThread")
    return Report(
        bug_type=bug_type,
        kind=KINDS.get(bug_type, "crash" if exception else "other"),
        process=_text(body, "procName") or _text(head, "app_name", "name"),
        path=_text(body, "procPath"),
        pid=_number(body, "pid"),
        parent=_text(body, "parentProc"),
        os_version=version or _text(head, "os_version"),
        model=_text(body, "modelCode", "product"),
        cpu_type=_text(body, "cpuType"),
        translated=translated if isinstance(translated, bool) else None,
        exception=_text(exception, "type"),
        signal=_text(exception, "signal"),
        subtype=_text(exception, "subtype", "message"),
        codes=_text(exception, "codes"),
        termination=_termination(_object_at(body, "termination")),
        region=_text(body, "vmRegionInfo", "vmregioninfo"),
        asi=_asi(_object_at(body, "asi")),
        panic=_text(body, "panicString"),
        threads=tuple(
            _thread(number, x, faulting, images)
            for number, x in enumerate(_list_at(body, "threads", _MOST_THREADS))
            if isinstance(x, dict)
        ),
        images=images,
        complete=complete,
    )


def _termination(found: dict[str, Any]) -> Termination | None:
    if not found:
        return None
    reasons = _list_at(found, "reasons", 64) + _list_at(found, "details", 64)
    by = _text(found, "byProc")
    pid = _number(found, "byPid")
    return Termination(
        _text(found, "namespace"),
        _number(found, "code"),
        _text(found, "indicator"),
        f"{by} [{pid}]" if by and pid is not None else by,
        tuple(x for x in reasons if isinstance(x, str)),
    )


def _asi(found: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    out: list[tuple[str, str]] = []
    for image, texts in list(found.items())[:64]:
        many = texts if isinstance(texts, list) else [texts]
        out += [(image, x) for x in many[:64] if isinstance(x, str)]
    return tuple(out)


def _image(found: Any) -> Image:
    if not isinstance(found, dict):
        return Image("")
    path = _text(found, "path")
    return Image(
        _text(found, "name") or path.rpartition("/")[2],
        path,
        _text(found, "arch"),
        _text(found, "uuid"),
        _number(found, "base") or 0,
        _number(found, "size") or 0,
    )


def _thread(
    number: int, found: dict[str, Any], faulting: int | None, images: tuple[Image, ...]
) -> AppleThread:
    return AppleThread(
        number,
        found.get("triggered") is True or number == faulting,
        _text(found, "name"),
        _text(found, "queue"),
        tuple(
            _frame(x, images)
            for x in _list_at(found, "frames", _MOST_FRAMES)
            if isinstance(x, dict)
        ),
        _registers(_object_at(found, "threadState")),
    )


def _frame(found: dict[str, Any], images: tuple[Image, ...]) -> AppleFrame:
    index = _number(found, "imageIndex")
    if index is not None and not 0 <= index < len(images):
        index = None
    offset = _number(found, "imageOffset")
    image = images[index] if index is not None else None
    known = image is not None and image.base and offset is not None
    return AppleFrame(
        _text(found, "symbol"),
        _number(found, "symbolLocation"),
        index,
        image.name if image else "",
        offset,
        image.base + offset if known and image and offset is not None else None,
        _text(found, "sourceFile"),
        _number(found, "sourceLine") or 0,
    )


def _registers(state: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    """x0 ... of the list `x`, and every member that is an object with a value."""
    out: list[tuple[str, int]] = []
    for number, one in enumerate(_list_at(state, "x", 32)):
        value = _number(one, "value") if isinstance(one, dict) else None
        if value is not None:
            out.append((f"x{number}", value))
    for name, one in list(state.items())[:128]:
        value = _number(one, "value") if isinstance(one, dict) else None
        if value is not None:
            out.append((name, value))
    return tuple(out)
