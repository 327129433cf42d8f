"""What this host's dynamic loaders find by name alone."""

from __future__ import annotations

from archfit.facts.host import LIBRARIES, LIBRARY_SEARCH, OS
from archfit.host.door import Door
from archfit.host.library_index import index
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Nothing on systems whose loaders keep no such files."""
    if OS.of(facts) != "linux":
        return
    libraries, search = index(door, facts)
    facts[LIBRARIES.name] = Fact(libraries, Trust.HEADER, "ld.so.cache and default folders")
    facts[LIBRARY_SEARCH.name] = Fact(search, Trust.STORED, "the loaders' own strings")


PROBE = HostProbe(
    name="host_libraries",
    gives=(LIBRARIES, LIBRARY_SEARCH),
    run=run,
    after=("host_machine", "host_loaders"),
    costly=True,
)
