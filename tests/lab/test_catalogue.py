"""What is on this machine, and what no release of Go can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.lab import catalogue
from archfit.lab.cells import cells, configs
from archfit.lab.go_catalogue import changes, fits, number, spelled, why_not
from archfit.lab.matrix_recipe import chosen, load
from archfit.model.errors import Misuse, Unavailable
from toolbox import need_tool


def test_what_a_release_cannot_build_is_refused_with_the_source() -> None:
    why = why_not("1.14", "darwin/arm64")
    assert "since 1.16" in why
    assert "meant iOS" in why
    assert "doc/go1.16" in why
    assert why_not("1.16", "darwin/arm64") == ""
    assert "since 1.21 (doc/go1.21)" in why_not("1.20.3", "wasip1/wasm")
    assert "last release was 1.14" in why_not("1.27", "darwin/386")
    assert "broken" in why_not("1.26", "freebsd/riscv64")
    assert "no cgo" in why_not("1.24", "js/wasm", cgo=True)
    assert "no release of Go builds for" in why_not("1.26", "linux/z80")


def test_names_of_releases() -> None:
    assert spelled("go1.27.3") == "1.27.3"
    for odd in ("1", "2.0", "1.27.3.4", "1.x", "../1.27", ""):
        with pytest.raises(Misuse, match="is no release of Go"):
            spelled(odd)
    assert sorted(["1.9", "1.27.3", "1.27rc1", "1.27", "1.10.2"], key=number) == [
        *("1.9", "1.10.2", "1.27rc1", "1.27", "1.27.3"),
    ]
    assert fits("1.27.3", "1.27")
    assert not fits("1.27.3", "1.2")
    assert any("unpinned" in text for text in changes("traceback", 20, 21))


def test_toolchains_that_are_here(tmp_path: Path) -> None:
    need_tool("go")
    found = catalogue.go_toolchains()
    assert found[0].source in ("GOROOT", "PATH")
    tool = found[0]
    assert catalogue.go_toolchain(tool.version, offline=True).version == tool.version
    # Another folder with the same toolchain in it, given by hand, comes first.
    (tmp_path / "root").symlink_to(tool.goroot)
    assert catalogue.go_toolchains([str(tmp_path / "root")])[0].source == "GOROOT"
    (tmp_path / "empty").mkdir()
    with pytest.raises(Misuse, match="no Go toolchain"):
        catalogue.go_toolchains([str(tmp_path / "empty")])


def test_what_is_not_here_is_not_fetched_unless_it_is_named_whole() -> None:
    with pytest.raises(Unavailable, match=r"--offline"):
        catalogue.go_toolchain("1.13.9", offline=True)
    with pytest.raises(Unavailable) as caught:
        catalogue.go_toolchain("1.13")
    assert "patch release" in caught.value.hint


def test_compilers_by_target() -> None:
    need_tool("gcc")
    own = catalogue.machine()
    found = catalogue.compiler_for("gcc", own)
    assert found is not None
    assert (found.kind, found.target) == ("gcc", own)
    assert catalogue.compiler_for("gcc", "plan9/arm") is None


def test_a_cell_is_known_by_all_that_makes_it() -> None:
    need_tool("go")
    need_tool("gcc")
    own = catalogue.machine()
    tool = catalogue.go_toolchains()[0]
    columns = configs([tool.version], ["gcc"], [own, "plan9/arm"], {tool.version: tool})
    recipe = chosen(load("crashes"), ["abort", "misaligned-atomic"])
    first = cells(recipe, columns)
    again = cells(recipe, columns)
    assert [cell.key for cell in first] == [cell.key for cell in again]
    assert "plan9/arm" in first[1].why or "cgo" in first[1].why
    assert "the case is about" in first[2].why or own == "linux/arm64"
    more = cells(recipe, columns, runs=7)
    assert more[0].key != first[0].key
    assert more[0].build is not None
    assert first[0].build is not None
    assert more[0].build.key == first[0].build.key
    # A release that is not here: not run, with the reason.
    absent = cells(recipe, configs(["1.13"], ["gcc"], [own], {"1.13": "go1.13 is not here"}))
    assert [cell.why for cell in absent] == ["go1.13 is not here"] * 2
