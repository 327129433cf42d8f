"""Which instruction sets a program is for, by its first bytes alone, all slices of it.

For the many places where only the ISA is asked: a loader, a compiler, an ancestor
process, a Homebrew prefix. Whole files are read by their own readers.

Sources: those of `isa_of_head`; <mach-o/fat.h> (fat_arch is 20 bytes, fat_arch_64 is 32);
PE/COFF specification 2 (e_lfanew at 0x3C).
"""

from __future__ import annotations

from archfit.formats.isa_of_head import isa_of_head
from archfit.formats.macho_names import ISAS
from archfit.formats.magic import recognise
from archfit.formats.pe_names import machine

#: Bytes that are always enough: headers of ELF and Mach-O stand at the start,
#: a PE header behind a DOS stub of a few hundred bytes.
HEAD = 1024

_MAX_SLICES = 43


def isas_in(head: bytes) -> tuple[str, ...]:
    """Go's names, each once, in the order of the slices; empty when it is no program.

    ``head`` is the start of the file, best `HEAD` bytes. Never raises.
    """
    kind = recognise(head[:64])
    if kind == "fat":
        return _fat(head)
    if kind == "pe":
        return _pe(head)
    found = isa_of_head(head)
    return () if found is None else (found[1],)


def isa_in(head: bytes) -> str | None:
    """The ISA of a thin file; None for a universal one and for no program."""
    found = isas_in(head)
    return found[0] if len(found) == 1 else None


def _fat(head: bytes) -> tuple[str, ...]:
    big = head[0] == 0xCA
    size = 32 if (head[3] if big else head[0]) == 0xBF else 20
    count = min(_number(head, 4, 4, big), _MAX_SLICES)
    cpus = [_number(head, 8 + n * size, 4, big) for n in range(count)]
    return tuple(dict.fromkeys(ISAS[cpu] for cpu in cpus if cpu in ISAS))


def _pe(head: bytes) -> tuple[str, ...]:
    start = _number(head, 0x3C, 4, False)
    if head[start : start + 4] != b"PE\0\0":
        return ()
    return (machine(_number(head, start + 4, 2, False))[0],)


def _number(head: bytes, at: int, size: int, big: bool) -> int:
    return int.from_bytes(head[at : at + size], "big" if big else "little")
