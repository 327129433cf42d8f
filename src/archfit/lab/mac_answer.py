"""What `crash-cgo`'s script says on a Mac (schema ``archfit.lab-macos/1``), judged here.

The script (`recipes/crash-cgo/macos/repro.sh`) carries the recipe's own sources. What it
prints is text of somebody else's machine: every field is checked before it is used.
"""

from __future__ import annotations

import hashlib
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archfit.host import files
from archfit.lab.cause import NONE, cause_of_text
from archfit.lab.outcome import failures, outcome
from archfit.lab.reproduce import FAMILY, Case, standing, told_as
from archfit.lab.trial import Said, Trial
from archfit.model.errors import Malformed

SCHEMA = "archfit.lab-macos/1"
_LIMIT = 16 << 20
_GREETING = "hello from C"
#: case -> (role, title, what a good trial prints).
_CASES = {
    "native-child": ("claim", "a translated shell starts the Mac's own program", _GREETING),
    "translated": ("relative", "the program for Intel, wholly translated", _GREETING),
    "universal": ("relative", "a universal program, from both kinds of shell", ""),
    "wrong-isa-library": ("relative", "a shared library of the wrong ISA", _GREETING),
    "wrong-isa-archive": ("relative", "a static library of the wrong ISA", _GREETING),
    "c-fault": ("control", "control: C writes to address 0", _GREETING),
    "native": ("control", "the article's program on its own machine", _GREETING),
}


@dataclass(frozen=True, slots=True)
class Shell:
    """What a shell is told: ``arch`` (arch(1)), ``uname`` (uname -m), ``translated``
    (sysctl.proc_translated, None where the kernel has no such name)."""

    name: str
    arch: str
    uname: str
    translated: str | None


@dataclass(frozen=True, slots=True)
class MacAnswer:
    """``machine``: the Mac's own target. ``tools``: what built, by name."""

    machine: str
    date: str
    shells: tuple[Shell, ...]
    tools: Mapping[str, str]
    cases: tuple[Case, ...]

    def shell(self, name: str) -> Shell | None:
        """The shell of that name."""
        return next((shell for shell in self.shells if shell.name == name), None)

    def lines(self) -> Iterator[str]:
        """What the shells were told, for people."""
        for shell in self.shells:
            translated = "absent" if shell.translated is None else shell.translated
            yield (
                f"{shell.name} shell: arch {shell.arch or '-'}, uname -m {shell.uname or '-'},"
                f" sysctl.proc_translated {translated}"
            )


def script() -> str:
    """The script, the recipe's sources put in."""
    return re.sub(r"^@([a-z/.]+)@\n", lambda match: _source(match[1]), _shell(), flags=re.M)


def _shell() -> str:
    data = pkgutil.get_data("archfit.lab", f"recipes/{FAMILY}/macos/repro.sh")
    assert data is not None, "the package lacks the script for a Mac"
    return data.decode()


def _source(path: str) -> str:
    data = pkgutil.get_data("archfit.lab", f"recipes/{FAMILY}/sources/{path}")
    assert data is not None, f"the package lacks {path}"
    return data.decode()


def read(path: str) -> MacAnswer:
    """The answer in a file. Raises Unavailable (no file), Malformed (no such answer)."""
    with files.window(path) as (data, _):
        if len(data) > _LIMIT:
            raise Malformed(f"{path}: {len(data)} bytes are no answer of the script")
        text = bytes(data[:])
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{path}: not the script's JSON: {error}", "sh repro.sh > FILE") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise Malformed(f"{path}: its schema is not {SCHEMA}", "sh repro.sh > FILE")
    return judged(document, hashlib.sha256(text).hexdigest())


def judged(document: Mapping[str, Any], digest: str) -> MacAnswer:
    """The answer's cases with their verdicts. Raises Malformed with the place of a fault."""
    host = _object(document, "host")
    machine = "darwin/arm64" if host.get("apple_silicon") is True else "darwin/amd64"
    date = _text(document, "date")
    go = _object(document, "go")
    tools = {key: str(value) for key, value in go.items() if value is not None}
    tools["macOS"] = str(host.get("os") or "")
    rows: dict[tuple[str, str], list[Said]] = {}
    for number, row in enumerate(_list(document, "steps")):
        case, variant = _text(row, "case"), _text(row, "variant")
        if case not in _CASES:
            raise Malformed(f"steps[{number}]: no case {case!r}")
        rows.setdefault((case, variant), []).append(_said(row, number))
    # A build that several variants share stands with the first of them.
    order = {name: number for number, name in enumerate(_CASES)}
    cases = tuple(
        _case(case, variant, said, date, digest, tools, machine)
        for (case, variant), said in sorted(rows.items(), key=lambda row: order[row[0][0]])
    )
    shells = tuple(
        _told(name, row)
        for name, row in _object(document, "shells").items()
        if isinstance(row, dict)
    )
    return MacAnswer(machine, date, shells, tools, cases)


def _told(name: str, row: Mapping[str, Any]) -> Shell:
    translated = row.get("proc_translated")
    return Shell(
        str(name),
        str(row.get("arch") or ""),
        str(row.get("uname") or ""),
        None if translated is None else str(translated),
    )


def _said(row: Mapping[str, Any], number: int) -> Said:
    status = row.get("status")
    if not isinstance(status, int) or isinstance(status, bool) or not 0 <= status <= 255:
        raise Malformed(f"steps[{number}].status is {status!r}")
    kind = _text(row, "kind")
    if kind not in ("build", "try"):
        raise Malformed(f"steps[{number}].kind is {kind!r}")
    argv = (_text(row, "command"),)
    return Said(_text(row, "step"), kind, argv, status, _text(row, "out"), "", 0.0, status == 137)


def _case(
    name: str,
    variant: str,
    said: list[Said],
    date: str,
    digest: str,
    tools: Mapping[str, str],
    machine: str,
) -> Case:
    role, title, expect = _CASES[name]
    failed = next((s.step for s in said if s.kind == "build" and s.status), "")
    trial = Trial(f"{FAMILY}/{name}", variant, digest, date, tuple(said), "", failed, tools)
    result = outcome(trial, expect)
    bad = failures(trial, expect)
    goarch = machine.split("/")[1]
    cause = cause_of_text(bad[0].text, "darwin", goarch) if bad else NONE
    told = told_as(bad)
    stands = standing(role, result, cause, told)
    return Case(f"{FAMILY}/{name}", variant, title, "", role, result, cause, stands, trial, told)


def _object(row: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = row.get(key)
    if not isinstance(value, dict):
        raise Malformed(f"the script's answer: `{key}` is no object")
    return value


def _list(row: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = row.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Malformed(f"the script's answer: `{key}` is no list of objects")
    return value


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise Malformed(f"the script's answer: `{key}` is no text")
    return value
