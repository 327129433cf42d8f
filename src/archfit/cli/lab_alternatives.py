"""`archfit lab alternatives`: a module's cgo, and what does the same without."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
Finds the packages with C in them that the module in DIR needs, and by which imports
they come in, and names for each what does the same without cgo, from a table whose rows
have been checked against the modules themselves; or says that the table knows none."""

EXAMPLES = """\
examples:
  archfit lab alternatives .
  archfit lab alternatives ~/src/app --package ./cmd/... --target darwin/arm64
  archfit lab alternatives . --format json
  archfit lab alternatives --table          the whole table

exit status:
  0 no cgo outside of the standard library   1 some   2 wrong usage   3 could not look
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("folder", metavar="DIR", nargs="?", default=".", help="default: here")
    parser.add_argument("--package", metavar="PATTERN", action="append", help="default: ./...")
    parser.add_argument("--target", metavar="OS/ARCH", default="", help="default: this machine")
    parser.add_argument("--tags", metavar="A,B", default="")
    parser.add_argument("--table", action="store_true", help="print the table")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: Namespace) -> int:
    """Look and print; see the exit status in EXAMPLES."""
    from archfit.lab.alternatives import look, table_lines

    if args.table:
        sys.stdout.writelines(f"{line}\n" for line in table_lines())
        return 0
    found = look(
        args.folder,
        tuple(args.package or ("./...",)),
        target=args.target,
        tags=args.tags,
        offline=args.offline,
    )
    if args.format == "json":
        sys.stdout.write(found.text())
    else:
        sys.stdout.writelines(f"{line}\n" for line in found.lines())
    return 1 if found.users else 0
