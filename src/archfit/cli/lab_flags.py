"""`archfit lab flags`: which CGO_* flag reaches which compiler, and what it breaks."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from archfit.model.errors import Misuse

DESCRIPTION = """\
Builds a cgo program with C, C++, assembler and Fortran in it on every Go release and with
every compiler that is here, a flag of its own in each CGO_* variable and each #cgo line,
and records what every compiler got. Then a language standard in each of them, and a
library as C and C++, named in four ways. Results are kept: the second run is quick."""

EXAMPLES = """\
examples:
  archfit lab flags
  archfit lab flags --go 1.26,1.27 --cc gcc,clang
  archfit lab flags --format html > flags.html
  archfit lab flags --every               the standards on every release, not the newest alone
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--go", metavar="A,B", default="", help="releases (default: all here)")
    parser.add_argument("--cc", metavar="A,B", default="", help="gcc, clang, zig (default: all)")
    parser.add_argument("--every", action="store_true", help="all experiments on every release")
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=0, help="at once (default: processors)"
    )
    parser.add_argument(
        "--format", choices=("text", "json", "html"), default="text", help="default: text"
    )


def run(args: Namespace) -> int:
    """Carry out, print; 0 when it was carried out."""
    from archfit.host import pool, terminal
    from archfit.lab.flags import flags
    from archfit.lab.flags_report import document, html, lines

    if not 0 <= args.jobs <= 256:
        raise Misuse(f"--jobs takes 1 to 256, not {args.jobs}")
    progress = terminal.Progress(args.quiet)
    found = flags(
        _words(args.go),
        _words(args.cc),
        every=args.every,
        offline=args.offline,
        jobs=args.jobs or pool.workers(),
        say=progress.show,
    )
    progress.clear()
    if args.format == "json":
        json.dump(document(found), sys.stdout, indent=1)
        sys.stdout.write("\n")
    elif args.format == "html":
        sys.stdout.write(html(found))
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(found))
    return 0


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)
