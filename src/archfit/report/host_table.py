"""The host as a table of signals and a verdict (the mixed-architecture question)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from archfit.model.fact import Facts
from archfit.model.words import in_words

_COLUMNS = ("signal", "value", "bent by", "trust")


def host_lines(facts: Facts, width: int) -> Iterator[str]:
    """What the host is, every signal with how far it can be bent, then the verdict."""
    get = {key: fact.value for key, fact in facts.items()}.get
    libc = f"{get('host.libc', '')} {get('host.libc_version', '')}".strip()
    page = get("host.page_size")
    words = [
        f"{get('host.os', '?')}/{get('host.isa', '?')}",
        str(get("host.os_name", "")),
        f"kernel {get('host.kernel')}" if get("host.kernel") else "",
        libc,
        str(get("host.isa_level") or ""),
        f"{int(page) // 1024}K pages" if isinstance(page, int) else "",
        f"container {get('host.container')}" if get("host.container") not in (None, "none") else "",
    ]
    yield from _wrap("this host: " + ", ".join(word for word in words if word), width)
    signals = get("host.signals")
    if isinstance(signals, list) and signals:
        yield ""
        yield from _table([row for row in signals if isinstance(row, dict)], width)
    if get("host.verdict"):
        yield ""
        yield from _wrap(f"verdict: {get('host.verdict')}: {get('host.verdict_reason', '')}", width)
        if get("host.verdict_advice"):
            yield from _wrap(f"advice: {get('host.verdict_advice')}", width)


def _table(rows: list[dict[str, object]], width: int) -> Iterator[str]:
    cells = [
        (
            str(row.get("signal", "")),
            "not readable" if row.get("value") is None else in_words(row["value"]),
            str(row.get("bent_by") or "nothing"),
            str(row.get("trust", "")),
        )
        for row in rows
    ]
    widths = [max(len(c[i]) for c in [_COLUMNS, *cells]) for i in range(4)]
    # The two outer columns keep their width; the middle ones share what is left.
    room = width - 6 - widths[3]
    limits = [min(widths[0], room * 38 // 100), 0, min(widths[2], room * 27 // 100)]
    limits[1] = room - limits[0] - limits[2]
    for line in (_COLUMNS, tuple("-" * w for w in (*limits, widths[3])), *cells):
        columns = [textwrap.wrap(line[i], max(limits[i], 8)) or [""] for i in range(3)]
        for n in range(max(len(c) for c in columns)):
            left = "  ".join(
                f"{columns[i][n] if n < len(columns[i]) else '':{limits[i]}}" for i in range(3)
            )
            yield f"{left}  {line[3] if n == 0 else ''}".rstrip()


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
