"""Layouts of types on several targets side by side, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archfit.formats.clang_layouts import Layout


def cgo_name(spelling: str) -> str:
    """How generated Go code calls a C type: cmd/cgo's documentation, "Using cgo"."""
    return "_Ctype_" + spelling.replace(" ", "_")


def differing(rows: Mapping[str, Mapping[str, Layout]], spelling: str) -> bool:
    """A type that isn't the same on every target, or isn't on every target."""
    shown = [of_target.get(spelling) for of_target in rows.values()]
    return any(one != shown[0] for one in shown)


def names(rows: Mapping[str, Mapping[str, Layout]]) -> list[str]:
    """Every type of any target, in the order of declaration."""
    return list(dict.fromkeys(name for of_target in rows.values() for name in of_target))


def document(rows: Mapping[str, Mapping[str, Layout]]) -> str:
    """One JSON object, schema `archfit.abi-layout/1`; offsets are in bits, the rest in bytes."""
    types = [
        {
            "type": spelling,
            "cgo": cgo_name(spelling),
            "different": differing(rows, spelling),
            "targets": {
                target: _row(of_target[spelling])
                for target, of_target in rows.items()
                if spelling in of_target
            },
        }
        for spelling in names(rows)
    ]
    whole = {"schema": "archfit.abi-layout/1", "targets": list(rows), "types": types}
    return json.dumps(whole, indent=2)


def _row(one: Layout) -> dict[str, object]:
    return {
        "kind": one.kind,
        "size": one.size,
        "alignment": one.alignment,
        "note": one.note,
        "offsets_in_bits": one.offsets,
        "bit_fields": sorted(one.bit_fields),
    }


def lines(rows: Mapping[str, Mapping[str, Layout]], whole: bool) -> Iterator[str]:
    """A block per type: a row per target; `!` marks what differs. ``whole``: also the same."""
    width = max(map(len, rows))
    same = 0
    for spelling in names(rows):
        unlike = differing(rows, spelling)
        if not unlike and not whole:
            same += 1
            continue
        basic = any(t[spelling].kind == "basic" for t in rows.values() if spelling in t)
        yield f"{'!' if unlike else ' '} {spelling}" + ("" if basic else f"  {cgo_name(spelling)}")
        for target, of_target in rows.items():
            yield f"    {target:{width}}  {_words(of_target.get(spelling))}"
        for field in _fields(rows, spelling):
            places = [
                _place(of_target[spelling], field)
                for of_target in rows.values()
                if spelling in of_target
            ]
            mark = "!" if len(set(places)) > 1 else " "
            yield f"  {mark}   .{field}  {' | '.join(places)}"
    if same:
        yield f"{same} types are the same on every target (--all shows them)"


def _words(one: Layout | None) -> str:
    if one is None:
        return "not declared"
    note = f", {one.note}" if one.note else ""
    return f"size {one.size}, alignment {one.alignment}{note}"


def _fields(rows: Mapping[str, Mapping[str, Layout]], spelling: str) -> list[str]:
    found = [t[spelling].offsets for t in rows.values() if spelling in t]
    return list(dict.fromkeys(field for offsets in found for field in offsets))


def _place(one: Layout, field: str) -> str:
    if field not in one.offsets:
        return "absent"
    byte, bit = divmod(one.offsets[field], 8)
    return f"{byte}:{bit}" if field in one.bit_fields else str(byte)
