"""Keys of what the lab has made happen; all of trust REPRODUCED."""

from __future__ import annotations

from typing import Any

from archfit.model.fact import Key

RECIPE = Key("lab.recipe", str, "the experiment, as `crash-cgo/native`, or a matrix's recipe")
VARIANT = Key("lab.variant", str, "the cell of it: target, release, ...")
VERDICT = Key("lab.verdict", str, "crashes always, sometimes, never; can't be built; not run")
RUNS = Key("lab.runs", int, "how often it was run")
FAILED = Key("lab.failed", int, "how often it failed")
CAUSE = Key("lab.cause", str, 'id of the cause of its failure; "" when none was found')
TOOLS = Key("lab.tools", dict, "name of each tool used -> its version")

# Of a matrix.
CELLS = Key("lab.cells", dict, "counts of cells: ran, not_run, not_built, expected, hung ...")
TOOLCHAINS = Key("lab.toolchains", dict, "release asked for -> the exact one, or why not run")
VERDICTS = Key("lab.verdicts", dict, "case -> in how many cells it dies, ends, lives, hangs")
CAUSES = Key("lab.causes", dict, "cause -> the cases that died of it, by archfit's own diagnosis")
CHANGES = Key("lab.changes", list, "what went otherwise in one release than in the one before")

ALL: tuple[Key[Any], ...] = tuple(v for v in list(globals().values()) if isinstance(v, Key))
