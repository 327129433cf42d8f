"""Verdicts of claims follow what was seen: the real trials, and contrary ones.

`seen.json` holds trials of a real run (linux/amd64, Go 1.19.8, 1.26.8, 1.27.3, qemu 7.2),
cut to what the judges read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from archfit.lab.claim import Verdict
from archfit.lab.ledger import CLAIMS, chosen, entry
from archfit.lab.trial import Said, Trial, thaw
from archfit.model.errors import Misuse

SEEN = Path(__file__).parent / "seen.json"
Edit = Callable[[str], str]


@cache
def trials() -> dict[str, list[Trial]]:
    table = json.loads(SEEN.read_text())
    return {
        name: [thaw(json.dumps(row).encode(), name) for row in rows] for name, rows in table.items()
    }


def verdict(claim_id: str, recipe: str = "", step: str = "", edit: Edit | None = None) -> Verdict:
    """Of a claim, over the real trials; ``edit`` changes what a step (all: "") said."""
    claim = next(claim for claim in CLAIMS if claim.id == claim_id)
    own = {name: trials()[name] for name in claim.recipes}
    if edit is not None:
        own[recipe] = [
            replace(t, said=tuple(_changed(s, edit) if step in ("", s.step) else s for s in t.said))
            for t in own[recipe]
        ]
    return entry(claim, own).judged.verdict


def _changed(said: Said, edit: Edit) -> Said:
    out, err = edit(said.out), edit(said.err)
    match = re.search(r"STATUS=(\d+)", out + err)
    return replace(said, out=out, err=err, status=int(match[1]) if match else said.status)


def put(old: str, new: str) -> Edit:
    return lambda text: re.sub(old, new, text, flags=re.M)


def becomes(text: str) -> Edit:
    return lambda _: text


#: What no run on this kind of machine can show.
_NOT_HERE = {"ch1.arch", "ch4.3.packages"}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_what_was_really_seen(claim: object) -> None:
    known = next(c for c in CLAIMS if c is claim)
    expected = Verdict.NOT_RUN if known.id in _NOT_HERE else known.settled
    assert verdict(known.id) is expected


BUS = "SIGBUS: bus error\ngoroutine 1 [syscall]:\nSTATUS=2"
_CONTRARY = [
    ("ch1.port", "claims/darwin-arm64-port", "api", put("1.16", "1.14"), Verdict.FALSE),
    ("ch1.port", "claims/darwin-arm64-port", "api", becomes(""), Verdict.NOT_RUN),
    ("ch1.crash", "crash-cgo/translated", "run", becomes(BUS), Verdict.PARTLY),
    ("ch1.uname", "claims/uname", "translated", becomes("x86_64\n"), Verdict.FALSE),
    ("ch1.size_t", "claims/sizes", "arm64", put("size_t 8 8", "size_t 4 4"), Verdict.TRUE),
    ("ch1.size_t", "claims/sizes", "arm64", put("long 8 8", "long 4 4"), Verdict.PARTLY),
    ("ch1.amd64", "claims/pace", "translated", becomes("STATUS=139"), Verdict.FALSE),
    ("ch1.amd64", "claims/pace", "translated", becomes("ms 1\n"), Verdict.TRUE),
    ("ch1.must-not-run", "crash-cgo/native-child", "run", becomes(BUS), Verdict.TRUE),
    (
        "ch1.what-breaks",
        "crash-cgo/wrong-isa-dlopen",
        "run",
        becomes("hello from C\nSTATUS=0"),
        Verdict.PARTLY,
    ),
    (
        "ch2.2.cppflags",
        "claims/flag-variables",
        "CGO_CPPFLAGS",
        put("^.*-c part.c$", ""),
        Verdict.TRUE,
    ),
    ("ch2.2.cppflags", "claims/flag-variables", "", becomes(""), Verdict.NOT_RUN),
    ("ch2.2.cxx-standard", "claims/cxx-standard", "", becomes("STATUS=0"), Verdict.FALSE),
    (
        "ch2.2.cxx-standard",
        "claims/cxx-standard",
        "",
        becomes("hello.h:1: syntax error\nSTATUS=1"),
        Verdict.TRUE,
    ),
    ("ch2.2.extern-c", "claims/extern-c", "link without", becomes("STATUS=0"), Verdict.FALSE),
    ("ch2.2.extern-c", "claims/extern-c", "link with", becomes("STATUS=1"), Verdict.FALSE),
    ("ch2.2.relative-archive", "claims/relative-archive", "", becomes("STATUS=0"), Verdict.TRUE),
    ("ch2.2.relative-archive", "claims/relative-archive", "", becomes("STATUS=1"), Verdict.FALSE),
    (
        "ch2.5.abort",
        "claims/abort",
        "names",
        becomes("cgoCheckCallback\ncgoCheckPtr\n"),
        Verdict.PARTLY,
    ),
    ("ch3.1.saved-arm64", "claims/callee-saved", "arm64", put("x19", "x9"), Verdict.PARTLY),
    ("ch3.1.saved-arm64", "claims/callee-saved", "arm64", becomes(""), Verdict.NOT_RUN),
    ("ch3.1.saved-amd64", "claims/callee-saved", "amd64", put("%rbx", "%rsi"), Verdict.PARTLY),
    (
        "ch3.1.stack-alignment",
        "claims/stack-alignment",
        "arm64",
        put("entry: 0", "entry: 0 8"),
        Verdict.PARTLY,
    ),
    ("ch3.1.misaligned-store", "claims/misaligned", "store 8", becomes("SIGBUS"), Verdict.TRUE),
    (
        "ch3.1.cgocall-alignment",
        "claims/stack-switch",
        "arm64",
        put("in C: 0", "in C: 8"),
        Verdict.TRUE,
    ),
    (
        "ch3.1.cgocall-alignment",
        "claims/stack-switch",
        "code arm64",
        put("MOVD R13, RSP", "AND $-16, R13, RSP"),
        Verdict.FALSE,
    ),
    ("ch3.1.parameters", "claims/parameters", "amd64", put("%r9", "%r10"), Verdict.PARTLY),
    (
        "ch4.1.clean",
        "claims/clean",
        "clean",
        put("(after -modcache.*answer) 1", r"\1 2"),
        Verdict.TRUE,
    ),
    ("ch4.1.clean", "claims/clean", "clean", put("(command): 0", r"\1: 1"), Verdict.FALSE),
    ("ch4.1.strip", "claims/strip", "stripped", put("crosscall2", "archfit_faults"), Verdict.TRUE),
    ("ch4.1.strip", "claims/strip", "stripped", put("bytes: .*", "bytes: 99999999"), Verdict.FALSE),
    ("ch4.3.packages", "claims/sqlite-modules", "", put("403 Forb", "404 Not F"), Verdict.INVENTED),
    (
        "ch4.3.packages",
        "claims/sqlite-modules",
        "",
        becomes("github.com/x v1.0.0\nSTATUS=0"),
        Verdict.TRUE,
    ),
    ("ch4.3.rates", "claims/sqlite-rate", "rate", put(r"\d+$", "100"), Verdict.PARTLY),
]


@pytest.mark.parametrize(
    ("claim_id", "recipe", "step", "edit", "expected"),
    _CONTRARY,
    ids=lambda value: value if isinstance(value, str) and value[:2] == "ch" else None,
)
def test_a_contrary_observation(
    claim_id: str, recipe: str, step: str, edit: Edit, expected: Verdict
) -> None:
    assert verdict(claim_id, recipe, step, edit) is expected


def test_every_claim_has_a_contrary_observation() -> None:
    assert {row[0] for row in _CONTRARY} == {claim.id for claim in CLAIMS} - {"ch1.arch"}


def test_nothing_run_is_no_verdict() -> None:
    for claim in CLAIMS:
        row = entry(claim, {})
        assert row.judged.verdict is Verdict.NOT_RUN
        assert (row.date, row.inputs, row.agrees) == ("", "", None)


def test_a_changed_recipe_is_said() -> None:
    claim = next(claim for claim in CLAIMS if claim.id == "ch1.size_t")
    old = [replace(t, digest="0" * 64) for t in trials()["claims/sizes"]]
    assert entry(claim, {"claims/sizes": old}).stale


def test_inputs_are_hashed() -> None:
    claim = next(claim for claim in CLAIMS if claim.id == "ch1.size_t")
    one = trials()["claims/sizes"]
    other = [replace(t, tools={"go": "go9"}) for t in one]
    assert (
        entry(claim, {"claims/sizes": one}).inputs != entry(claim, {"claims/sizes": other}).inputs
    )


def test_choice_of_claims() -> None:
    assert {claim.chapter for claim in chosen(["ch2.2"])} == {"2.2"}
    assert [claim.id for claim in chosen(["ch4.1.clean"])] == ["ch4.1.clean"]
    assert len({claim.id for claim in CLAIMS}) == len(chosen([])) == len(CLAIMS)
    with pytest.raises(Misuse):
        chosen(["ch9"])
