"""What clang prints about types: declarations as JSON, record layouts as text.

Sources: clang 14, `-ast-dump=json` (JSONNodeDumper.cpp) and `-fdump-record-layouts-simple`
(RecordLayoutBuilder.cpp, ASTContext::DumpRecordLayout): sizes, alignments and offsets in bits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archfit.model.errors import Malformed

_BLOCK = re.compile(
    r"^Type: ([^\n]+)\n\nLayout: <ASTRecordLayout\n  Size:(\d+)\n(?:  \w+:\d+\n)*?"
    r"  Alignment:(\d+)\n(?:  \w+:\d+\n)*  FieldOffsets: \[([\d, ]*)\]>",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Declared:
    """A type of a header. ``spelling`` in C: ``struct a``, ``enum e``, ``size_t``.

    ``kind``: struct, union, enum or typedef. ``fields``: names in order, "" for one without;
    ``bit_fields`` are the positions of bit-fields in it; ``types``: what it is made of.
    """

    spelling: str
    kind: str
    fields: Sequence[str] = ()
    bit_fields: frozenset[int] = frozenset()
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Record:
    """Size, alignment and the fields' offsets of one record, in bits."""

    size: int
    alignment: int
    offsets: Sequence[int]


@dataclass(frozen=True, slots=True)
class Layout:
    """A type on one target: bytes; ``offsets`` of its fields in bits; ``note``: what else."""

    kind: str
    size: int
    alignment: int
    offsets: dict[str, int]
    bit_fields: frozenset[str] = frozenset()
    note: str = ""


def declared(text: bytes) -> list[Declared]:
    """Types that the main file itself declares, complete ones only. Raises Malformed."""
    try:
        whole = json.loads(text)
        return _types(whole["inner"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed("clang's dump of declarations can't be read") from None


def _types(nodes: list[dict[str, Any]]) -> list[Declared]:
    found: dict[str, Declared] = {}
    unnamed: dict[str, dict[str, Any]] = {}
    for node in nodes:
        place = node.get("loc", {})
        place = place.get("expansionLoc", place)
        if node.get("isImplicit") or not place or "includedFrom" in place:
            continue
        kind, name = node["kind"], node.get("name", "")
        if kind == "RecordDecl" and node.get("completeDefinition"):
            if name:
                one = _record(f"{node['tagUsed']} {name}", node)
                found[one.spelling] = one
            else:
                unnamed[node["id"]] = node
        elif kind == "EnumDecl" and name and node.get("inner"):
            found[f"enum {name}"] = Declared(f"enum {name}", "enum")
        elif kind == "TypedefDecl":
            inner = node.get("inner") or [{}]
            owned = unnamed.get(inner[0].get("ownedTagDecl", {}).get("id", ""))
            found[name] = _record(name, owned) if owned else _alias(name, node)
    return list(found.values())


def _record(spelling: str, node: dict[str, Any]) -> Declared:
    fields = [one for one in node.get("inner", ()) if one["kind"] == "FieldDecl"]
    return Declared(
        spelling,
        node["tagUsed"],
        tuple(one.get("name", "") for one in fields),
        frozenset(n for n, one in enumerate(fields) if one.get("isBitfield")),
        frozenset(map(_type, fields)),
    )


def _alias(name: str, node: dict[str, Any]) -> Declared:
    return Declared(name, "typedef", types=frozenset((_type(node),)))


def _type(node: dict[str, Any]) -> str:
    """Without typedefs, where clang says so."""
    shown = node["type"]
    return str(shown.get("desugaredQualType", shown["qualType"]))


def records(text: str) -> dict[str, Record]:
    """Every record of `-fdump-record-layouts-simple` by its name there."""
    return {
        name: Record(int(size), int(alignment), tuple(map(int, re.findall(r"\d+", offsets))))
        for name, size, alignment, offsets in _BLOCK.findall(text)
    }
