"""SARIF output against the official schema (carried by the npm package @microsoft/jest-sarif)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from archfit.cli.main import main
from npm_package import npm_file

pytestmark = pytest.mark.slow  # fetches a package


@pytest.fixture(scope="module")
def schema() -> Any:
    path = npm_file(
        "@microsoft/jest-sarif", "1.0.0-beta.0", "package/lib/schemas/sarif-2.1.0-rtm.5.json"
    )
    return json.loads(path.read_text())


def sarif(capsys: pytest.CaptureFixture[str], *paths: str) -> dict[str, Any]:
    main(["check", "--format", "sarif", *paths])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_official_schema(tmp_path: Path, schema: Any, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "a script: with #odd% name.sh"
    script.write_bytes(b"#!/bin/sh\r\necho\r\n")
    script.chmod(0o755)
    (tmp_path / "cut.elf").write_bytes(b"\x7fELF\x02\x01\x01")
    report = sarif(capsys, str(tmp_path))
    errors = list(Draft7Validator(schema).iter_errors(report))
    assert not errors, errors[:3]
    run = report["runs"][0]
    assert [result["ruleId"] for result in run["results"]] == ["run.script-interpreter"]
    rule = run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]]
    assert rule["id"] == "run.script-interpreter"
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.endswith("a%20script%3A%20with%20%23odd%25%20name.sh")
    assert run["invocations"][0]["toolExecutionNotifications"]


def test_nothing_found_is_valid_too(
    tmp_path: Path, schema: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not list(Draft7Validator(schema).iter_errors(sarif(capsys, str(tmp_path))))


def test_the_schema_can_fail(schema: Any) -> None:
    assert list(Draft7Validator(schema).iter_errors({"version": "2.1.0"}))
