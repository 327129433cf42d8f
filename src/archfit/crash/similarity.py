"""How alike two stacks are: a weighted edit distance over their calls, for many pairs at once.

The method is that of Vasiliev et al., "TraceSim: A Method for Calculating Stack Trace
Similarity" (2020, arXiv 2009.12590), written anew: a call weighs the more the nearer it stands
to the failure and the rarer it is; to drop or insert a call costs its weight, to exchange two
costs both, to match two the difference. 1 - cost / all weights is the similarity, 0 to 1. The
constants and the part of the message are this project's; docs/why/013 has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archfit.crash.signature import Signature

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

#: Calls of a stack that are compared.
DEPTH = 16
#: How fast the weight falls with the distance from the failure.
_FALL = 0.9
#: A call in this share of all stacks weighs half.
_COMMON = 0.05
#: The message's part, where one of the two has one.
_MESSAGE = 0.45
#: Pairs compared at once: some 25 MB.
_AT_ONCE = 1 << 15
#: A call of Go's standard library, of generic code, or of the package that binds the C function
#: which failed, tells less of the cause than one of those who use them.
_LIBRARY = 0.5
_STANDARD = re.compile(
    r"(?:archive|bufio|bytes|compress|container|context|crypto|database|encoding|errors|fmt|hash"
    r"|html|image|io|iter|log|maps|math|mime|net|os|path|reflect|regexp|slices|sort|strconv"
    r"|strings|sync|syscall|testing|text|time|unicode|unique)[./]"
)
_PLACEHOLDERS = frozenset("NQP")


@dataclass(frozen=True)
class Encoded:
    """Stacks as rows: ``calls`` (numbers, -1 for none), ``weights``; ``words`` of messages."""

    calls: Ints
    weights: Floats
    words: list[frozenset[str]]


class Vocabulary:
    """Calls as numbers, and how rare each is.

    Counted is in how many of ``total`` places of failure (kind and innermost call) a call is
    seen, not in how many stacks: else the calls of a bug with many ways in would seem common.
    """

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self.numbers: dict[str, int] = {}
        heads: dict[tuple[str, str], set[str]] = {}
        for signature in signatures:
            frames = signature.frames[:DEPTH]
            heads.setdefault((signature.kind, frames[0] if frames else ""), set()).update(frames)
        self.total = len(heads)
        counts: list[int] = []
        for frames_of in heads.values():
            for frame in sorted(frames_of):
                number = self.numbers.setdefault(frame, len(counts))
                if number == len(counts):
                    counts.append(0)
                counts[number] += 1
        share = np.array(counts, np.float32) / max(self.total, 1)
        #: Half at the share of a common call, less beyond; a floor as small sets know no rarity.
        self.rarity: Floats = (_COMMON / (_COMMON + np.maximum(share - 1e-3, 0))).astype(np.float32)
        if self.total < 200:
            self.rarity = np.maximum(self.rarity, np.float32(1 - self.total / 250))
        for frame, number in self.numbers.items():
            if "[]" in frame or _STANDARD.match(frame):
                self.rarity[number] *= _LIBRARY

    def encode(self, signatures: Sequence[Signature]) -> Encoded:
        """Rows for stacks whose calls are all known here."""
        calls = np.full((len(signatures), DEPTH), -1, np.int32)
        parts = np.ones((len(signatures), DEPTH), np.float32)
        words = []
        numbers: Mapping[str, int] = self.numbers
        for row, signature in enumerate(signatures):
            frames = signature.frames[:DEPTH]
            calls[row, : len(frames)] = [numbers[frame] for frame in frames]
            binding, entry, _ = frames[0].partition("._Cfunc_") if frames else ("", "", "")
            if entry:
                parts[row, : len(frames)] = [
                    _LIBRARY if frame.startswith(f"{binding}.") else 1 for frame in frames
                ]
            words.append(frozenset(signature.said.split()) - _PLACEHOLDERS)
        fall = (1.0 / np.arange(1, DEPTH + 1) ** _FALL).astype(np.float32)
        weights = (
            np.where(calls >= 0, self.rarity[calls] if self.rarity.size else 0, 0) * fall * parts
        )
        return Encoded(calls, weights.astype(np.float32), words)


def similar(rows: Encoded, left: Ints, right: Ints) -> Floats:
    """The similarity of the pairs (left[i], right[i]) of row numbers."""
    out = np.empty(len(left), np.float32)
    for start in range(0, len(left), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        out[part] = _aligned(rows, left[part], right[part])
    for place in range(len(left)):
        one, other = rows.words[left[place]], rows.words[right[place]]
        if one != other:
            alike = len(one & other) / len(one | other)
            out[place] = out[place] * (1 - _MESSAGE) + alike * _MESSAGE
    return out


def _aligned(rows: Encoded, left: Ints, right: Ints) -> Floats:
    # The dimension of the pairs is the inner one, so that each step reads memory in order.
    a, b = rows.calls[left].T.copy(), rows.calls[right].T.copy()
    wa, wb = rows.weights[left].T.copy(), rows.weights[right].T.copy()
    deep_a = int((a >= 0).any(axis=1).sum())
    deep_b = int((b >= 0).any(axis=1).sum())
    row = [np.zeros(len(left), np.float32)]
    for j in range(deep_b):
        row.append(row[-1] + wb[j])
    for i in range(deep_a):
        above = row
        row = [above[0] + wa[i]]
        for j in range(deep_b):
            kept = np.where(a[i] == b[j], np.abs(wa[i] - wb[j]), wa[i] + wb[j]) + above[j]
            np.minimum(kept, above[j + 1] + wa[i], out=kept)
            np.minimum(kept, row[j] + wb[j], out=kept)
            row.append(kept)
    whole = wa.sum(axis=0) + wb.sum(axis=0)
    alike = 1 - row[-1] / np.where(whole > 0, whole, 1)
    return alike.astype(np.float32)
