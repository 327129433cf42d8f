"""Numbers of Mach-O and the names archfit gives to them.

Sources: <mach/machine.h> (CPU types and subtypes), <mach-o/loader.h> (file
types, load commands, platforms), both in xnu-11417; names of the ARM
subtypes as in dyld-1378 mach_o/Architecture.cpp.
"""

from __future__ import annotations

#: CPU type -> ISA in Go's spelling. `arm64_32` (AArch64 code with 32-bit pointers, as on
#: watches) is no port of Go; it keeps Apple's name, since no arm64 process can load it.
ISAS = {
    6: "m68k",
    7: "386",
    0x01000007: "amd64",
    11: "hppa",
    12: "arm",
    0x0100000C: "arm64",
    0x0200000C: "arm64_32",
    13: "m88k",
    14: "sparc",
    15: "i860",
    18: "ppc",
    0x01000012: "ppc64",
}

_ARM = {
    5: "armv4t",
    6: "armv6",
    7: "armv5",
    8: "xscale",
    9: "armv7",
    10: "armv7f",
    11: "armv7s",
    12: "armv7k",
    13: "armv8",
    14: "armv6m",
    15: "armv7m",
    16: "armv7em",
    17: "armv8m.main",
    18: "armv8m.base",
    19: "armv8.1m.main",
}

_PPC = {9: "ppc750", 10: "ppc7400", 11: "ppc7450", 100: "ppc970"}


def variant_of(cpu: int, subtype: int) -> str:
    """What is finer than the ISA: arm64e, x86_64h, armv7k ...; "" when there is no more to say."""
    sub = subtype & 0x00FFFFFF
    if cpu == 0x0100000C:
        return "arm64e" if sub == 2 else ""
    if cpu == 0x01000007:
        return "x86_64h" if sub == 8 else ""
    if cpu == 12:
        return _ARM.get(sub, "")
    if cpu in (18, 0x01000012):
        return _PPC.get(sub, "")
    return ""


def ptrauth_abi(cpu: int, subtype: int) -> int | None:
    """Version of the pointer-authentication ABI of an arm64e slice.

    None: not arm64e, or built before the ABI had versions (bit 31 is clear;
    macOS refuses to start such a program unless it is its own).
    """
    if cpu != 0x0100000C or subtype & 0x00FFFFFF != 2 or not subtype & 0x80000000:
        return None
    return subtype >> 24 & 0x0F


FILE_TYPES = {
    1: "object",
    2: "executable",
    3: "fvmlib",
    4: "core",
    5: "preload",
    6: "shared",
    7: "dylinker",
    8: "bundle",
    9: "stub",
    10: "dsym",
    11: "kext",
    12: "fileset",
    13: "gpu-executable",
    14: "gpu-shared",
}

PLATFORMS = {
    1: "macos",
    2: "ios",
    3: "tvos",
    4: "watchos",
    5: "bridgeos",
    6: "maccatalyst",
    7: "iossimulator",
    8: "tvossimulator",
    9: "watchossimulator",
    10: "driverkit",
    11: "visionos",
    12: "visionossimulator",
    13: "firmware",
    14: "sepos",
}

_OS = {"macos": "darwin", "maccatalyst": "darwin", "iossimulator": "ios"}


def os_of(platform: str | None) -> str:
    """GOOS of a platform; `darwin`, the family's name, when the file names no platform.

    Go knows darwin and ios only; the others keep Apple's name, a simulator that of its system.
    """
    if platform is None:
        return "darwin"
    return _OS.get(platform) or platform.removesuffix("simulator")


#: LC_VERSION_MIN_*: load command -> platform.
VERSION_MIN = {0x24: "macos", 0x25: "ios", 0x2F: "tvos", 0x30: "watchos"}

#: Load commands that name a library -> how it is asked for.
DYLIB_KINDS = {
    0x0C: "load",
    0x80000018: "weak",
    0x8000001F: "reexport",
    0x20: "lazy",
    0x80000023: "upward",
}


def version(packed: int) -> str:
    """xxxx.yy.zz packed in 32 bits; the last part is left out when it is 0."""
    major, minor, patch = packed >> 16, packed >> 8 & 0xFF, packed & 0xFF
    return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"
