"""Values in words, for evidence and for reports."""

from __future__ import annotations

#: Items of a list that are shown before the rest is counted.
_SHOWN = 12


def in_words(value: object) -> str:
    """A fact's value in few words: `yes`, `libc.so.6, libm.so.6`, `path /lib/x; isa arm64`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ([], {}, ""):
        return "none"
    if isinstance(value, list):
        words = [in_words(item) for item in value[:_SHOWN]]
        if len(value) > _SHOWN:
            words.append(f"and {len(value) - _SHOWN} more")
        return (" | " if any(isinstance(item, dict) for item in value) else ", ").join(words)
    if isinstance(value, dict):
        return "; ".join(f"{key} {in_words(item)}" for key, item in value.items())
    return str(value)


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_CONTROLS |= {9: " ", 10: "\\n"}
#: Characters of a name or a line that are shown at the most.
_LONGEST = 400


def visible(text: str) -> str:
    """A name or a line of somebody else, safe for a terminal: control characters are
    written out, and the middle of what is very long is left out."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"
    return text.translate(_CONTROLS)
