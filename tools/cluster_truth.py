"""How well clusters fit the known causes.

Plain: purity is the share of crashes that have the cause most of their cluster has;
completeness the share that lies in the cluster where most of their cause lies. B-cubed
(Bagga and Baldwin 1998): for each crash the share of its cluster that has its cause
(precision), and the share of its cause that is in its cluster (recall), both averaged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fit:
    """All from 0 to 1; ``f``: the harmonic mean of the two of B-cubed."""

    purity: float
    completeness: float
    precision: float
    recall: float
    clusters: int

    @property
    def f(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __str__(self) -> str:
        return (
            f"{self.purity:6.4f} {self.completeness:6.4f}   {self.precision:6.4f} "
            f"{self.recall:6.4f} {self.f:6.4f}  {self.clusters:8,}"
        )


HEADER = "purity compl.    B3 pr. B3 rec.  B3 F  clusters"


def fit(found: Sequence[object], truth: Sequence[object]) -> Fit:
    """``found`` and ``truth``: cluster and cause of each crash, in the same order."""
    total = len(truth)
    both = Counter(zip(found, truth, strict=True))
    sizes, causes = Counter(found), Counter(truth)
    best_in_cluster: dict[object, int] = {}
    best_of_cause: dict[object, int] = {}
    precision = recall = 0.0
    for (cluster, cause), count in both.items():
        best_in_cluster[cluster] = max(best_in_cluster.get(cluster, 0), count)
        best_of_cause[cause] = max(best_of_cause.get(cause, 0), count)
        precision += count * count / sizes[cluster]
        recall += count * count / causes[cause]
    return Fit(
        sum(best_in_cluster.values()) / total,
        sum(best_of_cause.values()) / total,
        precision / total,
        recall / total,
        len(sizes),
    )
