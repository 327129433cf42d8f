"""A page of tables as one self-contained HTML file: no outside resource, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --line: #d5d9de; --soft: #5b636d;
  --good: #1a7f37; --bad: #b3261e; --half: #8a5a00; --shade: #f5f6f8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6e9; --paper: #16181b; --line: #373c43;
  --soft: #9aa3ad; --good: #4cc26a; --bad: #ff7b72; --half: #e3b341; --shade: #1f2226; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p.soft, td.soft, small { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid var(--line); }
thead th { background: var(--shade); position: sticky; top: 0; }
td.good { color: var(--good); font-weight: 600; } td.bad { color: var(--bad); font-weight: 600; }
td.half { color: var(--half); font-weight: 600; }
td { overflow-wrap: break-word; } td.name { white-space: nowrap; }
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """``look``: good, bad, half, soft, name or ""."""

    text: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One section of a page. A plain string in a row is a cell without a look."""

    heading: str
    lead: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]] = field(default_factory=tuple)


def page(title: str, lead: Sequence[str], tables: Sequence[Table], foot: str = "") -> str:
    """The whole file. Every text is escaped."""
    return "\n".join(_lines(title, lead, tables, foot)) + "\n"


def _lines(title: str, lead: Sequence[str], tables: Sequence[Table], foot: str) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{escape(title)}</h1>"
    for text in lead:
        yield f"<p>{escape(text)}</p>"
    for table in tables:
        yield f"<h2>{escape(table.heading)}</h2>"
        if table.lead:
            yield f'<p class="soft">{escape(table.lead)}</p>'
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
        yield f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>'
        for row in table.rows:
            yield f"<tr>{''.join(map(_cell, row))}</tr>"
        yield "</tbody></table></div>"
    if foot:
        yield f"<p><small>{escape(foot)}</small></p>"
    yield "</body>\n</html>"


def _cell(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return f"<td>{escape(cell)}</td>"
    look = f' class="{cell.look}"' if cell.look else ""
    return f"<td{look}>{escape(cell.text)}</td>"
