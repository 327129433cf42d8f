"""A dump of thousands of goroutines without those that repeat others.

What judges a crash reads the first goroutines of each kind in full; thousands more in the same
state with the same stack say nothing new, and reading them takes nearly all of the time.

Source: the layout of `goroutineheader` in runtime/traceback.go; see
`archfit.formats.goroutine_summary`, which counts all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from archfit.formats.goroutine_summary import bare

#: Texts with fewer goroutines are read whole.
_MANY = 64
#: Of each kind so many are kept.
_KEPT = 3
_MINUTES = re.compile(r", \d{1,9} minutes")
_CREATOR = re.compile(r" in goroutine \d{1,20}(?=\n|\Z)")


def thinned(text: str) -> tuple[str, Sequence[int]] | None:
    """(text with fewer goroutines, for each of its lines the row in ``text``, from 0).

    None when there is nothing to leave out: few goroutines, all different, or decorated lines.
    """
    if text.count("\ngoroutine ") < _MANY or "\r" in text or "\x1b" in text:
        return None
    blocks = text.split("\n\n")
    kinds: dict[tuple[str, str], list[int]] = {}
    brackets: dict[str, str] = {}
    kept: list[str] = []
    rows: list[int] = []
    row, last = 0, len(blocks) - 1
    for at, (block, plain) in enumerate(zip(blocks, bare(text).split("\n\n"), strict=True)):
        lines = block.count("\n") + 2
        if at == last or not _repeats(plain, kinds, brackets):
            kept.append(block)
            rows.extend(range(row, row + lines))
        row += lines
    if len(kept) == len(blocks):
        return None
    rows.pop()  # No blank line stands behind the last block.
    return "\n\n".join(kept), rows


def _repeats(block: str, kinds: dict[tuple[str, str], list[int]], brackets: dict[str, str]) -> bool:
    """The goroutine is of a kind of which enough were seen."""
    if not block.startswith("goroutine "):
        return False
    head, _, stack = block.partition("\n")
    bracket = head[head.find("[") :]
    if bracket not in brackets:
        brackets[bracket] = _MINUTES.sub("", bracket)
    state = brackets[bracket]
    if not state.startswith("[") or not state.endswith("]:"):
        return False
    seen = kinds.get((state, stack))
    if seen is None:
        # Only the creator's number may differ.
        key = (state, _CREATOR.sub("", stack))
        seen = kinds[(state, stack)] = kinds.setdefault(key, [0])
    seen[0] += 1
    return seen[0] > _KEPT
