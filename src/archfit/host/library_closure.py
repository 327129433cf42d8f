"""All that is loaded with a program, breadth first, as glibc and musl do it.

Sources: glibc 2.42 elf/dl-deps.c (`_dl_map_object_deps`: the order) and elf/dl-load.c
(`_dl_lookup_map`: an object is known by every name it was asked for and by its SONAME;
`_dl_map_object_from_fd`: and by its file); musl 1.2.5 ldso/dynlink.c (`load_deps`: the
same order; names and files, not the SONAME).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archfit.host.library_search import TOO_MANY, Node, Search, Where

#: One row of `archfit.facts.binary.LIBRARIES`.
Row = dict[str, Any]

#: Objects of one program; more than any real program loads.
_MAX_OBJECTS = 2000
#: Folders listed in one row, and in all rows of a file before each gets one only.
_MAX_LISTED, _MAX_LISTED_IN_ALL = 64, 4096


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one object's wish. ``node`` is None for what leads no further."""

    where: Where
    row: Row
    soname: str | None
    node: Node | None


class Closure:
    """Loads programs on paper. Objects and answers are shared by all programs of a search."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._soname = search.loader.kind != "musl"
        self._nodes: dict[tuple[object, ...], Node] = {}
        self._answers: dict[int, dict[str, Found]] = {}

    def rows(self, main: Node, *, whole: bool) -> list[Row]:
        """The rows for a file. ``whole``: with what its libraries need in their turn."""
        loaded = {self._search.loader.path}
        files: dict[str | None, list[Where]] = {}
        failed: set[tuple[str, object]] = set()
        rows: list[Row] = []
        self._search.looks = listed = 0
        queue = [main]
        for node in queue:
            answers = {} if node is main else self._answers.setdefault(id(node), {})
            for name in node.dynamic.needed:
                if name in loaded:
                    continue
                found = answers.get(name)
                if found is None:
                    found = self._find(name, node, node is main, whole)
                    if found.where is not TOO_MANY:
                        answers[name] = found
                elif not self._search.counted(found.where):
                    found = self._found(TOO_MANY, name, node, node is main, whole)
                if found.where.path is None:
                    if (name, node.route_id) not in failed:
                        failed.add((name, node.route_id))
                        rows.append(_listing(found.row, listed))
                        listed += len(rows[-1]["searched"])
                    if found.where.wrong and not self._soname:
                        loaded.add(name)  # musl maps it all the same, and fails later
                    continue
                loaded.add(name)
                if found.where.by == "loader":
                    rows.append(found.row)
                    continue
                same = files.setdefault(found.soname, [])
                if same and self._among(found.where, same):
                    continue
                same.append(found.where)
                rows.append(found.row)
                if found.node is None:
                    continue
                if found.soname and self._soname:
                    loaded.add(found.soname)
                if len(queue) < _MAX_OBJECTS:
                    queue.append(found.node)
        return rows

    def _find(self, name: str, node: Node, is_main: bool, whole: bool) -> Found:
        return self._found(self._search.find(name, node), name, node, is_main, whole)

    def _found(self, where: Where, name: str, node: Node, is_main: bool, whole: bool) -> Found:
        search = self._search
        asker = None if is_main else self._place(node.path, node.near)
        row = _row(name, asker, where, self._place(where.path, where.near), sure=whole)
        if where.path is None or where.by == "loader" or not whole:
            return Found(where, row, None, None)
        dynamic = (search.near if where.near else search.files).needs(where.path)
        if dynamic is None:
            return Found(where, row, None, None)
        key = (where.path, where.near, node.env, node.passed_on)
        child = self._nodes.get(key)
        if child is None:
            child = self._nodes[key] = search.node(where.path, where.near, dynamic, node)
        return Found(where, row, dynamic.soname, child)

    def _among(self, where: Where, others: list[Where]) -> bool:
        real = self._real(where)
        return any(self._real(other) == real for other in others)

    def _real(self, where: Where) -> tuple[bool, str]:
        files = self._search.near if where.near else self._search.files
        return where.near, files.real(where.path or "")

    def _place(self, path: str | None, near: bool) -> str | None:
        return path if near or path is None else self._search.files.place(path)


def _listing(row: Row, listed: int) -> Row:
    """The row with the first of many folders alone; ``searched_more``: how many others."""
    kept = _MAX_LISTED if listed < _MAX_LISTED_IN_ALL else 1
    more = len(row["searched"]) - kept
    if more <= 0:
        return row
    return row | {"searched": row["searched"][:kept], "searched_more": more}


def _row(name: str, asker: str | None, where: Where, path: str | None, *, sure: bool) -> Row:
    row: Row = {
        "name": name,
        "path": path,
        "isa": where.isa,
        "by": where.by,
        "for": asker,
        "searched": list(where.searched),
    }
    if where.wrong:
        row["wrong"] = [{"path": p, "isa": isa} for p, isa in where.wrong]
    if where.broken is not None:
        row["broken"] = {"path": where.broken[0], "why": where.broken[1]}
    if where.path is None:
        unchecked = where.unchecked
        if not sure and not unchecked:
            unchecked = "the program that loads it may have it loaded, or look elsewhere"
        if unchecked:
            row["unchecked"] = unchecked
    return row
