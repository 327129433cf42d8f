"""`archfit lab bench`: what goes without cgo, measured beside what does not."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from archfit.model.errors import Misuse

DESCRIPTION = """\
Measures drivers of SQLite with and without cgo on the same work, with the same pragmas
and pinned versions: inserts, reads, scans, readers beside a writer; latencies, memory,
GC, size, build time; builds for six targets; race detector, checkptr, address
sanitizer, kill -9 in mid-write, memory over many connections. What was found is kept,
so that a repeat costs nothing; --again measures anew."""

EXAMPLES = """\
examples:
  archfit lab bench sqlite --quick
  archfit lab bench sqlite --drivers mattn,modernc --stages build,measure
  archfit lab bench sqlite --quick --html sqlite.html

exit status:
  0 measured   2 wrong usage   3 a driver could not be built or run
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("what", choices=("sqlite",), help="what is measured")
    parser.add_argument("--quick", action="store_true", help="small sizes: seconds after builds")
    parser.add_argument("--drivers", metavar="A,B", default="", help="default: all five")
    parser.add_argument(
        "--stages",
        metavar="A,B",
        default="",
        help="of build, measure, kill, leak, cross, safety; default: all",
    )
    parser.add_argument("--go", metavar="V", default="", help="Go release; default: PATH's")
    parser.add_argument("--again", action="store_true", help="measure anew, builds are kept")
    parser.add_argument("--html", metavar="FILE", default="", help="write a page with charts")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: Namespace) -> int:
    """Measure and print; see the exit status in EXAMPLES."""
    from archfit.host import lab_store, terminal
    from archfit.lab import catalogue, sqlite_bench, sqlite_drivers, sqlite_page, sqlite_report

    stages = _words(args.stages) or sqlite_bench.STAGES
    strange = [name for name in stages if name not in sqlite_bench.STAGES]
    if strange:
        raise Misuse(f"no stage {strange[0]}", f"--stages {','.join(sqlite_bench.STAGES)}")
    drivers = sqlite_drivers.chosen(_words(args.drivers))
    progress = terminal.Progress(args.quiet)
    if args.go:
        tool = catalogue.go_toolchain(args.go, args.offline, progress=progress.show)
    else:
        tool = sqlite_report.newest_here(catalogue.go_toolchains())
    bench = sqlite_bench.Bench(
        tool,
        sqlite_bench.QUICK if args.quick else sqlite_bench.Sizes(),
        args.offline,
        args.again,
        progress.show,
    )
    document = sqlite_report.gather(bench, drivers, stages)
    progress.clear()
    if args.html:
        lab_store.write(args.html, sqlite_page.page(document).encode())
    if args.format == "json":
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in sqlite_report.lines(document))
    return 3 if any(row["errors"] for row in document["drivers"]) else 0


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())
