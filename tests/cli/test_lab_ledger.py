"""`archfit lab claims` and `lab reproduce`: what they print, without running anything."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from archfit.cli.main import main
from archfit.lab import ledger, reproduce
from archfit.lab.trial import dump, keep, thaw

LAB = Path(__file__).resolve().parents[1] / "lab"
ANSWER = str(LAB / "mac_answers" / "apple-silicon.json")


def valid(name: str, text: str) -> dict[str, object]:
    schema = files("archfit.report").joinpath("schema", f"archfit.{name}-1.json").read_text()
    Draft202012Validator.check_schema(json.loads(schema))
    document: dict[str, object] = json.loads(text)
    Draft202012Validator(json.loads(schema)).validate(document)
    return document


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the trials of a real run, as if they had been made here."""
    monkeypatch.setenv("ARCHFIT_CACHE", str(tmp_path))
    for name, rows in json.loads((LAB / "seen.json").read_text()).items():
        for row in rows:
            trial = thaw(json.dumps(row).encode(), name)
            cells = trial.folder.split("/recipes/")[1]
            folder = tmp_path / "lab" / "recipes" / cells
            keep(thaw(dump(trial).replace(trial.folder.encode(), str(folder).encode()), name))
    return tmp_path


def test_nothing_was_run_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARCHFIT_CACHE", str(tmp_path))
    assert main(["lab", "claims"]) == 3
    printed = capsys.readouterr()
    assert "archfit lab claims --run" in printed.err
    assert printed.out.count("not run here") == len(ledger.CLAIMS) + 1


def test_the_last_run_is_printed_with_its_date(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del kept
    assert main(["lab", "claims"]) == 0
    text = capsys.readouterr().out
    assert "false (Linux twin)     ch1.crash                  2026-" in text
    assert "23 claims: " in text
    assert main(["lab", "claims", "--format", "json"]) == 0
    rows = valid("lab-claims", capsys.readouterr().out)["claims"]
    assert isinstance(rows, list)
    assert {row["trust"] for row in rows} == {"REPRODUCED", None}
    assert len(rows) == len(ledger.CLAIMS)


def test_pages(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del kept
    for args in (["claims"], ["reproduce", "crash-cgo", "--from", ANSWER]):
        main(["lab", *args, "--format", "html"])
        page = capsys.readouterr().out
        assert page.startswith("<!doctype html>")
        for outside in ("http://", "https://", "src=", "@import", "<script"):
            assert outside not in page
        assert "prefers-color-scheme: dark" in page


def test_a_macs_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "reproduce", "crash-cgo", "--from", ANSWER]) == 0
    assert "the claim: false" in capsys.readouterr().out
    main(["lab", "reproduce", "crash-cgo", "--from", ANSWER, "--format", "json"])
    valid("lab-reproduce", capsys.readouterr().out)


def test_a_trial_keeps_its_schema() -> None:
    for rows in json.loads((LAB / "seen.json").read_text()).values():
        for row in rows:
            valid("lab-trial", dump(thaw(json.dumps(row).encode(), "")).decode())


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del capsys
    assert main(["lab", "claims", "--id", "ch9"]) == 2
    assert main(["lab", "reproduce", "crash-cgo", "--only", "no-such"]) == 2
    assert main(["lab", "reproduce", "crash-cgo", "--runs", "0"]) == 2
    assert main(["lab", "reproduce", "other"]) == 2
    assert main(["lab", "reproduce", "crash-cgo", "--from", str(tmp_path / "none")]) == 3


def test_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "reproduce", "crash-cgo", "--macos-script"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("#!/bin/sh\n")
    assert reproduce.FAMILY in text
