"""`archfit explain`: a rule's card, or the list of all rules."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

DESCRIPTION = "Shows the card of a rule: what is wrong, why it happens, the remedy, its limits."

EXAMPLES = """\
examples:
  archfit explain                      all rules, a line each
  archfit explain run.loader-missing
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("id", nargs="?", metavar="ID", help="as run.loader-missing")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: Namespace) -> int:
    """Print the card or the list."""
    from archfit.engine.registry import card, rules

    chosen = [args.id] if args.id else [rule.id for rule in rules()]
    cards = {name: card(name) for name in chosen}
    if args.format == "json":
        rows = [{"id": name, "title": title(text), "card": text} for name, text in cards.items()]
        json.dump(rows, sys.stdout, indent=1)
        sys.stdout.write("\n")
    elif args.id:
        sys.stdout.write(f"{args.id}\n{'=' * len(args.id)}\n\n{cards[args.id]}\n")
    else:
        lead = max((len(name) for name in cards), default=0)
        sys.stdout.writelines(f"{name:{lead}}  {title(text)}\n" for name, text in cards.items())
    return 0


def title(card: str) -> str:
    """The first line of a card."""
    return card.partition("\n")[0].rstrip(".")
