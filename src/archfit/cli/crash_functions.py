"""`archfit crash functions`: every function of a Go program."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archfit.formats.go_functions import Functions

DESCRIPTION = """\
Prints every function of a Go program with its addresses, file and first line, from Go's own
table, stripped or not. Columns: entry, end, file:line, name."""

EXAMPLES = """\
examples:
  archfit crash functions ./app
  archfit crash functions --format jsonl ./app | jq -r 'select(.file | test("/crypto/")).name'
  archfit crash functions --isa arm64 ./universal
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("binary", metavar="BINARY", help="ELF, Mach-O or PE, of Go")
    parser.add_argument("--isa", default="", help="which slice of a universal file")
    parser.add_argument("--format", choices=("text", "jsonl"), default="text")


def run(args: Namespace) -> int:
    """Print them; 3 when it is no Go program."""
    import gc
    from contextlib import ExitStack

    from archfit.crash.symbolizer import open_binary
    from archfit.model.errors import Unavailable

    # Hundreds of thousands of small objects and no cycles: looking for them costs a tenth.
    gc.disable()
    with ExitStack() as stack:
        symbolizer = open_binary(args.binary, stack, args.isa)
        if symbolizer.go is None:
            why = symbolizer.notes[0] if symbolizer.notes else "no table of Go functions in it"
            raise Unavailable(f"{args.binary}: {why}", f"archfit check {args.binary}")
        if not args.quiet:
            for note in symbolizer.notes[:10]:
                sys.stderr.write(f"archfit: {note}\n")
        write = sys.stdout.write
        for block in _blocks(symbolizer.go.functions, args.format == "jsonl"):
            write(block)
    return 0


def _blocks(functions: Functions, jsonl: bool) -> Iterator[str]:
    from json.encoder import encode_basestring_ascii as quoted

    parts: list[str] = []
    for function in functions:
        file, line = functions.first_line(function)
        if jsonl:
            start = f', "start_line": {function.start_line}' if function.start_line else ""
            parts.append(
                f'{{"name": {quoted(function.name)}, "entry": "{function.entry:#x}", '
                f'"end": "{function.end:#x}", "file": {quoted(file)}, "line": {line}{start}}}\n'
            )
        else:
            parts.append(
                f"{function.entry:#x} {function.end:#x} {file or '??'}:{line} {function.name}\n"
            )
        if len(parts) >= 4096:
            yield "".join(parts)
            parts = []
    yield "".join(parts)
