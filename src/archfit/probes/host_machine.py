"""What this machine is, what this process is, and whether a translator stands between.

Linux. A translator answers some questions in the kernel's place: qemu-user those for
`/proc/self/exe`, `maps`, `auxv` and the like and uname(2), Rosetta for Linux uname(2) and
`/proc/cpuinfo`. So the same question is asked by a way that it leaves alone: under qemu
`/proc/thread-self/exe` is qemu itself, while `/proc/self/exe` is the program (qemu
linux-user/syscall.c, is_proc_myself; tried with 7.2). `/proc/sys/kernel/arch` (Linux 6.1,
kernel/utsname_sysctl.c) is the kernel's own machine name, which neither personality(2)
nor qemu bends, as uname(2) can be.

macOS. uname(2) is answered for the process: x86_64 under Rosetta. The kernel's version
string still names its own machine (RELEASE_ARM64_T8103), and sysctl.proc_translated
tells the truth (Apple, "About the Rosetta translation environment").
"""

from __future__ import annotations

from archfit.facts.host import ISA, KERNEL, OS, PROCESS_ISA, TRANSLATED, TRANSLATOR
from archfit.formats.slice_isa import HEAD, isa_in
from archfit.host.door import Door
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import HostProbe
from archfit.platforms.isa import normalise
from archfit.platforms.translator import translator_of

_IMAGE = "/proc/self/exe"
_KERNEL_IMAGE = "/proc/thread-self/exe"

#: An arm64 kernel gives this to processes under PER_LINUX32 (COMPAT_UTS_MACHINE).
_COMPAT = {"armv8l": "arm64"}


def run(door: Door, facts: dict[str, Fact]) -> None:
    """Adds what can be had; raises Unavailable when not even the ISA can."""
    sysname, _, release, _, _ = door.uname()
    os = sysname.lower()
    facts[OS.name] = Fact(os, Trust.REPORTED, "uname -s")
    facts[KERNEL.name] = Fact(release, Trust.REPORTED, "uname -r")
    if os == "darwin":
        _darwin(door, facts)
    else:
        _linux(door, facts)
    if ISA.name not in facts:
        raise Unavailable(f"what ISA this machine has: uname says {door.uname()[4]!r}")


def _darwin(door: Door, facts: dict[str, Fact]) -> None:
    _, _, _, version, machine = door.uname()
    process = normalise(machine)
    if process is not None:
        facts[PROCESS_ISA.name] = Fact(
            process, Trust.OBSERVED, f"uname -m, which is of this process: {machine}"
        )
    isa = _darwin_machine(door, version) or Fact(process, Trust.REPORTED, "uname -m")
    if isa.value is None:
        return
    facts[ISA.name] = isa
    try:
        answer = door.sysctl("sysctl.proc_translated")
        translated = Fact(answer == "1", Trust.OBSERVED, f"sysctl.proc_translated = {answer}")
    except Unavailable as error:
        translated = Fact(
            isa.value == "arm64" and process == "amd64", Trust.REPORTED, f"uname; {error.why}"
        )
    facts[TRANSLATED.name] = translated
    if translated.value:
        facts[TRANSLATOR.name] = Fact("rosetta", translated.trust, translated.source)


def _darwin_machine(door: Door, version: str) -> Fact | None:
    try:
        if door.sysctl("hw.optional.arm64") == "1":
            return Fact("arm64", Trust.OBSERVED, "sysctl hw.optional.arm64 = 1")
    except Unavailable:
        pass
    for word, isa in (("_ARM64", "arm64"), ("_X86_64", "amd64")):
        if word in version:
            return Fact(isa, Trust.OBSERVED, f"uname -v: {version.rsplit('/', 1)[-1]}")
    return None


def _linux(door: Door, facts: dict[str, Fact]) -> None:
    own = _header(door, _IMAGE)
    kernels = _header(door, _KERNEL_IMAGE)
    shown, real = door.realpath(_IMAGE), door.realpath(_KERNEL_IMAGE)
    translator = translator_of(real)
    if own == kernels and translator is not None and shown == real:
        # Nothing is hidden: the image is the translator's, the program is what it runs.
        own = translator[1]
    virtual_apple = own in (None, "amd64") and _virtual_apple(door)
    if virtual_apple:
        own, translator = "amd64", ("rosetta-linux", "amd64")
    isa = _linux_machine(door, kernels, virtual_apple)
    if isa is not None:
        facts[ISA.name] = isa
    if own is not None:
        facts[PROCESS_ISA.name] = Fact(own, Trust.HEADER, _IMAGE)
    _translation(facts, own, shown, real, translator)


def _translation(
    facts: dict[str, Fact],
    own: str | None,
    shown: str,
    real: str,
    translator: tuple[str, str] | None,
) -> None:
    """Who runs this process: the CPU, or a program whose name is given."""
    isa = facts[ISA.name].value if ISA.name in facts else None
    if translator is not None:
        source = real if translator_of(real) else "/proc/cpuinfo: vendor_id VirtualApple"
    elif real not in (shown, _KERNEL_IMAGE) and shown != _IMAGE:
        translator = (f"unknown ({real.rsplit('/', 1)[-1]})", str(own))
        source = f"{_IMAGE} is {shown}, {_KERNEL_IMAGE} is {real}"
    elif own is not None and isa is not None and not _may_be_native(own, str(isa)):
        translator = ("unknown", own)
        source = f"a process of {own} on a kernel of {isa}"
    elif real == _KERNEL_IMAGE and own is None:
        return
    else:
        source = f"{_KERNEL_IMAGE} is {_IMAGE}"
    facts[TRANSLATED.name] = Fact(translator is not None, Trust.OBSERVED, source)
    if translator is not None:
        facts[TRANSLATOR.name] = Fact(translator[0], Trust.OBSERVED, source)


def _linux_machine(door: Door, kernels: str | None, virtual_apple: bool) -> Fact | None:
    machine = door.uname()[4]
    if virtual_apple:
        return Fact("arm64", Trust.OBSERVED, "/proc/cpuinfo: vendor_id VirtualApple")
    try:
        word = door.read("/proc/sys/kernel/arch", 64).decode("ascii", "replace").strip()
        isa = _with_order(normalise(word), kernels)
        if isa is not None:
            return Fact(isa, Trust.OBSERVED, f"/proc/sys/kernel/arch: {word}")
    except Unavailable:
        pass
    said = _COMPAT.get(machine) or _with_order(normalise(machine), kernels)
    if kernels == "386" and said in ("386", "amd64") and door.exists("/proc/sys/abi/vsyscall32"):
        return Fact("amd64", Trust.OBSERVED, "/proc/sys/abi/vsyscall32, of 64-bit kernels only")
    if kernels is not None and (said is None or not _may_be_native(kernels, said)):
        # uname is bent (setarch, a translator); what the kernel executes is not.
        return Fact(kernels, Trust.HEADER, f"{_KERNEL_IMAGE}; uname -m says {machine}")
    if said is None:
        return None
    return Fact(said, Trust.REPORTED, f"uname -m: {machine}")


def _with_order(isa: str | None, kernels: str | None) -> str | None:
    """uname's mips and mips64 leave the byte order open; an image of this machine tells it."""
    return kernels if isa in ("mips", "mips64") and kernels in (f"{isa}le", isa) else isa


def _may_be_native(isa: str, machine: str) -> bool:
    return isa == machine or (machine, isa) in _PAIRS


#: (64-bit machine, its 32-bit ISA): a kernel may run both.
_PAIRS = {
    ("amd64", "386"),
    ("amd64", "amd64p32"),
    ("arm64", "arm"),
    ("ppc64", "ppc"),
    ("s390x", "s390"),
    ("mips64", "mips"),
    ("mips64le", "mipsle"),
    ("riscv64", "riscv"),
    ("sparc64", "sparc"),
}


def _virtual_apple(door: Door) -> bool:
    """Rosetta for Linux shows a CPU of its own making instead of /proc/cpuinfo."""
    try:
        return b"VirtualApple" in door.read("/proc/cpuinfo", 512)
    except Unavailable:
        return False


def _header(door: Door, path: str) -> str | None:
    try:
        return isa_in(door.read(path, HEAD))
    except Unavailable:
        return None


PROBE = HostProbe(
    name="host_machine",
    gives=(OS, KERNEL, ISA, PROCESS_ISA, TRANSLATED, TRANSLATOR),
    run=run,
)
