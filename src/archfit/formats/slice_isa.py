"""Which instruction sets an executable is for, by its first bytes alone.

For the many places where only the ISA is asked: a loader, a compiler, an ancestor
process, a Homebrew prefix. Whole files are read by their own readers.

Sources: ELF gABI 4.1 (e_ident, e_machine); <mach-o/loader.h>, <mach-o/fat.h> and
<mach/machine.h> (CPU_TYPE_*); PE/COFF specification 2 and 3.3.
"""

from __future__ import annotations

from archfit.formats.magic import recognise
from archfit.platforms.isa import of_elf

#: Bytes that are always enough: headers of ELF and Mach-O stand at the start,
#: a PE header within the first page of any linker's output.
HEAD = 4096

#: CPU_TYPE_* of <mach/machine.h>; 0x01000000 is CPU_ARCH_ABI64.
_MACHO = {
    0x01000007: "amd64",
    7: "386",
    0x0100000C: "arm64",
    12: "arm",
    0x01000012: "ppc64",
    18: "ppc",
}

#: IMAGE_FILE_MACHINE_* of the PE/COFF specification 3.3.1.
_PE = {0x8664: "amd64", 0x014C: "386", 0xAA64: "arm64", 0x01C4: "arm", 0x5064: "riscv64"}

_MAX_SLICES = 43


def isas_in(head: bytes) -> tuple[str, ...]:
    """Go's names, one for each slice in the file's order; empty when it is no executable.

    ``head`` is the start of the file, best `HEAD` bytes. Never raises.
    """
    kind = recognise(head[:64])
    if kind == "elf":
        return _known(_elf(head))
    if kind == "macho":
        return _known(_macho(head))
    if kind == "fat":
        return _fat(head)
    if kind == "pe":
        return _known(_pe(head))
    return ()


def isa_in(head: bytes) -> str | None:
    """The ISA of a thin file; None for a universal one and for no executable."""
    found = isas_in(head)
    return found[0] if len(found) == 1 else None


def elf_isa(machine: int, bits: int, endian: str) -> str | None:
    """The ISA of an ELF header's fields. An x86-64 file of 32 bits is x32: amd64p32 in Go."""
    if (machine, bits) == (62, 32):
        return "amd64p32"
    return of_elf(machine, bits, endian)


def _known(isa: str | None) -> tuple[str, ...]:
    return () if isa is None else (isa,)


def _elf(head: bytes) -> str | None:
    if len(head) < 20:
        return None
    endian = {1: "little", 2: "big"}.get(head[5])
    bits = {1: 32, 2: 64}.get(head[4])
    if endian is None or bits is None:
        return None
    return elf_isa(_word(head, 18, 2, endian == "big"), bits, endian)


def _macho(head: bytes) -> str | None:
    return _MACHO.get(_word(head, 4, 4, head[0] == 0xFE))


def _fat(head: bytes) -> tuple[str, ...]:
    big = head[0] == 0xCA
    size = 32 if (head[3] if big else head[0]) == 0xBF else 20
    found = []
    for n in range(min(_word(head, 4, 4, big), _MAX_SLICES)):
        isa = _MACHO.get(_word(head, 8 + n * size, 4, big))
        if isa is not None and isa not in found:
            found.append(isa)
    return tuple(found)


def _pe(head: bytes) -> str | None:
    start = _word(head, 0x3C, 4, False)
    if head[start : start + 4] != b"PE\0\0":
        return None
    return _PE.get(_word(head, start + 4, 2, False))


def _word(head: bytes, at: int, size: int, big: bool) -> int:
    return int.from_bytes(head[at : at + size], "big" if big else "little")
