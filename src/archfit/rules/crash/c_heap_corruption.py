"""C's heap is damaged

What is wrong
-------------
`double free or corruption`, `free(): invalid pointer`, `malloc(): corrupted top size`,
`pointer being freed was not allocated` or a report of AddressSanitizer. musl says nothing and
stops at a HLT instruction (SIGSEGV with code 0x80).

Why it happens
--------------
Memory was freed twice, freed by another allocator than the one which gave it (Go memory, or
another library's), used after it was freed, or written past its end: by C, or by Go through
unsafe.Pointer. The call that finds it is often not the one which did it.

Remedy
------
Let AddressSanitizer or valgrind name the first bad access. C.CString needs exactly one C.free;
memory that a library gave must go back to that library's own free function.

References
----------
- glibc malloc/malloc.c (malloc_printerr); musl src/malloc/mallocng (a_crash)
- Apple libmalloc; compiler-rt lib/asan; Go doc/asan, cmd/go -asan

Limits
------
Where the damage was done is not in the text, only where it was found.
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
    sign("SIGABRT", "Go runtime/sigtab_*.go, gdb, lldb, Apple's reports"),
    sign("Exception 0xc0000374", "Go runtime/signal_windows.go"),
    *(
        Text(needle, "C's heap is damaged: {what}", "glibc malloc/malloc.c", pattern, 0.9)
        for needle, pattern in (
            ("double free or corruption", r"(?P<what>double free or corruption)"),
            ("double free detected", r"(?P<what>double free detected in tcache)"),
            ("invalid pointer", r"(?P<what>(?:free|realloc|munmap_chunk)\(\): invalid pointer)"),
            ("corrupted size", r"(?P<what>corrupted size vs\. prev_size)"),
            ("corrupted double", r"(?P<what>corrupted double-linked list)"),
            ("invalid size", r"(?P<what>(?:free|malloc|realloc)\(\): invalid size)"),
            ("invalid next size", r"(?P<what>(?:free|realloc|malloc)\(\): invalid next size)"),
            (
                "malloc",
                r"(?P<what>malloc\(\): (?:corrupted|memory corruption|unaligned|invalid|"
                r"unsorted|smallbin|mismatching|largebin)[^\n]{0,60})",
            ),
            (
                "unaligned",
                r"(?P<what>(?:malloc|free|malloc_consolidate)\(\): unaligned[^\n]{0,60})",
            ),
            ("sysmalloc", r"(?P<what>sysmalloc: Assertion)"),
        )
    ),
    Text(
        "error for object",
        "C's heap is damaged: {what}",
        "Apple libmalloc (malloc: *** error for object 0x...: ...)",
        r"error for object 0x[0-9a-f]{1,16}: (?P<what>[^\n]{3,100})",
        0.92,
    ),
    Text("Heap corruption detected", "C's heap is damaged", "Apple libmalloc (nano)", "", 0.88),
    Text(
        "ERROR: AddressSanitizer",
        "C used memory that is not its own: {what}",
        "compiler-rt lib/asan",
        r"ERROR: AddressSanitizer: (?P<what>attempting (?:double-free|free)|heap-[\w-]{3,40}|"
        r"double-free|alloc-dealloc-mismatch|stack-buffer-[\w-]{3,20}|stack-use-[\w-]{3,20}|"
        r"global-buffer-overflow|negative-size-param|use-after-poison|bad-free|container-overflow|"
        r"memcpy-param-overlap|dynamic-stack-buffer-overflow|unknown-crash)",
        0.95,
    ),
    Text(
        "Invalid write of size",
        "C wrote to memory that is not its own",
        "valgrind memcheck",
        r"==\d{1,8}== Invalid write of size",
        0.85,
    ),
    Text(
        "Invalid free",
        "C freed memory that is not its own",
        "valgrind memcheck",
        r"==\d{1,8}== Invalid free\(\)",
        0.9,
    ),
    Text(
        "Attempt to free invalid pointer",
        "C freed memory that is not its own",
        "tcmalloc",
        "",
        0.88,
    ),
    Text(
        "Scudo ERROR", "C's heap is damaged", "Android's allocator, compiler-rt lib/scudo", "", 0.9
    ),
    *(
        Text(code, "Windows found the C heap damaged", "Windows STATUS_HEAP_CORRUPTION", "", 0.85)
        for code in ("0xC0000374", "0xc0000374", "1073740940", "3221226356")
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The crash that is this rule's, or words that stand for one."""
    yield from died("c-heap-corruption", hits, log, _mend, native=True)


def _mend(cause: Cause, log: Log) -> Iterator[Remedy]:
    yield sanitised()
    name = cause.function
    if "free" in name.lower() or log.has("C.free", "_Cfunc_free", "CString"):
        yield Remedy(
            f"Free it once, and by the library that gave it: {name or 'the free function'} was "
            "called for memory that is free already or is not the allocator's",
        )
    yield Remedy(
        "Without a rebuild, valgrind or glibc's checks come nearer to the first damage",
        "MALLOC_CHECK_=3 MALLOC_PERTURB_=165 ./app",
    )
    if not name:
        yield rebuilt_with_symbols(name)


RULE = Rule(
    "crash.c-heap-corruption",
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
