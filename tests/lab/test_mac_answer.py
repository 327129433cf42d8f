"""A Mac's answers (written by hand, see mac_answers/README.md) are read and judged."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from archfit.lab import mac_answer
from archfit.lab.claim import Verdict
from archfit.lab.ledger import CLAIMS, entry
from archfit.lab.reproduce import conclusion
from archfit.model.errors import ArchfitError, Malformed

ANSWERS = Path(__file__).parent / "mac_answers"


def answer(name: str) -> mac_answer.MacAnswer:
    return mac_answer.read(str(ANSWERS / f"{name}.json"))


def document(name: str = "apple-silicon") -> dict[str, Any]:
    table: dict[str, Any] = json.loads((ANSWERS / f"{name}.json").read_text())
    return table


def causes(read: mac_answer.MacAnswer) -> dict[str, str]:
    return {case.name: case.cause.rule for case in read.cases if case.cause.rule}


def test_the_answers_keep_their_schema() -> None:
    text = files("archfit.report").joinpath("schema", "archfit.lab-macos-1.json").read_text()
    for path in ANSWERS.glob("*.json"):
        Draft202012Validator(json.loads(text)).validate(json.loads(path.read_text()))


@pytest.mark.parametrize(
    ("name", "machine", "word"),
    [
        ("apple-silicon", "darwin/arm64", "false"),
        ("translated-shell", "darwin/arm64", "false"),
        ("no-rosetta", "darwin/arm64", "not run here"),
        ("intel", "darwin/amd64", "not run here"),
    ],
)
def test_answers(name: str, machine: str, word: str) -> None:
    read = answer(name)
    assert (read.machine, conclusion(read.cases)[0]) == (machine, word)
    assert causes(read) == {
        "wrong-isa-library": "run.library-arch",
        "wrong-isa-archive": "build.link-arch",
        "c-fault": "crash.c-segv",
    }


def test_shells() -> None:
    lines = list(answer("translated-shell").lines())
    assert lines[0] == "this shell: arch i386, uname -m x86_64, sysctl.proc_translated 1"
    assert "proc_translated absent" in next(iter(answer("intel").lines()))


def test_a_crash_as_told_would_be_seen() -> None:
    table = document()
    for row in table["steps"]:
        if row["case"] == "native-child":
            row |= {"status": 2, "out": "SIGBUS: bus error\n\ngoroutine 1 [syscall]:"}
    assert conclusion(mac_answer.judged(table, "0" * 64).cases)[0] == "true"


def test_claims_that_only_a_mac_shows() -> None:
    claims = {claim.id: claim for claim in CLAIMS}
    mac = answer("apple-silicon")
    arch = entry(claims["ch1.arch"], {}, mac)
    assert (arch.judged.verdict, arch.judged.mac, arch.date) == (Verdict.TRUE, True, mac.date)
    assert entry(claims["ch1.uname"], {}, mac).judged.verdict is Verdict.TRUE
    assert entry(claims["ch1.crash"], {}, mac).judged.verdict is Verdict.FALSE
    intel = answer("intel")
    assert entry(claims["ch1.arch"], {}, intel).judged.verdict is Verdict.NOT_RUN
    table = document()
    table["shells"]["x86_64"] |= {"arch": "x86_64", "uname": "arm64"}
    other = mac_answer.judged(table, "0" * 64)
    assert entry(claims["ch1.arch"], {}, other).judged.verdict is Verdict.FALSE
    assert entry(claims["ch1.uname"], {}, other).judged.verdict is Verdict.FALSE


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "archfit.lab-macos/2"},
        {"host": []},
        {"shells": None},
        {"date": 5},
        {"steps": {}},
        {"steps": [5]},
        {"steps": [{"case": "strange", "variant": "x"}]},
        {"steps": [{"case": "native", "variant": "x", "status": "0"}]},
        {"steps": [{"case": "native", "variant": "x", "status": 1, "kind": "look"}]},
    ],
)
def test_what_is_no_answer(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(document() | change))
    with pytest.raises(Malformed):
        mac_answer.read(str(path))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_what_is_no_json(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(data)
    with pytest.raises(ArchfitError):
        mac_answer.read(str(path))


def test_the_script_carries_the_recipes_sources() -> None:
    text = mac_answer.script()
    sources = files("archfit.lab").joinpath("recipes", "crash-cgo", "sources")
    for name in ("hello", "fault", "dylib", "archive"):
        assert sources.joinpath(name, "main.go").read_text() in text
    assert not [line for line in text.splitlines() if line.startswith("@")]
