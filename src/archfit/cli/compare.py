"""`archfit compare`: two binaries side by side."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
Puts what the loaders of two binaries bind side by side: counts, tables, the symbols and
libraries that only one of them wants, and the places. A and B may be the same universal file,
with a slice of it named for each."""

EXAMPLES = """\
examples:
  archfit compare --bindings old.dylib new.dylib
  archfit compare --bindings app app --slice-a arm64 --slice-b amd64
  archfit compare --code old new                  which functions changed, side by side
  archfit compare --bindings a.so b.so --format json | jq .only_in_a
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("a", metavar="FILE", help="a binary")
    parser.add_argument("b", metavar="FILE", help="another one")
    parser.add_argument("--bindings", action="store_true", help="what their loaders bind")
    parser.add_argument("--code", action="store_true", help="their functions, addresses aside")
    parser.add_argument(
        "--show", type=int, default=10, metavar="N", help="with --code: disassemble N changed ones"
    )
    parser.add_argument("--slice-a", default="", metavar="ISA", help="the slice of the first")
    parser.add_argument("--slice-b", default="", metavar="ISA", help="the slice of the second")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: Namespace) -> int:
    """Print the comparison; 3 when one of them can't be read."""
    import gc
    import json

    from archfit.engine.bindings import bindings
    from archfit.host.files import window
    from archfit.model.errors import Misuse
    from archfit.report.bindings import compared, compared_lines

    if args.code:
        from archfit.cli import compare_code

        return compare_code.run(args)
    if not args.bindings:
        raise Misuse("say what to compare", f"archfit compare --bindings {args.a} {args.b}")
    gc.disable()
    with window(args.a) as (first, _), window(args.b) as (second, _):
        one, other = bindings(first, args.slice_a), bindings(second, args.slice_b)
        if not args.slice_a and not args.slice_b:
            # Of two universal files the slices of one ISA belong together.
            pairs = [(x, y) for x in one for y in other if x.isa == y.isa] or [(one[0], other[0])]
        else:
            pairs = [(one[0], other[0])]
        if args.format == "json":
            files = {"files": [args.a, args.b]}
            json.dump([compared(x, y) | files for x, y in pairs], sys.stdout)
            sys.stdout.write("\n")
        else:
            for x, y in pairs:
                sys.stdout.writelines(f"{line}\n" for line in compared_lines(x, y))
    return 0
