"""What a machine reads is what the schemas in the package say, over real results."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import archfit
from archfit.cli.main import main


def validator(name: str) -> Draft202012Validator:
    text = files("archfit.report").joinpath("schema", name).read_text()
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def printed(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    main(list(args))
    return capsys.readouterr().out


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A binary, a script with a finding, an archive of nothing, a text, an empty file."""
    (tmp_path / "python").write_bytes(Path(sys.executable).resolve().read_bytes()[: 1 << 20])
    script = tmp_path / "run.sh"
    script.write_bytes(b"#!/bin/sh\r\necho\r\n")
    script.chmod(0o755)
    (tmp_path / "lib.a").write_bytes(b"!<arch>\n")
    (tmp_path / "note.txt").write_text("nothing to see\n")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "cut.elf").write_bytes(b"\x7fELF\x02\x01\x01")
    return tmp_path


def test_json_report(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(printed(capsys, "check", "--format", "json", str(tree)))
    validator("archfit.report-1.json").validate(report)
    assert report["archfit"] == archfit.__version__
    ids = [subject["id"] for subject in report["subjects"]]
    assert len(ids) == len(set(ids)) >= 2
    assert {f["subject"] for f in report["findings"]} <= set(ids)
    assert any(n["subject"].endswith("cut.elf") for n in report["not_checked"])


def test_json_report_of_the_host(capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(printed(capsys, "check", "--format", "json"))
    validator("archfit.report-1.json").validate(report)
    assert [subject["kind"] for subject in report["subjects"]] == ["host"]


def test_jsonl_report(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "check", "--format", "jsonl", str(tree)).splitlines()
    line_schema = validator("archfit.report-1.line.json")
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for row in rows:
        line_schema.validate(row)
    names = [Path(row["subject"]["name"]).name for row in rows]
    assert names == sorted(names)
    assert "note.txt" not in names


def test_facts(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = validator("archfit.facts-1.json")
    for subject in ("host", str(tree / "python"), str(tree / "run.sh")):
        schema.validate(json.loads(printed(capsys, "facts", "--format", "json", subject)))


def test_schemas_refuse_what_is_wrong() -> None:
    bad = {
        "schema": "archfit.report/1",
        "archfit": "0",
        "subjects": [{}],
        "findings": [],
        "not_checked": [],
    }
    assert list(validator("archfit.report-1.json").iter_errors(bad))
