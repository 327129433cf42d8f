"""`archfit crash cluster --format html`: one page, no outside resources, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from archfit import __version__
from archfit.engine.crash_clusters import Cluster, Clustering
from archfit.report.cluster_words import bins, day, gaps, head, span, told

_BINS = 60
_WIDE, _HIGH = 180, 28

_STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #59636e; --bar: #0969da; --back: #fff;
  --ink: #1f2328; --code: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1; --bar: #4493f8;
  --back: #0d1117; --ink: #f0f6fc; --code: #151b23; } }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px;
  padding: 0 1rem; background: var(--back); color: var(--ink); }
h1 { font-size: 1.4rem; } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .45rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td { overflow-wrap: anywhere; } code, pre { font: 12px/1.4 ui-monospace, monospace; }
pre { background: var(--code); padding: .7rem; overflow: auto; max-height: 26rem; }
svg rect { fill: var(--bar); } summary { cursor: pointer; } .cause { font-weight: 600; }
"""


def page(result: Clustering, top: int) -> str:
    """The page, at most ``top`` clusters (0: all)."""
    return "".join(_parts(result, top))


def _parts(result: Clustering, top: int) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(head(result))}</title><style>{_STYLE}</style>\n"
    yield f"<h1>{escape(head(result))}</h1>\n"
    whole = span(result.clusters)
    if whole is not None:
        yield f'<p class="soft">{day(whole[0])} to {day(whole[1])}, each row on this scale</p>\n'
    yield '<table><thead><tr><th class="n">crashes</th><th>cluster</th><th>over time</th>'
    yield "<th>since</th><th>on</th></tr></thead><tbody>\n"
    for cluster in result.clusters[: top or None]:
        yield from _row(cluster, result.crashes, whole)
    yield "</tbody></table>\n"
    left = len(result.clusters) - top
    if top and left > 0:
        yield f'<p class="soft">{left:,} smaller clusters are not shown.</p>\n'
    rows = gaps(result)
    if rows:
        yield f"<h2>Not checked: {result.lost:,}</h2><table><tbody>\n"
        for name, why in rows:
            yield f"<tr><td>{escape(name)}</td><td>{escape(why)}</td></tr>\n"
        yield "</tbody></table>\n"
    yield f'<p class="soft">archfit {escape(__version__)}</p></html>\n'


def _row(cluster: Cluster, crashes: int, whole: tuple[int, int] | None) -> Iterator[str]:
    words = told(cluster)
    share = f"{100 * cluster.new / crashes:.1f} %" if crashes else ""
    yield f'<tr id="{cluster.id}"><td class="n">{cluster.count:,}<br>'
    yield f'<span class="soft">{share}</span></td><td>{escape(cluster.signature.title)}<br>'
    if cluster.findings:
        best = cluster.findings[0]
        yield f'<span class="cause">{escape(best.rule)}</span> {escape(best.message)}'
    elif cluster.findings is not None:
        yield '<span class="soft">no rule knows it</span>'
    yield f'<details><summary class="soft"><code>{cluster.id}</code>, {cluster.stacks:,} stacks, '
    yield f"example {escape(cluster.example[0])}</summary><ol>"
    yield from (f"<li><code>{escape(frame)}</code></li>" for frame in cluster.signature.frames)
    yield f"</ol><pre>{escape(words.example)}</pre></details></td><td>"
    if whole is not None:
        yield _svg(bins(cluster.days, *whole, _BINS), f"crashes over time of {cluster.id}")
    since = "<br>".join(escape(w) for w in (words.since_version, words.since_day) if w)
    yield f"</td><td>{since}</td><td>"
    shown = [
        f"{escape(t)} {100 * n / max(cluster.count, 1):.0f} %" for t, n in _first(words.targets)
    ]
    yield "<br>".join(shown) + "</td></tr>\n"


def _first(targets: dict[str, int]) -> list[tuple[str, int]]:
    return list(targets.items())[:4]


def _svg(values: list[int], title: str) -> str:
    most = max(values, default=0) or 1
    wide = _WIDE / max(len(values), 1)
    bars = []
    for place, value in enumerate(values):
        if value:
            high = max(1.0, _HIGH * value / most)
            bars.append(
                f'<rect x="{place * wide:.1f}" y="{_HIGH - high:.1f}" '
                f'width="{max(wide - 0.5, 0.5):.1f}" height="{high:.1f}"/>'
            )
    return (
        f'<svg width="{_WIDE}" height="{_HIGH}" viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="{escape(title)}">{"".join(bars)}</svg>'
    )
