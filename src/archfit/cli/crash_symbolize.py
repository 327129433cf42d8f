"""`archfit crash symbolize`: function, file and line of addresses."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archfit.crash.symbolizer import Frame, Symbolizer

DESCRIPTION = """\
Says which function, file and line each address of a binary is, with the whole chain of
inlined calls, innermost first. Go's own tables are read, so a stripped Go program has
names and lines; C, C++ and Rust are read from DWARF, also in separate debug files.
PC is an address of the file, in hexadecimal, as for addr2line; without any, addresses
are read from standard input, one a line."""

EXAMPLES = """\
examples:
  archfit crash symbolize ./app 0x4a3f20
  archfit crash symbolize ./app < addresses.txt
  archfit crash symbolize --base 0x7f12a4000000 libapp.so 0x7f12a40a3f20
  archfit crash symbolize --format jsonl ./app 4a3f20 4a4001 | jq .frames
  archfit crash symbolize --isa arm64 ./universal 0x100003f20
"""

_BLOCK = 4096


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("binary", metavar="BINARY", help="ELF, Mach-O or PE")
    parser.add_argument("pc", metavar="PC", nargs="*", help="default: lines of standard input")
    parser.add_argument("--base", metavar="ADDR", help="where the binary was loaded, in hex")
    parser.add_argument("--isa", default="", help="which slice of a universal file")
    parser.add_argument("--return-addresses", action="store_true",
                        help="take each PC for the address that a call returns to")  # fmt: skip
    parser.add_argument("--format", choices=("text", "jsonl"), default="text",
                        help="text: as addr2line -f -i prints it (default)")  # fmt: skip


def run(args: Namespace) -> int:
    """Symbolise; 3 when no address got a name."""
    import gc
    from contextlib import ExitStack

    from archfit.crash.symbolizer import open_binary

    # Hundreds of thousands of small objects and no cycles: looking for them costs a tenth.
    gc.disable()
    with ExitStack() as stack:
        symbolizer = open_binary(args.binary, stack, args.isa)
        named = False
        write = _jsonl if args.format == "jsonl" else _text
        for block, any_named in write(symbolizer, _addresses(args, symbolizer.binary.base)):
            named = named or any_named
            sys.stdout.write(block)
        if not args.quiet:
            for note in symbolizer.notes[:10]:
                sys.stderr.write(f"archfit: {note}\n")
    return 0 if named else 3


def _addresses(args: Namespace, own: int) -> Iterator[tuple[int, int]]:
    """(as given, address of the file to look up)."""
    from archfit.model.errors import Misuse

    shift = 0 if args.base is None else own - _number(args.base, "--base")
    back = 1 if args.return_addresses else 0
    words: Iterable[str] = args.pc or sys.stdin
    for word in words:
        text = word.strip()
        if text:
            given = _number(text, "PC")
            yield given, given + shift - back
        elif args.pc:
            raise Misuse("an empty PC")


def _number(text: str, what: str) -> int:
    from archfit.model.errors import Misuse

    try:
        number = int(text, 16)
    except ValueError:
        raise Misuse(f"{what} {text[:40]!r} is no hexadecimal address") from None
    if not 0 <= number < 1 << 64:
        raise Misuse(f"{what} {text[:40]!r} is no address of 64 bits")
    return number


def _blocks(
    symbolizer: Symbolizer, addresses: Iterable[tuple[int, int]]
) -> Iterator[tuple[list[tuple[int, int]], list[Sequence[Frame]]]]:
    """Addresses and their frames, some thousands at once: that is many times as fast."""
    rest = iter(addresses)
    while block := list(islice(rest, _BLOCK)):
        yield block, symbolizer.frames_of([pc for _, pc in block])


def _text(
    symbolizer: Symbolizer, addresses: Iterable[tuple[int, int]]
) -> Iterator[tuple[str, bool]]:
    for _, found in _blocks(symbolizer, addresses):
        parts: list[str] = []
        named = False
        for frames in found:
            if frames:
                named = True
                parts += [
                    f"{frame[0] or '??'}\n{frame[1] or '??'}:{frame[2]}\n" for frame in frames
                ]
            else:
                parts.append("??\n??:0\n")
        yield "".join(parts), named


def _jsonl(
    symbolizer: Symbolizer, addresses: Iterable[tuple[int, int]]
) -> Iterator[tuple[str, bool]]:
    from json.encoder import encode_basestring_ascii as quoted

    texts: dict[str, str] = {}

    def text(value: str) -> str:
        found = texts.get(value)
        if found is None:
            found = texts[value] = quoted(value)
        return found

    for block, found in _blocks(symbolizer, addresses):
        parts: list[str] = []
        for (given, _), frames in zip(block, found, strict=True):
            inner = ", ".join(
                f'{{"function": {text(f[0])}, "file": {text(f[1])}, "line": {f[2]}, '
                f'"inlined": {"true" if f[3] else "false"}, "source": "{f[4]}", "trust": "{f[5]}"'
                + (f', "start_line": {f[6]}}}' if f[6] else "}")
                for f in frames
            )
            parts.append(f'{{"pc": "{given:#x}", "frames": [{inner}]}}\n')
        yield "".join(parts), any(found)
