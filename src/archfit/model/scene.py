"""What a file probe can see beside the file itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archfit.model.fact import Facts


@dataclass(slots=True)
class Scene:
    """One a run and process; the engine clears ``parsed`` before each file.

    ``door``: the machine (an `archfit.host.door.Door`) on which files are looked up;
    None when the host judged against is known by its facts alone.
    ``near``: the machine on which the files themselves lie, by default the same.
    ``host``: facts of the host that subjects are judged against.
    ``libraries``: the loader's lookup on that host.
    ``parsed``: what an earlier probe already read, by format name (``"elf"`` -> Elf),
    so that no file is read twice.
    ``memo``: answers about the host that many files ask for, kept through a run; whoever
    adds to it keeps it small (`remember`).
    """

    door: Any
    host: Facts
    libraries: Any
    parsed: dict[str, Any] = field(default_factory=dict)
    near: Any = None

    def __post_init__(self) -> None:
        if self.near is None:
            self.near = self.door

    memo: dict[Any, Any] = field(default_factory=dict)

    def remember(self, key: Any, value: Any) -> None:
        """Keep an answer in ``memo``, which starts anew when it has grown to 1,024 of them."""
        if len(self.memo) >= 1024:
            self.memo.clear()
        self.memo[key] = value
