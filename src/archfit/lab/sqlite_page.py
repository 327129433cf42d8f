"""The bench of SQLite drivers as one page: tables, and heap and pauses over time as charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import takewhile
from typing import Any

from archfit.lab import sqlite_report

_WIDTH, _HEIGHT, _LEFT, _TOP, _PAUSES = 860, 190, 60, 18, 50

_STYLE = """
:root { color-scheme: light dark; --line: #c9c9c9; --heap: #1f6fb2; --resident: #b2631f;
  --pause: #a3195b; --band: #8882; --text: #222; --back: #fff; }
@media (prefers-color-scheme: dark) { :root { --line: #555; --heap: #6db3f2;
  --resident: #f0a868; --pause: #f274a8; --band: #fff1; --text: #ddd; --back: #181818; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back);
  max-width: 920px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; margin: .6em 0; font-size: 14px; }
th, td { border-bottom: 1px solid var(--line); padding: .25em .5em; text-align: right; }
th:first-child, td:first-child { text-align: left; }
pre { white-space: pre-wrap; font-size: 13px; border-left: 3px solid var(--line);
  padding-left: .8em; }
svg { width: 100%; height: auto; } svg text { fill: var(--text); font-size: 11px; }
.heap { stroke: var(--heap); fill: none; stroke-width: 1.6; }
.resident { stroke: var(--resident); fill: none; stroke-width: 1.6; }
.pause { stroke: var(--pause); stroke-width: 1.4; } .band { fill: var(--band); }
.axis { stroke: var(--line); }
"""


def page(document: dict[str, Any]) -> str:
    """A whole HTML page without outside resources."""
    rows = document["drivers"]
    head = list(takewhile(bool, sqlite_report.lines(document)))
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>SQLite drivers</title><style>{_STYLE}</style>",
        "<h1>SQLite drivers, with and without cgo</h1>",
        *(f"<p>{escape(line)}</p>" for line in head),
        _table(rows),
    ]
    for row in rows:
        parts.append(f"<h2>{escape(row['module'])} {escape(row['version'])}</h2>")
        if row.get("measure"):
            parts.append(_chart(row["measure"]["samples"]))
        text = list(sqlite_report.lines({**document, "drivers": [row]}))
        start = text.index("") + 2 if "" in text else 0
        parts.append(f"<pre>{escape(chr(10).join(text[start:]))}</pre>")
    parts.append("</html>\n")
    return "\n".join(parts)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    measured = [row for row in rows if row.get("measure")]
    if not measured:
        return ""
    names = [phase["name"] for phase in measured[0]["measure"]["phases"]]
    heads = "".join(f"<th>{escape(row['name'])}</th>" for row in measured)
    out = [f"<table><tr><th>per second</th>{heads}</tr>"]
    for number, name in enumerate(names):
        cells = "".join(
            f"<td>{row['measure']['phases'][number]['per_second']:,.0f}</td>" for row in measured
        )
        out.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    beside: tuple[tuple[str, Callable[[Any], str]], ...] = (
        ("p99 of point reads, us", lambda m: f"{m['phases'][2]['p99_us']:,.1f}"),
        ("resident at its peak, MiB", lambda m: f"{m['peak'] / 2**20:.1f}"),
        ("GC cycles", lambda m: str(m["gc"]["cycles"])),
        ("longest pause, us", lambda m: f"{m['gc']['pause_max_us']:,.0f}"),
    )
    for label, get in beside:
        cells = "".join(f"<td>{get(row['measure'])}</td>" for row in measured)
        out.append(f"<tr><td>{label}</td>{cells}</tr>")
    return "".join(out) + "</table>"


def _chart(samples: Sequence[dict[str, Any]]) -> str:
    """Go heap and resident set over time, and below the longest pause of each interval."""
    end = max(float(samples[-1]["at"]), 1e-6)
    top = max(max(s["resident"], s["heap"]) for s in samples) or 1
    longest = max(s["longest_pause_us"] for s in samples) or 1
    low = _TOP + _HEIGHT

    def x(at: float) -> float:
        return _LEFT + at / end * (_WIDTH - _LEFT - 10)

    def line(key: str) -> str:
        return " ".join(f"{x(s['at']):.1f},{low - s[key] / top * _HEIGHT:.1f}" for s in samples)

    height = low + _PAUSES + 30
    out = [
        f"<svg viewBox='0 0 {_WIDTH} {height}' role='img' aria-label='memory and pauses'>",
        *_bands(samples, x),
        f"<line class='axis' x1='{_LEFT}' y1='{low}' x2='{_WIDTH}' y2='{low}'/>",
        f"<text x='0' y='{_TOP + 10}'>{top / 2**20:.0f} MiB</text>",
        f"<text x='0' y='{low}'>0</text>",
        f"<polyline class='resident' points='{line('resident')}'/>",
        f"<polyline class='heap' points='{line('heap')}'/>",
    ]
    base = low + _PAUSES + 12
    for s in samples:
        if s["longest_pause_us"]:
            up = base - s["longest_pause_us"] / longest * _PAUSES
            at = x(s["at"])
            out.append(
                f"<line class='pause' x1='{at:.1f}' y1='{base}' x2='{at:.1f}' y2='{up:.1f}'/>"
            )
    out += [
        f"<line class='axis' x1='{_LEFT}' y1='{base}' x2='{_WIDTH}' y2='{base}'/>",
        f"<text x='0' y='{base - _PAUSES + 10}'>{longest:,.0f} us</text>",
        f"<text x='{_LEFT}' y='{height - 3}'>blue: live Go heap; orange: resident set (with C's"
        f" heap and the page cache's mapped pages); bars: longest GC pause; {end:.1f} s</text>",
        "</svg>",
    ]
    return "".join(out)


def _bands(samples: Sequence[dict[str, Any]], x: Callable[[float], float]) -> Iterator[str]:
    """One shade for every second phase, with its name."""
    start = 0
    number = 0
    for at in range(1, len(samples) + 1):
        if at < len(samples) and samples[at]["phase"] == samples[start]["phase"]:
            continue
        left = x(samples[start]["at"])
        right = x(samples[min(at, len(samples) - 1)]["at"])
        if number % 2:
            yield (
                f"<rect class='band' x='{left:.1f}' y='{_TOP}' width='{right - left:.1f}'"
                f" height='{_HEIGHT}'/>"
            )
        if right - left > 60 and samples[start]["phase"]:
            name = escape(samples[start]["phase"])[: int((right - left) / 6)]
            yield f"<text x='{left + 3:.1f}' y='{_TOP - 5}'>{name}</text>"
        start, number = at, number + 1
