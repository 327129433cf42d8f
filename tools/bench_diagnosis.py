"""`make bench-diagnosis CASES=DIR`: how often the first answer is right, over texts with causes.

DIR holds ``cases.jsonl``, one object a line: file, cause, also (accepted too), context.
Prints top-1, top-3, false alarms, calibration, a confusion table, then what went wrong.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import archfit
from archfit.model.finding import Finding

NONE = "none.other"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case with what archfit said of it."""

    file: str
    cause: str
    accepted: frozenset[str]
    findings: tuple[Finding, ...]

    @property
    def first(self) -> str:
        return self.findings[0].rule if self.findings else NONE

    @property
    def right(self) -> bool:
        return self.first in self.accepted

    @property
    def among_three(self) -> bool:
        return self.right or any(f.rule in self.accepted for f in self.findings[:3])


def run(folder: Path, part: str) -> list[Outcome]:
    """Diagnose every case of the folder; ``part``: all, odd or even file numbers."""
    outcomes = []
    for line in (folder / "cases.jsonl").read_text().splitlines():
        case: dict[str, Any] = json.loads(line)
        number = int("".join(c for c in case["file"] if c.isdigit()) or 0)
        if part != "all" and ("even", "odd")[number % 2] != part:
            continue
        text = (folder / case["file"]).read_bytes().decode("utf-8", "replace")
        context = {k: str(v) for k, v in (case.get("context") or {}).items()}
        result = archfit.diagnose(text, context=context)
        accepted = frozenset([case["cause"], *case.get("also", ())])
        outcomes.append(Outcome(case["file"], case["cause"], accepted, result.findings))
    return outcomes


def share(count: int, of: int) -> str:
    return f"{count} of {of} ({count / of:.1%})" if of else "0 of 0"


def report(outcomes: list[Outcome], verbose: bool) -> None:
    """Print the figures."""
    real = [o for o in outcomes if o.cause != NONE]
    none = [o for o in outcomes if o.cause == NONE]
    print(f"cases          {len(outcomes)}")
    print(f"top-1          {share(sum(o.right for o in real), len(real))}")
    print(f"top-3          {share(sum(o.among_three for o in real), len(real))}")
    print(f"no answer      {share(sum(o.first == NONE for o in real), len(real))}")
    print(f"false alarms   {share(sum(not o.right for o in none), len(none))} of {NONE}")
    print("\ncalibration (first answers)")
    bands: dict[float, list[bool]] = defaultdict(list)
    for o in outcomes:
        if o.findings:
            bands[int(o.findings[0].confidence * 10) / 10].append(o.right)
    for band, hits in sorted(bands.items()):
        print(f"  said {band:.1f}-{band + 0.1:.1f}   right {share(sum(hits), len(hits))}")
    wrong = [o for o in outcomes if not o.right]
    table = Counter((o.cause, o.first) for o in wrong)
    print("\nconfusion (cause -> answer)")
    for (cause, answer), count in table.most_common():
        print(f"  {count}  {cause} -> {answer}")
    if verbose:
        print("\nwrong ones")
        for o in wrong:
            said = ", ".join(f"{f.rule} {f.confidence:.2f}" for f in o.findings[:3]) or "nothing"
            print(f"  {o.file}  {o.cause}: {said}")


def main() -> int:
    """Run and print."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--part", choices=("all", "odd", "even"), default="all")
    parser.add_argument("-v", "--verbose", action="store_true", help="list the wrong ones")
    args = parser.parse_args()
    report(run(args.cases, args.part), args.verbose)
    return 0


if __name__ == "__main__":
    sys.exit(main())
