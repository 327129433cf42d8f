"""`archfit lab minimise`: a failing cgo package made as small as still fails for its cause."""

from __future__ import annotations

import json
import os
import sys
from argparse import REMAINDER, ArgumentParser, Namespace

from archfit.cli.extras import need
from archfit.model.errors import Misuse

DESCRIPTION = """\
Runs COMMAND, which fails, in copies of the module around DIR, and leaves out packages,
files, flags (CGO_* and GOFLAGS, #cgo lines, the command's own), declarations and lines,
as long as it fails for the same cause in the same phase, and lacks the same symbol.
Your files are read, never written. A run that was killed goes on where it was."""

EXAMPLES = """\
examples:
  archfit lab minimise -- go build ./...
  archfit lab minimise --out /tmp/small -- go build -race ./cmd/app
  archfit lab minimise --dir ~/src/app --tries 5 -- go run .
  archfit lab minimise --cause build.symbol-mangled --format json -- go test ./...

exit status:
  0 reduced   2 wrong usage   3 nothing to reduce: it succeeds, or its cause is not known
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--dir", metavar="DIR", default=".", help="where it runs (default: here)")
    parser.add_argument("--out", metavar="DIR", default="", help="write the reduced module here")
    parser.add_argument("--cause", metavar="ID", default="", help="the cause it has to be")
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=0, help="at once (default: processors)"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="for a candidate (default: ten times the first run, at least 20)",
    )
    parser.add_argument(
        "--tries", metavar="N", type=int, default=1, help="runs of what fails only sometimes"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("command", nargs=REMAINDER, metavar="-- COMMAND ...", help="what fails")


def run(args: Namespace) -> int:
    """Reduce, print, and write where --out says; 0 when it could be reduced."""
    need("lab")
    from archfit.host import pool, slots, terminal
    from archfit.lab.minimise import minimise
    from archfit.lab.minimise_report import document, lines, write

    argv = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not 0 <= args.jobs <= 256 or not 1 <= args.tries <= 1000 or args.timeout < 0:
        raise Misuse("--jobs takes 1 to 256, --tries 1 to 1000, --timeout seconds")
    if args.out and not slots.is_empty(args.out):
        raise Misuse(f"--out {args.out}: not empty", "name a folder that is not there yet")
    progress = terminal.Progress(args.quiet)
    found = minimise(
        argv,
        args.dir,
        environ=os.environ,
        cause=args.cause,
        jobs=args.jobs or pool.workers(),
        timeout=args.timeout,
        tries=args.tries,
        say=progress.show,
    )
    progress.clear()
    if args.out:
        write(found, args.out)
    if args.format == "json":
        json.dump(document(found), sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(found, args.quiet))
    return 0
