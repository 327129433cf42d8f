"""The translator itself fails on a valid program

What is wrong
-------------
The program is right and runs on a machine of its own ISA, but the translator it runs
under does not do what that machine would: qemu dies with `QEMU internal SIGSEGV`, the
program with `qemu: uncaught target signal 11`, Rosetta for Linux says `rosetta error:
...` or `assertion failed [...] (ThreadContextVm.cpp:47 mmap)`, Go's runtime stops with
`lfstack.push invalid packing`, or a system call is `Function not implemented`.

Why it happens
--------------
User-mode translators emulate the kernel's interface as well as the instructions: signals,
threads, futexes, the layout of the address space, ptrace and io_uring are where they
fall short. Each kernel and each release of a translator brings other gaps.

Remedy
------
Build for the machine that builds (cross compile on `--platform=$BUILDPLATFORM`), use a
native runner, or another release of the translator; Docker Desktop has a switch between
Rosetta and qemu.

References
----------
- qemu linux-user/signal.c (dump_core_and_abort: uncaught target signal; die_from_signal:
  QEMU internal), linux-user/syscall.c, linux-user/elfload.c (guest_base)
- golang/go 69255 (lfstack.push under qemu-user), runtime/lfstack.go
- Docker for Mac 7037, 7220 (Rosetta for Linux)

Limits
------
A program that would crash on its own machine too ends with the same words of qemu. Seen
apart are only faults of Go programs, which Go's own traceback shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest
from archfit.rules.start_failure import out_of_reach, translator_of

#: A fatal error that a program brings about on any processor.
_FATAL = (
    r"^fatal error: (?!all goroutines|concurrent map|stack overflow|(?:runtime: )?(?:out of|cannot"
    r" allocate) memory|sync: |newosproc|found bad pointer|sweep increased|non-Go code|checkdead)"
)
TEXTS = (
    Text(
        "uncaught target signal",
        "the program died of signal {signal} ({name}) under qemu",
        "qemu linux-user/signal.c (dump_core_and_abort)",
        r"uncaught target signal (?P<signal>\d{1,2}) \((?P<name>[^)\n]{1,40})\)",
        0.88,
    ),
    Text(
        "QEMU internal",
        "qemu itself died of {name}",
        "qemu linux-user/signal.c (die_from_signal), 8.1 and later",
        r"QEMU internal (?P<name>SIG[A-Z]{2,5})",
        0.96,
    ),
    Text(
        "qemu",
        "qemu itself failed: {what}",
        "qemu tcg, linux-user and accel assertions (g_assert, tcg_abort, error_report)",
        r"(?:qemu-[a-z0-9_]{2,12}(?:-static)?|qemu): (?P<what>(?:\.\./|/)[^\n]{0,200}"
        r"[Aa]ssertion [^\n]{0,200}failed|[^\n]{0,120}(?:Unable to (?:find a guest_base|reserve "
        r"0x|allocate)|Unsupported syscall|Unsupported (?:ioctl|ancillary|socket|target)|"
        r"Unknown (?:host|target) (?:QEMU_IFLA|type)|Trying to execute code outside|"
        r"unhandled CPU exception|fatal: |Could not allocate dynamic translator|"
        r"cannot (?:set up guest memory|find hole)|Unable to find (?:space|hole))[^\n]{0,120})",
        0.85,
        ("-system-", "qemu-img"),
    ),
    Text(
        "Unsupported syscall",
        "the translator does not know system call {number}",
        "qemu linux-user/syscall.c (-d unimp)",
        r"Unsupported syscall: (?P<number>\d{1,4})",
        0.85,
    ),
    Text(
        "rosetta error",
        "Rosetta for Linux failed: {what}",
        "Rosetta for Linux",
        r"rosetta error: (?P<what>[^\n]{3,200})",
        0.95,
        ("failed to open elf", "only intended to run"),
    ),
    Text(
        "assertion failed",
        "Rosetta failed at an assertion of its own",
        "Rosetta (assertion failed [condition]: text (File.cpp:line function))",
        r"assertion failed \[[^\n]{3,200}\](?:: [^\n]{3,300})",
        0.9,
    ),
    Text(
        "lfstack.push invalid packing",
        "the translator places memory where Go's runtime does not expect it",
        "Go runtime/lfstack.go",
        confidence=0.93,
    ),
    Text(
        "failed to create new OS thread",
        "the translator does not know the way in which Go starts threads",
        "Go runtime/os_linux.go, under old qemu (clone: EINVAL)",
        r"failed to create new OS thread \(have \d{1,7} already; errno=22\)",
        0.9,
    ),
    *(
        Text(
            needle,
            "the translator does not know a system call that the program needs",
            "strerror(ENOSYS) where the text speaks of a translator",
            confidence=0.82,
        )
        for needle in ("Function not implemented", "function not implemented")
    ),
    Text(
        "Failed to find vdso",
        "Rosetta does not know the layout of this kernel's vDSO",
        "Rosetta for Linux (Vdso.cpp)",
        confidence=0.96,
    ),
    Text(
        "bss_size overflow",
        "Rosetta can't load the program",
        "Rosetta for Linux",
        confidence=0.93,
    ),
    Text(
        "MADV_DONTNEED does not work",
        "qemu does not do what jemalloc asks of madvise",
        "jemalloc src/pages.c",
        confidence=0.7,
    ),
    *(
        Text(
            needle,
            "Go's own runtime faults under {translator}, where it does not on a real processor",
            "Go runtime (a fault on goroutine 0 in frames of package runtime alone)",
            pattern,
            0.88,
        )
        for needle, pattern in (
            ("SIGSEGV: segmentation violation", ""),
            ("unexpected fault address", ""),
            ("bad g in signal handler", ""),
            ("morestack on gsignal", ""),
            ("fatal error", _FATAL),
        )
    ),
    Text(
        "Segmentation fault",
        "a system program crashed under the translator",
        "dpkg and shells in an emulated build",
        confidence=0.7,
    ),
)
#: What is said of any crash and is nothing of a translator's own unless one is named.
_NEEDS_TRANSLATOR = ("unction not implemented", "lfstack.push", "Segmentation fault")
_GO_TRACE = r"(?m)^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\["
#: The fault is in C code that the program calls.
_IN_C = ("signal arrived during cgo execution", "_Cfunc_", "runtime.cgocall")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """Words of a translator's own, or of Go's runtime and the kernel under a translator."""
    translator = translator_of(log)
    left = [
        hit
        for hit in hits
        if translator
        or out_of_reach(hit.line)
        or not any(word in hit.text.needle for word in _NEEDS_TRANSLATOR)
    ]
    left = [hit for hit in left if not _weak(hit, log, translator)]
    if not left:
        return
    best = surest(left)
    confidence = best.text.confidence
    if best.text.needle == "uncaught target signal":
        if best.group("signal") == "4":
            return
        if best.group("signal") in ("6", "5") and not translator_named_twice(log):
            confidence = 0.75
        if re.search(_GO_TRACE, log.text):
            return  # Go has seen the fault itself, said what it was, and raised it again
    elif best.text.needle == "assertion failed" and not _of_rosetta(log, best):
        return
    message = best.text.says.replace("{translator}", translator)
    if message == best.text.says:
        message = ""
    yield said(best, left, message=message, remedies=_mend(log, translator), confidence=confidence)


def _weak(hit: Hit, log: Log, translator: str) -> bool:
    """A crash that is the translator's only in an emulated build of packages, or in Go's
    runtime itself."""
    needle = hit.text.needle
    if "{translator}" in hit.text.says:
        own = "signal handler" in needle or "gsignal" in needle or _in_runtime(hit, log)
        return not translator or not own or log.has(*_IN_C)
    if needle == "Segmentation fault":
        return not log.has("dpkg: error processing", "Processing triggers for libc-bin")
    if "not implemented" in needle:
        return log.has("kernel too old") or not log.says("qemu", "osetta", "--platform")
    return False


def _in_runtime(hit: Hit, log: Log) -> bool:
    """The first goroutine after the line has frames of Go's runtime only."""
    frames: list[str] = []
    for line in log.around(hit.number, 0, 60):
        if line.startswith(("\t", "    ")) or not line.strip():
            if frames and not line.strip():
                break
            continue
        if re.match(r"[\w./*()-]{1,120}\(.*\)$", line):
            frames.append(line)
    return bool(frames) and all(frame.startswith("runtime.") for frame in frames)


def translator_named_twice(log: Log) -> bool:
    """The text speaks of the translator beyond the one line of the crash."""
    return log.says("osetta", "--platform", "binfmt", "buildx", "qemu-user", "linux/arm64->")


def _of_rosetta(log: Log, hit: Hit) -> bool:
    near = "\n".join(log.around(hit.number, 0, 2))
    return bool(re.search(r"\(\w{3,60}\.(?:cpp|h|hpp):\d{1,5} \w{1,80}\)", near))


def _mend(log: Log, translator: str) -> Iterator[Remedy]:
    if log.says("docker", "buildx", "buildkit", "FROM ", "container", "#0 "):
        yield Remedy(
            "Run the compiler on the build platform and let it cross compile, so that nothing "
            "is translated",
            "FROM --platform=$BUILDPLATFORM golang AS build  # then GOARCH=$TARGETARCH go build",
            verify="docker buildx build --platform linux/amd64,linux/arm64 .",
        )
    if "osetta" in translator or log.says("Docker Desktop", "osetta"):
        yield Remedy(
            "Use the image for arm64, update macOS, or switch Rosetta off in the virtual "
            "machine's settings (qemu then translates, slower)",
            "docker run --platform linux/arm64 IMAGE",
            verify="docker run --rm --platform linux/arm64 IMAGE uname -m",
        )
    else:
        yield Remedy(
            "Bring a newer qemu (the kernel opens it at registration: register it anew)",
            "docker run --privileged --rm tonistiigi/binfmt --uninstall qemu-'*' && "
            "docker run --privileged --rm tonistiigi/binfmt --install all",
            verify="docker run --privileged --rm tonistiigi/binfmt",
        )
    yield Remedy("Build and test on a machine of that ISA (a native runner)")


RULE = Rule("run.emulator-bug", texts=TEXTS, weigh=weigh)
