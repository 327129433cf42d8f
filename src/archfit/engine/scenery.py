"""Where a run looks files up: this machine, a sysroot, or a host known by its facts."""

from __future__ import annotations

from archfit.engine.settings import Settings
from archfit.host.door import Door
from archfit.host.libraries import Libraries
from archfit.host.rooted import Rooted
from archfit.model.fact import Facts
from archfit.model.scene import Scene


def inside(settings: Settings, door: Door) -> Door:
    """The door to the machine judged against: the sysroot's when there is one."""
    return Rooted(door, settings.root) if settings.root else door


def scene(settings: Settings, door: Door, host: Facts) -> Scene:
    """The scene for a run with these settings; ``door``: this machine."""
    if settings.host:
        return Scene(None, host, Libraries(None, host, near=door), near=door)
    machine = inside(settings, door)
    return Scene(machine, host, Libraries(machine, host, near=door), near=door)
