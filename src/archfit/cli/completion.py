"""`archfit completion`: a script that lets a shell complete archfit's command lines."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator
from typing import Any

DESCRIPTION = "Prints a completion script for a shell."

EXAMPLES = """\
examples:
  archfit completion bash > ~/.local/share/bash-completion/completions/archfit
  archfit completion zsh > "${fpath[1]}/_archfit"
  archfit completion fish > ~/.config/fish/completions/archfit.fish
"""


def options(parser: ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: Namespace) -> int:
    """Print the script; shtab draws it from the parsers themselves."""
    import shtab

    from archfit.cli.main import parser
    from archfit.engine.registry import rules

    top = parser()
    for action in _actions(top):
        if action.metavar in ("SUBJECT", "FILE"):
            action.complete = shtab.FILE
        elif action.metavar == "DIR":
            action.complete = shtab.DIRECTORY
        elif action.metavar == "ID":
            action.choices = [rule.id for rule in rules()]
    sys.stdout.write(shtab.complete(top, args.shell) + "\n")
    return 0


def _actions(parser: ArgumentParser) -> Iterator[Any]:
    # Any: shtab reads an attribute `complete` that argparse's own Action has not.
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for sub in action.choices.values():
                yield from _actions(sub)
        else:
            yield action
