"""Facts of crashes: real dumps, debuggers' sessions and Apple's reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.crash.crash_facts import crash_facts
from archfit.formats.log import Log
from archfit.model.fact import Trust

CORPUS = Path(__file__).parents[1] / "corpus"


def facts(path: str) -> dict[str, object]:
    text = (CORPUS / path).read_text()
    found = crash_facts(Log(dict(enumerate(text.split("\n"), 1))))
    assert all(fact.trust is Trust.REPORTED for fact in found.values())
    return {name: fact.value for name, fact in found.items()}


def test_a_fault_in_c() -> None:
    got = facts("tracebacks/go1.27.3-linux-amd64/nullwrite.single.txt")
    assert got["crash.signal"] == "SIGSEGV"
    assert str(got["crash.raised"]).startswith("by the kernel: ")
    assert str(got["crash.where"]).startswith("C: ")
    assert "null_write" in str(got["crash.where"])
    assert got["crash.goroutine"] == {"id": 1, "state": "syscall", "m": 0}
    stack = got["crash.stack"]
    assert isinstance(stack, list)
    assert stack[0]["function"] == "runtime.cgocall"
    assert stack[0]["trust"] == "saved"
    assert str(got["crash.trust"]).startswith("go-part: ")


def test_a_signal_that_was_sent() -> None:
    got = facts("tracebacks/go1.27.3-linux-amd64/abort.single.txt")
    assert str(got["crash.raised"]).startswith("sent: ")


def test_a_panic_has_no_signal() -> None:
    got = facts("tracebacks/go1.26.8-linux-amd64/index.single.txt")
    assert "crash.signal" not in got
    assert "crash.raised" not in got
    assert str(got["crash.where"]).startswith("Go: ")


@pytest.mark.parametrize(
    "path", ["debuggers/lldb-nullwrite.txt", "apple/crash-309.ips", "apple/translated.crash"]
)
def test_debuggers_and_reports(path: str) -> None:
    got = facts(path)
    assert str(got["crash.where"]).startswith("C: the innermost function is null_write")
    assert got["crash.stack"]


def test_gdb_guesses_behind_the_switch_of_stacks() -> None:
    got = facts("debuggers/gdb-abort.txt")
    assert "guessed" in str(got["crash.trust"])


def test_no_crash_no_facts() -> None:
    assert facts("tracebacks/go1.27.3-linux-amd64/pure-profile.single.txt") == {}
