"""A Go dump that something put into one line, as chat and some log systems do.

Source: the order of things in `goroutineheader` and `traceback2`, runtime/traceback.go.
"""

from __future__ import annotations

import re

_COLLAPSED = re.compile(r"goroutine \d{1,20} [^\n\[]{0,80}\[[^\n\]]{1,200}\]:[ \t]+\S")


def is_collapsed(text: str) -> bool:
    """A goroutine's header is followed by more in its line."""
    return _COLLAPSED.search(text) is not None


def unfolded(line: str) -> list[str] | None:
    """The lines of the dump in a line, None when there is none."""
    if not is_collapsed(line):
        return None
    text = re.sub(
        r"[ \t]{0,8}(goroutine \d{1,20} [^\[]{0,80}\[[^\]]{1,200}\]:)[ \t]*", r"\n\n\1\n", line
    )
    text = re.sub(r"(\([0-9a-fx{}, ?._]{0,400}\))[ \t]+(?=\S{1,400}:\d)", r"\1\n\t", text)
    text = re.sub(
        r"(:\d{1,9}(?: (?:\+|[fs]p=|pc=)0x[0-9a-f]{1,16}){0,4})[ \t]+(?=\S)", r"\1\n", text
    )
    text = re.sub(r"[ \t]{1,8}(?=created by |exit status \d|\[signal )", "\n", text)
    return re.sub(
        r"(created by \S{1,400}(?: in goroutine \d{1,20})?)[ \t]+", r"\1\n\t", text
    ).split("\n")
