"""os-release(5): names and versions of a Linux distribution.

Source: freedesktop os-release(5): shell-compatible assignments, one a line.
"""

from __future__ import annotations

_QUOTES = "\"'"


def os_release(text: str) -> dict[str, str]:
    """The assignments; lines of another form are left out, as the manual allows."""
    found: dict[str, str] = {}
    for line in text.splitlines()[:512]:
        name, equals, value = line.strip().partition("=")
        if not equals or not name.isidentifier():
            continue
        if len(value) >= 2 and value[0] in _QUOTES and value[-1] == value[0]:
            value = value[1:-1]
        out, escaped = [], False
        for c in value:
            if c == "\\" and not escaped:
                escaped = True
                continue
            out.append(c)
            escaped = False
        found[name] = "".join(out)
    return found
