"""A matrix of the lab (``archfit.lab/1``) as one HTML page, which needs nothing from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from archfit.report.matrix_lines import death, place, summary, versions_of

Document = Mapping[str, Any]
Row = Mapping[str, Any]

#: Kind of a cell -> the words of the legend, in the order of the bar.
_KINDS = (
    ("dies", "dies, as its case says"),
    ("lives", "lives or ends, as its case says"),
    ("hangs", "ended by its time limit"),
    ("flaky", "now this way, now that"),
    ("wrong", "not as its case says"),
    ("unbuilt", "not built"),
    ("absent", "not run"),
)

_STYLE = """
:root { color-scheme: light dark; --bg:#fff; --fg:#1c2127; --dim:#5b6570; --line:#d5dae0;
 --head:#f3f5f7; --dies:#dbe7f6; --lives:#dcefdf; --hangs:#f6e6c8; --flaky:#ece0f5;
 --wrong:#f8d3d0; --unbuilt:#f3dcc9; --absent:#eef0f2; --mark:#b3261e; }
@media (prefers-color-scheme: dark) { :root { --bg:#15181c; --fg:#e4e8ec; --dim:#9aa4ae;
 --line:#363d45; --head:#1e2328; --dies:#23364d; --lives:#20402a; --hangs:#4d3d17;
 --flaky:#3c2b4d; --wrong:#5b2320; --unbuilt:#513420; --absent:#20252a; --mark:#ff8a80; } }
body { background:var(--bg); color:var(--fg); font:15px/1.45 system-ui,sans-serif;
 margin:2rem auto; max-width:1200px; padding:0 1rem; }
h1 { font-size:1.5rem; margin:0 0 .2rem; } h2 { font-size:1.15rem; margin:2rem 0 .5rem; }
p { margin:.3rem 0; } .dim { color:var(--dim); }
.wide { overflow-x:auto; } table { border-collapse:collapse; font-size:.86rem; }
th,td { border:1px solid var(--line); padding:.25rem .5rem; text-align:left; vertical-align:top; }
thead th { background:var(--head); position:sticky; top:0; } tbody th { font-weight:600; }
td small, th small { display:block; color:var(--dim); font-weight:400; }
code { font:0.85em ui-monospace,monospace; overflow-wrap:anywhere; }
.mark { color:var(--mark); font-weight:600; }
.key { display:inline-block; margin-right:1rem; } .key i { display:inline-block; width:.9em;
 height:.9em; border:1px solid var(--line); vertical-align:-.1em; margin-right:.35em; }
svg { display:block; width:100%; height:22px; margin:.7rem 0 .4rem; }
svg text { font:12px system-ui,sans-serif; fill:var(--fg); }
""" + "".join(f".{name}{{background:var(--{name});fill:var(--{name})}}" for name, _ in _KINDS)


def page(document: Document) -> str:
    """The whole page."""
    recipe = document["recipe"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(recipe['name'])}: matrix</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(recipe['title'])}</h1>",
        f'<p class="dim">archfit {escape(document["archfit"])}, recipe'
        f" <code>{escape(recipe['name'])}</code>, on {escape(document['machine']['target'])},"
        f" kernel {escape(document['machine']['kernel'])};"
        f" digest <code>{document['digest'][:16]}</code></p>",
        f"<p>{escape(summary(document['totals']))}.</p>",
        *_bar(document["cells"]),
        *_tables(document),
        *_not_run(document),
        *_patterns(document),
        *_changes(document),
        *_toolchains(document),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def kind(row: Row) -> str:
    """Which of the kinds a cell is."""
    if row["state"] != "ran":
        return "absent" if row["state"] == "not run" else "unbuilt"
    if row["expected"] is False:
        return "wrong"
    if " of " in row["how"] or len(row["endings"]) > 1:
        return "flaky"
    how = str(row["how"])
    return "lives" if how == "ends" else how


def _bar(rows: Sequence[Row]) -> Iterator[str]:
    counts = Counter(kind(row) for row in rows)
    at, boxes = 0.0, []
    for name, words in _KINDS:
        if counts[name]:
            width = 1000 * counts[name] / len(rows)
            boxes.append(
                f'<rect class="{name}" x="{at:.1f}" y="0" width="{width:.1f}" height="22">'
                f"<title>{counts[name]} {words}</title></rect>"
            )
            at += width
    yield (
        '<svg viewBox="0 0 1000 22" preserveAspectRatio="none" role="img"'
        f' aria-label="cells by what became of them">{"".join(boxes)}</svg><p>'
    )
    for name, words in _KINDS:
        if counts[name]:
            yield f'<span class="key"><i class="{name}"></i>{counts[name]} {words}</span>'
    yield "</p>"


def _tables(document: Document) -> Iterator[str]:
    versions = versions_of(document)
    ccs = list(dict.fromkeys(c["cc"] for c in document["columns"]))
    for target in dict.fromkeys(c["target"] for c in document["columns"]):
        columns = [c for c in document["columns"] if c["target"] == target]
        how = next((c["emulator"] for c in columns if c["emulator"]), "") or "native"
        yield f'<h2>{escape(target)} <span class="dim">({escape(how)})</span></h2>'
        yield '<div class="wide"><table><thead><tr><th>case</th>'
        for version, there in versions.items():
            names = ccs if there else ["not here"]
            yield from (f"<th>go{escape(version)}<small>{escape(n)}</small></th>" for n in names)
        yield "</tr></thead><tbody>"
        at = {(r["case"], r["go"], r["cc"]): r for r in document["cells"] if r["target"] == target}
        for case in document["recipe"]["cases"]:
            cells = [
                at[case["name"], version, cc]
                for version, there in versions.items()
                for cc in (ccs if there else ccs[:1])
            ]
            yield f"<tr><th>{escape(case['name'])}<small>{escape(case['about'])}</small></th>"
            yield from map(_cell, cells)
            yield "</tr>"
        yield "</tbody></table></div>"
    yield (
        '<p class="dim">How it died, then how far its stack can be trusted: whole, go-part (the Go'
        " frames are whole, C is not shown), cut, damaged, none. Behind / stands a status other"
        " than Go's 2. A mark: not as the case says, or a cause that is not the one built in.</p>"
    )


def _cell(row: Row) -> str:
    name = kind(row)
    if name == "absent":
        return f'<td class="absent" title="{escape(row["why"])}">not run</td>'
    if name == "unbuilt":
        return f'<td class="unbuilt" title="{escape(row["error"][-600:])}">not built</td>'
    main = death(row) if row["died"] else row["ending"] if row["how"] == "ends" else row["how"]
    small = [row["trust"]] if row["died"] else []
    if " of " in row["how"]:
        small.append(row["how"])
    small.append(row["cause"].removeprefix("crash."))
    mark = ""
    if row["expected"] is False or row["cause_right"] is False:
        mark = ' <span class="mark">!</span>'
    told = "\n".join(
        f"{words}: {row[key]}"
        for key, words in (
            ("headline", "says"),
            ("ending", "ending"),
            ("crash_ending", "GOTRACEBACK=crash"),
            ("cause", "cause"),
            ("trust_reason", "stack"),
            ("chain", "chain"),
            ("command", "command"),
        )
        if row[key]
    )
    return (
        f'<td class="{name}" title="{escape(told)}">{escape(str(main))}{mark}'
        f"<small>{escape(' · '.join(word for word in small if word))}</small></td>"
    )


def _not_run(document: Document) -> Iterator[str]:
    why = Counter(r["why"] for r in document["cells"] if r["state"] == "not run")
    if why:
        yield "<h2>Not run, which is not passed</h2><ul>"
        yield from (f"<li>{count} cells: {escape(text)}</li>" for text, count in why.most_common())
        yield "</ul>"


def _patterns(document: Document) -> Iterator[str]:
    found = document["clusters"]
    if not found["clusters"]:
        return
    yield (
        f"<h2>Panic patterns over versions</h2><p>{len(found['clusters'])} patterns in"
        f" {found['deaths']} deaths with a text: purity {found['purity']:.3f}, completeness"
        f" {found['completeness']:.3f}; {found['silent']} died without a text.</p>"
    )
    yield (
        '<div class="wide"><table><thead><tr><th>cells</th><th>pattern</th><th>cases</th>'
        "<th>cause</th><th>releases</th><th>words</th></tr></thead><tbody>"
    )
    for group in found["clusters"]:
        columns = (
            escape(", ".join(group["cases"])),
            escape(", ".join(group["causes"])),
            escape(", ".join(group["versions"])),
            "<br>".join(f"<code>{escape(text)}</code>" for text in group["headlines"]),
        )
        yield f"<tr><td>{group['cells']}</td><td><code>{escape(group['signature'])}</code></td>"
        yield "".join(f"<td>{text}</td>" for text in columns) + "</tr>"
    yield "</tbody></table></div>"


def _changes(document: Document) -> Iterator[str]:
    if not document["differences"]:
        return
    yield (
        '<h2>What changed between releases</h2><div class="wide"><table><thead><tr><th>after</th>'
        "<th>by</th><th>case</th><th>what</th><th>from</th><th>to</th><th>where</th></tr></thead>"
        "<tbody>"
    )
    for change in document["differences"]:
        where = "all" if change["all"] else ", ".join(change["where"])
        cells = [change[key] for key in ("after", "by", "case", "what", "from", "to")]
        yield "<tr>" + "".join(f"<td>{escape(text or 'none')}</td>" for text in [*cells, where])
        yield "</tr>"
    yield "</tbody></table></div>"
    for found in document["bisected"]:
        tried = ", ".join(found["tried"]) or "no release between is here"
        text = (
            f"{found['case']}, {found['what']}: after go{found['after']}, by go{found['by']}"
            f" (tried: {tried})"
        )
        yield f"<p>Bisected: {escape(text)}</p>"
    for known in document["known_changes"]:
        yield f"<p>Known to have changed after go{known['after']}, by go{known['by']}:</p><ul>"
        yield from (f"<li>{escape(text)}</li>" for text in known["told"])
        yield "</ul>"


def _toolchains(document: Document) -> Iterator[str]:
    yield "<h2>Toolchains</h2><ul>"
    for tool in document["toolchains"]:
        what = f"{tool['version']} ({tool['source']})" if tool["version"] else tool["why"]
        yield f"<li>go{escape(tool['release'])}: {escape(what)}</li>"
    seen = dict.fromkeys((c["cc"], c["target"], c["compiler"]) for c in document["columns"])
    for cc, target, compiler in seen:
        if compiler:
            yield f"<li>{escape(cc)} for {escape(target)}: {escape(compiler)}</li>"
    yield "</ul>"
    rows = [row for row in document["cells"] if row["state"] == "ran"]
    if rows:
        first = rows[0]
        yield f"<p>One cell by hand ({escape(place(first))}):</p>"
        yield f"<p><code>{escape(first['build'])}</code></p>"
        yield f"<p><code>{escape(first['command'])}</code></p>"
