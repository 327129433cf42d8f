"""What an unwinder must know of an ISA: its registers, signal frames, frame pointers.

Sources: registers by DWARF number as in `archfit.formats.elf_core`; signal frames:
Linux 6.x arch/x86/include/uapi/asm/sigcontext.h (struct sigcontext_64) and
arch/x86/include/asm/sigframe.h, arch/arm64/include/uapi/asm/sigcontext.h and
arch/arm64/kernel/signal.c (struct rt_sigframe); frame pointers: System V psABI 1.0
section 3.2.2, AAPCS64 6.4.6.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """Register numbers, and where a kernel's signal frame keeps the registers.

    ``context``: from the stack pointer at the trampoline to the first register that is
    kept, in bytes; ``saved``: their numbers in that order. ``trampolines``: how a signal
    handler's return begins. ``step``: the bytes by which a return address is moved back
    to lie in the call.
    """

    isa: str
    pc: int
    sp: int
    fp: int
    lr: int | None
    step: int
    context: int
    saved: tuple[int, ...]
    trampolines: tuple[bytes, ...]
    #: Bits of a pointer that are its address (arm64 keeps signatures in the others).
    address: int
    callee_saved: tuple[int, ...]


AMD64 = Machine(
    isa="amd64",
    pc=16,
    sp=7,
    fp=6,
    lr=None,
    step=1,
    # pretcode is popped by then; struct ucontext: flags, link, stack (3 words) = 40 bytes
    context=40,
    saved=(8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16),
    trampolines=(
        bytes.fromhex("48c7c00f0000000f05"),  # mov $15, %rax; syscall
        bytes.fromhex("b80f0000000f05"),
    ),
    address=(1 << 64) - 1,
    callee_saved=(3, 6, 12, 13, 14, 15),
)

ARM64 = Machine(
    isa="arm64",
    pc=32,
    sp=31,
    fp=29,
    lr=30,
    step=4,
    # siginfo 128; ucontext: flags, link, stack 40, sigmask 8, padding 120, and 8 to align
    # to 16; mcontext: fault address 8
    context=128 + 40 + 128 + 8 + 8,
    saved=(*range(32), 32),
    trampolines=(bytes.fromhex("681180d2010000d4"),),  # mov x8, #139; svc #0
    address=(1 << 48) - 1,
    callee_saved=tuple(range(19, 30)),
)

MACHINES = {"amd64": AMD64, "arm64": ARM64}
