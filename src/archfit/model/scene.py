"""What a file probe can see beside the file itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archfit.model.fact import Facts


@dataclass(slots=True)
class Scene:
    """One a run and process; the engine clears ``parsed`` before each file.

    ``door``: the machine (an `archfit.host.door.Door`) on which files are looked up.
    ``host``: facts of the host that subjects are judged against.
    ``libraries``: the loader's lookup on that host.
    ``parsed``: what an earlier probe already read, by format name (``"elf"`` -> Elf),
    so that no file is read twice.
    """

    door: Any
    host: Facts
    libraries: Any
    parsed: dict[str, Any] = field(default_factory=dict)
