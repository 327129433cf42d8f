"""`make new-rule ID=run.some-cause`: a rule's file and its first two cases, to be filled in."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

CARD = '''"""<One line that names the fault>

What is wrong
-------------
<What a user sees, with the fixed part of each tool's message.>

Why it happens
--------------
<How such a thing comes to be built or deployed.>

Remedy
------
<What to change.>

References
----------
- <specification and section, or source file and version>

Limits
------
<What this rule cannot see.>
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.rules.fit import fit, proof


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """<The need against the offer, in one line.>"""
    yield from fit(
        need={{"isa": b.ISA.require(facts)}},
        offer={{"isa": h.ISA.require(host)}},
        holds=True,
        message="",
        evidence=proof(facts, b.ISA) + proof(host, h.ISA),
    )


RULE = Rule("{id}", (Kind.BINARY,), (b.ISA,), (h.ISA,), judge)
'''

CASE = """# {title}

<The story: who did what, where, and what came of it.>

```json
{{"subject": {{"kind": "binary", "facts": {{"binary.isa": "arm64"}}}}, "host": "debian-amd64"}}
```

```expect
{expect}
```
"""


def main() -> int:
    """Write the files; 2 when the id is no id or the rule is there already."""
    rule_id = sys.argv[1] if len(sys.argv) > 1 else ""
    if not re.fullmatch(r"[a-z]+\.[a-z][a-z0-9-]*", rule_id):
        print("give an id: make new-rule ID=run.some-cause", file=sys.stderr)
        return 2
    family, _, name = rule_id.partition(".")
    stem = name.replace("-", "_")
    rule = HERE / "src/archfit/rules" / family / f"{stem}.py"
    if rule.exists():
        print(f"{rule.relative_to(HERE)} is there already", file=sys.stderr)
        return 2
    cases = HERE / "tests/rules" / family / stem
    cases.mkdir(parents=True, exist_ok=True)
    rule.parent.mkdir(parents=True, exist_ok=True)
    written = {
        rule: CARD.format(id=rule_id),
        cases / "01-positive.md": CASE.format(title="A case that must be found", expect=rule_id),
        cases / "02-lookalike.md": CASE.format(title="A look-alike", expect="nothing"),
    }
    for path, text in written.items():
        path.write_text(text)
        print(path.relative_to(HERE))
    print("then: make docs check")
    return 0


if __name__ == "__main__":
    sys.exit(main())
