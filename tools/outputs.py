"""How many real tool outputs stand behind each rule, by how many tools or versions.

Counts the pages below tests/rules: `Output of:` is what a tool printed, `Written after:`
follows a program's source or documentation; pages that expect another answer are look-alikes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from archfit.engine.registry import rules

HERE = Path(__file__).resolve().parent.parent / "tests" / "rules"
_EXPECT = re.compile(r"^```expect\n(.*?)\n```", re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r"^Output of: ([^\n]+)", re.MULTILINE)
_WRITTEN = re.compile(r"^Written after: ", re.MULTILINE)


def main() -> int:
    """Print the table; 1 when a rule with messages has no case at all."""
    bare = []
    print(f"{'id':26} real  tools  written  facts  look-alikes")
    for rule in rules():
        family, _, name = rule.id.partition(".")
        real = written = facts = other = 0
        tools: set[str] = set()
        for path in sorted((HERE / family / name.replace("-", "_")).glob("*.md")):
            text = path.read_text()
            expected = _EXPECT.search(text)
            output = _OUTPUT.search(text)
            if expected is None or expected.group(1).strip() != rule.id:
                other += 1
            elif output is not None:
                real += 1
                tools.add(output.group(1).strip())
            elif _WRITTEN.search(text):
                written += 1
            else:
                facts += 1
        print(f"{rule.id:26} {real:4}  {len(tools):5}  {written:7}  {facts:5}  {other:11}")
        if rule.texts and not real + written:
            bare.append(rule.id)
    return 1 if bare else 0


if __name__ == "__main__":
    sys.exit(main())
