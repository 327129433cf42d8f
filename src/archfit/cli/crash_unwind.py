"""`archfit crash unwind`: one joined stack of C and Go frames from a core file."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from archfit.model.errors import Malformed, Unavailable
from archfit.model.image import Window

DESCRIPTION = """\
Reads a core file of Linux (amd64, arm64; written by the kernel or by qemu-user) and prints
the stack of the thread that died through C and Go in one: C frames by call frame
information, Go frames by Go's own tables, over every change of stack that Go's runtime
makes (asmcgocall, cgocallback, systemstack, mcall, signals). A step that is a guess says
so. Needed beside the core: the program and its libraries, as they were."""

EXAMPLES = """\
examples:
  archfit crash unwind core
  archfit crash unwind --all core                      every thread and goroutine
  archfit crash unwind --binary ./app core             the program is elsewhere now
  archfit crash unwind --root /srv/rootfs core         ... and so are its libraries
  archfit crash unwind --format json core > stacks.json
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("core", metavar="FILE", help="a core file")
    parser.add_argument("--binary", metavar="FILE", help="the program that ran")
    parser.add_argument("--root", metavar="DIR", help="look mapped files up below DIR")
    shown(parser)


def shown(parser: ArgumentParser) -> None:
    """The options that say what is shown."""
    parser.add_argument("--all", action="store_true", help="every thread and goroutine")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: Namespace) -> int:
    """Print the stacks: 0; 3 when the file is no core that can be read."""
    from archfit.crash import images
    from archfit.formats import elf_core
    from archfit.host.files import window

    with ExitStack() as stack:
        data, _ = stack.enter_context(window(args.core))
        try:
            core = elf_core.read(data)
        except Malformed as error:
            raise Unavailable(
                f"{args.core}: {error.why}", "archfit check FILE tells what it is"
            ) from None
        image = images.of_core(core, opener(stack, args.root), args.binary)
        fault = f"{core.fault:#x}" if core.fault is not None else None
        show(image, args, {"core": args.core, "fault_address": fault})
    return 0


def opener(stack: ExitStack, root: str | None) -> Callable[[str], Window]:
    """Opens mapped files, below ``root`` when they are there, for as long as ``stack`` lives."""
    from archfit.host.files import window

    def data_of(path: str) -> Window:
        below = os.path.join(root, path.lstrip("/")) if root else path
        data, _ = stack.enter_context(window(below if os.path.exists(below) else path))
        return data

    return data_of


def show(image: Any, args: Namespace, extra: dict[str, Any]) -> None:
    """Unwind an image and print it."""
    from archfit.crash import images
    from archfit.crash.joined import Joiner
    from archfit.crash.names import Names
    from archfit.report import stacks

    joined = Joiner(image, images.go_minor(image)).run(goroutines=True)
    with Names(joined) as names:
        if args.format == "json":
            sys.stdout.write(json.dumps(stacks.as_json(joined, names.of, extra), indent=1) + "\n")
        else:
            for line in stacks.text(joined, names.of, every=args.all):
                sys.stdout.write(line + "\n")
