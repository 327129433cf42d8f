"""`archfit lab rebuild`: is the build the same when it is done again?"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
Builds the module in DIR twice, from two copies in two folders, at two times, with an
environment that is written down and caches of its own, and compares the results byte by
byte. When they differ it says where and why. It looks at every linked piece's ISA, and
--out writes the program with its build record (in-toto statement, SLSA provenance).
Nothing in DIR and in your caches is changed; the code of the module is compiled, and
with --command run."""

EXAMPLES = """\
examples:
  archfit lab rebuild .                                 for this machine
  archfit lab rebuild . --target darwin/arm64 --out dist
  archfit lab rebuild . --go 1.27.3 --emulated          and once more by the arm64 toolchain
  archfit lab rebuild . --against ./released-app        is this what that source gives?
  archfit lab rebuild . --command 'make app' --result bin/app

exit status:
  0 the same, every piece fits   1 not so   2 wrong usage   3 could not be built
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("folder", metavar="DIR", nargs="?", default=".", help="default: here")
    parser.add_argument("--target", metavar="OS/ARCH", default="", help="default: this machine")
    parser.add_argument("--go", metavar="V", default="", help="Go release; default: PATH's")
    parser.add_argument("--goroot", metavar="DIR", action="append", help="a Go toolchain's folder")
    parser.add_argument("--package", metavar="PATTERN", action="append", help="default: .")
    parser.add_argument("--cgo", choices=("auto", "on", "off"), default="auto")
    parser.add_argument("--no-trimpath", action="store_true", help="leave -trimpath out")
    parser.add_argument("--buildvcs", choices=("auto", "true", "false"), default="auto")
    parser.add_argument("--buildid", choices=("keep", "empty"), default="keep")
    parser.add_argument("--ldflags", metavar="TEXT", default="")
    parser.add_argument("--tags", metavar="A,B", default="")
    parser.add_argument(
        "--epoch", metavar="SECONDS", type=int, help="SOURCE_DATE_EPOCH; default: not set"
    )
    parser.add_argument("--command", metavar="TEXT", default="", help="build with this instead")
    parser.add_argument("--result", metavar="FILE", action="append", help="what --command makes")
    parser.add_argument(
        "--emulated",
        metavar="ISA",
        nargs="?",
        const="arm64",
        default="",
        help="build once more with the toolchain of another ISA under qemu (default: arm64)",
    )
    parser.add_argument("--against", metavar="FILE", default="", help="compare with this file too")
    parser.add_argument("--out", metavar="DIR", default="", help="keep the program and its record")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: Namespace) -> int:
    """Build, compare, print; see the exit status in EXAMPLES."""
    from archfit.host import lab_store, terminal
    from archfit.lab import catalogue, rebuild_report
    from archfit.lab.pinned_build import Choices
    from archfit.lab.rebuild import rebuild
    from archfit.model.errors import Misuse

    if bool(args.command) != bool(args.result):
        raise Misuse("--command and --result belong together", "--command 'make' --result bin/app")
    if args.target and args.target.count("/") != 1:
        raise Misuse(f"--target {args.target}: not OS/ARCH", "--target darwin/arm64")
    progress = terminal.Progress(args.quiet)
    choices = Choices(
        args.target or catalogue.machine(),
        trimpath=not args.no_trimpath,
        buildvcs=args.buildvcs,
        buildid=args.buildid,
        ldflags=args.ldflags,
        tags=args.tags,
        packages=tuple(args.package or (".",)),
        epoch=args.epoch,
        command=args.command,
        results=tuple(args.result or ()),
    )
    outcome = rebuild(
        args.folder,
        choices,
        cgo=args.cgo,
        version=args.go,
        emulated=args.emulated,
        against=args.against,
        out=args.out,
        offline=args.offline,
        goroots=tuple(args.goroot or ()),
        progress=progress.show,
    )
    progress.clear()
    if args.out:
        made = rebuild_report.dumped(rebuild_report.record(outcome))
        lab_store.write(os.path.join(outcome.out, "provenance.json"), made)
    if args.format == "json":
        sys.stdout.write(rebuild_report.dumped(rebuild_report.document(outcome)).decode())
    else:
        sys.stdout.writelines(f"{line}\n" for line in rebuild_report.lines(outcome))
    return 0 if outcome.same and outcome.fits else 1
