"""Records this machine for the tests: python tools/record_host.py FILE ABOUT [PROBE ...].

The named probes are left out (those that read many large programs). Users record theirs
with `archfit facts host --record FILE`.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path

from archfit.engine.registry import host_probes
from archfit.host.live import Live
from archfit.host.recording import Recording
from archfit.model.errors import ArchfitError
from archfit.model.fact import Fact


def main(out: str, about: str, *left_out: str) -> int:
    """Asks everything once and writes what was answered."""
    door = Recording(Live(), about)
    facts: dict[str, Fact] = {}
    for probe in host_probes():
        if probe.name not in left_out:
            with suppress(ArchfitError):
                probe.run(door, facts)
    Path(out).write_text(json.dumps(door.document(), indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
