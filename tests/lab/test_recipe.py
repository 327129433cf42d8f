"""Recipes: all of the package load, and what is wrong in one is said."""

from __future__ import annotations

import pytest

from archfit.lab import recipe as recipes
from archfit.lab.ledger import CLAIMS
from archfit.lab.tool_names import Tools
from archfit.lab.trial import machine_values
from archfit.model.errors import Malformed, Misuse, Unavailable

EVERY = [name for family in ("crash-cgo", "claims") for name in recipes.names(family)]


@pytest.mark.parametrize("name", EVERY)
def test_every_recipe_is_whole(name: str) -> None:
    recipe = recipes.load(name)
    files = dict(recipes.copied(name, recipe.sources))
    for variant in recipe.variants:
        for step in recipe.of(variant, {**machine_values(), "once": "1"}):
            words = [*step.argv, *step.env.values(), step.cwd]
            assert not [word for word in words if "$" in word.removesuffix("$")], step
            folders = {path.rpartition("/")[0] for path in files} | {".", "empty"}
            assert step.cwd in folders
    if recipe.role != "probe":
        assert any(step.kind == "try" for step in recipe.steps)
        assert recipe.expect


def test_every_recipe_has_a_use() -> None:
    used = {name for claim in CLAIMS for name in claim.recipes}
    assert used <= set(EVERY)
    assert {name for name in EVERY if name.startswith("claims/")} <= used


def test_the_digest_is_of_the_sources_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipes.load("claims/sizes").digest
    monkeypatch.setattr(recipes, "copied", lambda *_: iter([("sizes/main.go", b"other")]))
    assert recipes.load("claims/sizes").digest != before


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(Misuse):
        recipes.load("claims/no-such")
    good = {"schema": 1, "title": "t", "asks": "a", "role": "probe", "step": []}
    for bad in ({"schema": 2}, {"role": "x"}, {"more": 1}, {"step": [{"name": "s", "kind": "x"}]}):
        with pytest.raises(Malformed):
            recipes._recipe("claims/x", {**good, **bad}, b"")


def test_names_of_tools() -> None:
    tools = Tools()
    assert tools.words("-x") == ["-x"]
    assert tools.words("{tool:sh}")[0].endswith("/sh")
    assert set(tools.used) == {"sh"}
    with pytest.raises(Unavailable):
        tools.words("{tool:no-such-tool}")
    with pytest.raises(Unavailable):
        tools.text("{qemu:no-isa}")
    with pytest.raises(Malformed):
        tools.words("{strange:x}")
