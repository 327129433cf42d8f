"""Caller and callee disagree on the ABI

What is wrong
-------------
A SIGSEGV with code 0x80 at an instruction that needs an aligned address (MOVAPS), a SIGBUS with
BUS_ADRALN, EXC_ARM_DA_ALIGN or EXC_ARM_SP_ALIGN; arguments that arrive as rubbish.

Why it happens
--------------
Assembly or a foreign function interface calls C with a stack that is not aligned to 16 bytes,
a function was called without or with a wrong prototype (its result is cut to 32 bits), a
variadic function was called like a plain one (on Apple's arm64 variadic arguments lie on the
stack), or a struct is packed or laid out otherwise on one side. On 386, arm and mips a 64-bit
field that is used by sync/atomic must be aligned by its owner.

Remedy
------
Align the stack before the call, include the header that declares the function, wrap variadic
functions in C, and compare sizes and offsets of structs on both sides.

References
----------
- System V ABI, AMD64 supplement 3.2.2 (stack alignment); AAPCS64 6.4
- Apple, "Writing ARM64 code for Apple platforms" (variadic functions)
- Intel SDM volume 2, MOVAPS; volume 3A 6.15 (general protection)

Limits
------
Code 0x80 also comes of a pointer that is no address at all; registers in the dump tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.crash.verdict import Cause
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.died import FATAL, FAULTS, died, rebuilt_with_symbols, sign

TEXTS = (
    FATAL,
    *FAULTS,
    sign("unexpected fault address", "Go runtime/signal_unix.go"),
    Text(
        "unaligned 64",
        "a 64-bit atomic operation on a 32-bit processor needs an address that 8 divides",
        "Go internal/runtime/atomic/unaligned.go (386, arm, mips)",
        r"unaligned 64-bit atomic operation",
        0.84,
    ),
    *(
        Text(needle, "an access or the stack pointer is not aligned", tool, pattern, 0.85)
        for needle, pattern, tool in (
            ("EXC_ARM_DA_ALIGN", "", "Apple's reports, lldb"),
            ("EXC_ARM_SP_ALIGN", "", "Apple's reports, lldb"),
            ("BUS_ADRALN", "", "Android's debuggerd, sigaction(2)"),
            ("misaligned_stack_error", "", "macOS libdyld"),
            ("stack_not_16_byte_aligned_error", "", "macOS dyld (32-bit and x86-64)"),
            (
                "misaligned address",
                r"runtime error: (?:load|store|member|reference|constructor)"
                r"[^\n]{0,60} misaligned address",
                "UBSan",
            ),
            ("Alignment trap", r"Alignment trap: (?:not handling|\S{1,40} \()", "Linux arch/arm"),
            ("alignment exception", r"(?:SP/PC|SP|PC) alignment exception", "Linux arch/arm64"),
        )
    ),
    *(
        Text(needle, "a function is called by another type than it has", tool, pattern, 0.85)
        for needle, pattern, tool in (
            ("incorrect function type", r"through pointer to incorrect function type", "UBSan"),
            (
                "function signature mismatch",
                r"(?:RuntimeError|function): .{0,40}signature mismatch",
                "V8 and wasm-ld",
            ),
            ("indirect call type mismatch", "", "wasmtime, wasmer"),
        )
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("abi", hits, log, _mend, native=True)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    if "64-bit atomic" in cause.says:
        yield Remedy(
            "Use atomic.Int64 or atomic.Uint64, which are aligned, or make the field the first of "
            "its struct",
            verify="GOARCH=386 go vet ./... && GOARCH=386 go test ./...",
        )
        return
    if log.platform.os == "darwin":
        yield Remedy(
            "Wrap variadic functions in a C function with fixed arguments: on Apple's arm64 they "
            "take their arguments from the stack",
        )
    if cause.function and "." in cause.function:
        yield Remedy(
            f"Align SP to 16 bytes in the assembly that leads to {cause.function}",
            "MOVQ SP, R12; ANDQ $~15, SP; CALL AX; MOVQ R12, SP",
            verify="gdb -batch -ex run -ex 'x/i $pc' -ex 'p/x $rsp' ./app",
        )
    else:
        yield Remedy(
            "Include the header that declares the function, and make the compiler refuse others",
            "CGO_CFLAGS='-Werror=implicit-function-declaration -Werror=incompatible-pointer-types'"
            " go build .",
        )
    yield rebuilt_with_symbols("" if "." in cause.function else cause.function)


RULE = Rule(
    "crash.abi",
    texts=TEXTS,
    weigh=weigh,
    yields_to=(
        "run.memory-limit",
        "run.thread-limit",
        "run.seccomp",
        "run.emulator-bug",
        "run.page-size",
        "run.os-too-new",
        "run.code-signature",
        "run.cpu-feature",
        "build.compiler-crash",
    ),
)
