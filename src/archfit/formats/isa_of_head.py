"""For which system and ISA an object file is, by its first bytes alone.

Made for the members of archives, of which there may be thousands. Sources:
ELF gABI 4.1 (e_ident, e_machine, e_flags), <mach-o/loader.h>, PE/COFF
specification 3.3 (file header) and 7 (import objects); the line that opens
a Go object: cmd/internal/obj `WriteObjFile` and go/build's "go object GOOS
GOARCH", Go 1.4 to 1.27.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from archfit.formats.elf_machines import identify
from archfit.formats.macho_names import ISAS
from archfit.formats.magic import recognise
from archfit.formats.pe_names import machine

#: Bytes that are always enough.
HEAD = 64

#: EI_OSABI -> GOOS. 0 says "System V", as objects of Linux do (and those of some others);
#: 3 is GNU's, set when an object uses its extensions.
_ELF_OS = {0: "linux", 3: "linux", 2: "netbsd", 6: "solaris", 9: "freebsd", 12: "openbsd"}

#: Magic of a Mach-O file -> whether it is big endian.
_MACHO = {
    b"\xce\xfa\xed\xfe": False,
    b"\xcf\xfa\xed\xfe": False,
    b"\xfe\xed\xfa\xce": True,
    b"\xfe\xed\xfa\xcf": True,
}


def isa_of_head(head: bytes) -> tuple[str | None, str] | None:
    """(GOOS or None, ISA) of an ELF, Mach-O, COFF, Wasm or Go object; None for other bytes.

    ``head`` is the file's start, `HEAD` bytes or fewer. An ELF object whose header names no
    system counts as one of Linux. Never raises.
    """
    four = head[:4]
    if four == b"\x7fELF":
        return _elf(head)
    big = _MACHO.get(four)
    if big is not None and len(head) >= 8:
        cpu = int.from_bytes(head[4:8], "big" if big else "little")
        return "darwin", ISAS.get(cpu) or f"cpu:{cpu}"
    if head.startswith(b"go object "):
        return _go(head)
    if four == b"\0\0\xff\xff" and len(head) >= 8:  # import object, or /bigobj
        number = int.from_bytes(head[6:8], "little")
        return ("windows", machine(number)[0]) if number else None  # 0: fits any machine
    kind = recognise(head)
    if kind == "coff":
        return "windows", machine(int.from_bytes(head[:2], "little"))[0]
    if kind == "wasm":
        return None, "wasm"
    if kind == "xcoff":
        return "aix", "ppc64" if head[1] == 0xF7 else "ppc"
    return None


def _elf(head: bytes) -> tuple[str | None, str] | None:
    if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    at = 36 if head[4] == 1 else 48
    return _identified(head[4:8], head[18:20], head[at : at + 4])


@lru_cache(maxsize=256)
def _identified(ident: bytes, machine: bytes, flags: bytes) -> tuple[str | None, str]:
    little = ident[1] == 1
    order: Literal["little", "big"] = "little" if little else "big"
    number = int.from_bytes(machine, order)
    isa = identify(number, 32 * ident[0], little, int.from_bytes(flags, order))[0]
    return _ELF_OS.get(ident[3]), isa


def _go(head: bytes) -> tuple[str | None, str] | None:
    words = head.split(b"\n", 1)[0].split(b" ")
    if len(words) < 4 or not (words[2].isalnum() and words[3].isalnum()):
        return None
    return words[2].decode("ascii"), words[3].decode("ascii")
