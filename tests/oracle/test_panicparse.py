"""Goroutines counted by panicparse and here, over dumps that it can read.

It does not know the headers with gp= that Go prints since 1.22 at level system, so those are
left out; it also tells buckets apart by their arguments, so that only sums are compared.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from archfit.formats.goroutine_summary import summary
from toolbox import need_tool

CORPUS = Path(__file__).parents[1] / "corpus" / "tracebacks"
READABLE = [
    path
    for path in sorted(CORPUS.glob("go*/*.txt"))
    if " gp=0x" not in path.read_text()
    and path.name.partition(".")[0]
    in ("pure-profile", "pure-deadlocks", "maps", "nil", "index", "generic", "callback", "custom")
]


@pytest.mark.parametrize("path", READABLE, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_counts_agree(path: Path) -> None:
    tool = need_tool("panicparse", "pp")
    done = subprocess.run(
        [tool, "-parse=false", "-no-color"],
        input=path.read_text(),
        capture_output=True,
        text=True,
        check=False,
    )
    theirs: Counter[str] = Counter()
    for count, state in re.findall(r"^(\d+): ([^\[\n]+?)(?: \[.*)?$", done.stdout, re.M):
        theirs[state.strip()] += int(count)
    ours: Counter[str] = Counter()
    for bucket in summary(path.read_text()):
        ours[bucket.state] += len(bucket.ids)
    assert theirs == ours
