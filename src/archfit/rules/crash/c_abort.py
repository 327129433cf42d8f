"""C or C++ ended the program by itself

What is wrong
-------------
`SIGABRT: abort` during a call of C, after `terminate called after throwing an instance of`,
`Assertion ... failed`, `stack smashing detected` or nothing at all; a trap that the compiler
put into C counts too.

Why it happens
--------------
C called abort(), an assertion did not hold, a C++ exception left a function that Go called
(an exception can't cross Go's frames), a Rust panic reached C, or the compiler's guard of the
stack found it overwritten.

Remedy
------
Catch exceptions before they leave `extern "C"` functions and give back an error code; correct
what the assertion names.

References
----------
- glibc assert/assert.c, debug/fortify_fail.c; libstdc++ vterminate.cc; libc++abi
- Rust library/std/src/panicking.rs; Go runtime/signal_unix.go

Limits
------
On macOS a SIGABRT that somebody sent has the same code as abort().
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.crash.verdict import Cause
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.died import died, rebuilt_with_symbols, sign

TEXTS = (
    sign("SIGABRT", "Go runtime/sigtab_*.go, gdb, lldb, Apple's reports"),
    sign("SIGILL", "Go runtime/sigtab_*.go (a trap of the compiler)"),
    sign("SIGTRAP", "Go runtime/sigtab_*.go (a trap of the compiler)"),
    sign("signal 0x6", "Go before 1.8", r"\[signal 0x6 code="),
    *(
        sign(f"Exception 0x{code}", "Go runtime/signal_windows.go")
        for code in ("c0000409", "40000015", "e06d7363", "20474343")
    ),
    Text(
        "terminate called",
        "a C++ exception was caught by nobody",
        "libstdc++ vterminate.cc (terminate called after throwing ..., without an active ...)",
        r"terminate called (?:after throwing an instance|without an active|recursively)",
        0.82,
    ),
    Text(
        "libc++abi",
        "a C++ or Objective-C exception was caught by nobody",
        "libc++abi",
        r"libc\+\+abi(?:\.dylib)?: .{0,40}(?:terminat|Pure virtual|uncaught)",
        0.82,
    ),
    Text(
        "Terminating app due to uncaught exception",
        "an Objective-C exception was caught by nobody",
        "Apple CoreFoundation",
        "",
        0.8,
    ),
    Text(
        "pure virtual method called",
        "C++ called a method of an object that is gone",
        "libstdc++ pure.cc",
        "",
        0.8,
    ),
    Text(
        "signal: aborted",
        "the program ended by abort(), and Go printed no dump: it was in C",
        "Go os/exec and cmd/go (signal: aborted (core dumped))",
        r"signal: aborted",
        0.7,
    ),
    Text(
        "signal: abort trap",
        "the program ended by abort(), and Go printed no dump: it was in C",
        "Go os/exec and cmd/go on macOS",
        r"signal: abort trap",
        0.7,
    ),
    Text(
        "stack smashing detected",
        "C wrote over the end of a variable on its stack",
        "glibc debug/stack_chk_fail.c",
        r"\*\*\* stack smashing detected \*\*\*",
        0.85,
    ),
    Text(
        "buffer overflow detected",
        "C wrote over the end of a buffer",
        "glibc debug/fortify_fail.c",
        r"\*\*\* buffer overflow detected \*\*\*",
        0.85,
    ),
    Text(
        "Assertion",
        "an assertion of C did not hold: {what}",
        "glibc assert/assert.c, musl src/exit/assert.c, Apple libc",
        r"Assertion `(?P<what>[^\n]{1,200})' failed\.?\s*$|"
        r"^Assertion failed: \(?(?P<that>[^\n]{1,200}?)\)?(?:, function |, file | \([^\n]{1,200}:)",
        0.66,
        ("_int_malloc", "sysmalloc", "qemu", "BFD"),
    ),
    Text(
        "fatal runtime error",
        "Rust ended the program",
        "Rust library/std/src/rt.rs",
        r"fatal runtime error: (?:failed to initiate panic|Rust |drop of|stack overflow|thread|"
        r"something here|I/O)",
        0.8,
        ("stack overflow",),
    ),
    Text(
        "panic in a function that cannot unwind",
        "a Rust panic reached C",
        "Rust library/core/src/panicking.rs",
        "",
        0.82,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("c-abort", hits, log, _mend, native=True)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    if "terminate" in cause.says or "exception" in cause.says or "what():" in cause.says:
        yield Remedy(
            'Catch every exception inside the extern "C" function and give back an error code: '
            "none may cross into Go",
            "try { ... } catch (const std::exception &e) { return fail(e.what()); } "
            'catch (...) { return fail("unknown"); }',
        )
    elif "ust" in cause.says and ("unwind" in cause.says or "panick" in cause.says):
        yield Remedy("Catch the panic before it reaches C", "std::panic::catch_unwind(|| ...)")
    yield rebuilt_with_symbols(cause.function)


RULE = Rule(
    "crash.c-abort",
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
        "build.compiler-crash",
        "crash.c-heap-corruption",
        "run.library-missing",
        "run.libc-mismatch",
        "run.library-arch",
    ),
)
