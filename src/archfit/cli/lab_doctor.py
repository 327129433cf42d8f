"""`archfit lab doctor`: what the lab can work with on this machine."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
Lists the Go toolchains, C compilers, emulators and debuggers of this machine, tries
whether each compiler links a program, and names for all that the lab's recipes could
use and that is missing the one command which brings it."""

EXAMPLES = """\
examples:
  archfit lab doctor
  archfit lab doctor --goroot /opt/go1.21 --format json
  archfit lab doctor --go 1.14 --target darwin/arm64   can that be had at all?
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--goroot", metavar="DIR", action="append", help="a Go toolchain's folder")
    parser.add_argument("--go", metavar="A,B", default="", help="releases that you want")
    parser.add_argument(
        "--target", metavar="OS/ARCH", default="", help="targets that you want (a,b)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: Namespace) -> int:
    """Look, try, and print; 0 unless a release or target that was asked for can't be had."""
    from archfit.host import terminal
    from archfit.lab.doctor import examine

    progress = terminal.Progress(args.quiet)
    health = examine(
        goroots=args.goroot or (),
        releases=_words(args.go),
        targets=_words(args.target),
        progress=progress.show,
    )
    progress.clear()
    if args.format == "json":
        json.dump(health.document(), sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in health.lines(quiet=args.quiet))
    return 1 if health.refused else 0


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)
