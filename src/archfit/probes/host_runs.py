"""Which ISAs the kernel and CPU run without a translator.

Beside its own, a 64-bit kernel may run its 32-bit sister. Signs that need no program:
`/proc/sys/abi/vsyscall32` stands only in x86-64 kernels built with IA32_EMULATION
(arch/x86/entry/vdso/vdso32-setup.c), which the boot option ia32_emulation can switch off
(Linux 6.7); `/sys/devices/system/cpu/aarch32_el0` lists arm64 CPUs with AArch32 where they
differ (Documentation/arch/arm64/asymmetric-32bit.rst). arm64 kernels whose CPUs are all
alike show nothing: there only trying it proves anything, see `host_tried`.
"""

from __future__ import annotations

from archfit.facts.host import ISA, OS, OS_VERSION, PROCESS_ISA, RUNS, TRANSLATED
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact
from archfit.model.image import HostProbe
from archfit.platforms.macos import of_version

_OFF = ("ia32_emulation=0", "ia32_emulation=off", "ia32_emulation=n", "ia32_emulation=false")
_SISTER = {"amd64": "386", "arm64": "arm", "ppc64": "ppc", "s390x": "s390", "mips64": "mips"}


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Raises Unavailable when the machine's ISA is unknown."""
    isa = ISA.of(facts)
    if isa is None:
        raise Unavailable("the machine's ISA is unknown")
    native = facts[ISA.name]
    sister = _SISTER.get(isa)
    why = None
    if sister is not None:
        why = _macos_32(facts) if OS.of(facts) == "darwin" else _linux_32(door, facts, isa, sister)
    runs = [isa] if why is None else [isa, str(sister)]
    facts[RUNS.name] = Fact(
        runs, native.trust, native.source if why is None else f"{native.source}; {why}"
    )


def _macos_32(facts: dict[str, Fact]) -> str | None:
    row = of_version(OS_VERSION.of(facts) or "")
    if ISA.of(facts) == "amd64" and row is not None and row["i386"]:
        return f"macOS {row['version']} still runs i386"
    return None


def _linux_32(door: Door, facts: dict[str, Fact], isa: str, sister: str) -> str | None:
    if PROCESS_ISA.of(facts) == sister and TRANSLATED.of(facts) is False:
        return f"this process is {sister}"
    if isa == "amd64" and door.exists("/proc/sys/abi/vsyscall32"):
        options = _text(door, "/proc/cmdline").split()
        if not any(option in _OFF for option in options):
            return "/proc/sys/abi/vsyscall32"
    if isa == "arm64" and _text(door, "/sys/devices/system/cpu/aarch32_el0").strip():
        return "/sys/devices/system/cpu/aarch32_el0"
    return None


def _text(door: Door, path: str) -> str:
    try:
        return door.read(path, 4096).decode("latin-1")
    except Unavailable:
        return ""


PROBE = HostProbe(name="host_runs", gives=(RUNS,), run=run, after=("host_machine", "host_system"))
