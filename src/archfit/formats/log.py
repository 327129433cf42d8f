"""A text that people paste, as judges see it: plain lines, the platform, the crashes in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from archfit.formats.spoken_of import Platform, spoken_of

if TYPE_CHECKING:
    from archfit.formats.apple_report import Report
    from archfit.formats.build_log import BuildLog
    from archfit.formats.debugger_session import Session
    from archfit.formats.go_dump import Dump


@dataclass
class Log:
    """``lines``: number (from 1, in the text as given) -> plain line, in order. Of a small
    text all lines are here, of a large one those around what was found. ``context``: what
    the user adds (goos, goarch, host, go, command), lower-case keys.
    """

    lines: dict[int, str]
    context: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True  #: all lines of the text are here

    @cached_property
    def text(self) -> str:
        """All lines that are here, joined."""
        return "\n".join(self.lines.values())

    @cached_property
    def numbers(self) -> Sequence[int]:
        """The numbers of the lines that are here."""
        return list(self.lines)

    @cached_property
    def platform(self) -> Platform:
        """The platform that the text (or the user's context) speaks of."""
        return spoken_of(self.text, self.context)

    @cached_property
    def dumps(self) -> list[Dump]:
        """Go tracebacks in it, in order."""
        from archfit.formats.go_traceback import read

        return read(self.text)

    @cached_property
    def _rows(self) -> list[int]:
        """The row of `text` (from 1) in which each entry of `lines` starts."""
        counts = (line.count("\n") + 1 for line in self.lines.values())
        return list(accumulate(counts, initial=1))

    def origin(self, row: int) -> int:
        """The number of the line (in the text as given) that row ``row`` of `text` is from."""
        at = bisect_right(self._rows, row) - 1
        return self.numbers[at] if 0 <= at < len(self.lines) else 0

    @cached_property
    def report(self) -> Report | None:
        """The crash report of an Apple system in it."""
        from archfit.formats.apple_crash import is_crash, read_any
        from archfit.formats.ips import is_ips
        from archfit.model.errors import Malformed

        if not is_ips(self.text) and not is_crash(self.text):
            return None
        try:
            return read_any(self.text)
        except Malformed:
            return None

    @cached_property
    def session(self) -> Session | None:
        """What a debugger said in it."""
        from archfit.formats.debugger_session import read

        return read(self.text)

    @cached_property
    def build(self) -> BuildLog:
        """What a build's output tells: packages, settings of Go, symbols that are missing."""
        from archfit.formats.build_log import BuildLog

        return BuildLog(self.lines, self.told)

    def has(self, *substrings: str) -> bool:
        """One of them stands somewhere in the text."""
        return any(one in self.text for one in substrings)

    @cached_property
    def told(self) -> str:
        """What the user added, as one text: `host: linux/amd64` and so on."""
        return "\n".join(f"{key}: {value}" for key, value in self.context.items())

    def says(self, *substrings: str) -> bool:
        """One of them stands in the text or in what the user added."""
        return self.has(*substrings) or any(one in self.told for one in substrings)

    def near(self, number: int, *substrings: str, before: int = 10, after: int = 10) -> bool:
        """One of them stands in a line close to line ``number``."""
        return any(one in line for line in self.around(number, before, after) for one in substrings)

    def around(self, number: int, before: int, after: int) -> Iterator[str]:
        """The lines close to line ``number`` that are here, itself included."""
        for at in range(number - before, number + after + 1):
            line = self.lines.get(at)
            if line is not None:
                yield line
