"""The smallest Linux programs: each ends at once with status 42, and proves its ISA runs.

To ask the kernel itself is the only proof where binfmt_misc can't be looked at (a
container), and for 32-bit programs on a 64-bit kernel.

Sources: ELF gABI 4.1, 4.2 and 5 (headers); the system call of exit(2) and its number by
ISA: syscall(2), "Architecture calling conventions", and Linux's unistd tables; encodings
from each architecture's manual, run under qemu-user by the tests.
"""

from __future__ import annotations

import struct

#: The status that each program ends with.
STATUS = 42

#: ISA -> (e_machine, 64-bit, byte order, e_flags, code in hex).
_CODE = {
    "amd64": (62, True, "<", 0, "bf2a000000 b83c000000 0f05"),
    "386": (3, False, "<", 0, "bb2a000000 b801000000 cd80"),
    "arm64": (183, True, "<", 0, "400580d2 a80b80d2 010000d4"),
    "arm": (40, False, "<", 0x05000000, "2a00a0e3 0170a0e3 000000ef"),
    "riscv64": (243, True, "<", 0, "1305a002 9308d005 73000000"),
    "ppc64le": (21, True, "<", 2, "2a006038 01000038 02000044"),
    "s390x": (22, True, ">", 0, "a729002a 0a01 0700"),
    "mips64le": (8, True, "<", 0x80000000, "c2130224 2a000424 0c000000"),
    "mipsle": (8, False, "<", 0x70001000, "a10f0224 2a000424 0c000000"),
    "loong64": (258, True, "<", 0x43, "04a8c002 0b74c102 00002b00"),
}

_BASE = 0x10000


def known() -> tuple[str, ...]:
    """The ISAs there is a program for."""
    return tuple(_CODE)


def tiny_elf(isa: str) -> bytes:
    """The whole file: a static executable of under 200 bytes. KeyError for an unknown ISA."""
    machine, wide, order, flags, text = _CODE[isa]
    code = bytes.fromhex(text)
    head, entry_size = (64, 56) if wide else (52, 32)
    start = head + entry_size
    size = start + len(code)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    word = "Q" if wide else "I"
    header = struct.pack(
        f"{order}HHI{word * 3}IHHHHHH",
        *(2, machine, 1, _BASE + start, head, 0, flags, head, entry_size, 1, 0, 0, 0),
    )
    if wide:
        segment = struct.pack(f"{order}IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, _BASE)
    else:
        segment = struct.pack(f"{order}IIIIIIII", 1, 0, _BASE, _BASE, size, size, 5, _BASE)
    return ident + header + segment + code
