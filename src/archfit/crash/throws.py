"""Which cause a message of Go's runtime, of a C library or of a language's runtime stands for.

Sources: all arguments of `throw` and `fatal` in package runtime, sync and internal/runtime of
Go 1.19.8 and 1.27.3 (earlier wordings from the history of those files); glibc
malloc/malloc.c (`malloc_printerr`), debug/fortify_fail.c, assert/assert.c; musl
src/exit/assert.c; Apple libmalloc (`malloc: *** error for object`); libstdc++
vterminate.cc, libc++abi abort_message.cpp; Rust library/std/src/panicking.rs and rt.rs;
compiler-rt lib/asan; cgo checks in runtime/cgocall.go and cgocheck.go.
"""

from __future__ import annotations

#: Fragments of a throw's message -> (cause, how sure it is). The first that fits decides.
#: The cause "" belongs to no crash rule: memory, threads and address space have their own.
THROWS: tuple[tuple[str, str, float], ...] = (
    ("all goroutines are asleep", "go-deadlock", 0.96),
    ("no goroutines (main called runtime.Goexit)", "go-deadlock", 0.95),
    ("concurrent map", "go-race", 0.96),
    ("unlock of unlocked lock", "go-runtime-bug", 0.62),
    ("unlock of unlocked rwmutex", "go-runtime-bug", 0.62),
    ("unlock of unlocked", "go-race", 0.93),
    ("Unlock of unlocked", "go-race", 0.93),
    ("RUnlock of unlocked", "go-race", 0.93),
    ("sync: inconsistent mutex state", "go-race", 0.85),
    ("racy sudog adjustment", "go-race", 0.7),
    ("split stack overflow", "go-runtime-bug", 0.6),
    ("goroutine stack exceeds", "stack-overflow", 0.96),
    ("stack overflow", "stack-overflow", 0.96),
    ("non-Go code set up signal handler", "signal-handler", 0.97),
    ("non-Go code disabled sigaltstack", "signal-handler", 0.97),
    ("signal handler not on signal stack", "signal-handler", 0.95),
    ("received on thread with no signal stack", "signal-handler", 0.95),
    ("semasleep on Darwin signal stack", "signal-handler", 0.7),
    ("semawakeup on Darwin signal stack", "signal-handler", 0.7),
    ("unpinned Go pointer", "cgo-pointer", 0.97),
    ("Go pointer stored into non-Go memory", "cgo-pointer", 0.97),
    ("write of Go pointer", "cgo-pointer", 0.96),
    ("runtime.Pinner", "cgo-pointer", 0.85),
    ("morestack on g", "foreign-thread", 0.92),
    ("bad g in signal handler", "foreign-thread", 0.94),
    ("systemstack called from unexpected goroutine", "foreign-thread", 0.85),
    ("cgocallback SP out of bounds", "foreign-thread", 0.92),
    ("cgocallback", "foreign-thread", 0.9),
    ("cgo callback before cgo call", "foreign-thread", 0.93),
    ("m changed unexpectedly in cgocall", "foreign-thread", 0.9),
    ("misaligned stack in cgocallback", "abi", 0.9),
    ("called in a thread that was not created by the Go runtime", "foreign-thread", 0.9),
    ("not created by Go", "foreign-thread", 0.9),
    ("signal arrived on non-Go thread", "foreign-thread", 0.9),
    ("exitsyscall: syscall frame is no longer valid", "foreign-thread", 0.7),
    ("needm", "foreign-thread", 0.85),
    ("runtime.main not on m0", "foreign-thread", 0.7),
    ("locked m0 woke up", "foreign-thread", 0.6),
    ("bad g0 stack", "foreign-thread", 0.75),
    ("cgocall unavailable", "foreign-thread", 0.7),
    ("set_crosscall2 missing", "foreign-thread", 0.6),
    ("_cgo_pthread_key_created missing", "foreign-thread", 0.6),
    ("plugin: new module data overlaps", "go-runtime-bug", 0.5),
    ("out of memory", "", 0.0),
    ("cannot allocate memory", "", 0.0),
    ("failed to create new OS thread", "", 0.0),
    ("newosproc", "", 0.0),
    ("thread exhaustion", "", 0.0),
    ("pthread_create", "", 0.0),
    ("failed to reserve", "", 0.0),
    ("memory reservation exceeds", "", 0.0),
    ("cannot map pages", "", 0.0),
    ("failed to commit pages", "", 0.0),
    ("lfstack", "", 0.0),
    ("taggedPointerPack", "", 0.0),
    ("bad system page size", "", 0.0),
    ("failed to get system page size", "", 0.0),
    ("too many address space collisions", "", 0.0),
    ("vma size is unknown", "", 0.0),
    ("cannot open standard fds", "", 0.0),
    ("malformed GOMEMLIMIT", "", 0.0),
    ("epollcreate failed", "", 0.0),
    ("netpollinit", "", 0.0),
    ("eventfd failed", "", 0.0),
    ("pipe failed", "", 0.0),
    (".dll not found", "", 0.0),
    ("QueryPerformance", "", 0.0),
    ("checkptr: misaligned pointer conversion", "go-heap-corruption", 0.5),
    ("checkptr:", "go-heap-corruption", 0.55),
    ("runtime.SetFinalizer", "go-panic", 0.7),
    ("go of nil func value", "go-panic", 0.85),
    ("synctest", "go-panic", 0.6),
)

#: Damage of Go's own heap or stacks, found by the allocator, the collector or the unwinder.
DAMAGE = (
    "found bad pointer",
    "bad pointer in Go heap",
    "invalid heap pointer",
    "found pointer to free object",
    "found bad interior pointer",
    "invalid pointer found on stack",
    "bad pointer in frame",
    "bad pointer in write barrier",
    "sweep increased allocation count",
    "bad span state",
    "bad sweepgen",
    "mheap.freeSpanLocked",
    "MHeap_Free",
    "mspan.",
    "MSpan_",
    "mSpanList",
    "span has no free",
    "refill of span",
    "freeIndex is not valid",
    "s.allocCount",
    "s.freeindex",
    "nextReusable",
    "marking free object",
    "marked free object",
    "markroot: bad index",
    "markBits",
    "scanobject",
    "scanObject",
    "greyobject",
    "workbuf is",
    "swept cached span",
    "uncaching span",
    "bad summary data",
    "heapBitsSetType",
    "heapSetType",
    "heap bits",
    "bad manualFreeList",
    "in span's manual free list",
    "free list corrupted",
    "freelist empty",
    "bad special kind",
    "addspecial on invalid pointer",
    "removespecial on invalid pointer",
    "unaligned sys",
    "corrupted semaphore ticket",
    "corrupted polldesc",
    "timer data corruption",
    "G waiting list is corrupted",
    "found non-zeroed tail",
    "checkmark found unmarked object",
    "arena chunk needs zeroing",
    "potentially overlapping in-use allocations",
    "bad profile stack count",
    "runtime corrupted",
    "gcmarknewobject",
    "objects added out of order",
    "pointer to unallocated span",
    "pointer to unused region of span",
    "bad lfnode address",
)

#: Functions of the collector and allocator: a fault in them mostly has a cause outside.
COLLECTOR = (
    "scanobject", "scanObject", "scanblock", "scanstack", "scanframe", "scanConservative",
    "scanSpan", "greyobject", "gcDrain", "markroot", "findObject", "spanOf", "heapBits", "mspan",
    "mcache", "mcentral", "mheap", "mallocgc", "sweep", "wbBuf", "gcWriteBarrier", "typePointers",
    "bulkBarrier", "gcMark", "gcBgMark", "shade", "getempty", "trygetfull", "nextFree",
    "adjustpointers", "adjustframe", "copystack", "badPointer", "memclrNoHeapPointers",
)  # fmt: skip

#: What a C library says when it finds its heap damaged.
HEAP = (
    "double free or corruption", "free(): double free", "free(): invalid", "munmap_chunk():",
    "malloc(): ", "malloc_consolidate():", "realloc(): invalid", "mremap_chunk():",
    "corrupted size vs. prev_size", "corrupted double-linked list", "free(): corrupted",
    "corrupted unsorted chunks", "malloc: *** error for object", "pointer being freed was not",
    "pointer being realloc'd was not", "incorrect checksum for freed object",
    "Incorrect checksum for freed object", "Heap corruption detected", "sysmalloc: Assertion",
    "break adjusted to free malloc space", "attempting double-free", "heap-use-after-free",
    "heap-buffer-overflow", "attempting free on address", "alloc-dealloc-mismatch",
    "Attempt to free invalid pointer", "Scudo ERROR", "invalid chunk state", "heap corruption",
    "_int_malloc: Assertion", "calloc(): ", "BUG IN CLIENT OF LIBMALLOC", "__libc_free(): ",
    "free_list_checksum_botch", "malloc: size mismatch", "size mismatch detected",
)  # fmt: skip

#: What precedes an abort that C, C++, Rust or Objective-C decided on.
ABORT = (
    "terminate called", "libc++abi", "terminating due to uncaught", "terminating with uncaught",
    "pure virtual method called", "Pure virtual function called", "Assertion `",
    "Assertion failed", "assertion failed", "stack smashing detected",
    "buffer overflow detected", "panicked at", "fatal runtime error", "non-unwinding panic",
    "panic in a function that cannot unwind", "Check failed", "Terminating app due to uncaught",
    "deleted virtual method called", "abort() called", "LLVM ERROR:", "GGML_ASSERT",
    "Bail out!", "FATAL:", "uncaught exception", "what():",
)  # fmt: skip

#: Panics of the runtime's check of pointers, Go 1.6 to 1.27.
POINTER_RULE = (
    "cgo argument has Go pointer",
    "cgo argument has invalid",
    "argument of cgo function has Go pointer",
    "cgo result has Go pointer",
    "cgo result is unpinned",
    "cgo result is Go pointer",
    # `unpinned Go pointer`, since 1.26 also `unpinned Go unsafe pointer`, `... string` and so on.
    "unpinned Go ",
    "runtime.Pinner",
)

#: Panics that tell of two goroutines at one thing.
RACING = (
    "sync: WaitGroup is reused before previous Wait has returned",
    "sync: WaitGroup misuse: Add called concurrently with Wait",
    "sync: unlock of unlocked",
    "sync: RUnlock of unlocked",
    "sync: Unlock of unlocked",
    "concurrent map",
)


def thrown(message: str) -> tuple[str, float] | None:
    """(cause, confidence) of a runtime's message; ("", 0) when it is another family's."""
    if any(words in message for words in DAMAGE):
        return "go-heap-corruption", 0.93
    for words, cause, sure in THROWS:
        if words in message:
            return cause, sure
    return None
