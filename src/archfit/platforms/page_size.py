"""Page sizes that a kernel for an ISA may have. Source: `page_sizes.toml`."""

from __future__ import annotations

from archfit.platforms.table import table


def possible(isa: str, os: str = "linux") -> tuple[int, ...]:
    """Sizes in bytes, smallest first; empty for an unknown ISA."""
    rows = [row for row in table("page_sizes")["pages"] if row["isa"] == isa]
    exact = [row for row in rows if row["os"] == os]
    for row in exact or [row for row in rows if not row["os"]]:
        return tuple(row["sizes"])
    return ()
