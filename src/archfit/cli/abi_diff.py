"""`archfit abi diff`: two calling conventions side by side."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
Puts two calling conventions side by side and shows the facts in which they differ; a fact
that only one of the specifications states counts as a difference ("not stated")."""

EXAMPLES = """\
examples:
  archfit abi diff linux/arm64 linux/amd64
  archfit abi diff linux/arm64 darwin/arm64
  archfit abi diff go-internal/arm64 linux/arm64
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("a", metavar="A", help="target or name of a convention")
    parser.add_argument("b", metavar="B", help="the other")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: Namespace) -> int:
    """Print the differences: 0. Raises Misuse for a target that no convention has."""
    from archfit.cli.abi_show import named
    from archfit.platforms.calling_conventions import different
    from archfit.report.abi_tables import difference_lines, document

    a, b = named(args.a), named(args.b)
    if args.format == "json":
        print(document([a, b], different(a, b)))
    else:
        print("\n".join(difference_lines(a, b)))
    return 0
