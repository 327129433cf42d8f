"""`archfit crash cluster`: how many crashes, of how few causes."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from archfit.cli.extras import need
from archfit.model.errors import Malformed, Unavailable

if TYPE_CHECKING:
    from archfit.engine.crash_clusters import Clustering, Engine
    from archfit.engine.crash_state import State

DESCRIPTION = """\
Reads crashes of many programs and versions: tracebacks of Go, reports of Apple systems,
debuggers' sessions, reports of sanitizers; from files, folders, lines of JSON, tar and gzip
archives and standard input (-). Takes the noise out (addresses, arguments, lines, closure
numbers, versions, the runtime's own frames), signs each stack, and joins what has one cause.
Says for each cluster how many, since which version, on which ISA and OS, and what the rules
of `archfit check` make of its example."""

EXAMPLES = """\
examples:
  archfit crash cluster crashes.jsonl
  archfit crash cluster dumps/ more.tar.gz
  archfit crash cluster --into state.json today.jsonl    add to what is known
  archfit crash cluster --format html crashes.jsonl > crashes.html
  archfit crash cluster --members crash2cluster.tsv crashes.jsonl
  archfit crash cluster --engine dask --scheduler tcp://head:8786 /shared/crashes.jsonl
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("paths", metavar="FILE", nargs="+", help="file, folder, archive, or -")
    parser.add_argument("--format", choices=("text", "json", "jsonl", "html"), default="text")
    parser.add_argument("--top", metavar="N", type=int, default=20, help="clusters shown; 0: all")
    parser.add_argument("--into", metavar="FILE", help="keep the clustering, and go on from it")
    parser.add_argument("--members", metavar="FILE", help="write `crash TAB cluster` lines")
    parser.add_argument("--engine", choices=("processes", "dask"), default="processes")
    parser.add_argument("--scheduler", metavar="ADDRESS", default="", help="of Dask; else local")
    parser.add_argument("--no-causes", action="store_true", help="don't ask the rules")


def run(args: Namespace) -> int:
    """Print the clusters: 0; 3 when there was no crash in anything."""
    need("crash")
    if args.engine == "dask":
        need("dask")
    result = _clustered(args)
    _print(result, args)
    return 0 if result.crashes else 3


def _clustered(args: Namespace) -> Clustering:
    from archfit.engine.crash_clusters import Gathering
    from archfit.engine.crash_state import written
    from archfit.host.crash_sources import work
    from archfit.host.files import replace_with
    from archfit.host.terminal import Progress

    progress = Progress(args.quiet)
    gathering = Gathering(_state(args.into), bool(args.members))
    source = work(args.paths, lambda name, why: gathering.note([(name, why)], 1))
    try:
        for batch in _engine(args)(source, bool(args.members)):
            gathering.add(batch)
            size = gathering.size >> 20
            progress.show(f"{gathering.crashes:,} crashes read, {size:,} MB")
        progress.show("joining what is alike")
        result, state = gathering.clustering()
        if not args.no_causes:
            _ask(result, args, progress)
    finally:
        progress.clear()
    if args.into:
        replace_with(args.into, written(state))
    if args.members:
        replace_with(args.members, "".join(_member_lines(result)))
    return result


def _engine(args: Namespace) -> Engine:
    if args.engine == "dask":
        from archfit.engine.crash_dask import on_dask

        return on_dask(args.scheduler)
    from archfit.engine.crash_clusters import processes

    return processes


def _state(path: str | None) -> State | None:
    from archfit.engine.crash_state import read
    from archfit.host.files import window

    if not path:
        return None
    import os

    if not os.path.exists(path):
        return None
    with window(path) as (data, _):
        text = bytes(data).decode("utf-8", "replace")
    try:
        return read(text)
    except Malformed as error:
        raise Unavailable(f"{path}: {error.why}", "name another file; this one is kept") from None


def _ask(result: Clustering, args: Namespace, progress: object) -> None:
    from archfit.engine.crash_causes import causes
    from archfit.report.cluster_words import told

    shown = result.clusters[: args.top or None]
    questions = []
    for cluster in shown:
        target = next(iter(told(cluster).targets), "unknown")
        goos, _, goarch = target.partition("/")
        context = (("goos", goos.strip("?")), ("goarch", goarch)) if "/" in target else ()
        known = tuple((k, v) for k, v in context if v and v != "?")
        questions.append((cluster.example[0], cluster.example[1], known))
    for cluster, findings in zip(shown, causes(questions), strict=True):
        cluster.findings = findings


def _member_lines(result: Clustering) -> Iterator[str]:
    for name, cluster in result.members:
        plain = name.replace("\t", " ").replace("\n", " ")
        yield f"{plain}\t{cluster}\n"


def _print(result: Clustering, args: Namespace) -> None:
    from archfit.host.terminal import width

    out = sys.stdout
    if args.format == "json":
        from archfit.report.cluster_json import document

        out.write(document(result, args.top) + "\n")
    elif args.format == "jsonl":
        from archfit.report.cluster_json import lines as json_lines

        out.writelines(line + "\n" for line in json_lines(result, args.top))
    elif args.format == "html":
        from archfit.report.cluster_html import page

        out.write(page(result, args.top))
    else:
        from archfit.report.cluster_text import lines

        columns = max(width(out), 100)
        out.writelines(line + "\n" for line in lines(result, args.top, columns, bool(args.into)))
