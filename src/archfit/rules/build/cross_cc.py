"""The C compiler, assembler or linker is for another target than the build

What is wrong
-------------
The go command (cargo, CMake, ...) builds for one target and hands C, assembly or objects to
a tool of another: gcc says `unrecognized command-line option '-marm'` (or -m64, -arch,
-mthreads), clang `unsupported option`, the assembler `no such instruction: 'ldp'`, the
linker `unrecognised emulation mode` or that Go's own `go.o` has a format it does not know.
Or the cross compiler that was asked for is not installed: `C compiler
"aarch64-linux-gnu-gcc" not found`.

Why it happens
--------------
GOOS and GOARCH choose what Go builds, not which C compiler it calls: that is CC (and CXX),
and without it the host's gcc or clang is taken. With CGO_ENABLED=1 the C part is then
compiled for the host.

Remedy
------
Install a C compiler for the target and name it in CC and CXX, or build on the target, or
do without cgo.

References
----------
- cmd/cgo documentation, "Using cgo with the go command" (CC_FOR_TARGET, CC)
- cmd/go/internal/work/exec.go (gccArchArgs: -m64, -marm, -arch, -mthreads per target)
- GCC manual, "Machine-Dependent Options"; binutils gas/config/tc-*.c, ld/ldemul.c

Limits
------
Code for one ISA that is compiled for another looks the same; the message then names the
project's own file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.absent_tools import (
    ABSENT,
    cross_compiler,
    cross_tool,
    foreign_tool,
    target_of,
    tool_of,
)
from archfit.rules.machine_flags import OPTIONS, for_apple, for_one_machine
from archfit.rules.said import said, surest

_OPTION = "the C compiler is for another target: {flag} has no value {what}"
_VALUE = (
    r"error: (?:bad|unknown) value [‘'(]?(?P<what>[^’')\s]{1,60})[’')]? for [‘']?"
    r"(?P<flag>-m(?:arch|tune|cpu))"
)
_TARGET = r"error: unrecognized (?P<flag>-m(?:arch|tune|cpu)) target: (?P<what>\S{1,60})"
_ASSEMBLER = "the assembler is for another processor than the code: {what}"
_EMULATION = "the linker cannot write what is asked of it: {what}"

TEXTS = (
    *OPTIONS,
    *ABSENT,
    *(
        Text(
            f"gcc_{isa}.S",
            "the assembler is for another processor than Go's own {what}",
            "GNU as in any language, on runtime/cgo/gcc_*.S (gcc_arm64.S: Assembler messages:)",
            rf"(?P<what>gcc_{isa}\.S):(?: [A-Z][^\n]{{1,60}}:\s*$|\d{{1,5}}: \S{{1,12}}: )",
            0.88,
        )
        for isa in ("arm64", "amd64", "arm", "386", "ppc64x", "s390x", "riscv64", "loong64")
    ),
    Text(
        "bad value",
        _OPTION,
        "gcc/config/i386/i386-options.cc (value of -march, -mtune)",
        _VALUE,
        0.85,
    ),
    Text(
        "unknown value",
        _OPTION,
        "gcc/config/aarch64/aarch64.cc (value of -march, -mtune, -mcpu)",
        _VALUE,
        0.85,
    ),
    *(
        Text(needle, _OPTION, "gcc/common/config/arm/arm-common.cc", _TARGET, 0.85)
        for needle in ("march target", "mtune target", "mcpu target")
    ),
    Text(
        "unknown target CPU",
        "the C compiler is for another target: it knows no processor {what}",
        "clang DiagnosticCommonKinds.td (err_target_unknown_cpu)",
        r"error: unknown target CPU '(?P<what>[^'\n]{1,60})'",
        0.85,
    ),
    Text(
        "unknown target triple",
        "the C compiler has no target {what}",
        "clang DiagnosticCommonKinds.td (err_target_unknown_triple)",
        r"target triple '(?P<what>[^'\n]{1,60})'",
    ),
    Text(
        "No available targets are compatible with",
        "the C compiler has no target {what}",
        "LLVM TargetRegistry.cpp (lookupTarget)",
        r"compatible with (?:this )?triple[. ]?[\"']?(?P<what>[\w.-]{0,60})",
    ),
    Text(
        "mode not compiled in",
        "the C compiler is a 32-bit one: 64-bit code is asked of it",
        "gcc/config/i386/i386-options.cc (sorry, unimplemented: 64-bit mode not compiled in)",
        r"(?P<what>\d\d-bit mode) not compiled in",
        0.93,
    ),
    Text(
        "does not support x86-64 instruction set",
        "the C compiler is set to a 32-bit processor",
        "gcc/config/i386/i386-options.cc",
        confidence=0.8,
    ),
    Text(
        "no such instruction",
        _ASSEMBLER,
        "GNU as for x86, gas/config/tc-i386.c (md_assemble)",
        r"Error: no such instruction: [`'](?P<what>[^'\n]{1,80})",
    ),
    Text(
        "unknown mnemonic",
        _ASSEMBLER,
        "GNU as for AArch64, gas/config/tc-aarch64.c",
        r"Error: unknown mnemonic [`'](?P<what>[^'\n]{1,60})'",
    ),
    Text(
        "bad instruction",
        _ASSEMBLER,
        "GNU as for ARM, gas/config/tc-arm.c",
        r"Error: bad instruction [`'](?P<what>[^'\n]{1,80})'",
    ),
    Text(
        "processor does not support",
        _ASSEMBLER,
        "GNU as for ARM and AArch64 (selected processor does not support)",
        r"Error: selected processor does not support [`'](?P<what>[^'\n]{1,80})'",
        0.75,
    ),
    Text(
        "unrecognized opcode",
        _ASSEMBLER,
        "GNU as for RISC-V, PowerPC, MIPS and s390, gas/config/tc-*.c",
        r"Error: [Uu]nrecognized opcode:? [`'](?P<what>[^'\n]{1,80})'",
    ),
    Text(
        "Unrecognized opcode",
        _ASSEMBLER,
        "GNU as for s390 and PowerPC",
        r"Error: [Uu]nrecognized opcode:? [`'](?P<what>[^'\n]{1,80})'",
    ),
    Text(
        "instruction mnemonic",
        _ASSEMBLER,
        "clang's assembler, */AsmParser/*AsmParser.cpp (invalid, unrecognized)",
        r"error: (?:invalid|unrecognized) instruction mnemonic '?(?P<what>[^'\n]{0,60})",
        0.8,
    ),
    Text(
        "invalid -march",
        "the assembler is for another processor: {what}",
        "GNU as for x86, gas/config/tc-i386.c",
        r"invalid -march= option: [`'](?P<what>[^'\n]{1,60})'",
    ),
    Text(
        "format of the input file",
        "strip (or objcopy) is the host's: it does not know the target's files",
        "binutils strip, objcopy (Unable to recognise the format of the input file)",
        r"(?:strip|objcopy|objdump)\S{0,40}: Unable to recogni[sz]e the format of the input file",
        0.85,
    ),
    Text(
        "toolchains folder for ABI with prefix",
        "the Android NDK has no toolchain for {what}",
        "Android Gradle plugin (No toolchains found in the NDK toolchains folder)",
        r"ABI with prefix: (?P<what>\S{1,60})",
        0.88,
    ),
    Text(
        "emulation mode",
        _EMULATION,
        "GNU ld, ld/ldemul.c (unrecognised emulation mode)",
        r"unrecogni[sz]ed emulation mode: (?P<what>\S{1,60})",
        0.92,
    ),
    Text(
        "unknown emulation",
        _EMULATION,
        "lld ELF/Driver.cpp (parseEmulation)",
        r"unknown emulation: (?P<what>\S{1,60})",
    ),
    Text(
        "as ELF",
        "cgo can't read what the C compiler writes",
        "cmd/cgo/gcc.go (cannot parse gcc output ... as ELF, Mach-O, PE, XCOFF object)",
        r"cannot parse (?:gcc output )?\S{1,200} as ELF",
        0.88,
    ),
    Text(
        "for_64_bit_pointer_matching",
        "the C compiler has another pointer size than GOARCH",
        "cmd/cgo/out.go (_check_for_64_bit_pointer_matching_GoInt in _cgo_export.h)",
        confidence=0.85,
    ),
    Text(
        "for_32_bit_pointer_matching",
        "the C compiler has another pointer size than GOARCH",
        "cmd/cgo/out.go (_check_for_32_bit_pointer_matching_GoInt in _cgo_export.h)",
        confidence=0.85,
    ),
    Text(
        "cannot run C compiled programs",
        "what the C compiler builds does not run here: it is a cross compiler, or its programs"
        " lack a library",
        "autoconf lib/autoconf/lang.m4 (If you meant to cross compile, use --host)",
        confidence=0.65,
    ),
    Text(
        "setresgid",
        "runtime/cgo for Linux is compiled with the headers of another system",
        "runtime/cgo/linux_syscall.c compiled on macOS",
        r"linux_syscall\.c:\d{1,5}:",
        0.93,
    ),
    Text(
        "runtime/cgo",
        "runtime/cgo is compiled with the headers of another system",
        "runtime/cgo/gcc_*.c and linux_syscall.c given to a compiler of another system",
        r"(?:^|\s)# runtime/cgo\s*$",
        0.9,
    ),
    Text(
        "windows.h",
        "runtime/cgo for Windows is compiled with the headers of another system",
        "runtime/cgo/gcc_libinit_windows.c",
        r"gcc_\w{0,40}windows\w{0,20}\.[ch]:\d{1,5}:\d{1,5}: fatal error: '?windows\.h",
        0.95,
    ),
    Text(
        "rcgu.o",
        "the linker is the host's: it does not know the objects of the target",
        "rustc's objects given to GNU ld or ld64 of the host",
        r"rcgu\.o: (?:Relocations in generic ELF|error adding symbols: [Ff]ile in wrong format"
        r"|file not recognized|[Ff]ile in wrong format)",
        0.88,
    ),
    Text(
        "go.o",
        "the C linker is told of another target than Go's: it ignores what Go made",
        "ld64 given the object that Go's linker wrote (ignoring file .../go.o)",
        r"ignoring file [^\n]{1,300}[/\\]go\.o['\"]?[,:]",
        0.7,
    ),
    Text(
        "go.o",
        "the C linker is the host's: it does not know the objects of the target",
        "GNU ld given the object that Go's linker wrote (go-link-*/go.o)",
        r"[/\\]go\.o(?:'|:|\))? ?(?:Relocations in generic ELF|error adding symbols: [Ff]ile in"
        r" wrong format"
        r"|file not recognized|[Ff]ile in wrong format|is incompatible with|[Ff]ile format not)",
        0.72,
    ),
)
_SYSTEMS = ("darwin", "freebsd", "openbsd", "netbsd", "windows", "linux", "android", "solaris")
_C_FILE = (
    r"(?:^|/)((?:gcc_|linux_)[a-z0-9_]{3,30}\.c):\d{1,5}:\d{1,5}: error: (?!'[\w/]{1,60}\.h'"
    r" file not)"
)
_ASM_FILE = r"gcc_[a-z0-9_]{3,30}\.[Sc]\b"
#: Instructions that their assembler is just too old for: the target is right.
_NEWER = r"^(?:v[a-z]|endbr|aes|sha|clmul|rdpid|mulx|adcx|tz|lz|bzhi|pdep|pext|k[a-z]{3})"


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest message that speaks of another target."""
    telling = [hit for hit in hits if not log.build.probe(hit.number) and _tells(hit, log)]
    if telling:
        best = surest(telling)
        yield said(best, telling, message=_message(best, log), remedies=_mend(best, log))


def _message(hit: Hit, log: Log) -> str:
    if hit.text in OPTIONS:
        return f"the tool is for another target: it does not know {hit.group('flag')}"
    if hit.text in ABSENT:
        return f"the compiler for the target is not installed: {_absent(hit, log)}"
    if hit.text.needle == "runtime/cgo":
        return f"{_misplaced(hit, log)} of runtime/cgo is compiled with another system's headers"
    return ""


def _tells(hit: Hit, log: Log) -> bool:
    flag = hit.group("flag").strip("‘'")
    if hit.text in OPTIONS:
        if flag.startswith("-march=native") or "fuse-ld" in flag:
            return False
        apple = for_apple(flag) and _for_darwin(log, hit)
        return for_one_machine(flag) or apple
    if hit.text in ABSENT:
        return foreign_tool(_absent(hit, log), log)
    if hit.text.needle == "runtime/cgo":
        return bool(_misplaced(hit, log))
    if hit.text.needle == "no such instruction":
        return not re.match(_NEWER, hit.group("what")) or _runtime(hit, log)
    if hit.text.needle == "instruction mnemonic":
        return _runtime(hit, log) or log.build.crosses
    return True


def _misplaced(hit: Hit, log: Log) -> str:
    """A C file of runtime/cgo, for another system than this, that is refused."""
    home = log.build.host[0] or log.platform.os
    for line in log.around(hit.number + 1, 0, 40):
        found = re.search(_C_FILE, line)
        if found is not None and any(x in found[1] and x != home for x in _SYSTEMS):
            return found[1]
    return ""


def _absent(hit: Hit, log: Log) -> str:
    """The cross tool that is not there, "" when it is none."""
    if hit.text.needle.startswith("is not a full path"):
        return next(filter(None, map(cross_tool, log.around(hit.number, 4, 0))), "")
    return cross_tool(tool_of(hit))


def _runtime(hit: Hit, log: Log) -> bool:
    return bool(re.search(_ASM_FILE, hit.line)) or log.build.package(hit.number) == "runtime/cgo"


def _for_darwin(log: Log, hit: Hit) -> bool:
    return log.build.target[0] in ("darwin", "ios") or log.has(
        "darwin_arm64", "darwin_amd64", "darwin/arm64", "darwin/amd64"
    )


def _target(hit: Hit, log: Log) -> tuple[str, str]:
    """(os, ISA) that is built for, as far as the text tells."""
    system, isa = log.build.target
    if hit.text in ABSENT:
        system, isa = target_of(_absent(hit, log))
    flag = hit.group("flag")
    if flag.startswith("-mthreads"):
        system = system or "windows"
    if flag.startswith("-arch"):
        system = system or "darwin"
    if not isa and flag.startswith(("-marm", "-mthumb", "-mfpu", "-mfloat")):
        isa = "arm"
    elif not isa and "arm64" in hit.line:
        isa = "arm64"
    return system or ("linux" if isa else ""), isa


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    system, isa = _target(hit, log)
    home = log.build.host[0] or ("" if log.platform.os == system else log.platform.os)
    install, tool = cross_compiler(system or "linux", isa or "", home)
    verify = "archfit check PROGRAM"
    if tool:
        yield Remedy(
            f"Install a C compiler for {system}/{isa} and name it in CC",
            f"{install} && CGO_ENABLED=1 GOOS={system} GOARCH={isa} CC={tool} go build ./...",
            verify=verify,
        )
    else:
        yield Remedy(
            "See for which target the compiler is, and name one for the build's target in CC",
            "go env GOOS GOARCH CC && $(go env CC) -dumpmachine",
            verify=verify,
        )
    yield Remedy(
        "Build without cgo, if the program can do without its C part",
        f"CGO_ENABLED=0{_pair(system, isa)} go build ./...",
        safe=True,
        verify=verify,
    )


def _pair(system: str, isa: str) -> str:
    return "".join(f" {k}={v}" for k, v in (("GOOS", system), ("GOARCH", isa)) if v)


RULE = Rule(
    "build.cross-cc",
    texts=TEXTS,
    weigh=weigh,
    yields_to=("build.go-too-old",),
)
