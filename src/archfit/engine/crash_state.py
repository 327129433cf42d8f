"""A clustering that is kept: known signatures with their clusters, so that none ever moves."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from archfit.crash.signature import Signature
from archfit.model.errors import Malformed

SCHEMA = "archfit.crash-state/1"
_MOST_TEXT = 1 << 20

#: Crashes, by origin (program, version, goos, goarch), by day.
Totals = tuple[int, dict[tuple[str, str, str, str], int], dict[int, int]]


@dataclass(frozen=True, slots=True)
class Known:
    """A signature that was seen, its cluster, and an example (name, text packed by zlib)."""

    signature: Signature
    cluster: str
    example: tuple[str, bytes] = ("", b"")


@dataclass(frozen=True, slots=True)
class State:
    """All that a later run needs. ``totals``: by cluster."""

    known: list[Known] = field(default_factory=list)
    totals: dict[str, Totals] = field(default_factory=dict)


def written(state: State) -> str:
    """The state as JSON, one signature a line, in an order of its own content."""
    leaders = {k.cluster for k in state.known if f"c-{k.signature.digest.hex()[:12]}" == k.cluster}
    rows = []
    for known in sorted(state.known, key=lambda k: k.signature.digest):
        row: dict[str, Any] = {
            "cluster": known.cluster,
            "kind": known.signature.kind,
            "said": known.signature.said,
            "frames": list(known.signature.frames),
        }
        # The text of a leader alone is ever shown.
        if f"c-{known.signature.digest.hex()[:12]}" in leaders:
            row["example"] = [known.example[0], base64.b64encode(known.example[1]).decode()]
        rows.append(json.dumps(row))
    totals = {
        name: [count, [[*origin, n] for origin, n in origins.items()], list(days.items())]
        for name, (count, origins, days) in sorted(state.totals.items())
    }
    head = json.dumps({"schema": SCHEMA, "totals": totals})
    return head[:-1] + ', "known": [\n' + ",\n".join(rows) + "\n]}\n"


def read(text: str) -> State:
    """The state in a file. Raises Malformed when it is none."""
    try:
        found = json.loads(text)
        if found["schema"] != SCHEMA:
            raise Malformed(f"its schema is {found['schema']!r}, not {SCHEMA!r}")
        known = [_known(row) for row in found["known"]]
        totals = {str(name): _totals(*row) for name, row in found["totals"].items()}
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error):
        raise Malformed("no state of `archfit crash cluster`") from None
    leaders = {k.cluster for k in known if f"c-{k.signature.digest.hex()[:12]}" == k.cluster}
    if any(k.cluster not in leaders for k in known):
        raise Malformed("a cluster of the state has lost its first signature")
    return State(known, totals)


def _known(row: dict[str, Any]) -> Known:
    signature = Signature(str(row["kind"]), str(row["said"]), tuple(map(str, row["frames"])))
    name, packed = row.get("example", ("", ""))
    data = base64.b64decode(packed)
    if data:
        unpack = zlib.decompressobj()
        unpack.decompress(data, _MOST_TEXT)
        if not unpack.eof:
            raise Malformed("an example of the state is broken or too long")
    return Known(signature, str(row["cluster"]), (str(name), data))


def _totals(count: Any, origins: Any, days: Any) -> Totals:
    by_origin = {(str(a), str(b), str(c), str(d)): int(n) for a, b, c, d, n in origins}
    return int(count), by_origin, {int(day): int(n) for day, n in days}
