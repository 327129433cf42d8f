"""What every format of `archfit crash cluster` says of a cluster, in one place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from archfit.engine.crash_clusters import Cluster, Clustering
from archfit.formats.secrets import values, without

SCHEMA = "archfit.crash-clusters/1"
#: Characters of an example that a report shows.
_SHOWN = 4000
_DIGITS = re.compile(r"\d{1,18}")
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Told:
    """A cluster in words and counts, most first; ``since`` and ``until`` are versions and days."""

    programs: dict[str, int]
    versions: dict[str, int]
    targets: dict[str, int]
    since_version: str
    since_day: str
    until_day: str
    example: str


def told(cluster: Cluster) -> Told:
    """The counts of a cluster by program, version (with its program, where there are several)
    and os/arch."""
    programs: dict[str, int] = {}
    versions: dict[str, int] = {}
    targets: dict[str, int] = {}
    several = len({program for program, *_ in cluster.origins}) > 1
    for (program, version, goos, goarch), count in sorted(cluster.origins.items()):
        if program:
            programs[program] = programs.get(program, 0) + count
        if version:
            name = f"{program} {version}".strip() if several else version
            versions[name] = versions.get(name, 0) + count
        target = f"{goos or '?'}/{goarch or '?'}" if goos or goarch else "unknown"
        targets[target] = targets.get(target, 0) + count
    days = sorted(cluster.days)
    text = cluster.example[1][:_SHOWN]
    text = without(text, [s for line in text.split("\n") for s in values(line)])
    return Told(
        ranked(programs),
        dict(sorted(versions.items(), key=lambda item: version_key(item[0]))),
        ranked(targets),
        min(versions, key=version_key, default=""),
        day(days[0]) if days else "",
        day(days[-1]) if days else "",
        text,
    )


def ranked(counts: dict[str, int]) -> dict[str, int]:
    """The same, the most first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def version_key(version: str) -> tuple[Any, ...]:
    """Orders v1.9 before v1.10, and 1.10-rc1 before 1.10."""
    release, _, before = version.partition("-")
    numbers = [int(n) for n in _DIGITS.findall(release)]
    return (_DIGITS.sub("", release), numbers, not before, before)


def day(number: int) -> str:
    """2026-11-24 of days since 1970."""
    try:
        return date.fromordinal(number + 719163).isoformat()
    except (ValueError, OverflowError):
        return ""


def bins(days: dict[int, int], first: int, last: int, most: int) -> list[int]:
    """Crashes in at most ``most`` equal stretches from the first day to the last."""
    width = max(1, -(-(last - first + 1) // most))
    out = [0] * (-(-(last - first + 1) // width))
    for number, count in days.items():
        if first <= number <= last:
            out[(number - first) // width] += count
    return out


def span(clusters: Iterable[Cluster]) -> tuple[int, int] | None:
    """First and last day of all."""
    days = [number for cluster in clusters for number in cluster.days]
    return (min(days), max(days)) if days else None


def sparkline(values: list[int]) -> str:
    """A row of bars; a blank for none."""
    most = max(values, default=0)
    return "".join(_BARS[(v * 7 + most - 1) // most] if v else " " for v in values)


def head(result: Clustering) -> str:
    """`1,000 crashes, 52 distinct stacks, 12 clusters`."""
    return (
        f"{_many(result.crashes, 'crash', 'crashes')}, "
        f"{_many(result.stacks, 'distinct stack', 'distinct stacks')}, "
        f"{_many(len(result.clusters), 'cluster', 'clusters')}"
    )


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def gaps(result: Clustering) -> list[tuple[str, str]]:
    """What was not read, by name; one last row counts what is not named."""
    rows = list(result.gaps)
    if result.lost > len(rows):
        rows.append((f"{result.lost - len(rows):,} more", "not named here"))
    return rows
