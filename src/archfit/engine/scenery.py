"""Where a run looks files up: this machine, a sysroot, or nowhere."""

from __future__ import annotations

from archfit.engine.settings import Settings
from archfit.host.door import Door
from archfit.model.fact import Facts
from archfit.model.scene import Scene


def scene(settings: Settings, door: Door, host: Facts) -> Scene:
    """The scene for a run with these settings."""
    return Scene(door, host, None)
