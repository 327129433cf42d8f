"""The tables of platforms/: their form, their sources, and that programs read the same."""

from __future__ import annotations

import datetime
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from archfit.platforms.table import table

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src/archfit/platforms"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))

#: Columns of each kind of row, and their types.
SCHEMA: dict[str, dict[str, dict[str, type]]] = {
    "isas": {
        "isa": {
            "name": str,
            "port": bool,
            "uname": list,
            "gnu": list,
            "debian": list,
            "docker": list,
            "qemu": list,
            "macho": list,
            "pe": list,
            "elf": int,
            "bits": int,
            "endian": str,
        }
    },
    "loaders": {"loader": {"path": str, "isa": str, "libc": str}},
    "isa_levels": {
        "level": {"name": str, "isa": str, "over": str, "features": list},
        "alias": {"darwin": str, "linux": str},
    },
    "page_sizes": {"pages": {"isa": str, "os": str, "sizes": list}},
    "macos": {
        "macos": {
            "version": str,
            "name": str,
            "darwin": int,
            "released": str,
            "arm64": bool,
            "amd64": bool,
            "i386": bool,
            "rosetta": bool,
        }
    },
    "go_releases": {
        "release": {"version": str, "released": str, "bootstrap": str},
        "port": {
            "target": str,
            "since": str,
            "until": str,
            "cgo": str,
            "broken": str,
            "means": str,
        },
        "minimum": {"target": str, "since": str, "version": str},
        "breaks": {"os": str, "version": str, "below": str},
        "setting": {"name": str, "since": str, "until": str, "default": str, "values": str},
        "format": {"what": str, "since": str, "change": str},
    },
}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


@pytest.mark.parametrize("name", sorted(SCHEMA))
def test_each_row_has_its_columns_a_source_and_a_date(name: str) -> None:
    whole = _read(name)
    assert whole.pop("schema") == 1
    assert set(whole) == set(SCHEMA[name])
    for kind, rows in whole.items():
        columns = SCHEMA[name][kind] | {"source": str, "date": str}
        for row in rows:
            assert {key: type(value) for key, value in row.items()} == columns, row
            assert len(row["source"]) > 8, row
            assert datetime.date.fromisoformat(row["date"]) >= datetime.date(2026, 1, 1)


def test_what_programs_read_is_what_people_edit() -> None:
    stale = subprocess.run(
        [sys.executable, "tools/build_tables.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert stale.returncode == 0, stale.stderr


@pytest.mark.parametrize("name", sorted(SCHEMA))
def test_a_table_is_read_without_source_and_date(name: str) -> None:
    for kind, rows in table(name).items():
        assert len(rows) == len(_read(name)[kind])
        assert not {"source", "date"} & {key for row in rows for key in row}


def test_names_mean_one_isa_only() -> None:
    seen: dict[tuple[str, str], str] = {}
    for row in _read("isas")["isa"]:
        for kind in ("uname", "gnu", "debian", "docker", "qemu", "macho"):
            for name in row[kind]:
                other = seen.setdefault((kind, name), row["name"])
                assert other == row["name"], f"{kind} {name}: {other} and {row['name']}"


def test_every_isa_that_a_table_speaks_of_has_a_row() -> None:
    known = {row["name"] for row in _read("isas")["isa"]}
    for name, kind in (("loaders", "loader"), ("page_sizes", "pages"), ("isa_levels", "level")):
        assert {row["isa"] for row in _read(name)[kind]} <= known


def test_no_loader_stands_twice() -> None:
    paths = [row["path"] for row in _read("loaders")["loader"]]
    assert len(paths) == len(set(paths))
