"""The inner loops of symbolising: in C where they were compiled at installation, else in Python.

`ARCHFIT_PURE=1` in the environment keeps to Python; the answers are the same.
"""

from __future__ import annotations

from os import environ
from typing import TYPE_CHECKING

if TYPE_CHECKING or environ.get("ARCHFIT_PURE"):
    from archfit.formats.dwarf_walk import entries, lines
    from archfit.formats.go_pcvalue import value_at

    COMPILED = False
else:
    try:
        from archfit.formats._walk import entries, lines, value_at

        COMPILED = True
    except ImportError:
        from archfit.formats.dwarf_walk import entries, lines
        from archfit.formats.go_pcvalue import value_at

        COMPILED = False

__all__ = ["COMPILED", "entries", "lines", "value_at"]
