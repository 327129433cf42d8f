"""A fault in C code

What is wrong
-------------
C code that Go called read or wrote an address it may not (`SIGSEGV: segmentation violation`
or `SIGBUS: bus error`, with `signal arrived during cgo execution`). Go does not recover it.

Why it happens
--------------
A null pointer, memory that was freed, an index out of bounds, a handle that was closed, a
mapped file that was cut, or two threads in a library that allows one.

Remedy
------
Find the C frame with a debugger or AddressSanitizer; Go's traceback shows only the call that
led into C (`_Cfunc_name`).

References
----------
- Go runtime/signal_unix.go (sighandler, fatalsignal), runtime/cgocall.go
- Linux Documentation, sigaction(2): si_code of SIGSEGV and SIGBUS

Limits
------
What C does after its memory was damaged looks the same; AddressSanitizer tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.crash.verdict import Cause
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.died import FAULTS, died, rebuilt_with_symbols, sanitised, sign

TEXTS = (
    *FAULTS,
    sign("SIGFPE", "Go runtime/sigtab_*.go"),
    sign("signal arrived during", "Go runtime/signal_unix.go (cgo execution), signal_windows.go"),
    Text(
        "signal arrived during external code execution",
        "the program died of a fault in C",
        "Go runtime/signal_windows.go, without the dump that follows",
        confidence=0.75,
    ),
    Text(
        "signal: segmentation fault",
        "the program died of a fault, and Go printed no dump: it was in C",
        "Go os/exec and cmd/go (signal: segmentation fault (core dumped))",
        r"signal: segmentation fault",
        0.62,
    ),
    Text(
        "signal: bus error", "the program died of a fault in C", "Go os/exec and cmd/go", "", 0.62
    ),
    Text(
        "segfault at",
        "{program} touched address {address}, which it may not, in {where}",
        "Linux mm/fault.c (show_signal_msg)",
        r"(?P<program>[\w./-]{1,40})\[\d{1,8}\]: segfault at (?P<address>[0-9a-f]{1,16}) ip "
        r"[0-9a-f: ]{1,40} sp [0-9a-f: ]{1,40} error [0-9a-f]{1,4}"
        r"(?: in (?P<where>[^\[\n]{1,60}))?",
        0.62,
    ),
    Text(
        "general protection fault",
        "{program} used a pointer that is no address, in {where}",
        "Linux arch/x86/kernel/traps.c",
        r"(?P<program>[\w./-]{1,40})\[\d{1,8}\] general protection fault ip:[0-9a-f]{1,16} "
        r"sp:[0-9a-f]{1,16} error:\d{1,4}(?: in (?P<where>[^\[\n]{1,60}))?",
        0.6,
    ),
    Text(
        "SIGSEGV",
        "native code that a JVM called touched an address that it may not",
        "HotSpot (# SIGSEGV (0xb) at pc=...)",
        r"^# +SIGSEGV \(0xb\) at pc=",
        0.52,
    ),
    Text(
        "AddressSanitizer: SEGV",
        "C touched an address that it may not",
        "compiler-rt lib/asan",
        r"ERROR: AddressSanitizer: SEGV on unknown address",
        0.85,
    ),
    Text(
        "received signal SIGSEGV",
        "the program died of a fault",
        "gdb (Thread N received signal SIGSEGV, Segmentation fault.)",
        r"(?:Thread [^\n]{1,80}|Program) received signal SIGSEGV",
        0.56,
    ),
    Text(
        "Segmentation fault",
        "the program died of a fault",
        "shells (strsignal(SIGSEGV))",
        r"Segmentation fault(?: \(core dumped\))?\s*$|Segmentation fault: 11",
        0.5,
        ("received signal", "dpkg", "cc1", "collect2"),
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("c-segv", hits, log, _mend, native=True)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    yield rebuilt_with_symbols(cause.function)
    yield sanitised()
    if "divided by zero" in cause.says:
        yield Remedy("Test the divisor before the call of C")


RULE = Rule(
    "crash.c-segv",
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
        "crash.c-heap-corruption",
        "crash.stack-overflow",
        "run.library-missing",
        "run.libc-mismatch",
        "run.library-arch",
    ),
)
