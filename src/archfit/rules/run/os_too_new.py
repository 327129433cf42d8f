"""It is too old for this system

What is wrong
-------------
The program was built in a way that this newer system no longer accepts. macOS 26's
loader refuses a program without LC_UUID (`missing LC_UUID load command`).

Why it happens
--------------
Old toolchains: before Go 1.24 the Go linker wrote no LC_UUID when it linked by itself
(golang/go 68678). With cgo on, such a program takes over the SDK version of its C parts.

Remedy
------
Build it again with Go 1.24 or later, or let Apple's linker link it
(`-ldflags=-linkmode=external`).

References
----------
- golang/go 68678 (LC_UUID by default from Go 1.24 on)
- dyld, mach_o/Policy.cpp (enforceHasUUID: of a program that states SDK 26 or later)

Limits
------
Reports disagree on programs that state an older SDK: for them it is only a warning.
Symbols that a newer system took away are not looked at. None of the
messages of a Mac could be made where the project is built; they are written after what
others reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.execution import pick
from archfit.rules.fit import fit, proof, slice_proof, version
from archfit.rules.go_rebuild import build
from archfit.rules.said import said, surest


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """No LC_UUID in the slice that macOS 26 or later would start."""
    if h.OS.require(host) != "darwin" or b.FORMAT.require(facts) != "macho":
        return
    if b.TYPE.of(facts) != "executable":
        return
    one = pick(b.SLICES.require(facts), "darwin", host)
    there = h.OS_VERSION.require(host)
    if one is None or one.get("build_id") or version(there) < (26,):
        return
    enforced = max(version(one.get("sdk")), version(one.get("min_os"))) >= (26,)
    command, check = "", "archfit check {subject}"
    if go.VERSION.of(facts):
        command, check = build(facts, f"GOARCH={one['isa']}", str(one["isa"]))
    yield from fit(
        need={"macOS": "< 26", "because": "no LC_UUID"},
        offer={"macOS": there},
        message=f"has no LC_UUID, which the loader of macOS {there} "
        + ("wants" if enforced else "wants of programs built for it, by some reports of all"),
        evidence=slice_proof(one, "sdk", "min_os")
        + proof(facts, go.VERSION)
        + proof(host, h.OS_VERSION),
        remedies=(
            Remedy(
                "Build it again with Go 1.24 or later, or with -ldflags=-linkmode=external",
                command,
                safe=True,
                verify=check,
            ),
        ),
        confidence=0.9 if enforced else 0.5,
        severity=Severity.ERROR if enforced else Severity.WARNING,
    )


_OLD_GO = "it was built with a Go release that is too old for this macOS"
TEXTS = (
    Text(
        "missing LC_UUID load command",
        "{path} has no LC_UUID, which the loader of macOS 26 and later wants",
        "dyld of macOS 26",
        r"missing LC_UUID load command(?: in (?P<path>[^\s,]{1,300}))?",
        0.97,
    ),
    Text("bsdthread_register error", _OLD_GO, "Go runtime/os_darwin.go before Go 1.11", "", 0.97),
    Text(
        "MSpanList_Insert",
        _OLD_GO,
        "Go runtime/mheap.go before Go 1.6, on macOS 10.12",
        r"failed MSpanList_Insert|fatal error: (?:runtime[.:] ?)?MSpanList_Insert",
        0.95,
    ),
    Text(
        "missing SG_READ_ONLY flag",
        "it was linked by a linker that is too old for this macOS",
        "dyld of macOS 14 and later (__DATA_CONST segment missing SG_READ_ONLY flag)",
        confidence=0.95,
    ),
    Text(
        "SG_READ_ONLY",
        "it was linked by a linker that is too old for this macOS",
        "dyld of macOS 14 and later",
        r"__DATA_CONST[^\n]{0,80}SG_READ_ONLY",
        0.93,
    ),
    Text(
        "position independent executables",
        "it is no position independent executable, which Android 5 and later demand",
        "Android bionic linker",
        r"only position independent executables \(PIE\) are supported",
        0.93,
    ),
    Text(
        "only support position-independent executables",
        "it is no position independent executable, which Android 5 and later demand",
        "Android bionic linker (Android 5.0 and later only support ...)",
        confidence=0.95,
    ),
    Text(
        "bogus syscall",
        "OpenBSD lets only libc make system calls, and old Go makes them by itself",
        "OpenBSD kernel (7.5 and later)",
        r"bogus syscall",
        0.9,
    ),
    Text(
        "Symbol not found",
        "{path} uses {symbol}, which this newer macOS no longer has",
        "dyld, for a program that ran before an upgrade",
        r"Symbol not found: \(?(?P<symbol>[\w$@.]{1,200})",
        0.75,
    ),
    Text(
        "32-bit",
        "it is a 32-bit program, which macOS 10.15 and later do not start",
        "macOS Launch Services",
        r"(?:needs to be updated|not optimized for your Mac)[^\n]{0,80}32-bit|32-bit "
        r"(?:app|program|executable)s?[^\n]{0,60}(?:no longer supported|not supported)"
        r"[^\n]{0,40}macOS",
        0.85,
    ),
    Text(
        "vsyscall",
        "it uses vsyscall, which this kernel no longer maps",
        "Linux arch/x86/entry/vsyscall (vsyscall attempted with vsyscall=none)",
        r"vsyscall attempted with vsyscall=none",
        0.93,
    ),
    Text(
        "needs to be updated by the developer",
        "it was built for an older macOS than this one runs",
        "macOS Launch Services",
        confidence=0.85,
    ),
)
#: Words of an upgrade: before it the program ran.
_UPGRADED = (
    "after upgrad",
    "after updat",
    "fter the upgrade",
    "upgraded to",
    "upgrading to",
    "updated to",
    "newer macOS",
    "used to work",
    "no longer works",
    "worked before",
    "until I upgraded",
    "since upgrad",
    "since updat",
)
#: What says the reverse: it was built for a newer system than this one.
_TOO_OLD = ("which was built for", "built for mac", "newer than running OS", "libSystem.B.dylib")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; a symbol that is not found counts only after an upgrade."""
    left = [
        hit
        for hit in hits
        if hit.text.needle != "Symbol not found" or (_after_upgrade(log) and not log.has(*_TOO_OLD))
    ]
    if not left:
        return
    best = surest(left)
    path = best.group("path") or _referenced(log)
    message = best.text.says.format(path=path or "it", symbol=best.group("symbol"))
    yield said(best, left, message=message, remedies=_mend(best, log, path))


def _after_upgrade(log: Log) -> bool:
    return log.says(*_UPGRADED)


def _referenced(log: Log) -> str:
    found = re.search(r"Referenced from: (?:<[^>\n]{1,60}> )?(\S{1,300})", log.text)
    return found[1] if found else ""


def _mend(hit: Hit, log: Log, path: str) -> Iterator[Remedy]:
    if "LC_UUID" in hit.line or hit.text.says == _OLD_GO or log.has("runtime.", "goroutine "):
        newest = "1.24" if "LC_UUID" in hit.line else "1.22"
        yield Remedy(
            f"Build it again with Go {newest} or later, or take a newer release of the tool",
            f"go install MODULE/{path.rsplit('/', 1)[-1]}@latest" if path else "go build .",
            safe=True,
            verify=f"go version -m {path or 'PROGRAM'}",
        )
        return
    if "SG_READ_ONLY" in hit.line:
        yield Remedy("Link it again with the newest Command Line Tools", "xcode-select --install")
        return
    yield Remedy(
        "Install it anew for this release of the system, or build it again on it",
        f"brew reinstall {path.rsplit('/', 1)[-1]}" if "/usr/local" in path else "",
    )


RULE = Rule(
    "run.os-too-new",
    (Kind.BINARY,),
    (b.FORMAT, b.SLICES),
    (h.OS, h.OS_VERSION, h.RUNS),
    judge,
    TEXTS,
    weigh,
)
