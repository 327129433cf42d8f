"""No text makes the readers of pasted text slow: time grows as the text does.

Each expression of each reader, and each reader as a whole, meets texts that are one thing a
thousand times over. What is compared is a short text with one that is four times as long: a
quadratic expression takes sixteen times as long for it.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
import time
from collections.abc import Callable
from functools import partial

import pytest

from archfit.crash.stack_trust import stack_trust
from archfit.formats import apple_crash, debugger_session, ips
from archfit.formats.go_traceback import read
from archfit.formats.goroutine_summary import summary
from archfit.formats.log_decoration import undecorate
from archfit.model.errors import Malformed

MODULES = (
    "apple_crash", "debugger_session", "go_collapsed", "go_frames", "go_goroutine", "go_heads",
    "go_race", "go_registers", "go_traceback", "goroutine_summary", "ips", "log_decoration",
    "log_records",
)  # fmt: skip


def patterns() -> list[tuple[str, re.Pattern[str], bool]]:
    """(title, expression, whether the module searches with it or only matches at a place)."""
    found = []
    for name in MODULES:
        module = importlib.import_module(f"archfit.formats.{name}")
        source = inspect.getsource(module)
        for key, value in vars(module).items():
            if isinstance(value, re.Pattern):
                searches = re.search(rf"\b{key}\.(?:search|finditer|findall|sub|split)\(", source)
                exported = not key.startswith("_")
                found.append((f"{name}.{key}", value, bool(searches) or exported))
    return found


PATTERNS = patterns()
#: What the texts are made of: the starts of what the expressions look for, over and over.
PIECES = (
    " ", "\t", "\n", "a", "0", "/", ":", "(", ")", "[", "]", "{", "}", "<", ">", "&", "|", "#",
    "\\n", "\x1b", "\x1b[", "\r", "é", "aA0_", ". ", "0x1 ", ":1 ", ") ", "a(", "(0x1", "{_",
    "x:1", "goroutine 1 [", "goroutine 1 [a]:", "goroutine 1 [a]: ", "goroutine 1 [a] {",
    "\ngoroutine 1 [a]:", "\ngoroutine 1 [a]:\n", "\npanic: ", "\npanic: a\n", "\n\tpanic: ",
    "\nSIGSEGV: a\nPC=0x1", "\nPC=0x1 m=0", "\n[signal ", "\nfatal error: ", "\nruntime stack:",
    "\nexit status 2", "\n-----\n", "\ninstruction bytes:", "\nWARNING: DATA RACE\n",
    "\nRead at 0x1 by goroutine 1:\n", "\nrax    0x1", "\nr0  0x1", "\ncreated by a",
    "a.f()\n\t/x.go:1 +0x1\n", "\na.f(", "/x.go:1", "\nruntime: g 1: ", "non-Go function\n",
    "\n\n", "\n \n", "\n2024-05-01T12:00:00Z ", "2024-05-01T12:00:00Z ",
    "\nNov 24 17:37:00 h p[1]: ", "\n#1 1.0 ", "\na |", "\na  | ", "\n> ", ">", "\n```", "\n$ a",
    "\na@b:c$ ", '\n{"log":"a"}', '\n{"', '"', "&lt;", "\n#012", "\n::error ", '"bug_type":',
    '{"procName":', "\nThread 1 Crashed:", "\n0 a 0x1 b + 1", "\n0x1 - 0x2 a <",
    "\nException Type: ", "\nTermination Reason: A ", "\n#0  0x1 in a (", "\nframe #0: 0x1 a`b",
    "\n* thread #1, ", "\n 0  0x00000001 in a\n  at x:1", "\n  Goroutine 1 - User: a:1 b (0x1)",
    "\nThread 1 (LWP 1 ", " at x:1", " + 1", "\n1 P ", "\n2024-05-01T12:00:00Z stderr P a",
    "a: b, ",
)  # fmt: skip


def everything(text: str) -> None:
    """All that the readers offer for this text."""
    for dump in read(text):
        for goroutine in dump.goroutines:
            assert goroutine.frames is not None
        stack_trust(dump)


def quiet(reader: Callable[[str], object]) -> Callable[[str], None]:
    def run(text: str) -> None:
        with contextlib.suppress(Malformed):
            reader(text)

    return run


READERS: dict[str, Callable[[str], None]] = {
    "undecorate": quiet(undecorate),
    "read": everything,
    "summary": quiet(summary),
    "apple": quiet(apple_crash.read_any),
    "ips": quiet(ips.read),
    "debugger": quiet(debugger_session.read),
}


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def behind(work: Callable[[str], object], front: str, text: str) -> None:
    work(front + text)


def grows_linearly(work: Callable[[str], object], piece: str, size: int) -> bool:
    """Four times the text takes less than nine times the time; what is quick is not looked at."""
    short, long = piece * (size // 4 // len(piece)), piece * (size // len(piece))
    for _ in range(3):
        slow = seconds(lambda: work(long))
        if slow < 0.15 or slow < 9 * seconds(lambda: work(short)):
            return True
    return False


@pytest.mark.parametrize(("title", "pattern", "searches"), PATTERNS, ids=[p[0] for p in PATTERNS])
def test_every_expression(title: str, pattern: re.Pattern[str], searches: bool) -> None:
    def everywhere(text: str) -> object:
        return sum(1 for _ in pattern.finditer(text))

    def at_the_start(text: str) -> object:
        return pattern.match(text)

    work = everywhere if searches else at_the_start
    for piece in PIECES:
        assert grows_linearly(work, piece, 200_000), (title, piece)
        front = piece.strip() + " x"
        assert grows_linearly(partial(behind, work, front), piece, 200_000), (title, piece)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("reader", READERS)
def test_every_reader(reader: str, piece: str) -> None:
    assert grows_linearly(READERS[reader], piece, 1 << 20)
