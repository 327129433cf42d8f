"""The compiler or linker itself failed

What is wrong
-------------
Not the program but the tool broke: `internal compiler error`, `PLEASE submit a bug report`
with a stack dump, `clang: error: clang frontend command failed with exit code 139`,
`collect2: fatal error: ld terminated with signal 11`, `the compiler unexpectedly panicked`.

Why it happens
--------------
A defect of that release, met by this source and these options. More often than one thinks
the machine is to blame: too little memory (the system kills the compiler), an overclocked
or broken board, an emulator underneath.

Remedy
------
Run the same command once more: if it fails elsewhere the machine is the cause. If it fails
in the same place, take another release of the compiler or less optimisation for that file,
and report it.

References
----------
- GCC, "Reporting Bugs"; gcc/diagnostic.cc, gcc.cc (execute)
- clang/lib/Driver/Driver.cpp (generateCompilationDiagnostics); LLVM PrettyStackTrace
- rustc_driver (ICE_REPORT_COMPILER_FLAGS); cmd/compile/internal/base/print.go (FatalfAt)

Limits
------
A compiler that is only `Killed` ran out of memory: run.memory-limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_FAULT = "the compiler failed of itself: {what}"
_PLAIN = "the compiler failed of itself"
_NOT = ("-Wno-ice", "fixes an internal compiler error", "fixed an internal compiler error")
TEXTS = (
    Text(
        "internal compiler error",
        _FAULT,
        "gcc/diagnostic.cc; cmd/compile/internal/base/print.go; rustc",
        r"(?:^|: ?)internal compiler error(?::|\[E\d{1,5}\]:|\s*$|,) ?(?P<what>[^\n]{0,160})",
        0.94,
        _NOT,
    ),
    Text(
        "Internal compiler error",
        _FAULT,
        "MSVC C1001; Intel, older tools",
        r"(?:error C1001: )?Internal compiler error[.:]? ?(?P<what>[^\n]{0,160})",
        0.92,
    ),
    Text(
        "INTERNAL COMPILER ERROR",
        _FAULT,
        "MSVC C1001 (before 2019), NVIDIA, ifort",
        r"INTERNAL COMPILER ERROR(?P<what>[^\n]{0,160})",
        0.92,
    ),
    Text(
        "PLEASE submit a bug report",
        _PLAIN,
        "LLVM PrettyStackTrace (PLEASE submit a bug report to ... and include the crash backtrace)",
        confidence=0.88,
    ),
    Text(
        "Please submit a bug report",
        _PLAIN,
        "Swift and older clang (and include the crash backtrace)",
        r"lease submit a bug report \(?[^\n]{0,120}include the (?:project and the )?crash",
        0.85,
    ),
    Text(
        "frontend command failed",
        "clang failed of itself: {what}",
        "clang/lib/Driver/Driver.cpp (clang frontend command failed with exit code, due to signal)",
        r"error: (?:clang|swift|flang|linker)? ?frontend command failed (?P<what>[^(\n]{0,60})",
        0.9,
    ),
    Text(
        "compile command failed due to signal",
        "the Swift compiler failed of itself: signal {what}",
        "Swift driver (compile command failed due to signal N)",
        r"failed due to signal (?P<what>\d{1,3})",
        0.9,
        ("signal 9",),
    ),
    Text(
        "command failed due to signal",
        _FAULT,
        "clang and Swift drivers ((frontend) command failed due to signal)",
        r"command failed due to (?P<what>signal[^\n]{0,60})",
        0.88,
        ("signal 9", "Killed"),
    ),
    Text(
        "terminated with signal",
        "{tool} failed of itself: signal {what}",
        "gcc/collect2.cc (ld terminated with signal N [...])",
        r"(?P<tool>ld|lto-wrapper|collect2|as|cc1\w{0,6})[^\n]{0,40} terminated with signal "
        r"(?P<what>\d{1,3} \[[^\]\n]{0,40}\])",
        0.9,
        ("signal 9", "Killed", "signal 2 ", "signal 15"),
    ),
    Text(
        "signal terminated program",
        "{tool} failed of itself: {what}",
        "gcc.cc since GCC 10 (NAME signal terminated program cc1)",
        r"(?P<what>[A-Z][\w ]{3,30}) signal terminated program (?P<tool>\S{1,40})",
        0.92,
        ("Killed",),
    ),
    Text(
        "unable to execute command",
        "a tool that clang calls failed of itself: {what}",
        "clang/lib/Driver/Compilation.cpp (unable to execute command: Segmentation fault)",
        r"unable to execute command: (?P<what>Segmentation fault|Abort|Illegal|Bus error|Floating)",
        0.9,
    ),
    Text(
        "compiler unexpectedly panicked",
        "rustc panicked",
        "rustc_driver (the compiler unexpectedly panicked. this is a bug.)",
        confidence=0.95,
    ),
    Text(
        "died due to signal",
        "{tool} failed of itself: signal {what}",
        "nvcc ('cicc' died due to signal N)",
        r"'(?P<tool>\w{1,20})(?:\.exe)?' died (?:due to|with) (?:signal |status )"
        r"(?P<what>[\w ]{1,40})",
        0.9,
        ("signal 9", "Kill signal"),
    ),
    Text(
        "SIGSEGV",
        "rustc failed of itself: {what}",
        "cargo (process didn't exit successfully: `rustc ...` (signal: 11, SIGSEGV))",
        r"process didn't exit successfully: [^\n]{0,60}rustc[^\n]{0,3000}\((?P<what>signal: 11,"
        r" SIGSEGV)",
        0.9,
    ),
    Text(
        "rustc interrupted by SIGSEGV",
        "rustc failed of itself: SIGSEGV",
        "rustc_driver signal_handler.rs",
        confidence=0.93,
    ),
    Text(
        "LLVM ERROR",
        "LLVM failed: {what}",
        "LLVM ErrorHandling.cpp (report_fatal_error)",
        r"LLVM ERROR: (?P<what>[^\n]{1,160})",
        0.8,
        ("out of memory", "IO failure", "No space left", "Cannot select"),
    ),
    Text(
        "LLVM ERROR",
        "LLVM has no instruction for this: {what}",
        "LLVM SelectionDAGISel (Cannot select)",
        r"LLVM ERROR: (?P<what>Cannot select[^\n]{1,160})",
        0.88,
    ),
    Text(
        "assertion fail",
        "the linker failed of itself: {what}",
        "binutils bfd/bfd.c (BFD assertion fail)",
        r"BFD \([^)\n]{0,80}\) [\d.]{1,12} assertion fail (?P<what>\S{1,120})",
        0.6,
    ),
    Text(
        "internal error",
        "the linker failed of itself: {what}",
        "binutils gold/errors.cc, bfd/bfd.c (internal error, aborting at)",
        r"(?:ld(?:\.\w{2,5})?|BFD[^\n]{0,60}|as): internal error[,:]? (?P<what>[^\n]{0,160})",
        0.9,
    ),
    Text(
        "Segmentation fault",
        "the compiler failed of itself: it was called by {tool} and got a fault",
        "bash jobs.c (libtool: line N: PID Segmentation fault (core dumped) CC ...)",
        r"(?P<tool>\S{1,120}): line \d{1,6}: {1,4}\d{1,8} Segmentation fault\s{1,12}"
        r"(?:\(core dumped\) )?(?:[^\s;]{0,200}/)?(?:[\w.]{1,20}-){0,4}"
        r"(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|rustc|ld|as|gfortran)(?:-[\d.]{1,5})? ",
        0.85,
    ),
    Text(
        "signal: segmentation fault",
        "a tool of Go failed of itself: {what}",
        "cmd/go (os/exec ExitError of compile, asm, link, cgo)",
        r"(?P<what>pkg/tool/\w{3,20}/(?:compile|asm|link|cgo|vet)): signal: segmentation fault",
        0.88,
    ),
    Text(
        "Assertion failed",
        "ld64 failed of itself: {what}",
        "ld64 (Assertion failed: (...), function ..., file ...)",
        r"\bld: Assertion failed: (?P<what>[^\n]{1,160})",
        0.93,
    ),
    Text(
        "Assertion failed",
        "the linker of Apple failed of itself: {what}",
        "ld-prime (Assertion failed in a dump with `ld -v`), dyld's Fixup.cpp, Relocations.cpp",
        r"Assertion failed: (?P<what>\([^\n]{1,120}\), function \w{1,60}, file "
        r"(?:Fixup|Relocations|Layout|Atom|Snapshot|ld|Resolver)[\w.]{0,20})",
        0.88,
    ),
    Text(
        "ld: bus error",
        "the linker failed of itself",
        "shells and drivers of old Unix systems",
        confidence=0.8,
    ),
)


_NO_MEMORY = ("LLVM ERROR: out of memory", "virtual memory exhausted", "annot allocate memory")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The first fault that a tool had; those of a killed one are said with less weight."""
    telling = [hit for hit in hits if not log.build.probe(hit.number)]
    if not telling:
        return
    best = surest(telling)
    killed = "Killed" in best.line or "signal: 9" in best.line or log.has(*_NO_MEMORY)
    yield said(best, telling, remedies=_mend(log, killed), confidence=0.72 if killed else 0.0)


def _mend(log: Log, killed: bool) -> Iterator[Remedy]:
    if killed:
        yield Remedy(
            "Give the compiler more memory: fewer jobs at a time, or swap",
            "make -j1",
            safe=True,
            verify="dmesg | grep -i 'killed process'",
        )
        return
    yield Remedy(
        "Run the same step again alone; if it fails in another place, suspect the machine",
        "make -j1 VERBOSE=1",
        safe=True,
        verify="the same file fails again with the same message",
    )
    if log.has("rustc"):
        yield Remedy("Try another release of rustc", "rustup update && cargo clean", safe=True)
    elif log.has("cmd/compile", "go build", ".go:"):
        yield Remedy(
            "Try the newest patch release of this Go", "go env GOVERSION && go clean -cache"
        )
    else:
        yield Remedy("Compile that file with less optimisation, or with another release (-O1)")


RULE = Rule("build.compiler-crash", texts=TEXTS, weigh=weigh, yields_to=("run.emulator-bug",))
