"""Real crash texts, broken at random: the readers return values or Malformed, nothing else.

Seeded, so that a failure can be had again; ARCHFIT_FUZZ=20000 makes it long.
"""

from __future__ import annotations

import contextlib
import os
import random
from pathlib import Path

import pytest

from archfit.crash.dump_target import dump_target
from archfit.crash.stack_trust import report_trust, session_trust, stack_trust
from archfit.formats import apple_crash, debugger_session, ips
from archfit.formats.go_traceback import read
from archfit.formats.goroutine_summary import summary
from archfit.formats.log_decoration import undecorate
from archfit.model.errors import Malformed
from log_disguises import DISGUISES, UNKNOWN

CORPUS = Path(__file__).parents[1] / "corpus"
TEXTS = [
    path.read_text()
    for folder in ("tracebacks", "debuggers", "apple")
    for path in sorted((CORPUS / folder).rglob("*.*"))
    if path.suffix in (".txt", ".ips", ".crash")
]
ROUNDS = int(os.environ.get("ARCHFIT_FUZZ", "600"))
PARTS = 10
GARBAGE: tuple[str, ...] = (
    "\x00",
    "\x1b[",
    "\ufeff",
    "é",
    "\r",
    "\n\n",
    "\\n\\t",
    "{",
    '"',
    "goroutine ",
    "]:",
    "0x",
    ")",
)


def broken(text: str, dice: random.Random) -> str:
    """The text after a few accidents."""
    for _ in range(dice.randrange(1, 6)):
        at, end = sorted(dice.randrange(len(text) + 1) for _ in range(2))
        what = dice.randrange(9)
        if what == 0:
            text = text[:at] + text[end:]
        elif what == 1:
            text = text[at:end] or text
        elif what == 2:
            text = text[:at] + dice.choice(GARBAGE) * dice.randrange(1, 4) + text[at:]
        elif what == 3:
            rows = text.split("\n")
            dice.shuffle(rows)
            text = "\n".join(rows)
        elif what == 4:
            text = "\n".join(
                dice.choice([*DISGUISES.values(), *UNKNOWN.values()])(text.split("\n"))
            )
        elif what == 5:
            other = dice.choice(TEXTS)
            text = text[:at] + other[: dice.randrange(len(other) + 1)] + text[at:]
        elif what == 6:
            text = text[:at] + chr(dice.randrange(1, 0x2FFF)) + text[at + 1 :]
        elif what == 7:
            text = text.replace(
                dice.choice(["\n", "\t", " ", "0x", "(", ":"]), dice.choice(["", " ", "\n"])
            )
        else:
            text = text[:at] + text[at:end] * 2 + text[end:]
        text = text[:60_000]
    return text


def whole(text: str) -> None:
    """Everything that the readers and what is built on them say of a text."""
    rows = text.count("\n") + 1
    for dump in read(text):
        assert 0 <= dump.first_line <= dump.last_line <= rows
        for goroutine in dump.goroutines:
            assert 0 < goroutine.at[0] <= rows
            for frame in goroutine.frames:
                assert 0 < frame.at[0] <= rows
                assert frame.package is not None
        stack_trust(dump)
        dump_target(dump)
    for bucket in summary(text):
        assert bucket.ids
        assert bucket.stack is not None
    plain = undecorate(text)
    for line in (1, plain.text.count("\n") + 1):
        assert 0 < plain.origin(line)[0] <= rows
    session = debugger_session.read(text)
    if session is not None:
        session_trust(session)
    for reader in (apple_crash.read_any, ips.read, apple_crash.read):
        with contextlib.suppress(Malformed):
            report_trust(reader(text))


@pytest.mark.parametrize("part", range(PARTS))
def test_broken_texts(part: int) -> None:
    dice = random.Random(part)
    for _ in range(ROUNDS // PARTS):
        text = broken(dice.choice(TEXTS), dice)
        try:
            whole(text)
        except Exception:
            print(repr(text))
            raise


@pytest.mark.parametrize("part", range(PARTS))
def test_noise(part: int) -> None:
    dice = random.Random(1000 + part)
    words = [word for text in dice.sample(TEXTS, 8) for word in text.split(" ")[:200]]
    for _ in range(ROUNDS // PARTS):
        pieces = dice.choices([*words, *GARBAGE], k=dice.randrange(1, 400))
        whole(dice.choice(["", " ", "\n"]).join(pieces))
