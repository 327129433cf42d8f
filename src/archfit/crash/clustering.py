"""Signatures to clusters: each joins the most similar leader, or becomes one.

The order is that of the content (most crashes first, then the digest), not of the input, so
that a clustering made at once depends on what was read and not on when. Leaders that were
there before (a state) come first and keep what they have. A stack is compared with the leaders
that share its heaviest calls (an inverted index, weights as TF-IDF), never with all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from archfit.crash.signature import Signature
from archfit.crash.similarity import Encoded, Ints, Vocabulary, similar

#: From here on two stacks are one cause's; see docs/why/013 for how it was found.
THRESHOLD = 0.57
#: Heaviest calls of a stack by which its leaders are looked up.
_KEYS = 6
#: Leaders that a stack is compared with, best shared weight first.
_COMPARED = 12
#: Stacks that are looked at together.
_BLOCK = 2048

Score = Callable[[Encoded, Ints, Ints], npt.NDArray[np.float32]]


def clusters(
    signatures: Sequence[Signature],
    counts: Sequence[int],
    founded: int = 0,
    threshold: float = THRESHOLD,
    score: Score = similar,
) -> list[int]:
    """For each signature the place of its cluster's leader in ``signatures``.

    The first ``founded`` ones are leaders of an earlier clustering and stay so.
    """
    rows = Vocabulary(signatures).encode(signatures)
    gates = [_gate(signature) for signature in signatures]
    order = sorted(
        range(founded, len(signatures)), key=lambda i: (-counts[i], signatures[i].digest)
    )
    keys = _keys(rows)
    index = _Index()
    for leader in range(founded):
        index.add(leader, gates[leader], keys[leader])
    leads = [*range(founded), *[-1] * (len(signatures) - founded)]
    for start in range(0, len(order), _BLOCK):
        _block(order[start : start + _BLOCK], gates, keys, rows, index, leads, threshold, score)
    return leads


def _gate(signature: Signature) -> tuple[str, str]:
    """What two crashes of one cause can't differ in: kind, and the C function that Go called."""
    frames = signature.frames
    if not frames:
        return signature.kind, signature.said
    first = frames[0]
    return signature.kind, first if "._Cfunc_" in first or first[0] == "(" else ""


def _keys(rows: Encoded) -> list[list[tuple[int, float]]]:
    """The heaviest calls of each row with their weights."""
    heaviest = np.argsort(-rows.weights, axis=1, kind="stable")[:, :_KEYS]
    calls = np.take_along_axis(rows.calls, heaviest, 1).tolist()
    weights = np.take_along_axis(rows.weights, heaviest, 1).tolist()
    return [
        [(call, weight) for call, weight in zip(*row, strict=True) if call >= 0]
        for row in zip(calls, weights, strict=True)
    ]


class _Index:
    """Leaders by gate and call."""

    def __init__(self) -> None:
        self._by_call: dict[tuple[tuple[str, str], int], list[tuple[int, float]]] = {}

    def add(self, leader: int, gate: tuple[str, str], keys: list[tuple[int, float]]) -> None:
        for call, weight in keys or [(-1, 1.0)]:
            self._by_call.setdefault((gate, call), []).append((leader, weight))

    def near(self, gate: tuple[str, str], keys: list[tuple[int, float]]) -> list[int]:
        """Leaders that share a call, the most shared weight first."""
        shared: dict[int, float] = defaultdict(float)
        for call, weight in keys or [(-1, 1.0)]:
            for leader, other in self._by_call.get((gate, call), ()):
                shared[leader] += weight * other
        if len(shared) <= _COMPARED:
            return list(shared)
        return sorted(shared, key=lambda leader: (-shared[leader], leader))[:_COMPARED]


def _block(
    block: Sequence[int],
    gates: Sequence[tuple[str, str]],
    keys: Sequence[list[tuple[int, float]]],
    rows: Encoded,
    index: _Index,
    leads: list[int],
    threshold: float,
    score: Score,
) -> None:
    """Places one block. Until none is left: those near a leader join it, the first other leads."""
    waiting = list(block)
    scored: dict[int, tuple[float, int]] = {}
    seen: dict[int, set[int]] = defaultdict(set)
    while waiting:
        left: list[int] = []
        right: list[int] = []
        for one in waiting:
            fresh = [x for x in index.near(gates[one], keys[one]) if x not in seen[one]]
            seen[one].update(fresh)
            left += [one] * len(fresh)
            right += fresh
        if left:
            found = score(rows, np.array(left, np.int32), np.array(right, np.int32)).tolist()
            for one, other, alike in zip(left, right, found, strict=True):
                best = scored.get(one)
                if best is None or (alike, -other) > (best[0], -best[1]):
                    scored[one] = (alike, other)
        # Several that don't share a gate or a call with each other may lead at once.
        rest: list[int] = []
        taken: set[tuple[tuple[str, str], int]] = set()
        for one in waiting:
            best = scored.get(one)
            own = {(gates[one], call) for call, _ in keys[one] or [(-1, 1.0)]}
            if own & taken:
                rest.append(one)
            elif best is not None and best[0] >= threshold:
                leads[one] = best[1]
            else:
                leads[one] = one
                index.add(one, gates[one], keys[one])
                taken |= own
        waiting = rest
