"""Whose C it is, by which imports, and what the table knows."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from archfit.lab import alternatives
from archfit.lab.alternatives import known, look, rows
from archfit.lab.go_packages import Package, chain, objects
from archfit.model.errors import Misuse, Unavailable
from toolbox import need_tool


def package(path: str, *imports: str, named: bool = False) -> Package:
    return Package(path, "x", "/x", False, named, imports=imports)


def test_the_chain_is_the_shortest() -> None:
    found = [
        package("deep", "C"),
        package("b", "deep"),
        package("a", "b"),
        package("app", "a", "b", named=True),
    ]
    assert chain(found, "deep") == ("app", "b", "deep")
    assert chain(found, "nowhere") == ()


def test_a_row_counts_at_a_slash() -> None:
    assert known("github.com/confluentinc/confluent-kafka-go/v2/kafka") is not None
    assert known("github.com/mattn/go-sqlite3x") is None
    assert known("example.com/nothing") is None


def test_every_row_is_whole() -> None:
    names = [row.cgo for row in rows()]
    assert len(names) == len(set(names))
    for row in rows():
        assert row.what
        assert row.date
        for one in row.instead:
            assert one.version.startswith("v")
            assert one.released <= row.date
            # A replacement that is itself in the table as cgo would be none.
            assert known(one.path) is None, one.path


def test_the_go_commands_objects() -> None:
    assert objects('{"a":1}\n{"b":2}\n') == [{"a": 1}, {"b": 2}]
    with pytest.raises(Unavailable):
        objects('{"a":1} nonsense')


def test_no_module_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse):
        look(str(tmp_path))


def test_c_of_ones_own(tmp_path: Path) -> None:
    need_tool("go")
    (tmp_path / "go.mod").write_text("module example.com/app\n\ngo 1.19\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "in.go").write_text('package in\n\nimport "C"\n')
    text = 'package main\n\nimport _ "example.com/app/in"\n\nfunc main() {}\n'
    (tmp_path / "main.go").write_text(text)
    found = look(str(tmp_path), (".",), offline=True)
    (user,) = found.users
    assert user.own
    assert user.chain == ("example.com/app", "example.com/app/in")
    assert "your own code" in "\n".join(found.lines())
    schema = files("archfit.report").joinpath("schema", "archfit.lab-alternatives-1.json")
    jsonschema.validate(json.loads(found.text()), json.loads(schema.read_text()))


def test_the_table_can_be_read_by_people() -> None:
    assert len(list(alternatives.table_lines())) == len(rows())
