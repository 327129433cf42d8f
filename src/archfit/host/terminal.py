"""The terminal this process talks to: its width, its colours, and progress on it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TextIO


def width(stream: TextIO | None = None) -> int:
    """Columns for text on ``stream`` (stdout): the terminal's, from 60 to 120; 80 for none."""
    if not (stream or sys.stdout).isatty() and "COLUMNS" not in os.environ:
        return 80
    return min(max(shutil.get_terminal_size().columns, 60), 120)


def colour(stream: TextIO | None = None) -> bool:
    """For ``stream`` (stdout): only on a terminal, and never against NO_COLOR (no-color.org)."""
    dumb = os.environ.get("TERM", "") in ("", "dumb")
    return (stream or sys.stdout).isatty() and not dumb and not os.environ.get("NO_COLOR")


def here() -> str:
    """The working folder; "" when it was deleted under this process."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def whole_streams() -> None:
    """Give a process that was started with closed standard streams empty ones.

    Else the next file that is opened takes the place of one of them.
    """
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name, fd in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(fd, "w", closefd=False))


class Progress:
    """One line on stderr, only on a terminal, from half a second on, ten times a second."""

    def __init__(self, quiet: bool) -> None:
        self._on = sys.stderr.isatty() and not quiet
        self._next = time.monotonic() + 0.5
        self._shown = False

    def show(self, text: str) -> None:
        """Put ``text`` in the place of the last one, if it is time to."""
        if not self._on or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.1
        self._shown = True
        columns = shutil.get_terminal_size().columns
        sys.stderr.write(f"\r\x1b[K{text[: columns - 1]}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
