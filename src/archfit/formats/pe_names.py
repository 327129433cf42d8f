"""Numbers of PE and COFF and the names archfit gives to them.

Sources: PE/COFF specification (Microsoft, "PE Format", section "Machine
Types" and "Windows Subsystem"); the operating-system mask that .NET puts over
the machine of its precompiled assemblies: dotnet/runtime
src/coreclr/inc/pedecoder.h (IMAGE_FILE_MACHINE_OS_MASK_*).
"""

from __future__ import annotations

#: Machine -> (ISA in Go's spelling, variant). ARM64EC and ARM64X objects are arm64 code.
MACHINES = {
    0x014C: ("386", ""),
    0x8664: ("amd64", ""),
    0xAA64: ("arm64", ""),
    0xA641: ("arm64", "arm64ec"),
    0xA64E: ("arm64", "arm64x"),
    0x3A64: ("386", "chpe"),
    0x01C0: ("arm", "armv4"),
    0x01C2: ("arm", "thumb"),
    0x01C4: ("arm", "armv7"),
    0x0200: ("ia64", ""),
    0x0EBC: ("ebc", ""),
    0x01F0: ("ppcle", ""),
    0x01F2: ("ppc", ""),
    0x0166: ("mipsle", ""),
    0x0169: ("mipsle", "wce-v2"),
    0x0184: ("alpha", ""),
    0x0284: ("alpha64", ""),
    0x01A2: ("sh3", ""),
    0x01A6: ("sh4", ""),
    0x5032: ("riscv", ""),
    0x5064: ("riscv64", ""),
    0x6232: ("loong32", ""),
    0x6264: ("loong64", ""),
}

#: XORed with the machine in a .NET assembly that was precompiled for one system.
_DOTNET = {
    0x7B79: "linux",
    0x4644: "darwin",
    0xADC4: "freebsd",
    0x1993: "netbsd",
    0x1992: "solaris",
}


def machine(number: int) -> tuple[str, str, str | None]:
    """(ISA, variant, system that .NET compiled for or None); ISA `machine:0x...` when unknown."""
    known = MACHINES.get(number)
    if known is not None:
        return (*known, None)
    for mask, system in _DOTNET.items():
        known = MACHINES.get(number ^ mask)
        if known is not None and known[0] in ("386", "amd64", "arm", "arm64", "riscv64", "loong64"):
            return (*known, system)
    return f"machine:{number:#x}", "", None


SUBSYSTEMS = {
    1: "native",
    2: "gui",
    3: "console",
    5: "os2",
    7: "posix",
    8: "win9x-driver",
    9: "wince",
    10: "efi-application",
    11: "efi-boot-driver",
    12: "efi-runtime-driver",
    13: "efi-rom",
    14: "xbox",
    16: "boot",
}


def os_of(subsystem: int) -> str | None:
    """windows, efi, or None when the number says neither (0 stands in much that never runs)."""
    if subsystem in (1, 2, 3, 7, 8, 9, 16):
        return "windows"
    if subsystem in (10, 11, 12, 13):
        return "efi"
    return None
