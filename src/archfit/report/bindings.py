"""Bindings as text and JSON, of one binary or of two side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archfit.engine.bindings import Bindings, Row
from archfit.model.words import visible

#: The words that stand below every comparison.
WHY_NOT = (
    "Different offsets are what two different files have: each linker run lays its own file out.\n"
    "They say nothing about translation. A translator such as Rosetta leaves the file on disk as\n"
    "it is, and what it makes of the code stands elsewhere, so no table in a file can show it."
)


def lines(found: list[Bindings], *, every: bool) -> Iterator[str]:
    """The report; ``every`` also lists each place to slide."""
    for part in found:
        yield f"{part.format} {part.isa}, slice at {part.offset:#x}: {part.way}"
        for library in part.libraries:
            number = f"{library.ordinal:3} " if library.ordinal else "    "
            yield f"  library {number}{library.kind:9} {visible(library.name)}"
        for path in part.rpaths:
            yield f"  rpath   {visible(path)}"
        for table in part.tables:
            place = f"at {table.offset:#x}, {table.size} bytes" if table.offset is not None else ""
            yield f"  table   {table.name:10} {table.entries:8}  {place}".rstrip()
        for section, count in part.slid.items():
            yield f"  slid    {section:24} {count:8}"
        for row in part.rows:
            yield _line(row)
        if every:
            for address, target, note in part.each_slid():
                to = f" -> {target:#x}" if target is not None else ""
                yield f"  rebase  {address:#x}{to} {note}".rstrip()
        for what in part.unread:
            yield f"  not read: {visible(what)}"


def _line(row: Row) -> str:
    where = f"{row.address:#x}" if row.address is not None else "-"
    words = [f"  {row.table} {where}", row.section, row.kind, visible(row.symbol)]
    if row.addend:
        words.append(f"{row.addend:+#x}")
    if row.library:
        words.append(f"from {visible(row.library)}")
    if row.note:
        words.append(f"({row.note})")
    return " ".join(word for word in words if word)


def as_json(found: list[Bindings], path: str, *, every: bool) -> dict[str, object]:
    """``archfit.bindings/1``."""
    return {
        "schema": "archfit.bindings/1",
        "file": path,
        "slices": [_slice(part, every) for part in found],
    }


def _slice(part: Bindings, every: bool) -> dict[str, object]:
    out: dict[str, object] = {
        "isa": part.isa,
        "format": part.format,
        "offset": part.offset,
        "way": part.way,
        "libraries": [library._asdict() for library in part.libraries],
        "rpaths": part.rpaths,
        "tables": [table._asdict() for table in part.tables],
        "slid": part.slid,
        "rows": [row._asdict() for row in part.rows],
        "not_read": part.unread,
    }
    if every:
        out["rebases"] = [[at, target, note] for at, target, note in part.each_slid()]
    return out


def wanted(part: Bindings) -> dict[str, Row]:
    """The first place of each symbol that another library is asked for."""
    found: dict[str, Row] = {}
    for row in part.rows:
        if row.table not in ("exports", "indirect") and row.symbol:
            found.setdefault(row.symbol, row)
    return found


def compared(a: Bindings, b: Bindings) -> dict[str, object]:
    """``archfit.bindings-comparison/1`` without its file names."""
    left, right = wanted(a), wanted(b)
    names = sorted({t.name for t in a.tables} | {t.name for t in b.tables})
    count: Counter[str] = Counter()
    for name in names:
        count[name] = a.count(name)
    both = [symbol for symbol in left if symbol in right]
    return {
        "schema": "archfit.bindings-comparison/1",
        "isa": [a.isa, b.isa],
        "way": [a.way, b.way],
        "counts": {name: [count[name], b.count(name)] for name in names},
        "tables": {
            name: [[[t.offset, t.size] for t in part.tables if t.name == name] for part in (a, b)]
            for name in names
        },
        "libraries_only_in_a": _only(a, b),
        "libraries_only_in_b": _only(b, a),
        "only_in_a": [symbol for symbol in left if symbol not in right],
        "only_in_b": [symbol for symbol in right if symbol not in left],
        "both": [[symbol, left[symbol].address, right[symbol].address] for symbol in both],
        "not_read": [a.unread, b.unread],
        "says": WHY_NOT.replace("\n", " "),
    }


def _only(a: Bindings, b: Bindings) -> list[str]:
    others = {library.name for library in b.libraries}
    return [library.name for library in a.libraries if library.name not in others]


def compared_lines(a: Bindings, b: Bindings) -> Iterator[str]:
    """Counts, what one of them lacks, offsets side by side, and what they don't prove."""
    found = compared(a, b)
    yield f"{'':24} {a.isa:>24} {b.isa:>24}"
    yield f"{'way':24} {a.way:>24} {b.way:>24}"
    names = sorted({t.name for t in a.tables} | {t.name for t in b.tables})
    for name in names:
        yield f"{name:24} {a.count(name):24} {b.count(name):24}"
        yield f"{'  at, bytes':24} {_place(a, name):>24} {_place(b, name):>24}"
    for side in ("a", "b"):
        for word in ("libraries_only_in_", "only_in_"):
            these = found[word + side]
            assert isinstance(these, list)
            for symbol in these:
                yield f"only in {side.upper()}: {visible(symbol)}"
    left, right = wanted(a), wanted(b)
    for symbol, row in left.items():
        if symbol in right:
            yield f"{_at(row):>18} {_at(right[symbol]):>18}  {visible(symbol)}"
    for part, side in ((a, "A"), (b, "B")):
        for what in part.unread:
            yield f"not read in {side}: {visible(what)}"
    yield ""
    yield WHY_NOT


def _place(part: Bindings, name: str) -> str:
    for table in part.tables:
        if table.name == name and table.offset is not None:
            return f"{table.offset:#x}, {table.size}"
    return "-"


def _at(row: Row) -> str:
    return f"{row.address:#x}" if row.address is not None else "-"
