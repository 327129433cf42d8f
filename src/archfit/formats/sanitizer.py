"""Stacks as the sanitizers of LLVM and GCC print them.

Source: compiler-rt/lib/sanitizer_common/sanitizer_stacktrace_printer.cpp (the default format
`    #%n %p %F %L`) and asan/asan_report.cpp (`==pid==ERROR: AddressSanitizer: kind on ...`) of
LLVM 14. The first stack below the head is that of the failing access.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD = re.compile(r"^==\d{1,10}==\s?(?:ERROR|WARNING): (\w{1,20}Sanitizer): ([^\n]{1,200})", re.M)
_FRAME = re.compile(r"[ \t]{0,8}#(\d{1,4}) 0x[0-9a-f]{1,16}(?: in ([^\n]{1,2000}))?")
#: Lines between the head and the first frame.
_NEAR = 8
_MOST = 512


class SanitizerReport(NamedTuple):
    """``tool``: AddressSanitizer and relatives; ``kind``: heap-use-after-free and relatives.

    ``functions``: innermost first, "" where no symbol was found.
    """

    tool: str
    kind: str
    functions: tuple[str, ...]


def read(text: str) -> SanitizerReport | None:
    """The first report of a text; None when there is none."""
    found = _HEAD.search(text)
    if found is None:
        return None
    kind = found[2].partition(" on ")[0].partition(" (")[0].strip()
    functions: list[str] = []
    at = found.end() + 1
    for _ in range(_NEAR + _MOST):
        end = text.find("\n", at)
        line = text[at : end if end >= 0 else len(text)]
        frame = _FRAME.match(line)
        if frame is not None and int(frame[1]) == len(functions):
            functions.append(_function(frame[2] or ""))
        elif functions:
            break
        if end < 0:
            break
        at = end + 1
    return SanitizerReport(found[1], kind, tuple(functions))


def _function(rest: str) -> str:
    """The name, without the place behind it: `f(int) /a/b.c:3:4`, `f (/lib/x.so+0x1)`."""
    for mark in (" /", " (", " <"):
        rest = rest.partition(mark)[0]
    return rest.strip()
