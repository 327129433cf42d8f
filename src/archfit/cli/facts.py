"""`archfit facts`: what archfit sees in a subject."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
Prints the facts of one subject, each with its source and how far it can be trusted.
SUBJECT is `host` (this machine), a file, or - for standard input. `archfit check`
takes the JSON in the place of the subject, and of a host with --host."""

EXAMPLES = """\
examples:
  archfit facts ./app                    what is in it
  archfit facts host > host.json         this machine, to judge for it elsewhere
  archfit facts --format json ./app | jq '.facts["go.version"].value'
  archfit facts host --record mac.json   every answer this machine gave, to replay it
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("subject", metavar="SUBJECT", help="`host`, a file, or -")
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        help="default: text on a terminal, json into a file or pipe",
    )
    parser.add_argument("--record", metavar="FILE", help="also write the host's answers to FILE")
    parser.add_argument("--root", metavar="DIR", help="look loaders and libraries up below DIR")


def run(args: Namespace) -> int:
    """Read the facts and print them; 3 when there are none."""
    from archfit.engine.facts_of import facts_of
    from archfit.engine.settings import Settings
    from archfit.facts.frozen import freeze
    from archfit.host import terminal
    from archfit.host.live import Live
    from archfit.report.text_report import facts_lines

    result = facts_of(
        args.subject, Settings(root=args.root or ""), Live(), record=args.record or ""
    )
    form = args.format or ("text" if sys.stdout.isatty() else "json")
    if form == "json":
        json.dump(freeze(result), sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in facts_lines(result.facts, terminal.width()))
        sys.stdout.writelines(f"not checked: {n.what}: {n.reason}\n" for n in result.not_checked)
    return 0 if result.facts else 3
