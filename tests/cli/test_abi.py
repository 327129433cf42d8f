"""`archfit abi show` and `diff`: the table as people and programs read it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from archfit.cli.main import main
from archfit.platforms.calling_conventions import FACTS, conventions, different, find

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "src/archfit/report/schema/archfit.abi-1.json").read_text())
NAMES = [convention.name for convention in conventions()]


def test_every_row_of_the_table_has_its_source_and_known_facts_only() -> None:
    text = (ROOT / "src/archfit/platforms/calling_conventions.toml").read_text()
    for row in tomllib.loads(text)["convention"]:
        about = {"name", "title", "isa", "targets", "spec", "source", "date"}
        assert about <= set(row) <= about | set(FACTS)
        assert all(set(row[key]) == {"is", "at"} for key in set(row) - about)


def test_no_target_has_two_conventions() -> None:
    targets = [target for convention in conventions() for target in convention.targets]
    assert len(targets) == len(set(targets))


@pytest.mark.parametrize("name", NAMES)
def test_show_says_every_fact_with_its_section(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    convention = find(name)
    assert convention is not None
    assert main(["abi", "show", name]) == 0
    out = capsys.readouterr().out
    for key, fact in convention.facts.items():
        assert FACTS[key] in out
        assert f"[{fact.section}]" in out


def test_the_documents_fit_their_schema(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["show"], ["show", "linux/s390x"], ["diff", "linux/arm64", "darwin/arm64"]):
        assert main(["abi", *words, "--format", "json"]) == 0
        Draft202012Validator(SCHEMA).validate(json.loads(capsys.readouterr().out))


def test_diff_shows_what_differs_and_only_that(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abi", "diff", "linux/arm64", "darwin/arm64"]) == 0
    shown, alike = capsys.readouterr().out.split("the same in both: ")
    assert "every variadic argument on the stack" in " ".join(shown.split())
    assert "A  unsigned" in shown
    assert "B  signed" in shown
    assert "integer arguments" in alike
    assert "integer arguments" not in shown
    linux = find("linux/arm64")
    assert linux is not None
    assert different(linux, linux) == []


def test_an_unknown_target_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abi", "show", "linux/vax"]) == 2
    assert "linux/vax" in capsys.readouterr().err
