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
