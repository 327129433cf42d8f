"""`archfit inspect` and `archfit compare` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import archfit
from archfit.cli.main import main
from real_files import made_macho

SCHEMAS = Path(archfit.__file__).parent / "report/schema"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = made_macho(tmp_path_factory.mktemp("macho"))
    return next(path for path in made if path.name == "universal-program")


def valid(name: str, text: str) -> object:
    document: object = json.loads(text)
    schema = json.loads((SCHEMAS / name).read_text())
    Draft202012Validator(schema).validate(document)
    return document


def test_identity(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(program)]) == 0
    assert "universal" in capsys.readouterr().out


def test_bindings(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(program), "--bindings"]) == 0
    said = capsys.readouterr().out
    assert "_outside" in said
    assert "@rpath/lib.dylib" in said
    assert "rpath   @loader_path/lib" in said
    assert main(["inspect", str(program), "--bindings", "--format", "json", "--all"]) == 0
    document = valid("archfit.bindings-1.json", capsys.readouterr().out)
    assert isinstance(document, dict)
    assert sorted(part["isa"] for part in document["slices"]) == ["amd64", "arm64"]


def test_a_slice(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(program), "--bindings", "--slice", "arm64"]) == 0
    assert "amd64" not in capsys.readouterr().out
    assert main(["inspect", str(program), "--bindings", "--slice", "s390x"]) == 2


def test_compare(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = [str(program), str(program), "--slice-a", "arm64", "--slice-b", "amd64"]
    assert main(["compare", "--bindings", *two]) == 0
    said = capsys.readouterr().out
    assert "say nothing about translation" in said
    assert main(["compare", "--bindings", *two, "--format", "json"]) == 0
    document = valid("archfit.bindings-comparison-1.json", capsys.readouterr().out)
    assert isinstance(document, list)
    assert document[0]["isa"] == ["arm64", "amd64"]
    assert main(["compare", *two]) == 2
