"""The figures by which the way of merging was chosen: docs/why/013.

    tools/bench_methods.py [--count 30000] [--seed 7]

Prints purity, completeness and B-cubed of ways to merge the signatures of made crashes (see
tools/make_crashes.py), on crashes and, harder, with each distinct stack counted once.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from cluster_truth import HEADER, fit
from make_crashes import Fleet, Writer

from archfit.crash import clustering
from archfit.crash.signature import Signature
from archfit.crash.signer import Signer
from archfit.crash.similarity import Encoded, Floats, Ints, similar


def cosine(rows: Encoded, left: Ints, right: Ints) -> Floats:
    """Stacks as bags of calls, weights as in the alignment without the order."""
    out = np.empty(len(left), np.float32)
    for place, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        one = dict(zip(rows.calls[a].tolist(), rows.weights[a].tolist(), strict=True))
        two = dict(zip(rows.calls[b].tolist(), rows.weights[b].tolist(), strict=True))
        shared = sum(w * two.get(call, 0.0) for call, w in one.items() if call >= 0)
        whole = sum(w * w for w in one.values()) * sum(w * w for w in two.values())
        out[place] = shared / whole**0.5 if whole else float(a == b or not one)
    return out


def prefix(signatures: Sequence[Signature], depth: int) -> list[int]:
    """One cluster for each kind and the first ``depth`` calls."""
    found: dict[object, int] = {}
    return [found.setdefault((s.kind, s.frames[:depth]), i) for i, s in enumerate(signatures)]


def linked(signatures: Sequence[Signature], threshold: float) -> list[int]:
    """Single linkage: all that a chain of similar stacks joins (all pairs that share a call)."""
    from archfit.crash.similarity import Vocabulary

    rows = Vocabulary(signatures).encode(signatures)
    keys = clustering._keys(rows)
    groups: dict[object, list[int]] = defaultdict(list)
    for place, signature in enumerate(signatures):
        for call, _ in keys[place][:3] or [(-1, 0.0)]:
            groups[clustering._gate(signature), call].append(place)
    pairs = {
        (a, b)
        for group in groups.values()
        for i, a in enumerate(group[:400])
        for b in group[i + 1 : 400]
    }
    left, right = np.array(sorted(pairs), np.int32).reshape(-1, 2).T
    parent = list(range(len(signatures)))

    def root(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    alike = similar(rows, left, right) >= threshold
    for a, b in zip(left[alike].tolist(), right[alike].tolist(), strict=True):
        parent[root(a)] = root(b)
    return [root(x) for x in range(len(signatures))]


def main() -> None:
    parser = argparse.ArgumentParser(description="ways to merge, side by side")
    parser.add_argument("--count", type=int, default=30000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--bugs", type=int, default=1000)
    args = parser.parse_args()
    stacks = args.bugs * 10
    writer = Writer(Fleet(args.seed, args.bugs, stacks), args.seed)
    signer = Signer()
    numbers: dict[Signature, int] = {}
    which, truth = [], []
    for line, bug in writer.crashes(args.count):
        row = json.loads(line)
        signature = signer.text(row["text"], row["program"])
        which.append(numbers.setdefault(signature, len(numbers)))
        truth.append(bug)
    signatures = list(numbers)
    counts = Counter(which)
    weights = [counts[i] for i in range(len(signatures))]
    bug_of: dict[int, Counter[str]] = defaultdict(Counter)
    for number, bug in zip(which, truth, strict=True):
        bug_of[number][bug] += 1
    of_stack = [bug_of[i].most_common(1)[0][0] for i in range(len(signatures))]
    print(f"{args.count:,} crashes, {len(signatures):,} stacks, {len(set(truth)):,} causes")
    print(f"{'':22}{HEADER}   seconds | each stack once: {HEADER}")

    def show(name: str, made: list[int], seconds: float) -> None:
        print(
            f"{name:22}{fit([made[i] for i in which], truth)} {seconds:9.2f} |"
            f"                  {fit(made, of_stack)}"
        )

    show("exact", list(range(len(signatures))), 0)
    for depth in (1, 2, 3, 4, 5):
        start = time.perf_counter()
        made = prefix(signatures, depth)
        show(f"prefix {depth}", made, time.perf_counter() - start)
    for level in (0.4, 0.5, 0.6, 0.7):
        start = time.perf_counter()
        made = clustering.clusters(signatures, weights, 0, level, cosine)
        show(f"cosine {level}", made, time.perf_counter() - start)
    for level in (0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75):
        start = time.perf_counter()
        made = clustering.clusters(signatures, weights, 0, level)
        show(f"alignment {level}", made, time.perf_counter() - start)
    for level in (0.55, 0.65, 0.75):
        start = time.perf_counter()
        made = linked(signatures, level)
        show(f"alignment, chained {level}", made, time.perf_counter() - start)


if __name__ == "__main__":
    main()
