"""A file whose bytes can be looked at, as readers and probes see it."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archfit.model.fact import Fact, Key

#: What every reader in `archfit.formats` takes: indexing, slicing (gives bytes), ``find``
#: and ``struct.unpack_from`` work on both. Never a path.
Window = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class Image:
    """``path`` as given; ``format`` as `archfit.formats.magic.recognise` names it."""

    path: str
    format: str
    data: Window


@dataclass(frozen=True, slots=True)
class FileProbe:
    """Reads one aspect of a file into facts.

    ``run`` adds to the facts it is given. It raises Malformed when the file
    breaks its format (what was added before stays) and Unavailable when this
    host can't do it. ``after``: probes that run before it, by name.
    """

    name: str
    formats: tuple[str, ...]
    gives: tuple[Key[Any], ...]
    run: Callable[[Image, dict[str, Fact], Any], None]
    after: tuple[str, ...] = ()
