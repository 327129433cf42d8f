"""It needs a newer system than this one

What is wrong
-------------
The file states the lowest version of the operating system that it runs on, and this host
is below it: dyld says `built for macOS 26.0 which is newer than running OS`, glibc says
`FATAL: kernel too old`.

Why it happens
--------------
The deployment target of the build (MACOSX_DEPLOYMENT_TARGET, `-mmacosx-version-min`, the
SDK's default) or the toolchain's own minimum is above this host. Each Go release raises
the lowest macOS it supports.

Remedy
------
Build with a lower deployment target or with a toolchain that still supports this system,
or upgrade the host.

References
----------
- <mach-o/loader.h>: LC_BUILD_VERSION minos, LC_VERSION_MIN_MACOSX
- glibc, .note.ABI-tag (gABI note type 1) and sysdeps/unix/sysv/linux/dl-sysdep.h
- Go release notes, "Ports", Darwin

Limits
------
System calls and frameworks used are not looked at, only what the file declares. None of the
messages of a Mac could be made where the project is built; they are written after what
others reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.execution import pick
from archfit.rules.fit import fit, proof, slice_proof, version
from archfit.rules.said import said, surest


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The declared minimum of the slice that would be started, against the host's version."""
    system = h.OS.require(host)
    if b.OS.require(facts) != system or b.TYPE.of(facts) not in ("executable", "shared", "bundle"):
        return
    one = pick(b.SLICES.require(facts), system, host)
    if one is None or not one.get("min_os"):
        return
    there = _host_version(system, host)
    if there is None:
        return
    darwin = system == "darwin"
    wanted, name = str(one["min_os"]), "macOS" if darwin else "kernel"
    if version(wanted) <= version(there):
        return
    yield from fit(
        need={name: f">= {wanted}"},
        offer={name: there},
        message=f"needs {name} {wanted} or newer; this host has {there}",
        evidence=slice_proof(one, "min_os") + proof(host, h.OS_VERSION if darwin else h.KERNEL),
        remedies=tuple(_remedies(facts, one, system, there)),
    )


def _host_version(system: str, host: Facts) -> str | None:
    if system == "darwin":
        return h.OS_VERSION.of(host)
    kernel = h.KERNEL.of(host)
    return kernel.partition("-")[0] if kernel and system == "linux" else None


def _remedies(facts: Facts, one: dict[str, Any] | Any, system: str, there: str) -> Iterator[Remedy]:
    verify = "archfit check {subject}"
    if system != "darwin":
        yield Remedy("Run it on a newer kernel, or build it for this one", verify=verify)
        return
    if go.VERSION.of(facts):
        yield Remedy(
            f"Build it with a Go release that still supports macOS {there}",
            verify=verify,
        )
        return
    yield Remedy(
        f"Build it with a deployment target of {there}",
        f"MACOSX_DEPLOYMENT_TARGET={there} make",
        safe=True,
        verify=verify,
    )


TEXTS = (
    Text(
        "kernel too old",
        "its C library needs a newer kernel than this one",
        "glibc sysdeps/unix/sysv/linux/dl-sysdep.c (FATAL: kernel too old)",
        r"(?:FATAL: |: )?kernel too old",
        0.96,
    ),
    Text(
        "newer than running OS",
        "{path} was built for macOS {need}, which is newer than this one",
        "dyld (built for macOS X which is newer than running OS)",
        r"(?:built for (?:macOS|iOS|Mac OS X) (?P<need>[\d.]{1,10})[^\n]{0,20})?"
        r"newer than running OS",
        0.96,
    ),
    Text(
        "which was built for",
        "{path} was built for macOS {need}, which is newer than this one",
        "dyld 2 and 3 (Referenced from: ... (which was built for Mac OS X ...))",
        r"(?:Referenced from: (?P<path>[^(\n]{1,300}) )?\(which was built for (?:Mac OS X|macOS) "
        r"(?P<need>[\d.]{1,10})\)",
        0.93,
    ),
    Text(
        "Symbol not found",
        "it uses {symbol}, which the system libraries of this macOS do not have yet",
        "dyld (Expected in: /usr/lib/..., /System/Library/...)",
        r"Symbol not found: \(?(?P<symbol>[\w$@.]{1,200})",
        0.85,
    ),
    *(
        Text(
            needle,
            "the kernel is older than what the program asks of it",
            "field reports",
            r"(?i)\bmy (?:linux )?kern[ea]l (?:is|was|may be|might be) (?:too|very|so) old"
            r"|\bkern[ea]l (?:is|was) too old\b",
            0.75,
        )
        for needle in ("too old", "very old")
    ),
    Text(
        "macOS",
        "it needs macOS {need} or later",
        "macOS Launch Services, installers, Homebrew",
        r"(?:requires?|needs?|You need|supported (?:only )?on) (?:at least )?"
        r"(?:macOS|Mac OS X|OS X)"
        r"(?: version)? (?P<need>1[0-9](?:\.\d{1,2})?(?:\.\d{1,2})?)(?: or (?:later|newer|above|"
        r"higher)|\+| and (?:later|above))|can.t use this version of the application [^\n]{0,120}"
        r"with this version of macOS|minimum macOS version",
        0.85,
        ("info:", "Requires macOS to build"),
    ),
    Text(
        "could not be located in the dynamic link library",
        "it calls {symbol}, which this Windows does not have yet",
        "Windows loader dialog (procedure entry point)",
        r"[Pp]rocedure entry point (?P<symbol>\S{1,100}) could not be located in the dynamic link "
        r"library (?P<path>[^\n]{0,200}(?:KERNEL|kernel|api-ms|ucrt|bcrypt|ntdll|USER32|user32|"
        r"combase|WS2_32|ADVAPI|advapi)[^\n]{0,60})",
        0.93,
    ),
    Text(
        "bcryptprimitives.dll",
        "Go 1.21 and later need Windows 10",
        "Go runtime/os_windows.go (bcryptprimitives.dll not found) on Windows 7 and 8",
        r"bcryptprimitives\.dll (?:not found|could not)|(?:[Ff]ailed to load|load) "
        r"bcryptprimitives\.dll",
        0.95,
    ),
    Text(
        "Exception 0xc0000005 0x8 0x0 0x0",
        "Go 1.21 and later need Windows 10: a function that this Windows lacks is called",
        "Go runtime/sys_windows_amd64.s (asmstdcall to address 0) on Windows 7 and 8",
        confidence=0.88,
    ),
    Text(
        "ProcessPrng",
        "Go 1.21 and later need Windows 10",
        "Go runtime on Windows 7 and 8",
        r"ProcessPrng",
        0.9,
    ),
    Text(
        "is only supported on Windows",
        "it needs a newer Windows",
        "Node.js and others",
        r"only supported on Windows (?P<need>[\w. ,]{1,40}or higher|\d[\w.]{0,6})",
        0.93,
    ),
    Text(
        "not compatible with your version of Windows",
        "it needs a newer Windows",
        "installers",
        confidence=0.75,
    ),
    Text(
        "kernel",
        "it needs a newer Linux kernel ({need})",
        "runc, containerd, Cilium, kubeadm, systemd, Oracle: kernel version checks",
        r"(?i)(?:error|fatal|failed|aborting|unsupported|your|current|running|detected|found)"
        r"[^\n]{0,120}\bkernel[^\n]{0,60}(?:requires?|needs?|minimum|at least|or (?:newer|later|"
        r"higher|above))[^\n]{0,24}?(?P<need>[2-6]\.\d{1,2})|(?:requires?|needs?|minimum|at least)"
        r"[^\n]{0,40}\bkernel[^\n]{0,24}?(?P<need2>[2-6]\.\d{1,2})[^\n]{0,80}(?:you|current|"
        r"running|detected|found|but )|kernel (?:version )?\S{0,30} ?is (?:too old|older than|not "
        r"supported|unsupported|below)|unsupported kernel (?:version|release)|"
        r"your kernel (?:is too old|does not support)|kernel is too old|outdated kernel",
        0.85,
        ("checking", "WARNING", "warning"),
    ),
    *(
        Text(
            needle,
            "this kernel does not have a system call that the program needs",
            "strerror(ENOSYS)",
            confidence=0.75,
        )
        for needle in ("Function not implemented", "function not implemented")
    ),
    Text(
        "ENOSYS",
        "this kernel does not have a system call that the program needs",
        "errno names (Node.js, Rust, strace)",
        r"(?:Error|error|code|failed)[^\n]{0,80}ENOSYS",
        0.75,
        ("ENOTDIR", "#define"),
    ),
    Text(
        "ELF file OS ABI invalid",
        "it uses GNU extensions of ELF that this old system's loader does not know",
        "glibc elf/dl-load.c before 2.12",
        confidence=0.8,
    ),
    Text(
        "epollcreate",
        "Go needs a newer kernel than this one",
        "Go runtime/netpoll_epoll.go",
        r"(?:epollcreate|epollctl|netpollinit|epoll_create1) failed with (?:errno )?38",
        0.93,
    ),
)
_SYSTEM = ("/usr/lib/", "/System/Library/")
#: Of Apple's libraries, with the macOS that brought them; asked for by what is built there.
_YOUNG = frozenset(
    (
        "clock_gettime",  # 10.12
        "utimensat",  # 10.13
        "objc_alloc_init",  # 10.14.4
        "SecTrustEvaluateWithError",  # 10.14
        "chkstk_darwin",  # 10.15
        "pwritev",  # 11
        "SecTrustCopyCertificateChain",  # 12
        "kIOMainPortDefault",  # 12
    )
)
#: How names of Apple's own libraries begin or end; flat namespace says nothing of the library.
_APPLE = (
    r"(?:Sec[A-Z]|CF[A-Z]|NS[A-Z]|CG[A-Z]|IO[A-Z]|objc_|os_|kSec|kCF|kIO|OBJC_CLASS_\$_NS)"
    r"|\w{1,80}\$INODE64"
)
_UPGRADED = ("after upgrad", "after updat", "upgraded to", "updated to", "no longer works")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; a missing symbol counts when the system's own libraries lack it, and
    ENOSYS when no translator and no sandbox is spoken of."""
    left = [hit for hit in hits if _counts(hit, log)]
    if not left:
        return
    best = surest(left)
    need = (best.group("need") or best.group("need2")).strip(". ")
    symbol = best.group("symbol") or _first_symbol(hits)
    path = best.group("path").strip()
    message = best.text.says.format(
        need=need or "?", symbol=symbol or "a symbol", path=path or "it"
    )
    yield said(best, left, message=message.replace(" (?)", ""), remedies=_advice(best, log, need))


def _counts(hit: Hit, log: Log) -> bool:
    needle = hit.text.needle
    if needle == "Symbol not found":
        near = "\n".join(log.around(hit.number, 0, 4))
        found = re.search(r"Expected in: {1,12}(?:<[^>\n]{1,60}> )?'?(\S{1,200})", near)
        own = found is not None and found[1].startswith(_SYSTEM)
        flat = found is None or found[1] == "flat"
        symbol = hit.group("symbol").lstrip("_")
        own = own or (flat and (symbol in _YOUNG or re.match(_APPLE, symbol) is not None))
        return own and not log.says(*_UPGRADED)
    if "not implemented" in needle or needle == "ENOSYS":
        if log.says("qemu", "osetta", "seccomp", "gvisor", "gVisor", "runsc", "--platform"):
            return False
        return log.says(
            *("kernel", "kernal", "uname", "NAS", "Synology", "CentOS 6", "CentOS 7"),
            *("2.6.", "3.10"),
        )
    return True


def _first_symbol(hits: Sequence[Hit]) -> str:
    return next((hit.group("symbol") for hit in hits if hit.group("symbol")), "")


def _advice(hit: Hit, log: Log, need: str) -> Iterator[Remedy]:
    if log.platform.os == "darwin" or "macOS" in hit.line or "Mac OS X" in hit.line:
        yield Remedy(
            "Build it with a lower deployment target (and an older Go: each release raises the "
            "lowest macOS), or take an older release of it",
            "MACOSX_DEPLOYMENT_TARGET=$(sw_vers -productVersion) make",
            verify="otool -l PROGRAM | grep -A4 -E 'LC_(BUILD_VERSION|VERSION_MIN)'",
        )
        yield Remedy(f"Or upgrade to macOS {need}" if need else "Or upgrade macOS", "sw_vers")
    elif log.platform.os == "windows" or ".dll" in hit.line.lower() or "Windows" in hit.line:
        yield Remedy(
            "Build it with Go 1.20, the last for Windows 7 and 8, or upgrade Windows",
            "GOTOOLCHAIN=go1.20.14 go build ." if log.says("go", "Go") else "",
            verify="ver",
        )
    elif "kernel too old" in hit.line:
        yield Remedy(
            "Upgrade the kernel, or use a root file system whose glibc was built for older ones "
            "(--enable-kernel)",
            verify="uname -r; readelf -n PROGRAM | grep -A2 ABI",
        )
    else:
        yield Remedy("Upgrade the kernel", verify="uname -r")


RULE = Rule(
    "run.os-too-old",
    (Kind.BINARY,),
    (b.SLICES, b.OS),
    (h.OS, h.RUNS),
    judge,
    TEXTS,
    weigh,
)
