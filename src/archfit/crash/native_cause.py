"""What killed a program, from a crash report of an Apple system or a debugger's session.

Sources: Apple, "Understanding the exception types in a crash report" (developer.apple.com);
mach/arm/exception.h (EXC_ARM_DA_ALIGN 0x101, EXC_ARM_SP_ALIGN 0x103); function names of glibc
malloc/malloc.c, of Apple's libsystem_malloc and libsystem_c, of libstdc++ and libc++abi.
"""

from __future__ import annotations

from collections.abc import Sequence

from archfit.crash.cause import spoken
from archfit.crash.verdict import Cause
from archfit.formats.apple_report import Report
from archfit.formats.debugger_session import Session

_HEAP = (
    "malloc_printerr", "malloc_consolidate", "_int_free", "_int_malloc", "unlink_chunk",
    "malloc_error_break", "malloc_vreport", "free_list_checksum_botch", "szone_error",
    "_malloc_zone_error", "tcache_double_free_verify", "malloc_report", "nanov2_guard_corruption",
    "xzm_", "RtlReportCriticalFailure", "RtlpHeapFatal", "__asan_report",
)  # fmt: skip
_ABORT = (
    "abort", "__assert_fail", "__assert_rtn", "std::terminate", "__gnu_cxx::__verbose_terminate",
    "__cxxabiv1::", "__libcpp_verbose_abort", "abort_message", "rust_panic", "__stack_chk_fail",
    "__fortify_fail", "__chk_fail", "__cxa_throw", "_objc_terminate", "objc_exception_throw",
    "core::panicking", "std::panicking",
)  # fmt: skip
#: Where the runtime ends its own program, after it has printed why.
_RUNTIME_ENDS = ("runtime.raise", "runtime.dieFromSignal", "runtime.crash", "runtime.fatalpanic")
_GO_SIGNS = ("runtime.", "_cgo_", "x_cgo_", "crosscall", "_cgoexp_", "_Cfunc_")


def is_go(function: str) -> bool:
    """A name as Go's linker writes it: package.Function, path/package.(*Type).Method."""
    last = function.rpartition("/")[2]
    package, dot, rest = last.partition(".")
    plain = "::" not in function and not function.startswith(("-[", "+[", "_Z", "?", "."))
    plain = plain and package != "C"  # delve writes C.name
    return bool(plain and dot and rest and package.replace("_", "a").isalnum())


def innermost(names: Sequence[str]) -> list[str]:
    """The frames from the one that failed on: the runtime's machinery above it is left out."""
    for machinery in ("runtime.sigpanic", "runtime.gopanic"):
        if machinery in names[:16]:
            rest = list(names[names.index(machinery) + 1 :])
            if machinery == "runtime.gopanic":
                while rest and rest[0].startswith("runtime."):
                    del rest[0]
            return rest
    return list(names)


def of_session(session: Session) -> Cause | None:
    """The cause that a debugger stopped at, None where it shows none."""
    thread = session.stopped
    if thread is None or not thread.frames:
        return None
    words = " ".join((session.signal, session.reason, thread.stop))
    names = [frame.function for frame in thread.frames]
    signal = session.signal or next(
        (s for s in ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGTRAP", "SIGFPE") if s in words),
        "SIGSEGV" if "EXC_BAD_ACCESS" in words else "SIGTRAP" if "EXC_BREAKPOINT" in words else "",
    )
    everyone = [f.function for t in session.threads for f in t.frames]
    go = any(name.startswith(_GO_SIGNS) for name in everyone)
    go = go or any(f.file.endswith(".go") for t in session.threads for f in t.frames)
    if "EXC_ARM_SP_ALIGN" in words or "EXC_ARM_DA_ALIGN" in words:
        return Cause("abi", 0.85, "an access or the stack pointer was not aligned", names[0])
    return _by_names(signal, names, go, "the debugger shows")


def of_report(report: Report) -> Cause | None:
    """The cause that an Apple report tells of, None where it shows none of this family."""
    thread = report.crashed
    names = [frame.symbol for frame in thread.frames] if thread else []
    everyone = [f.symbol for t in report.threads for f in t.frames]
    go = any(name.startswith(_GO_SIGNS) for name in everyone)
    if report.kind != "crash" and not report.exception:
        return None
    if report.termination and report.termination.namespace in ("CODESIGNING", "DYLD", "JETSAM"):
        return None
    by_words = spoken("\n".join(text for _, text in report.asi))
    first = names[0] if names else ""
    if "ARM_DA_ALIGN" in report.subtype + report.codes or "ARM_SP_ALIGN" in (
        report.subtype + report.codes
    ):
        return Cause("abi", 0.85, "an access or the stack pointer was not aligned", first)
    if any("stack size exceeded" in text for _, text in report.asi) or (
        "STACK GUARD" in report.region.partition("\n")[0] and report.exception == "EXC_BAD_ACCESS"
    ):
        return Cause("stack-overflow", 0.88, "a thread's stack is exhausted", first)
    signal = report.signal or ("SIGSEGV" if report.exception == "EXC_BAD_ACCESS" else "")
    if signal == "SIGKILL":
        return None
    by_names = _by_names(signal, names, go, "the report shows")
    fits = by_names is None or by_names.id == "c-abort"
    if by_words is not None and (fits or by_words.id == "c-heap-corruption"):
        return Cause(by_words.id, 0.9 if go else 0.72, by_words.says, first)
    return by_names


def _by_names(signal: str, names: Sequence[str], go: bool, who: str) -> Cause | None:
    """What the innermost functions of the thread tell."""
    top = [name for name in names[:14] if name]
    if "runtime.sigpanic" in top:
        # The runtime has put it on top of the function that faulted.
        top = top[top.index("runtime.sigpanic") + 1 :]
        signal = signal or "SIGSEGV"
    first = top[0] if top else ""
    if any(name.startswith(_RUNTIME_ENDS) for name in top[:8]):
        panicked = any(name in ("runtime.gopanic", "runtime.sigpanic") for name in names)
        own = next((name for name in names if name and not name.startswith("runtime")), first)
        return Cause("go-panic", 0.75, f"{who} a Go panic, in {own}", own) if panicked else None
    sure = 0.88 if go else 0.62
    if any(part in name for name in top[:8] for part in _HEAP):
        words = f"{who} that C's heap was found damaged"
        return Cause("c-heap-corruption", sure, words, _caller(top))
    if signal == "SIGABRT" or (signal == "SIGTRAP" and any("assert" in n for n in top[:6])):
        if any(part in name for name in top[:10] for part in _ABORT):
            words = f"{who} that C ended the program, called from {_caller(top) or '?'}"
            return Cause("c-abort", sure, words, _caller(top))
        return None
    if signal not in ("SIGSEGV", "SIGBUS", "SIGFPE"):
        return None
    if len(top) > 8 and len(set(names[:60])) <= 4 and len(names) >= 40:
        return Cause("stack-overflow", sure, f"{who} endless recursion of {first}", first)
    if not first:
        return Cause("c-segv", 0.6 if go else 0.5, f"{signal} at an address of no function", "")
    if not is_go(first):
        first = first.removeprefix("C.")
        return Cause("c-segv", sure, f"{who} {signal} in {first}", first)
    if first.startswith(("runtime.", "internal/runtime")):
        return Cause("go-runtime-bug", 0.55, f"{who} {signal} in {first}", first)
    return Cause("go-panic", 0.6, f"{who} {signal} in Go code, {first}", first)


def _caller(names: Sequence[str]) -> str:
    """The first function that is neither the C library's machinery of ending nor of the heap."""
    plain = {"abort", "raise", "pthread_kill", "kill", "free", "malloc", "realloc", "calloc"}
    parts = (*_HEAP, *(name for name in _ABORT if name != "abort"))
    for name in names:
        base = name.removeprefix("__GI_").lstrip("_").partition("@")[0]
        if base not in plain and not name.startswith("__") and not any(p in name for p in parts):
            return name.removeprefix("C.")
    return ""
