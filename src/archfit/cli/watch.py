"""`archfit watch`: runs a command untouched, and says why when it fails."""

from __future__ import annotations

import os
import signal
import sys
from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archfit.engine.settings import load
from archfit.host.watched import Watched
from archfit.model.errors import Misuse

DESCRIPTION = """\
Runs COMMAND, passes its input, output and exit status through untouched, and, when it
fails, tells the cause on standard error. Of the output the first 4 MB and the last 8 MB
are looked at. A command that can't be started at all is looked at itself."""

EXAMPLES = """\
examples:
  archfit watch -- go build ./...
  archfit watch -- make -j8
  archfit watch --context goarch=arm64 -- docker build --platform linux/arm64 .

exit status:
  the command's own; 128 + N when signal N ended it, 127 when there is no such command,
  126 when it can't be started
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument(
        "--context",
        metavar="KEY=VALUE",
        action="append",
        help="what is known beside the output: goos=darwin,goarch=arm64",
    )
    parser.add_argument("command", nargs=REMAINDER, metavar="-- COMMAND ...", help="what to run")


def run(args: Namespace) -> int:
    """Run it; the exit status is the command's own."""
    from archfit.host.watched import flush, watch

    argv = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not argv:
        raise Misuse("no command is given", "archfit watch -- go build ./...")
    flush()
    done = watch(argv)
    if done.error:
        sys.stderr.write(f"archfit: {argv[0]}: {done.error}\n")
    if done.status:
        _explain(args, argv, done)
    return done.status


def _explain(args: Namespace, argv: Sequence[str], done: Watched) -> None:
    from archfit.cli.check import pairs
    from archfit.engine.registry import card
    from archfit.engine.run import Run
    from archfit.host import terminal
    from archfit.host.live import Live
    from archfit.report.formats import load as format_named

    door = Live()
    told = {"command": " ".join(argv)} | here() | dict(pairs(args.context))
    settings = replace(load(door, terminal.here()), context=tuple(told.items()))
    form = format_named("text", terminal.width(sys.stderr), terminal.colour(sys.stderr), card)
    runner: Run[Any] = Run(settings, door, each=form.each)
    path = _file(argv[0], door) if done.error else ""
    results = list(runner.over([path])) if path else []
    if not any(result.findings for result in results):
        results = [runner.text("the output", spoken(argv, done))]
    found = [result for result in results if result.findings]
    if found:
        sys.stderr.write("\n")
        form.write(iter(found), sys.stderr, runner.tally)
    elif not args.quiet:
        sys.stderr.write("archfit: no cause was found in the output\n")


def here() -> dict[str, str]:
    """This machine, as the context of a text that was written on it."""
    from archfit.platforms.isa import normalise

    names = os.uname()
    isa = normalise(names.machine)
    return {"goos": names.sysname.lower()} | ({"goarch": isa} if isa else {})


def spoken(argv: Sequence[str], done: Watched) -> str:
    """What the command wrote, and what a shell would say of its end."""
    text = b"".join(done.kept.pieces()).decode("utf-8", "replace")
    end = ""
    if done.error:
        end = f"{argv[0]}: {done.error.capitalize()}"
    elif done.signal:
        end = f"{argv[0]}: {signal.strsignal(done.signal) or f'signal {done.signal}'}"
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}{end}\n" if end else text


def _file(name: str, door: Any) -> str:
    """The file of a command that the kernel would not start, or ""."""
    if "/" in name:
        return name if os.path.isfile(name) else ""
    found = door.which(name)
    return found[0] if found else ""
