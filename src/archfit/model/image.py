"""A file whose bytes can be looked at, and the probes that read files and hosts."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archfit.model.fact import Fact, Key
from archfit.model.scene import Scene

#: What every reader in `archfit.formats` takes: indexing, slicing (gives bytes), ``find``
#: and ``struct.unpack_from`` work on both. Never a path.
Window = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class Image:
    """``path`` as given; ``format`` as `archfit.formats.magic.recognise` names it;
    ``mode``: st_mode, 0 when it is not known; ``found_in``: the folder it was met below."""

    path: str
    format: str
    data: Window
    mode: int = 0
    found_in: str = ""


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
    run: Callable[[Image, dict[str, Fact], Scene], None]
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostProbe:
    """Reads one aspect of a machine into facts, through an `archfit.host.door.Door`.

    Same contract as `FileProbe`. ``costly``: starts programs or takes more than
    a few milliseconds, so it runs only when the host itself is the subject or a
    chosen rule reads what it gives.
    """

    name: str
    gives: tuple[Key[Any], ...]
    run: Callable[[Any, dict[str, Fact]], None]
    after: tuple[str, ...] = ()
    costly: bool = False
