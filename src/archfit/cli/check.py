"""`archfit check`: what does not fit."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from archfit.engine.settings import FAIL_ON, Settings, load
from archfit.model.errors import Misuse
from archfit.model.finding import Severity
from archfit.model.report import Tally
from archfit.report.formats import NAMES

DESCRIPTION = """\
Tells what does not fit where it runs, why, and how to mend it. Each SUBJECT is a
binary (ELF, Mach-O, PE), an archive, a script, a folder with any of these, or a
facts file; what it is is seen from its content. No SUBJECT = this host; - = standard
input. Nothing that is looked at is ever run."""

EXAMPLES = """\
examples:
  archfit check                              this host, as a table and a verdict
  archfit check ./app lib/libfoo.so          will these run here?
  archfit check --root /srv/arm64-root app   ... in the system below that folder?
  archfit check --host host.json dist/       ... on the machine that wrote host.json?
  archfit check --format sarif . > out.sarif
  archfit check --ignore run.page-size --fail-on warning dist/

exit status:
  0 nothing at or over --fail-on   1 findings   2 wrong usage   3 nothing could be checked

Settings stand in archfit.toml or in [tool.archfit] of pyproject.toml:
  select = ["run"]   ignore = ["run.page-size"]   fail-on = "warning"
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help="file, folder or -")
    parser.add_argument("--format", choices=NAMES, default="text", help="default: text")
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, help="lowest severity that makes the exit status 1"
    )
    for name, text in (("select", "only these"), ("ignore", "not these")):
        parser.add_argument(
            f"--{name}", metavar="ID", action="append", help=f"{text} rules or families (a,b)"
        )
    parser.add_argument("--host", metavar="FILE", help="judge against the host of a facts file")
    parser.add_argument(
        "--context",
        metavar="KEY=VALUE",
        action="append",
        help="what is known beside a text: goos=darwin,goarch=arm64",
    )
    parser.add_argument("--root", metavar="DIR", help="look loaders and libraries up below DIR")


def run(args: Namespace) -> int:
    """Judge, report, and answer with the exit status."""
    from archfit.engine.registry import card
    from archfit.engine.run import Run
    from archfit.host import terminal
    from archfit.host.live import Live
    from archfit.report.formats import load as format_named

    door = Live()
    settings = chosen(args, load(door, terminal.here()))
    if args.root and not args.subjects:
        raise Misuse("--root needs a SUBJECT", f"archfit check --root {args.root} {args.root}")
    form = format_named(
        args.format,
        terminal.width(),
        terminal.colour(),
        card,
        all_rules=not (settings.select or settings.ignore),
    )
    progress = terminal.Progress(args.quiet)
    runner: Run[Any] = Run(
        settings,
        door,
        each=form.each,
        named=form.named,
        progress=lambda tally: progress.show(_progress_line(tally)),
    )

    def items() -> Iterator[Any]:
        for item in runner.over(args.subjects):
            progress.clear()
            yield item
        progress.clear()

    form.write(items(), sys.stdout, runner.tally)
    return status(runner.tally, settings.fail_on)


def chosen(args: Namespace, settings: Settings) -> Settings:
    """The settings file's, with what the command line says in their place. Raises Misuse."""
    if args.host and args.root:
        raise Misuse("--host and --root name two different machines; give one of them")
    if args.host or args.root:
        settings = replace(settings, host=args.host or "", root=args.root or "")
    if settings.root and not os.path.isdir(settings.root):
        raise Misuse(f"--root {settings.root}: no such folder")
    return replace(
        settings,
        select=_ids(args.select) or settings.select,
        ignore=_ids(args.ignore) or settings.ignore,
        fail_on=args.fail_on or settings.fail_on,
        context=pairs(args.context),
    )


def pairs(words: list[str] | None) -> tuple[tuple[str, str], ...]:
    """`a=b,c=d` as pairs, keys in lower case. Raises Misuse."""
    pairs = [word.partition("=") for text in words or () for word in text.split(",")]
    bad = next((key for key, sign, _ in pairs if not sign or not key), None)
    if bad is not None:
        raise Misuse(
            f"--context takes KEY=VALUE, not {bad!r}", "--context goos=darwin,goarch=arm64"
        )
    return tuple((key.strip().lower(), value.strip()) for key, _, value in pairs)


def _ids(words: list[str] | None) -> tuple[str, ...]:
    return tuple(name for word in words or () for name in word.replace(",", " ").split())


def status(tally: Tally, fail_on: str) -> int:
    """The exit status that these counts ask for."""
    worst = tally.worst
    if worst is not None and fail_on != "never" and worst.rank <= Severity(fail_on).rank:
        return 1
    return 3 if tally.judged == 0 and tally.not_checked else 0


def _progress_line(tally: Tally) -> str:
    found = sum(tally.severities.values())
    return f"{tally.files:,} files, {tally.judged:,} judged, {found:,} findings"
