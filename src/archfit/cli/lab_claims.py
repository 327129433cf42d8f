"""`archfit lab claims`: the ledger of the article's claims."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

DESCRIPTION = """\
The ledger of the article's claims (chapters 1, 2.2, 2.5, 3.1, 4.1 and 4.3): each with the
recipe that shows it, the verdict of what was seen on this machine, one line of evidence,
and the date. Without --run it prints what was seen last. A verdict comes from the
observation alone; beside it stands what documents and source code settle, where it is
another or nothing was run."""

EXAMPLES = """\
examples:
  archfit lab claims
  archfit lab claims --run
  archfit lab claims --run --id ch3.1,ch4.1.clean
  archfit lab claims --run --offline --format json
  archfit lab claims --from answer.json --id ch1     with what a Mac said

exit status: 0, or 3 when nothing was ever run
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--run", action="store_true", dest="again", help="run their recipes now")
    parser.add_argument(
        "--id", metavar="ID", action="append", help="these claims or chapters (a,b)"
    )
    parser.add_argument(
        "--from", metavar="FILE", dest="answer", help="a Mac's answer (lab reproduce crash-cgo)"
    )
    parser.add_argument(
        "--format", choices=("text", "json", "html"), default="text", help="default: text"
    )


def run(args: Namespace) -> int:
    """Run when asked, judge what is kept, print."""
    from archfit.host import terminal
    from archfit.lab import catalogue, ledger, ledger_report, mac_answer
    from archfit.lab.claim import Verdict

    ids = [name for word in args.id or () for name in word.split(",") if name]
    claims = ledger.chosen(ids)
    mac = mac_answer.read(args.answer) if args.answer else None
    if args.again:
        progress = terminal.Progress(args.quiet)
        ledger.run(claims, args.offline, progress.show)
        progress.clear()
    entries = ledger.entries(claims, mac)
    if args.format == "json":
        document = ledger_report.document(entries, catalogue.machine())
        json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
    elif args.format == "html":
        sys.stdout.write(ledger_report.html(entries, catalogue.machine()))
    else:
        for line in ledger_report.lines(entries, terminal.width()):
            sys.stdout.write(f"{line}\n")
    if all(entry.judged.verdict is Verdict.NOT_RUN for entry in entries):
        if not args.quiet and not args.again:
            sys.stderr.write("archfit: nothing was run yet\n  try: archfit lab claims --run\n")
        return 3
    return 0
