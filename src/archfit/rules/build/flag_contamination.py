"""A flag for one language, compiler or linker reaches another

What is wrong
-------------
A tool is given an option that is not for it and refuses: clang `invalid argument
'-std=c++17' not allowed with 'C'`, gcc `unrecognized command-line option`, cgo `invalid
flag in #cgo CFLAGS`, clang on macOS `unsupported option '-fopenmp'`, a linker `unknown
option`, go `-race requires cgo`.

Why it happens
--------------
C++ flags stand in CFLAGS (or in CGO_CPPFLAGS, which C sees too), or a build tool hands one
list to all languages; gcc's flags reach clang, GNU ld's reach Apple's linker and the other
way round; pkg-config of a library returns flags that cgo does not allow; an option asks for
a way to link that the target does not have (-static on macOS, -race without cgo).

Remedy
------
Put the flag where only its language and tool see it (CXXFLAGS and CGO_CXXFLAGS for C++,
`#cgo linux LDFLAGS:` for one system), or allow it (CGO_CFLAGS_ALLOW).

References
----------
- cmd/go/internal/work/security.go (invalid flag in); cmd/cgo documentation, CGO_*FLAGS
- clang DiagnosticDriverKinds.td (err_drv_argument_not_allowed_with); GCC c-family/c-opts.cc
- cmd/go/internal/work/init.go (instrumentInit, buildModeInit)

Limits
------
gcc only warns of a C++ flag for C: that is no failure and no finding. A flag of another
processor is build.cross-cc.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.machine_flags import OPTIONS, for_apple, for_one_machine
from archfit.rules.said import said, surest

_NOT_FOR = "{flag} is not for {what}"
_MODE = "{flag} asks for a way to link that this target does not have"
TEXTS = (
    *OPTIONS,
    Text(
        "invalid flag in",
        "cgo does not allow the flag {flag} in {where}",
        "cmd/go/internal/work/security.go (checkFlags), since Go 1.9.4",
        r"invalid flag in (?P<where>#cgo \w{1,12}|pkg-config --?\w{1,12}|\$?CGO_\w{1,20}"
        r"|go:cgo_ldflag|[\w -]{1,30}): "
        r"(?P<flag>[^\n`]{1,200}?)(?: \(see |[`'] |\s*$)",
        0.96,
    ),
    Text(
        "invalid pkg",
        "cgo takes no options in a #cgo pkg-config line: {flag}",
        "cmd/go/internal/work/exec.go (getPkgConfigFlags), since Go 1.10",
        r"invalid pkg-config package name: (?P<flag>-[^\n]{1,100})",
        0.94,
    ),
    Text(
        "unsupported linker arg",
        "Zig's linker does not know {flag}",
        "Zig src/main.zig (zig cc: unsupported linker arg, as an error)",
        r"error: unsupported linker arg: (?P<flag>-\S{1,100})",
        0.93,
    ),
    Text(
        "malformed",
        "cgo does not take {flag} in a #cgo line",
        "go/build/build.go (malformed #cgo argument)",
        r"malformed (?:#cgo|pkg-config) (?:argument|line):? ?(?P<flag>[^\n]{0,160})",
        0.9,
    ),
    Text(
        "not allowed with",
        _NOT_FOR,
        "clang DiagnosticDriverKinds.td (err_drv_argument_not_allowed_with)",
        r"error: invalid argument '(?P<flag>-[^'\n]{1,100})' not allowed with '(?P<what>"
        r"[^'\n]{1,60})'",
        0.96,
    ),
    Text(
        "invalid value",
        "the compiler does not know this value of {flag}",
        "clang DiagnosticDriverKinds.td (err_drv_invalid_value)",
        r"error: invalid value '(?P<what>[^'\n]{1,60})' in '(?P<flag>-[^'\n]{1,100})'",
        0.7,
    ),
    Text(
        "but not for",
        _NOT_FOR,
        "gcc/opts-global.cc (complain_wrong_lang), as an error",
        r"error: command[- ]line option [‘'\"`](?P<flag>-[^’'\"\n]{1,100})[’'\"] is valid for "
        r"[^\n]{1,60} but not for (?P<what>[\w+/ ]{1,20})",
        0.95,
    ),
    Text(
        "unknown warning option",
        "the compiler does not know the warning {flag}",
        "clang DiagnosticGroups (warn_unknown_warning_option with -Werror)",
        r"error: unknown warning option '(?P<flag>-[^'\n]{1,100})'",
        0.85,
    ),
    Text(
        "no option",
        "the compiler does not know the warning {flag}",
        "gcc/opts.cc (enable_warning_as_error)",
        r"error: [‘']?(?P<flag>-Werror=[\w-]{1,60})[’']?: no option",
        0.85,
    ),
    Text(
        "may not be used without",
        "the linker took {flag} for another option: it is Apple's -framework or a compiler's flag",
        "GNU ld lexsup.c (-f may not be used without -shared)",
        r"ld(?:\.\w{2,5})?: (?P<flag>-f|-F|--auxiliary) may not be used without -shared",
        0.88,
    ),
    Text(
        "may not be used together",
        "two options of the linker exclude each other: {flag}",
        "GNU ld lexsup.c (-r and -pie may not be used together)",
        r"ld(?:\.\w{2,5})?: (?P<flag>-\S{1,30} and -\S{1,30}) may not be used together",
        0.7,
    ),
    Text(
        "unable to disambiguate",
        "the linker does not know {flag}",
        "GNU ld lexsup.c since 2.36",
        r"unable to disambiguate: (?P<flag>-\S{1,80})",
        0.85,
    ),
    Text(
        "unknown command line option",
        "the linker does not know {flag}",
        "mold cmdline.cc",
        r"mold: (?:fatal|error): unknown command line option: (?P<flag>-\S{1,100})",
        0.85,
    ),
    Text(
        "Unknown command line argument",
        "LLVM does not know the option {flag}",
        "LLVM CommandLine.cpp (behind -mllvm)",
        r"Unknown command line argument '(?P<flag>-[^'\n]{1,100})'",
        0.85,
    ),
    Text(
        "Unknown option",
        "nvcc does not know the option {flag}",
        "nvcc (nvcc fatal: Unknown option 'X'): options for the host's compiler go behind"
        " -Xcompiler",
        r"nvcc fatal {0,4}: Unknown option '(?P<flag>[^'\n]{1,100})'",
        0.93,
    ),
    Text(
        "is not defined for option",
        "nvcc does not know this value of {flag}",
        "nvcc (Value 'X' is not defined for option 'Y')",
        r"nvcc fatal {0,4}: Value '[^'\n]{1,80}' is not defined for option '(?P<flag>"
        r"[^'\n]{1,60})'",
        0.8,
    ),
    Text(
        "Command line error",
        "the Microsoft compiler was given a flag of gcc: {flag}",
        "MSVC cl, D8016, D8021, D8004",
        r"Command line error D8\d\d\d ?: [^'\n]{0,80}'?(?P<flag>[/-][^'\n]{1,100})'?",
        0.9,
    ),
    Text(
        "requires cgo",
        _MODE + ": it needs cgo, and cgo is off",
        "cmd/go/internal/work/init.go (instrumentInit)",
        r"(?P<flag>-race|-msan|-asan) requires cgo",
        0.9,
    ),
    Text(
        "is only supported on",
        _MODE,
        "cmd/go/internal/work/init.go (-race is only supported on), before Go 1.17",
        r"(?P<flag>-race|-msan|-asan)(?: and -\w{2,5} [\w ]{1,20})? is only supported on",
        0.9,
    ),
    Text(
        "is not supported on",
        _MODE,
        "cmd/go/internal/work/init.go (-race is not supported on os/arch)",
        r"(?P<flag>-race|-msan|-asan) is not supported on",
        0.9,
    ),
    Text(
        "not supported on",
        _MODE,
        "cmd/go/internal/work/init.go, cmd/link/internal/ld/config.go (-buildmode=X not"
        " supported on)",
        r"(?P<flag>-?buildmode[= ][\w-]{1,12}|-linkshared) not supported on",
        0.9,
    ),
    Text(
        "external linking required",
        "internal linking was asked for, which this build does not allow",
        "cmd/link/internal/ld/config.go (internal linking requested but external linking required)",
        r"internal linking requested (?P<flag>[^\n]{0,60})but external linking required",
        0.75,
    ),
    Text(
        "lcrt0.o",
        "-static asks for a static program, which macOS does not have",
        "ld64 on `clang -static` (library not found for -lcrt0.o)",
        confidence=0.94,
    ),
    Text(
        "crt0.o",
        "-static asks for a static program, which macOS does not have",
        "ld-prime on `clang -static` (library 'crt0.o' not found)",
        r"library 'crt0\.o' not found",
        0.94,
    ),
    Text(
        "is valid for the driver but",
        "{flag} reached the compiler proper instead of the driver",
        "gcc/opts-global.cc; also -Xpreprocessor without its argument",
        r"error: command[- ]line option [‘'](?P<flag>-[^’'\n]{1,80})[’'] is valid for the driver",
        0.88,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest refused flag that is not one of another machine."""
    telling = [hit for hit in hits if not log.build.probe(hit.number) and _strays(hit, log)]
    if not telling:
        return
    best = surest(telling)
    sure = best.text.confidence
    if best.text in OPTIONS:
        sure = 0.78 if best.group("flag").startswith(("-std", "-f", "-W", "-stdlib")) else 0.7
        if best.group("flag").startswith("-fopenmp"):
            sure = 0.92
    yield said(best, telling, remedies=_mend(best, log), confidence=sure)


def _strays(hit: Hit, log: Log) -> bool:
    if hit.text not in OPTIONS:
        return True
    flag = hit.group("flag")
    if flag in ("-V", "-qversion", "-version"):
        return False
    native = flag.startswith(("-march=native", "-mcpu=native", "-mtune=native"))
    return native or not for_one_machine(flag)


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    flag, text = hit.group("flag"), hit.text
    if text.needle == "invalid flag in":
        where = hit.group("where")
        variable = (
            "CGO_LDFLAGS_ALLOW"
            if "LDFLAGS" in where or "libs" in where
            else ("CGO_CXXFLAGS_ALLOW" if "CXXFLAGS" in where else "CGO_CFLAGS_ALLOW")
        )
        yield Remedy(
            "Allow this flag",
            f"{variable}='{re.escape(flag)}' go build ./...",
            verify="go build ./... says nothing of invalid flags",
        )
        if flag.startswith("-I") and "LDFLAGS" in where:
            yield Remedy("-I is for the compiler: move it to `#cgo CFLAGS:`")
    elif text.needle in ("requires cgo", "is only supported on", "is not supported on"):
        yield Remedy(
            f"Build without {flag}, or with cgo and a C compiler on a target that has it",
            f"CGO_ENABLED=1 go build {flag} ./...",
            verify="go env CGO_ENABLED CC",
        )
    elif "crt0" in text.needle:
        yield Remedy("Leave -static out: on macOS link the archives one by one by their path")
    elif flag.startswith("-fopenmp"):
        yield Remedy(
            "Apple's clang has no OpenMP driver option: hand it to the preprocessor, with libomp",
            "brew install libomp && export CFLAGS='-Xpreprocessor -fopenmp' LDFLAGS=-lomp",
            verify="echo '#include <omp.h>' | cc -Xpreprocessor -fopenmp -fsyntax-only -xc -",
        )
    elif "std=" in flag and ("++" in flag or "C" in hit.group("what")):
        plus = "++" in flag
        yield Remedy(
            f"Give {flag} to {'C++' if plus else 'C'} only",
            f"export CGO_{'CXX' if plus else 'C'}FLAGS='{flag}'  # and take it out of the other",
            verify="go env CGO_CFLAGS CGO_CXXFLAGS CGO_CPPFLAGS",
        )
    elif for_apple(flag) and log.platform.os != "darwin":
        yield Remedy(f"{flag} is for Apple's tools: put it under `#cgo darwin LDFLAGS:`")
    else:
        yield Remedy(
            f"Find where {flag or 'the flag'} comes from and keep it from this tool",
            "go env | grep FLAGS; env | grep FLAGS",
            safe=True,
        )


RULE = Rule(
    "build.flag-contamination",
    texts=TEXTS,
    weigh=weigh,
    yields_to=("build.cross-cc", "build.go-too-old", "build.sdk"),
)
