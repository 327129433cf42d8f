"""Repeated goroutines are left out; each line that stays keeps its row."""

from __future__ import annotations

import pytest

from archfit.engine.diagnose import diagnose
from archfit.engine.registry import rules
from archfit.formats.goroutine_thinning import thinned

HEAD = "panic: enough\n\ngoroutine 1 [running]:\nmain.main()\n\t/a/main.go:9 +0x1d\n\n"


def waiting(number: int, state: str = "chan receive", name: str = "wait") -> str:
    return (
        f"goroutine {number} [{state}]:\nmain.{name}(0xc0000{number:05x})\n\t/a/main.go:4 +0x25\n"
        f"created by main.main in goroutine {number % 7}\n\t/a/main.go:7 +0x99"
    )


def dump(*more: str) -> str:
    return HEAD + "\n\n".join([*map(waiting, range(10, 510)), *more]) + "\nexit status 2\n"


def test_every_line_keeps_its_row() -> None:
    text = dump(waiting(900, "select"), waiting(901, name="other"))
    fewer = thinned(text)
    assert fewer is not None
    lines, rows = fewer[0].split("\n"), fewer[1]
    whole = text.split("\n")
    assert [whole[row] for row in rows] == lines
    assert len(lines) < 60


def test_goroutines_unlike_the_others_stay() -> None:
    odd = [
        waiting(900, "select"),
        waiting(901, "chan receive, locked to thread"),
        waiting(902, name="other"),
        "goroutine 903 [running]:\n\tgoroutine running on other thread; stack unavailable",
    ]
    fewer = thinned(dump(*odd, waiting(999)))
    assert fewer is not None
    assert all(one in fewer[0] for one in odd)


def test_how_long_one_waits_makes_no_other_kind() -> None:
    some = [waiting(n, f"chan receive, {n} minutes") for n in range(600, 900)]
    fewer = thinned(dump(*some))
    assert fewer is not None
    assert fewer[0].count("\ngoroutine ") < 10


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        HEAD + "\n\n".join(waiting(n, name=f"f{n}") for n in range(10, 300)),
        dump().replace("\n", "\r\n"),
        dump().replace("panic:", "\x1b[31mpanic:"),
    ],
    ids=["empty", "few", "all-different", "crlf", "coloured"],
)
def test_read_whole(text: str) -> None:
    assert thinned(text) is None


def test_what_stands_behind_the_crowd_is_judged_in_its_line() -> None:
    text = dump() + "bash: ./tool: cannot execute binary file: Exec format error\n"
    log, findings, gaps = diagnose([text], rules(), {}, "log:x")
    assert not gaps
    proofs = {proof.where: proof.text for one in findings for proof in one.evidence}
    lines = text.split("\n")
    assert proofs
    assert all(shown in lines[int(where.split()[1]) - 1] for where, shown in proofs.items())
    assert max(log.numbers) == text.count("\n")
