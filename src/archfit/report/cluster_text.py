"""`archfit crash cluster` for people: the largest clusters, three lines each."""

from __future__ import annotations

from collections.abc import Iterator

from archfit.engine.crash_clusters import Cluster, Clustering
from archfit.model.words import visible
from archfit.report.cluster_words import bins, gaps, head, span, sparkline, told

_GAPS, _FRAMES, _BINS = 10, 5, 24


def lines(result: Clustering, top: int, width: int, stateful: bool = False) -> Iterator[str]:
    """The report, at most ``top`` clusters (0: all), lines up to ``width`` columns."""
    yield head(result)
    whole = span(result.clusters)
    for cluster in result.clusters[: top or None]:
        yield ""
        for line in _cluster(cluster, result.crashes, whole, stateful):
            yield visible(line) if len(line) <= width else visible(line[: width - 1]) + "…"
    left = len(result.clusters) - top
    if top and left > 0:
        count = sum(cluster.count for cluster in result.clusters[top:])
        yield f"\n{left:,} smaller clusters ({count:,} crashes) are not shown: --top 0"
    rows = gaps(result)
    if rows:
        yield f"\nnot checked: {result.lost:,}"
        for name, why in rows[:_GAPS]:
            yield visible(f"  {name}: {why}")
        if len(rows) > _GAPS:
            yield f"  ... ({result.lost - _GAPS:,} more; --format json names up to 50)"


def _cluster(
    cluster: Cluster, crashes: int, whole: tuple[int, int] | None, stateful: bool
) -> Iterator[str]:
    words = told(cluster)
    share = f"{100 * cluster.new / crashes:.1f} %" if crashes else ""
    new = f", {cluster.new:,} of them new" if stateful and cluster.new != cluster.count else ""
    trend = ""
    if whole is not None and whole[1] > whole[0]:
        trend = f"  |{sparkline(bins(cluster.days, *whole, _BINS))}|"
    yield f"{cluster.id}  {cluster.count:,} crashes{new}  {share}  {cluster.stacks:,} stacks{trend}"
    yield f"  {cluster.signature.title}"
    if cluster.findings:
        best = cluster.findings[0]
        yield f"  cause    {best.rule} ({best.confidence:.2f}): {best.message}"
    elif cluster.findings is not None:
        yield "  cause    no rule knows it"
    since = " ".join(filter(None, [words.since_version, words.since_day]))
    if since:
        upto = f", until {words.until_day}" if words.until_day != words.since_day else ""
        yield f"  since    {since}{upto}"
    yield f"  on       {_shares(words.targets, cluster.count)}"
    if words.programs:
        yield f"  in       {_shares(words.programs, cluster.count)}"
    if len(cluster.signature.frames) > 1:
        shown = cluster.signature.frames[:_FRAMES]
        more = " ← ..." if len(cluster.signature.frames) > _FRAMES else ""
        yield f"  calls    {' ← '.join(shown)}{more}"
    yield f"  example  {cluster.example[0]}"


def _shares(counts: dict[str, int], total: int) -> str:
    shown = list(counts.items())[:4]
    more = f", {len(counts) - 4} more" if len(counts) > 4 else ""
    return ", ".join(f"{name} {100 * n / max(total, 1):.0f} %" for name, n in shown) + more
