"""`archfit crash attach`: the joined stacks of a live process, which stands still for moments."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack

DESCRIPTION = """\
Stops a live process of this machine for some milliseconds (ptrace; no signal is sent), copies
registers, stacks and Go's goroutines, lets it go, and then prints what every thread and
goroutine was doing, through C and Go in one stack. How long it stood still is printed."""

EXAMPLES = """\
examples:
  archfit crash attach 4711
  archfit crash attach --all 4711
  archfit crash attach --format json 4711 > stacks.json

Linux lets a user stop his own processes; where kernel.yama.ptrace_scope is 1, only those
that he started from this very shell or, as root, all.
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    from archfit.cli.crash_unwind import shown

    parser.add_argument("pid", metavar="PID", type=int, help="of the process")
    shown(parser)


def run(args: Namespace) -> int:
    """Print the stacks: 0; 3 when the process can't be stopped."""
    from archfit.cli.crash_unwind import opener, show
    from archfit.crash import images
    from archfit.crash.joined import Joiner
    from archfit.host.stopped import mapped, stop, this_isa

    with ExitStack() as stack:
        # All that can be read without stopping the process is read before.
        image = images.of_process(
            this_isa(), (), mapped(args.pid), lambda _at, _size: b"", opener(stack, None)
        )
        joiner = Joiner(image, images.go_minor(image))

        def look(threads: images.Threads, read: images.Read) -> None:
            image.threads, image.read_memory = threads, read
            joiner.look()

        stopped = stop(args.pid, look)
        image.threads, image.read_memory = stopped.threads, stopped.read
        milliseconds = round(stopped.milliseconds, 2)
        if args.format == "text":
            sys.stdout.write(f"process {args.pid} stood still for {milliseconds} ms\n\n")
        show(image, args, {"pid": args.pid, "stopped_ms": milliseconds})
    return 0
