"""`archfit inspect`: what is inside one binary."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
Says what one binary is. With --bindings: what its loader has to slide and to bind, for every
slice: libraries, search paths, tables with offsets and sizes, and each symbol with its place,
its section and the library it is wanted from."""

EXAMPLES = """\
examples:
  archfit inspect ./app                                what it is
  archfit inspect ./app --bindings                     what its loader binds
  archfit inspect ./universal --bindings --slice arm64
  archfit inspect ./app --bindings --all               each place to slide, too
  archfit inspect ./app --branches                     br, blr, call and jmp by register
  archfit inspect ./app --bindings --format json | jq '.slices[].tables'
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("file", metavar="FILE", help="a binary")
    parser.add_argument("--bindings", action="store_true", help="what its loader slides and binds")
    parser.add_argument("--branches", action="store_true", help="indirect branches, cgo's first")
    parser.add_argument("--slice", default="", metavar="ISA", help="one slice of a universal file")
    parser.add_argument(
        "--all", action="store_true", help="list each place to slide (or branch), too"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: Namespace) -> int:
    """Print it; 3 when it can't be read."""
    if args.branches:
        from archfit.cli import inspect_branches

        return inspect_branches.run(args)
    if not args.bindings:
        return _identity(args)
    import gc
    import json

    from archfit.engine.bindings import bindings
    from archfit.host.files import window
    from archfit.report.bindings import as_json, lines

    # Hundreds of thousands of small tuples, none in a cycle.
    gc.disable()
    with window(args.file) as (data, _):
        found = bindings(data, args.slice)
        if args.format == "json":
            json.dump(as_json(found, args.file, every=args.all), sys.stdout)
            sys.stdout.write("\n")
        else:
            sys.stdout.writelines(f"{line}\n" for line in lines(found, every=args.all))
    return 0


def _identity(args: Namespace) -> int:
    import json

    from archfit.engine.facts_of import facts_of
    from archfit.engine.settings import Settings
    from archfit.facts.frozen import freeze
    from archfit.host import terminal
    from archfit.host.live import Live
    from archfit.report.identity import identity

    result = facts_of(args.file, Settings(), Live())
    if args.format == "json":
        json.dump(freeze(result), sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in identity(result.facts, terminal.width()))
        sys.stdout.writelines(f"not checked: {n.what}: {n.reason}\n" for n in result.not_checked)
    return 0 if result.facts else 3
