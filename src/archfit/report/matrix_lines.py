"""A matrix of the lab (``archfit.lab/1``) as text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
Row = Mapping[str, Any]

#: Clusters, and changes of one release, that are shown before the rest is counted.
_SHOWN = 40
#: Aspects of a change that matter to a user more than others do.
_FIRST = ("verdict", "ending", "cause", "words", "ending with GOTRACEBACK=crash")


def matrix_lines(document: Document, everything: bool = False) -> Iterator[str]:
    """The table, one block a target; then clusters, and what changed between releases."""
    recipe, total = document["recipe"], document["totals"]
    yield f"{recipe['name']}: {recipe['title']}"
    yield summary(total)
    yield ""
    versions = versions_of(document)
    for target in dict.fromkeys(column["target"] for column in document["columns"]):
        yield from _block(document, target, versions)
        yield ""
    yield from not_run_lines(document)
    yield from _clusters(document, everything)
    yield from _changes(document, everything)


def summary(total: Mapping[str, int]) -> str:
    """The counts in one line."""
    words = [f"{total['cells']} cells: {total['ran']} ran, {total['not_run']} not run"]
    if total["not_built"]:
        words.append(f"{total['not_built']} not built")
    words.append(f"{total['expected']} as expected, {total['unexpected']} not")
    words.append(f"{total['hung']} ended by their time limit")
    if total["flaky"]:
        words.append(f"{total['flaky']} go now this way, now that")
    words.append(f"cause named rightly in {total['cause_right']} of {_judged(total)} deaths")
    return "; ".join(words)


def _judged(total: Mapping[str, int]) -> int:
    return total["cause_right"] + total["cause_wrong"]


def versions_of(document: Document) -> dict[str, bool]:
    """Every release, the oldest first, with whether any cell of it was run or built."""
    there = {c["go"] for c in document["cells"] if c["state"] != "not run"}
    return {c["go"]: c["go"] in there for c in document["columns"]}


def word(row: Row) -> str:
    """A cell in a few characters: ``SIGABRT go-part``, ``panic whole``, ``hangs``, ``exit 3``."""
    if row["state"] == "not run":
        return "-"
    if row["state"] == "not built":
        return "not built"
    how = row["how"]
    if not row["died"]:
        text = str(row["ending"] if how.startswith("ends") else how.split(" ")[0])
    else:
        text = f"{death(row)} {row['trust']}"
        if " of " in how:
            text += f" {how.split(' ', 1)[1].replace(' of ', '/')}"
        elif not row["steady"] and len(row["endings"]) > 1:
            text += " ~"
    if row["expected"] is False:
        text += " !"
    return text + (" ?" if row["cause_right"] is False else "")


def death(row: Row) -> str:
    """SIGSEGV, panic or throw; with another status than Go's 2, that."""
    kind = str(row["signature"]).split(" in ", maxsplit=1)[0].removeprefix("signal ")
    if kind.startswith("fatal error"):
        kind = "throw"
    kind = kind.removesuffix(" without a text")
    ending = str(row["ending"]).removesuffix(", core")
    return kind if ending in ("exit 2", kind) else f"{kind}/{ending.removeprefix('exit ')}"


def _block(document: Document, target: str, versions: Mapping[str, bool]) -> Iterator[str]:
    ccs = list(dict.fromkeys(c["cc"] for c in document["columns"]))
    at = {(r["case"], r["go"], r["cc"]): r for r in document["cells"] if r["target"] == target}
    columns = [c for c in document["columns"] if c["target"] == target]
    how = next((c["emulator"] for c in columns if c["emulator"]), "") or "native"
    lines: list[list[str]] = [[f"{target} ({how})", *(f"go{version}" for version in versions)]]
    for case in document["recipe"]["cases"]:
        cells = [
            [word(at[case["name"], v, cc]) if there else "not run" for v, there in versions.items()]
            for cc in ccs
        ]
        if all(text in ("-", "not run") for row in cells for text in row) and any(
            versions.values()
        ):
            continue
        if all(row == cells[0] for row in cells):
            lines.append([case["name"], *cells[0]])
        else:
            lines += [[f"{case['name']} ({cc})", *row] for cc, row in zip(ccs, cells, strict=True)]
    widths = [max(len(line[n]) for line in lines) + 2 for n in range(len(lines[0]))]
    for line in lines:
        yield "".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def not_run_lines(document: Document) -> Iterator[str]:
    """Why cells were not run, and how many; and what did not build."""
    why = Counter(r["why"] for r in document["cells"] if r["state"] == "not run")
    if why:
        yield "not run (which is not passed)"
        for text, count in why.most_common():
            yield f"  {count:4} cells: {text}"
    failed = [r for r in document["cells"] if r["state"] == "not built"]
    for row in failed[:_SHOWN]:
        last = row["error"].splitlines()[-1] if row["error"] else ""
        cause = row["cause"] or "no cause found"
        yield f"  not built: {row['case']}, {place(row)}: {cause}: {last}"
    if why or failed:
        yield ""


def place(row: Row) -> str:
    """``go1.26.8 gcc linux/amd64``."""
    return f"go{row['go']} {row['cc']} {row['target']}"


def _clusters(document: Document, everything: bool) -> Iterator[str]:
    found = document["clusters"]
    if not found["clusters"]:
        return
    yield (
        f"{len(found['clusters'])} patterns in {found['deaths']} deaths with a text:"
        f" purity {found['purity']:.3f}, completeness {found['completeness']:.3f};"
        f" {found['silent']} died without a text"
    )
    rows = found["clusters"][: None if everything else _SHOWN]
    for group in rows:
        cases = ", ".join(group["cases"])
        yield f"  {group['cells']:4}  {group['signature']}"
        yield f"        {cases}: {', '.join(c or 'no cause found' for c in group['causes'])}"
    if len(found["clusters"]) > len(rows):
        yield f"  and {len(found['clusters']) - len(rows)} more (--all)"
    yield ""


def _changes(document: Document, everything: bool) -> Iterator[str]:
    steps: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for change in document["differences"]:
        steps.setdefault((change["after"], change["by"]), []).append(change)
    for (after, by), changes in steps.items():
        yield f"changed after go{after}, by go{by}"
        told = [c for c in changes if everything or c["what"] in _FIRST]
        told.sort(key=lambda c: (_FIRST.index(c["what"]) if c["what"] in _FIRST else 9, c["case"]))
        for change in told:
            where = "" if change["all"] else f"   [{', '.join(change['where'])}]"
            yield (
                f"  {change['case']}: {change['what']}: {change['from'] or 'none'}"
                f" -> {change['to'] or 'none'}{where}"
            )
        if len(changes) > len(told):
            yield f"  and {len(changes) - len(told)} in signatures and stack trust (--all)"
        for known in document["known_changes"]:
            if (known["after"], known["by"]) == (after, by):
                yield from (
                    f"  the release notes and sources say: {text}" for text in known["told"]
                )
    for found in document["bisected"]:
        tried = ", ".join(found["tried"]) or "no release between is here"
        yield (
            f"bisected: {found['case']}, {found['what']}: after go{found['after']},"
            f" by go{found['by']} (tried: {tried})"
        )
