"""The inner loops of symbolising: in C where they were compiled at installation, else in Python.

`ARCHFIT_PURE=1` in the environment keeps to Python; the answers are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from os import environ
from typing import TYPE_CHECKING

#: Frames at many addresses of one Go table at once; None without the compiled module.
frames: Callable[..., list[list[tuple[str, str, int, bool, int | None]]]] | None = None

if TYPE_CHECKING or environ.get("ARCHFIT_PURE"):
    from archfit.formats.dwarf_walk import entries, lines
    from archfit.formats.go_pcvalue import value_at

    COMPILED = False
else:
    try:
        # Not by an import statement: import-linter can't see a compiled module.
        _compiled = import_module("archfit.formats._walk")
        entries, lines = _compiled.entries, _compiled.lines
        frames, value_at = _compiled.frames, _compiled.value_at
        COMPILED = True
    except ImportError:
        from archfit.formats.dwarf_walk import entries, lines
        from archfit.formats.go_pcvalue import value_at

        COMPILED = False

__all__ = ["COMPILED", "entries", "frames", "lines", "value_at"]
