"""Verdicts come from trials: what they say for each way a trial can end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archfit.cli.main import main
from archfit.lab.cause import Cause
from archfit.lab.outcome import Outcome, Word, outcome
from archfit.lab.recipe import Recipe, load
from archfit.lab.reproduce import Case, chosen, conclusion, facts_of, judged, standing
from archfit.lab.trial import Said, Trial, dump, thaw
from archfit.model.errors import Malformed, Misuse

HELLO = "hello from C\n"


def said(status: int = 0, out: str = HELLO, err: str = "", timed_out: bool = False) -> Said:
    return Said("run", "try", ("./prog",), status, out, err, 0.1, timed_out)


def trial(*tries: Said, failed: str = "", gap: str = "", cause: str = "") -> Trial:
    found = {"rule": cause, "message": "m", "by": "b"} if cause else {}
    date = "2026-11-24T00:00:00+00:00"
    return Trial("crash-cgo/translated", "v", "0" * 64, date, tries, gap, failed, {}, "/x", found)


def case(*tries: Said, role: str = "claim", gap: str = "", cause: str = "") -> Case:
    recipe: Recipe = replace(load("crash-cgo/translated"), role=role)
    return judged(recipe, trial(*tries, gap=gap, cause=cause))


BUS = said(2, "", "SIGBUS: bus error\n\ngoroutine 1 [syscall]:\n")


@pytest.mark.parametrize(
    ("tries", "text", "crash"),
    [
        ([said(), said()], "never (0 of 2)", False),
        ([BUS, BUS], "crashes always (2 of 2)", True),
        ([said(), BUS, said()], "crashes sometimes (1 of 3)", True),
        ([said(-11, "")], "crashes always (1 of 1)", True),
        ([said(132, "")], "crashes always (1 of 1)", True),
        ([said(127, "", "no such file")], "fails always (1 of 1)", False),
        ([said(255, "", "qemu: no loader")], "fails always (1 of 1)", False),
        ([said(0, "something else")], "fails always (1 of 1)", False),
        ([said(-9, HELLO, timed_out=True)], "fails always (1 of 1)", False),
        ([], "not run", False),
    ],
)
def test_verdicts(tries: list[Said], text: str, crash: bool) -> None:
    result = outcome(trial(*tries), "hello from C")
    assert (result.text, result.crash) == (text, crash)


def test_not_built_and_not_run() -> None:
    build = Said("build", "build", ("go",), 1, "", "no", 0.1)
    assert outcome(trial(build, failed="build"), "x").text == "can't be built"
    assert outcome(trial(gap="no qemu"), "x").text == "not run"


def test_a_crash_as_the_article_tells_it_makes_the_claim_stand() -> None:
    good, bad = case(said(), said()), case(BUS, BUS)
    assert conclusion([good])[0] == "false"
    assert conclusion([bad])[0] == "true"
    assert conclusion([good, bad])[0] == "partly"
    assert bad.stands == "stands"
    assert case(said(), BUS).stands.startswith("stands in part")


def test_another_fault_is_no_proof_either_way() -> None:
    other = case(said(127, "", "no loader"), cause="run.loader-missing")
    assert other.stands == "another fault: run.loader-missing"
    assert conclusion([other])[0] == "not run here"
    assert conclusion([case(gap="no qemu")])[0] == "not run here"
    assert conclusion([])[0] == "not run here"


def test_relatives_and_controls_do_not_decide() -> None:
    relative = case(BUS, role="relative")
    assert conclusion([case(said()), relative])[0] == "false"
    assert standing("control", Outcome(Word.ALWAYS, 1, 1), Cause("", "", ""), False)


def test_the_facts_of_a_case_are_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(facts_of(case(BUS, said(), cause="crash.c-segv")))
    assert main(["check", str(path)]) == 0
    assert "crashes sometimes (1 of 2 runs of the lab); crash.c-segv" in capsys.readouterr().out
    assert '"trust": "REPRODUCED"' in path.read_text()


def test_choice_of_cases() -> None:
    assert [r.id for r in chosen(["c-fault", "native-child"])] == [
        "crash-cgo/native-child",
        "crash-cgo/c-fault",
    ]
    with pytest.raises(Misuse):
        chosen(["no-such"])


def test_a_trial_is_the_same_after_it_was_kept() -> None:
    before = trial(said(), BUS, cause="run.x")
    assert thaw(dump(before), "f") == before
    for bad in (b"", b"[]", b"{}", b'{"schema": "archfit.lab-trial/1"}', b"\xff"):
        with pytest.raises(Malformed):
            thaw(bad, "f")
