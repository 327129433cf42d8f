"""Recipes of a matrix: what is off is said with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.engine.registry import rules
from archfit.lab.matrix_recipe import built_in, chosen, load
from archfit.model.errors import ArchfitError, Malformed, Misuse

GOOD = """
schema = "archfit.recipe/1"
name = "mine"
[[program]]
name = "app"
folder = "."
[[case]]
name = "one"
program = "app"
"""


def test_the_built_in_recipe_is_whole() -> None:
    assert "crashes" in built_in()
    recipe = load("crashes")
    assert len(recipe.cases) >= 15
    assert {"1.15", "1.16", "1.18", "1.21"} <= set(recipe.go)
    known = {rule.id for rule in rules()}
    assert {cause for case in recipe.cases for cause in case.cause} <= known
    assert all(case.verdict and case.about for case in recipe.cases)
    assert all(case.cause for case in recipe.cases if case.verdict == "dies")
    assert (Path(recipe.folder) / "README.md").is_file()


def test_cases_can_be_chosen() -> None:
    few = chosen(load("crashes"), ["deadlock", "abort"])
    assert [case.name for case in few.cases] == ["abort", "deadlock"]
    assert [program.name for program in few.programs] == ["app", "pure"]
    with pytest.raises(Misuse, match="no case 'abrot'"):
        chosen(few, ["abrot"])


def test_a_module_without_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module x\n")
    recipe = load(str(tmp_path))
    assert recipe.cases[0].verdict == ""
    with pytest.raises(Misuse, match="neither"):
        load(str(tmp_path / "absent"))
    (tmp_path / "go.mod").unlink()
    with pytest.raises(Misuse, match=r"neither recipe\.toml nor go\.mod"):
        load(str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("/1", "/2", "schema is 'archfit.recipe/2'"),
        ('program = "app"', 'program = "ap"', "no program 'ap'"),
        ('folder = "."', 'folder = "../x"', "leaves the recipe"),
        ('folder = "."', 'folder = "x"', "no folder 'x'"),
        ('name = "one"', 'name = "o/e"', r"case\[0\].name"),
        ('name = "one"', 'name = "one"\nruns = 0', r"case\[0\].runs is 0"),
        ('name = "one"', 'name = "one"\ntimeout = "x"', r"case\[0\].timeout is 'x'"),
        ('name = "one"', 'name = "one"\nverdict = "falls"', r"case\[0\].verdict"),
        ('name = "one"', 'name = "one"\nargs = "x"', r"case\[0\].args"),
        ('name = "one"', 'name = "one"\nenv = { A = 1 }', r"case\[0\].env"),
        ('name = "one"', 'name = "one"\nflaky = 1', r"case\[0\].flaky is 1"),
        ('name = "one"', 'name = "one"\ntargets = ["linux/x"]', "no release of Go has a port"),
        ('name = "one"', 'name = "one"\nsince = "2.0"', "no release of Go"),
        ('name = "one"', 'name = "one"\nwhat = 1', "what is no key"),
        ('name = "mine"', "name = 1", "name is 1"),
        ("[[case]]", "[case]", r"case is not written as \[\[case\]\]"),
        ("[[program]]", "[[program", "recipe.toml"),
    ],
)
def test_what_is_off_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    (tmp_path / "recipe.toml").write_text(GOOD)
    assert load(str(tmp_path)).name == "mine"
    (tmp_path / "recipe.toml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ArchfitError, match=why) as caught:
        load(str(tmp_path))
    assert isinstance(caught.value, Malformed)
