"""The command line's entry: finds the verb, imports its file alone, and turns errors into words.

Exit status: 0 nothing at or over `--fail-on`, 1 findings, 2 wrong usage,
3 nothing could be checked, 130 interrupted.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from types import ModuleType

from archfit import __version__
from archfit.model.errors import ArchfitError, Misuse

#: Every verb with the line that `archfit --help` shows for it; `archfit/cli/<verb>.py` is its file.
VERBS = {
    "check": "what does not fit: this host, binaries, trees",
    "watch": "run a command, and say why it failed",
    "facts": "what archfit sees in a subject, frozen as JSON",
    "explain": "the card of a rule, or the list of all",
    "lab": "experiments with real toolchains",
    "crash": "from a dead process to the line: symbolize, unwind, attach",
    "inspect": "inside one binary: identity, what it binds to",
    "compare": "two binaries side by side",
    "abi": "calling conventions of targets, and what differs",
    "completion": "completion for bash, zsh or fish",
}

_EPILOG = """\
examples:
  archfit check                         is this machine what it seems to be?
  archfit check ./app                   will it run here, and if not, why?
  archfit check build.log               why did it fail?
  archfit watch -- go build ./...       run it, and say why it failed
  archfit check dist/                   every binary below a folder
  archfit facts host > host.json        then elsewhere:
  archfit check --host host.json ./app  will it run there?
  archfit explain run.loader-missing    what a finding means
"""


def module(verb: str) -> ModuleType:
    """The file of a verb; that of ``lab doctor`` is `archfit/cli/lab_doctor.py`."""
    return import_module(f"archfit.cli.{verb.replace(' ', '_').replace('-', '_')}")


def parser(verb: str | None = None, inner: str | None = None) -> ArgumentParser:
    """The parser with one verb's options, or with every verb's when none is named.

    A file with VERBS of its own is a group: ``inner`` names the one whose file is read,
    None: all of them.
    """
    top = ArgumentParser(
        prog="archfit",
        description="Finds, explains and fixes where what you built does not fit where it runs.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"archfit {__version__}")
    _add(top, "", VERBS, verb, inner)
    return top


def _add(
    above: ArgumentParser, group: str, lines: dict[str, str], verb: str | None, inner: str | None
) -> None:
    verbs = above.add_subparsers(dest=f"{group}verb", metavar="VERB", required=True)
    for name, line in lines.items():
        if verb is not None and name != verb:
            verbs.add_parser(name, help=line, add_help=False)
            continue
        file = module(f"{group}{name}")
        sub = verbs.add_parser(
            name,
            help=line,
            description=file.DESCRIPTION,
            epilog=file.EXAMPLES,
            formatter_class=RawDescriptionHelpFormatter,
        )
        if hasattr(file, "VERBS"):
            _add(sub, f"{name} ", file.VERBS, inner, None)
            continue
        file.options(sub)
        sub.add_argument("-q", "--quiet", action="store_true", help="no progress, no hints")
        sub.add_argument("--offline", action="store_true", help="never use the network")
        sub.set_defaults(run=file.run)


def every_verb() -> dict[str, str]:
    """Every verb that does something, a group's spelled out, with its line."""
    verbs: dict[str, str] = {}
    for name, line in VERBS.items():
        inner = getattr(module(name), "VERBS", None)
        verbs |= {f"{name} {sub}": said for sub, said in inner.items()} if inner else {name: line}
    return verbs


def main(argv: list[str] | None = None) -> int:
    """Run a command line; returns the exit status. No traceback is ever a user's output."""
    if sys.stdout is None or sys.stderr is None or sys.stdin is None:
        from archfit.host.terminal import whole_streams

        whole_streams()
    args = sys.argv[1:] if argv is None else argv
    if not args:
        parser("").print_help()
        return 2
    named = [word for word in args if not word.startswith("-")] + ["", ""]
    collects = gc.isenabled()
    try:
        options = parser(named[0], named[1]).parse_args(args)
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except SystemExit as leave:  # argparse: --help and --version 0, wrong usage 2
        return leave.code if isinstance(leave.code, int) else 2
    except ArchfitError as error:
        _say(f"archfit: {error.why}", error.hint)
        return 2 if isinstance(error, Misuse) else 3
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        wrote = error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT)
        what = "can't write what was found" if wrote else f"the system refused ({error.filename})"
        _say(f"archfit: {what}: {(error.strerror or str(error)).lower()}", "")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 3
    except KeyboardInterrupt:
        _say("archfit: interrupted", "")
        return 130
    except Exception as error:
        if os.environ.get("ARCHFIT_TRACEBACK"):
            raise
        _say(
            f"archfit: a fault of archfit itself: {type(error).__name__}: {error}",
            "set ARCHFIT_TRACEBACK=1 and run it again, then report what it prints",
        )
        return 3
    finally:
        # A verb that makes much lets the collector of cycles rest; who called gets it back.
        if argv is not None and collects:
            gc.enable()


def _say(text: str, hint: str) -> None:
    sys.stderr.write(f"{text}\n" + (f"  try: {hint}\n" if hint else ""))


if __name__ == "__main__":
    sys.exit(main())
