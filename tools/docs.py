"""Draws docs/rules, docs/facts.md and docs/verbs.md from the code; `--check`: are they fresh?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from archfit.cli.main import every_verb, module
from archfit.engine.registry import card, rules
from archfit.facts import binary, go, host, lab
from archfit.model.rule import Rule

HERE = Path(__file__).resolve().parent.parent
DOCS = HERE / "docs"


def pages() -> Iterator[tuple[Path, str]]:
    """(path, text) of every page that is drawn."""
    for rule in rules():
        yield rule_page(rule)
    yield DOCS / "rules" / "README.md", index()
    yield DOCS / "facts.md", facts()
    yield DOCS / "verbs.md", verbs()


def rule_page(rule: Rule) -> tuple[Path, str]:
    """A rule's card, what it reads, and its cases as examples."""
    family, _, name = rule.id.partition(".")
    title, _, rest = card(rule.id).partition("\n")
    lines = [f"# {rule.id}: {title}", ""]
    for line in rest.strip().splitlines():
        if set(line) == {"-"} and lines[-1].strip():
            lines[-1] = f"## {lines[-1]}"
        else:
            lines.append(line)
    lines += ["", "## What it reads", "", "| of | fact | what it is |", "|---|---|---|"]
    lines += [f"| subject | `{key.name}` | {key.doc} |" for key in rule.needs]
    lines += [f"| host | `{key.name}` | {key.doc} |" for key in rule.host]
    cases = sorted((HERE / "tests" / "rules" / family / name.replace("-", "_")).glob("*.md"))
    lines += ["", "## Examples", ""] if cases else []
    for case in cases:
        lines += [
            text.replace("# ", "### ", 1) if text.startswith("# ") else text
            for text in case.read_text().strip().splitlines()
        ]
        lines.append("")
    return DOCS / "rules" / family / f"{name}.md", "\n".join(lines).rstrip() + "\n"


def index() -> str:
    """All rules, a line each."""
    lines = [
        "# Rules",
        "",
        "One cause, one card. `archfit explain ID` shows the same text.",
        "",
        "| id | cause |",
        "|---|---|",
    ]
    for rule in rules():
        family, _, name = rule.id.partition(".")
        title = card(rule.id).partition("\n")[0]
        lines.append(f"| [`{rule.id}`]({family}/{name}.md) | {title} |")
    return "\n".join(lines) + "\n"


def facts() -> str:
    """The catalogue of keys."""
    lines = [
        "# Facts",
        "",
        "Every key, its type and what it says. `archfit facts SUBJECT` shows"
        " the values with source and trust.",
        "",
    ]
    for title, kind in (("Files", binary), ("Go", go), ("Host", host), ("Lab", lab)):
        lines += [f"## {title}", "", "| key | type | what it says |", "|---|---|---|"]
        lines += [f"| `{k.name}` | {k.kind.__name__} | {k.doc} |" for k in kind.ALL]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def verbs() -> str:
    """Description, options and examples of every verb (argparse's own help text differs
    between Python versions, so it is not used)."""
    lines = ["# Verbs", ""]
    for verb, line in every_verb().items():
        file = module(verb)
        options = ArgumentParser(add_help=False)
        file.options(options)
        lines += [f"## archfit {verb}: {line}", "", file.DESCRIPTION.strip(), ""]
        lines += ["| option | what it does |", "|---|---|"]
        for action in options._actions:
            name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
            value = action.metavar if action.option_strings and action.nargs != 0 else ""
            if action.choices:
                value = "\\|".join(str(c) for c in action.choices)
            lines.append(f"| `{name}{' ' if value else ''}`{value or ''} | {action.help or ''} |")
        lines += ["", "```text", file.EXAMPLES.strip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the pages, or say which are stale."""
    check = "--check" in sys.argv
    wanted = dict(pages())
    drawn = set((DOCS / "rules").rglob("*.md")) if (DOCS / "rules").exists() else set()
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text() != text]
    extra = sorted(drawn - set(wanted))
    if check:
        for path in [*stale, *extra]:
            print(f"stale: {path.relative_to(HERE)}; try: make docs")
        return 1 if stale or extra else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    for path in extra:
        path.unlink()
    print(f"{len(wanted)} pages, {len(stale)} drawn anew, {len(extra)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
