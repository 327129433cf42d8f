"""Which ISAs run here, tried: the smallest program of each is handed to the kernel.

The only proof that an arm64 kernel runs arm, or that a registered translator works. Each
program ends at once (`platforms/tiny_elf.py`); it is run from memory and leaves nothing.
"""

from __future__ import annotations

from archfit.facts.host import OS, RUNS, TRANSLATORS, TRIED
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.tiny_elf import STATUS, known, tiny_elf

_SISTERS = {"amd64": "386", "arm64": "arm"}
_SOURCE = "a tiny program of that ISA, run"


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Adds `TRIED`, and to `RUNS` the 32-bit sister that proved to run or not to."""
    if OS.of(facts) != "linux":
        return
    tried: dict[str, str] = {}
    for isa in known():
        try:
            status = door.execute(isa, tiny_elf(isa))
        except Unavailable as error:
            tried[isa] = error.why
        else:
            tried[isa] = {STATUS: "runs", None: "no handler"}.get(status, f"ended with {status}")
    if all(answer not in ("runs", "no handler") for answer in tried.values()):
        raise Unavailable(f"programs can't be tried here: {next(iter(tried.values()))}")
    facts[TRIED.name] = Fact(tried, Trust.REPRODUCED, _SOURCE)
    runs = RUNS.of(facts)
    sister = _SISTERS.get(runs[0]) if runs else None
    translated = {row.get("isa") for row in TRANSLATORS.of(facts) or ()}
    if not runs or sister is None or sister in translated:
        return
    if tried[sister] == "runs":
        facts[RUNS.name] = Fact([runs[0], sister], Trust.REPRODUCED, _SOURCE)
    elif tried[sister] == "no handler":
        facts[RUNS.name] = Fact([runs[0]], Trust.REPRODUCED, _SOURCE)


PROBE = HostProbe(
    name="host_tried",
    gives=(TRIED, RUNS),
    run=run,
    after=("host_runs", "host_translators"),
    costly=True,
)
