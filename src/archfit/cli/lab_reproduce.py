"""`archfit lab reproduce`: makes a crash happen, or shows that it does not."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from archfit.model.errors import Misuse

DESCRIPTION = """\
Runs the article's cgo program and its real relatives here: natively and under qemu-user,
as the single-architecture binary, with a shared library or an archive of the wrong ISA,
without its loader, with an older C library, with and without a registered translator.
Each gets a verdict, the cause by its id, and whether the article's claim stands.
--macos-script writes a script that does the same on a Mac; --from reads its answer."""

EXAMPLES = """\
examples:
  archfit lab reproduce crash-cgo
  archfit lab reproduce crash-cgo --only wrong-isa-library --runs 5
  archfit lab reproduce crash-cgo --format html > crash.html
  archfit lab reproduce crash-cgo --macos-script > repro.sh    then, on a Mac:
      sh repro.sh > answer.json
  archfit lab reproduce crash-cgo --from answer.json

exit status:
  0 the claim does not stand, or could not be tried   1 it stands, wholly or in part
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("what", choices=("crash-cgo",), help="what to reproduce")
    parser.add_argument("--only", metavar="NAME", action="append", help="these cases (a,b)")
    parser.add_argument("--runs", metavar="N", type=int, default=3, help="of each (default: 3)")
    parser.add_argument(
        "--macos-script", action="store_true", help="write the script for a Mac, run nothing"
    )
    parser.add_argument("--from", metavar="FILE", dest="answer", help="read a Mac's answer")
    parser.add_argument(
        "--format", choices=("text", "json", "html"), default="text", help="default: text"
    )


def run(args: Namespace) -> int:
    """Carry out or read, judge, print."""
    from archfit.lab import catalogue, mac_answer
    from archfit.lab.reproduce import Case, chosen, conclusion, reproduce
    from archfit.lab.reproduce_report import document, html, lines

    if args.macos_script:
        sys.stdout.write(mac_answer.script())
        return 0
    if not 1 <= args.runs <= 1000:
        raise Misuse(f"--runs takes 1 to 1000, not {args.runs}")
    from archfit.host import terminal

    cases: list[Case]
    told: list[str] = []
    if args.answer:
        answer = mac_answer.read(args.answer)
        machine, cases, told = answer.machine, list(answer.cases), list(answer.lines())
    else:
        machine = catalogue.machine()
        only = tuple(name for word in args.only or () for name in word.split(",") if name)
        if machine.startswith("darwin/") and not args.quiet:
            sys.stderr.write("archfit: the recipes are of Linux; try: --macos-script\n")
        progress = terminal.Progress(args.quiet)
        cases = list(reproduce(chosen(only), args.runs, args.offline, progress.show))
        progress.clear()
    if args.format == "json":
        json.dump(document(cases, machine), sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
    elif args.format == "html":
        sys.stdout.write(html(cases, machine))
    else:
        sys.stdout.writelines(f"{line}\n" for line in told)
        sys.stdout.writelines(f"{line}\n" for line in lines(cases, machine, terminal.width()))
    return 1 if conclusion(cases)[0] in ("true", "partly") else 0
