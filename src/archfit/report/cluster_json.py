"""`archfit crash cluster` for machines; the schema is `schema/archfit.crash-clusters-1.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from archfit import __version__
from archfit.engine.crash_clusters import Cluster, Clustering
from archfit.report.cluster_words import SCHEMA, day, gaps, told


def document(result: Clustering, top: int) -> str:
    """One object with all clusters, or the ``top`` largest."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "archfit": __version__,
            "crashes": result.crashes,
            "stacks": result.stacks,
            "clusters": [row(cluster) for cluster in result.clusters[: top or None]],
            "not_checked": _gaps(result),
            "not_checked_count": result.lost,
        },
        indent=1,
    )


def lines(result: Clustering, top: int) -> Iterator[str]:
    """A line for each cluster; a last one for what was not read, where there is any."""
    for cluster in result.clusters[: top or None]:
        yield json.dumps(row(cluster))
    if result.lost:
        yield json.dumps({"not_checked": _gaps(result), "not_checked_count": result.lost})


def _gaps(result: Clustering) -> list[dict[str, str]]:
    return [{"subject": name, "reason": why} for name, why in gaps(result)]


def row(cluster: Cluster) -> dict[str, Any]:
    """One cluster."""
    words = told(cluster)
    return {
        "id": cluster.id,
        "count": cluster.count,
        "new": cluster.new,
        "stacks": cluster.stacks,
        "kind": cluster.signature.kind,
        "message": cluster.signature.said,
        "frames": list(cluster.signature.frames),
        "causes": [
            {"rule": f.rule, "confidence": f.confidence, "message": f.message}
            for f in cluster.findings or ()
        ],
        "since": {"version": words.since_version, "day": words.since_day},
        "until": {"day": words.until_day},
        "programs": words.programs,
        "versions": words.versions,
        "targets": words.targets,
        "days": {day(number): count for number, count in sorted(cluster.days.items())},
        "example": {"name": cluster.example[0], "text": words.example},
    }
