"""CPU features as the kernel names them, and the ISA level which they prove.

Only features of the machine's own ISA: a translator shows another CPU's (Rosetta for
Linux a VirtualApple, qemu from 8.2 on one of the guest's), which is said instead.

Sources: /proc/cpuinfo (see `formats/cpuinfo.py`); Apple, "Determining instruction set
characteristics" (sysctl hw.optional.arm.FEAT_*); machdep.cpu.features and
machdep.cpu.leaf7_features on Intel (xnu bsd/dev/i386/sysctl.c); `isa_levels.toml`.
"""

from __future__ import annotations

from archfit.facts.host import CPU_FEATURES, ISA, ISA_LEVEL, OS
from archfit.formats import cpuinfo
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa_level import darwin_names, linux_name, proven

_INTEL = ("machdep.cpu.features", "machdep.cpu.leaf7_features", "machdep.cpu.extfeatures")
_FAMILY = {"386": "amd64", "arm": "arm64", "ppc64le": "ppc64"}


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Raises Unavailable when a translator hides the CPU or nothing shows its features."""
    isa = ISA.of(facts)
    if isa is None:
        raise Unavailable("the machine's ISA is unknown")
    if OS.of(facts) == "darwin":
        found, trust, source = _darwin(door, isa)
    else:
        found, trust, source = _linux(door, isa)
    facts[CPU_FEATURES.name] = Fact(found, trust, source)
    level = proven(isa, found)
    if level is not None:
        facts[ISA_LEVEL.name] = Fact(level, trust, source)


def _linux(door: Door, isa: str) -> tuple[list[str], Trust, str]:
    # The first processor's block is enough: Linux shows only what all CPUs have.
    fields = cpuinfo.first_cpu(door.read("/proc/cpuinfo", 1 << 13).decode("latin-1"))
    shown = cpuinfo.family(fields)
    if shown is not None and shown != _FAMILY.get(isa, isa):
        raise Unavailable(
            f"/proc/cpuinfo shows a CPU of {shown} on a machine of {isa}: a translator's"
        )
    found = cpuinfo.features(fields)
    if not found:
        raise Unavailable("/proc/cpuinfo names no features")
    return found, Trust.OBSERVED, "/proc/cpuinfo"


def _darwin(door: Door, isa: str) -> tuple[list[str], Trust, str]:
    if isa == "amd64":
        words = [word for name in _INTEL for word in _sysctl(door, name).split()]
        named = [linux_name(word) or word.lower() for word in words]
        source = "sysctl machdep.cpu.features"
    else:
        named = [
            linux_name(name) or name for name in darwin_names(isa) if _sysctl(door, name) == "1"
        ]
        source = "sysctl hw.optional.arm"
    if not named:
        raise Unavailable(f"{source}: no features")
    return list(dict.fromkeys(named)), Trust.OBSERVED, source


def _sysctl(door: Door, name: str) -> str:
    try:
        return door.sysctl(name)
    except Unavailable:
        return ""


PROBE = HostProbe(
    name="host_cpu", gives=(CPU_FEATURES, ISA_LEVEL), run=run, after=("host_machine",)
)
