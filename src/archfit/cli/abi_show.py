"""`archfit abi show`: one calling convention."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from archfit.model.errors import Misuse

if TYPE_CHECKING:
    from archfit.platforms.calling_conventions import Convention

DESCRIPTION = """\
Shows the calling convention of a target (linux/arm64) or by its name (go-internal-arm64):
argument and result registers, what the callee keeps, special registers, stack, variadic
arguments, structures, thread-local storage, system calls. Each fact names its section."""

EXAMPLES = """\
examples:
  archfit abi show                     every convention by name
  archfit abi show linux/arm64
  archfit abi show go-internal-amd64
  archfit abi show windows/arm64ec --format json
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("target", metavar="TARGET", nargs="?", help="absent: the list of all")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: Namespace) -> int:
    """Print it: 0. Raises Misuse for a target that no convention has."""
    from archfit.platforms.calling_conventions import conventions
    from archfit.report.abi_tables import document, lines

    shown = [named(args.target)] if args.target else conventions()
    if args.format == "json":
        print(document(shown))
    elif args.target:
        print("\n".join(lines(shown[0])))
    else:
        for one in shown:
            print(f"{one.name:20} {', '.join(one.targets)}")
    return 0


def named(target: str) -> Convention:
    """The convention of a word of the command line; raises Misuse."""
    from archfit.platforms.calling_conventions import find

    found = find(target)
    if found is None:
        raise Misuse(f"no calling convention is known for {target}", "archfit abi show")
    return found
