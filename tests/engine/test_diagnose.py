"""Hits become findings, broken lines are joined, findings are ranked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from archfit.engine.diagnose import diagnose, log_facts
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said

GONE = Text(
    "cannot open shared object file",
    "{library} is not found",
    "glibc",
    r"(?P<library>[\w.+-]{1,80}): cannot open shared object file",
    0.9,
)
OLD = Text("kernel too old", "the kernel is too old", "glibc", "", 0.95)
MISSING = Rule(
    "x.missing",
    texts=(GONE,),
    mend=lambda hit, log: [Remedy(f"Install {hit.group('library')}")],
)
TOO_OLD = Rule("x.old", texts=(OLD,))
LINE = "./app: error while loading shared libraries: libq.so.9: cannot open shared object file"


def said_by(text: str, *rules: Rule, **context: str) -> tuple[Log, tuple[Finding, ...]]:
    log, findings, gaps = diagnose([text], rules or (MISSING, TOO_OLD), context, "t")
    assert not gaps
    return log, findings


def test_message_evidence_remedy() -> None:
    _, (found,) = said_by(f"a\n{LINE}\n")
    assert (found.rule, found.subject, found.message) == (
        "x.missing",
        "t",
        "libq.so.9 is not found",
    )
    assert [(e.where, e.text) for e in found.evidence] == [("line 2", LINE)]
    assert found.remedies == (Remedy("Install libq.so.9"),)


def test_the_surest_comes_first_of_equals_the_earlier() -> None:
    assert [f.rule for f in said_by(f"{LINE}\nFATAL: kernel too old")[1]] == ["x.old", "x.missing"]
    equal = Rule("x.other", texts=(Text("kernel too old", "", "glibc", "", 0.9),))
    found = said_by(f"FATAL: kernel too old\n{LINE}", MISSING, equal)[1]
    assert [f.rule for f in found] == ["x.other", "x.missing"]


def test_what_another_explains_is_left_out() -> None:
    weak = Rule("x.weak", texts=(GONE,), yields_to=("x.old",))
    assert [f.rule for f in said_by(f"{LINE}\nkernel too old", weak, TOO_OLD)[1]] == ["x.old"]
    assert [f.rule for f in said_by(LINE, weak, TOO_OLD)[1]] == ["x.weak"]


def test_weigh_decides_and_a_failure_is_no_end() -> None:
    def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
        if log.says("special"):
            yield said(hits[0], confidence=0.5, message="weighed")

    rule = Rule("x.w", texts=(GONE,), weigh=weigh)
    assert not said_by(LINE, rule)[1]
    assert said_by(LINE, rule, host="special")[1][0].message == "weighed"

    def broken(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
        raise KeyError("x")

    bad = Rule("x.bad", texts=(GONE,), weigh=broken)
    _, findings, gaps = diagnose([LINE], (bad, MISSING), {}, "t")
    assert [f.rule for f in findings] == ["x.missing"]
    assert [gap.what for gap in gaps] == ["x.bad"]


def test_a_terminal_broke_the_line() -> None:
    long = f"{LINE}: No such file or directory"
    broken = "\n".join(long[at : at + 60] for at in range(0, len(long), 60))
    log, (found,) = said_by(f"$ ./app\n{broken}\n$ ./app\n{broken}\n")
    assert found.message == "libq.so.9 is not found"
    assert [e.where for e in found.evidence] == ["line 2", "line 5"]
    assert log.lines[2] == long


def test_a_mail_program_broke_the_line() -> None:
    text = textwrap.fill(f"I tried it and got this: {LINE}: No such file", 56)
    assert "cannot open shared object file" not in text
    assert [f.rule for f in said_by(f"Hello,\n\n{text}\nWhat now?")[1]] == ["x.missing"]


def test_a_large_text_is_diagnosed_in_chunks() -> None:
    chunks = ["noise\n" * 100_000] * 3 + [f"{LINE}\n"] + ["noise\n" * 100_000] * 3
    log, findings, _ = diagnose(chunks, (MISSING,), {}, "t", whole=False)
    assert findings[0].evidence[0].where == "line 300001"
    assert not log.whole


def test_facts_of_the_log() -> None:
    log, _ = said_by("dyld[1]: x\n/opt/homebrew/bin\narm64 arm64 x86_64\n")
    facts = log_facts(log)
    assert facts["log.os"].value == "darwin"
    assert facts["log.isas"].value == ["arm64", "amd64"]
    assert facts["log.lines"].value == 3
