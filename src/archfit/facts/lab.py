"""Keys of an experiment's result: what was made to happen, on real toolchains."""

from __future__ import annotations

from typing import Any

from archfit.model.fact import Key

RECIPE = Key("lab.recipe", str, "the recipe that was carried out")
CELLS = Key("lab.cells", dict, "counts of cells: ran, not_run, not_built, expected, hung ...")
TOOLCHAINS = Key("lab.toolchains", dict, "release asked for: the exact one, or why it was not run")
VERDICTS = Key("lab.verdicts", dict, "case: in how many cells it dies, ends, lives, hangs")
CAUSES = Key("lab.causes", dict, "cause: the cases that died of it, by archfit's own diagnosis")
CHANGES = Key("lab.changes", list, "what went otherwise in one release than in the one before")

ALL: tuple[Key[Any], ...] = tuple(v for v in list(globals().values()) if isinstance(v, Key))
