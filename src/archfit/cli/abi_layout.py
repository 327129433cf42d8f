"""`archfit abi layout`: the types of a header on several targets."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
Asks clang for the size, alignment and field offsets of every struct, union, enum and typedef
that a C header itself declares, for each target, and shows what differs, together with the
basic types whose form is the target's choice (char, long, long double, wchar_t, va_list).
An offset is in bytes; that of a bit-field is byte:bit. Nothing is built or run."""

EXAMPLES = """\
examples:
  archfit abi layout api.h --target linux/arm64 --target linux/amd64
  archfit abi layout api.h --target linux/amd64 --target windows/amd64 --all
  archfit abi layout api.h --target linux/arm64 --flag=-Iinclude --format json
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("header", metavar="FILE", help="a C header")
    parser.add_argument(
        "--target", metavar="TARGET", action="append", required=True, help="again for another"
    )
    parser.add_argument("--flag", metavar="FLAG", action="append", default=[], help="for clang")
    parser.add_argument("--all", action="store_true", help="also what is the same")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: Namespace) -> int:
    """Print the layouts: 0. Raises Misuse, or Unavailable when clang is absent or refuses."""
    from archfit.lab.type_layouts import layouts
    from archfit.report.abi_layout import document, lines

    rows = {
        target: layouts(args.header, target, args.flag) for target in dict.fromkeys(args.target)
    }
    if args.format == "json":
        print(document(rows))
    else:
        print("\n".join(lines(rows, args.all or len(rows) == 1)))
    return 0
