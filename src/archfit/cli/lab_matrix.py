"""`archfit lab matrix`: every case on every release, compiler and target."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

DESCRIPTION = """\
Builds every program of a recipe with every Go release, C compiler and target, lets each
case happen (the flaky ones more than once), and tells what it took: exit, signal, text,
core; the cause by archfit's own diagnosis; how far the stack can be trusted; which panic
patterns there are, and what changed between the releases. RECIPE is a recipe of archfit
(`crashes`), or a folder with recipe.toml or go.mod. What is not here is shown as not
run. A run that was killed goes on where it was."""

EXAMPLES = """\
examples:
  archfit lab matrix crashes                          with the releases that are here
  archfit lab matrix crashes --go 1.19,1.26,1.27 --cc gcc,clang --target linux/amd64
  archfit lab matrix ./mymodule --go 1.26.8,1.27.3    a release that is not here is fetched
  archfit lab matrix crashes --format html -o matrix.html
  archfit lab matrix crashes --go 1.19,1.27 --bisect  between which releases did it change?

exit status:
  0 every cell that was run went as its case says   1 some did not   2 wrong usage
  3 no cell could be run
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("recipe", metavar="RECIPE", help="`crashes`, or a folder")
    parser.add_argument("--go", metavar="A,B", default="", help="releases: 1.26, 1.27.3")
    parser.add_argument("--cc", metavar="A,B", default="", help="gcc, clang, zig")
    parser.add_argument("--target", metavar="A,B", default="", help="linux/amd64,linux/arm64")
    parser.add_argument("--goroot", metavar="DIR", action="append", help="a Go toolchain's folder")
    parser.add_argument("--case", metavar="A,B", default="", help="only these cases")
    parser.add_argument("--runs", type=int, metavar="N", default=0, help="run each case N times")
    parser.add_argument("--jobs", type=int, metavar="N", default=0, help="so many at once")
    parser.add_argument(
        "--bisect",
        nargs="?",
        const="here",
        choices=("here", "fetch"),
        help="narrow each change down over the releases here, or over all that can be fetched",
    )
    parser.add_argument("--all", action="store_true", help="every pattern and change, also small")
    parser.add_argument("--format", choices=("text", "json", "html"), default="text")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report there")
    parser.add_argument("--results", metavar="DIR", help="keep the result folder there")


def run(args: Namespace) -> int:
    """Plan, carry out, keep, report."""
    from archfit.host import terminal
    from archfit.lab import matrix, matrix_document

    progress = terminal.Progress(args.quiet)
    plan = _plan(args, progress)
    outcomes, effort = matrix.carry_out(plan, args.jobs, progress.show)
    document = matrix_document.document(plan, outcomes)
    if args.bisect:
        from archfit.lab.bisect import bisected

        fetch = args.bisect == "fetch" and not args.offline
        document["bisected"] = bisected(plan, document, args.goroot or (), fetch, args.jobs)
    progress.clear()
    folder = matrix_document.save(
        document, args.results or matrix_document.default_folder(document)
    )
    _write(args, document)
    if not args.quiet:
        _tell(effort, folder)
    total = document["totals"]
    if not total["ran"]:
        return 3
    return 1 if total["unexpected"] else 0


def _plan(args: Namespace, progress: Any) -> Any:
    from archfit.lab import catalogue, matrix
    from archfit.lab.go_catalogue import spelled
    from archfit.lab.matrix_recipe import chosen, load

    if args.runs < 0 or args.runs > 100 or args.jobs < 0:
        from archfit.model.errors import Misuse

        raise Misuse("--runs takes 1 to 100, --jobs a number from 1 on")
    recipe = chosen(load(args.recipe), _words(args.case))
    here = [tool.version for tool in catalogue.go_toolchains(args.goroot or ())]
    releases = [spelled(name) for name in _words(args.go)] or list(recipe.go) or here
    return matrix.plan(
        recipe,
        list(dict.fromkeys(releases)),
        _words(args.cc) or list(recipe.cc) or ["gcc"],
        _targets(args.target) or list(recipe.target) or [catalogue.machine()],
        runs=args.runs,
        offline=args.offline,
        goroots=args.goroot or (),
        progress=progress.show,
    )


def _targets(text: str) -> list[str]:
    from archfit.model.errors import Misuse
    from archfit.platforms.go_releases import meant

    found = []
    for name in _words(text):
        system, _, isa = name.partition("/")
        target = meant(system, isa)
        if not target:
            raise Misuse(f"--target {name}: no release of Go has such a port", "as linux/arm64")
        found.append(target)
    return found


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(text.replace(",", " ").split()))


def _write(args: Namespace, document: dict[str, Any]) -> None:
    from archfit.host.files import replace_with

    if args.format == "json":
        text = json.dumps(document, indent=1) + "\n"
    elif args.format == "html":
        from archfit.report.matrix_html import page

        text = page(document)
    else:
        from archfit.report.matrix_lines import matrix_lines

        text = "".join(f"{line}\n" for line in matrix_lines(document, args.all))
    if args.output:
        replace_with(args.output, text)
    else:
        sys.stdout.write(text)


def _tell(effort: Any, folder: str) -> None:
    words = [f"{effort.builds} programs built, {effort.cells} cells run, {effort.cached} known"]
    words.append(f"{effort.seconds:.1f} s")
    if effort.busy is not None:
        words.append(f"cores busy {effort.busy:.0%} ({effort.own:.0%} by this run)")
    sys.stderr.write(f"{', '.join(words)}\nresults: {folder}\n")
    for name in effort.lost:
        sys.stderr.write(f"lost (its process died; run again): {name}\n")
