"""Panic patterns over versions, and what changed between releases.

Works on rows of a matrix's document (`archfit.lab.matrix.document`), so that what is drawn and
what is tested is the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archfit.lab.go_catalogue import changes as known_changes
from archfit.lab.go_catalogue import number

Row = Mapping[str, Any]

#: What is compared between releases, with the words for it.
ASPECTS = (
    ("how", "verdict"),
    ("ending", "ending"),
    ("cause", "cause"),
    ("signature", "signature"),
    ("headline", "words"),
    ("trust", "stack trust"),
    ("crash_ending", "ending with GOTRACEBACK=crash"),
)


def clusters(rows: Sequence[Row]) -> dict[str, Any]:
    """Signatures with the cells that have them, and how well they tell the cases apart.

    purity: the share of deaths whose cluster's largest case is their own; completeness: the
    share whose case's largest cluster is their own. Deaths without a text have no signature
    but their signal's; they are counted apart and are in neither figure.
    """
    groups: dict[str, list[Row]] = defaultdict(list)
    silent = [row for row in rows if row["died"] and row["trust"] == "none"]
    for row in rows:
        if row["died"] and row["trust"] != "none":
            groups[row["signature"]].append(row)
    cases: dict[str, Counter[str]] = defaultdict(Counter)
    listed: list[dict[str, Any]] = []
    for name, members in groups.items():
        inside = Counter(row["case"] for row in members)
        for case, count in inside.items():
            cases[case][name] += count
        listed.append(
            {
                "signature": name,
                "cells": len(members),
                "cases": dict(inside.most_common()),
                "causes": dict(Counter(row["cause"] for row in members).most_common()),
                "versions": sorted({row["go"] for row in members}, key=number),
                "targets": sorted({row["target"] for row in members}),
                "headlines": [
                    text for text, _ in Counter(r["headline"] for r in members).most_common(4)
                ],
            }
        )
    total = sum(len(members) for members in groups.values())
    pure = sum(max(group["cases"].values()) for group in listed)
    whole = sum(max(counter.values()) for counter in cases.values())
    return {
        "clusters": sorted(listed, key=lambda group: (-group["cells"], group["signature"])),
        "deaths": total,
        "silent": len(silent),
        "purity": round(pure / total, 4) if total else None,
        "completeness": round(whole / total, 4) if total else None,
    }


def differences(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What is otherwise in a release than in the one before it, for each case.

    ``where``: the columns (cc, target) that show it; ``others``: those of the same two releases
    that don't. Cells that go one way now and another then are left out of all but their verdict.
    """
    versions = sorted({row["go"] for row in rows if row["state"] == "ran"}, key=number)
    at = {(row["case"], row["go"], row["cc"], row["target"]): row for row in rows}
    found: dict[tuple[str, ...], list[str]] = {}
    seen: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row["state"] != "ran" or row["go"] == versions[-1]:
            continue
        case, cc, target = row["case"], row["cc"], row["target"]
        later = [v for v in versions if number(v) > number(row["go"])]
        after = next((v for v in later if _ran(at, (case, v, cc, target))), None)
        if after is None:
            continue
        new = at[case, after, cc, target]
        seen[case, row["go"], after] += 1
        for key, words in compared(row, new):
            was, now = str(row[key]), str(new[key])
            if key == "how":
                was, now = was.partition(" ")[0], now.partition(" ")[0]
            change = (case, row["go"], after, words, was, now)
            found.setdefault(change, []).append(f"{cc} {target}")
    return [
        {
            "case": case,
            "after": old,
            "by": new,
            "what": what,
            "from": was,
            "to": now,
            "where": where,
            "all": len(where) == seen[case, old, new],
        }
        for (case, old, new, what, was, now), where in found.items()
    ]


def compared(old: Row, new: Row) -> Iterable[tuple[str, str]]:
    """(key, words) of each aspect in which two cells differ."""
    steady = old["steady"] and new["steady"]
    same_crash = old["crash_steady"] and new["crash_steady"]
    for key, words in ASPECTS:
        one, other = old[key], new[key]
        if key == "how":
            one, other = one.partition(" ")[0], other.partition(" ")[0]
        elif not steady or (key == "crash_ending" and not same_crash):
            continue
        if one != other:
            yield key, words


def told(after: str, by: str) -> list[str]:
    """What the catalogue knows to have changed in tracebacks between two releases."""
    return known_changes("traceback", number(after)[0], number(by)[0])


def _ran(at: Mapping[tuple[str, str, str, str], Row], place: tuple[str, str, str, str]) -> bool:
    row = at.get(place)
    return row is not None and row["state"] == "ran"
