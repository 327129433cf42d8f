"""An arm64 program for macOS without a valid code signature

What is wrong
-------------
The kernel of a Mac with Apple Silicon starts native code only when it is signed, if only
ad hoc. The slice for arm64 carries no signature, or one that no longer fits its bytes.
The shell prints `Killed: 9`; the crash report says `Code Signature Invalid`.

Why it happens
--------------
The file was changed after it was signed (strip, install_name_tool, a patched string,
upx, a download that was edited), or it was linked by a linker that does not sign.

Remedy
------
Sign it again, at least ad hoc.

References
----------
- Apple, macOS 11 release notes: "arm64 binaries must be signed"
- xnu bsd/kern/ubc_subr.c and osfmk/kern/cs_blobs.h (CodeDirectory)

Limits
------
Only the first page's hash and the bounds of the signature are verified, not the chain
of certificates; Gatekeeper's quarantine is another matter. None of the
messages of a Mac could be made where the project is built; they are written after what
others reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.apple_machine import spoken_of_mac
from archfit.rules.fit import fit, proof, slice_proof
from archfit.rules.said import said, surest


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The arm64 slice, on an arm64 Mac: none or broken."""
    if (h.OS.of(host), h.ISA.of(host)) != ("darwin", "arm64"):
        return
    if b.TYPE.of(facts) not in ("executable", "shared", "bundle"):
        return
    for one in b.SLICES.require(facts):
        state = one.get("signature")
        if one.get("isa") != "arm64" or state not in ("none", "broken"):
            continue
        words = (
            "carries no code signature"
            if state == "none"
            else "has a signature that no longer fits its bytes"
        )
        yield from fit(
            need={"signature": "valid, at least ad hoc"},
            offer={"signature": state},
            message=f"its arm64 slice {words}; the kernel will kill it",
            evidence=slice_proof(one, "signature") + proof(host, h.ISA),
            remedies=(
                Remedy(
                    "Sign it ad hoc",
                    "codesign --force --sign - {subject}",
                    verify="codesign --verify --verbose {subject}",
                ),
            ),
        )


_KILLED = "macOS killed it at its start, as it does with code that is not validly signed"
TEXTS = (
    Text(
        "Code Signature Invalid",
        "macOS killed it: its code signature is not valid",
        "macOS crash reports (EXC_BAD_ACCESS or EXC_CRASH, SIGKILL (Code Signature Invalid))",
        confidence=0.97,
    ),
    Text(
        "CODESIGNING",
        "macOS killed it: its code signature is not valid ({what})",
        "macOS crash reports (Termination Reason: Namespace CODESIGNING)",
        r"CODESIGNING[^\n]{0,40}?(?P<what>Invalid Page|Taskgated Invalid Signature|"
        r"Launch Constraint Violation|Invalid Signature|0x[0-9a-f]{1,8}|Code \d)|"
        r"\"namespace\" ?: ?\"CODESIGNING\"",
        0.96,
    ),
    Text(
        "code signature",
        "the signature of {library} is not accepted",
        "dyld (code signature in <...> '...' not valid for use in process), amfid, kernel",
        r"code signature (?:in|invalid|error \d|validation failed)[^\n]{0,100}"
        r"(?:['‘\"](?P<library>/[^'’\"\n]{1,300})['’\"])?|invalid code signature|"
        r"(?:without|no|not a valid|bad|missing) code signature",
        0.93,
        ("code signature in progress", "replacing existing", "not signing"),
    ),
    Text(
        "code object is not signed at all",
        "it carries no code signature",
        "codesign --verify",
        confidence=0.88,
    ),
    Text(
        "invalid signature",
        "the file was changed after it was signed",
        "codesign --verify (invalid signature (code or signature have been modified))",
        r"invalid signature \(code or signature have been modified\)",
        0.95,
    ),
    Text(
        "have different Team IDs",
        "the library is signed by another team than the program, which library validation forbids",
        "dyld, library validation",
        confidence=0.95,
    ),
    Text(
        "Killed",
        _KILLED,
        "bash on macOS (Killed: 9)",
        r"Killed: 9",
        0.78,
        ("compile", "cc1", "clang", "ld ", "rustc", "/link"),
    ),
    Text(
        "killed",
        _KILLED,
        "zsh on macOS (zsh: killed, [1] NNN killed), go run (signal: killed)",
        r"zsh: killed +|\[\d+\] +\+? *\d+ killed +|^signal: killed$",
        0.72,
        ("/compile:", "/link:", "cc1", "/asm:"),
    ),
    Text(
        "Security policy would not allow process",
        "macOS refused to start it",
        "macOS kernel log (ASP, AMFI)",
        confidence=0.93,
    ),
    Text(
        "is damaged and can",
        "Gatekeeper refuses it: it is quarantined and not validly signed",
        "macOS Gatekeeper (“X” is damaged and can’t be opened)",
        r"is damaged and can.?t be opened",
        0.88,
    ),
    Text(
        "cannot be opened because",
        "Gatekeeper refuses it: it is not signed by a known developer",
        "macOS Gatekeeper",
        r"cannot be opened because (?:the developer cannot be verified|Apple cannot check|it is "
        r"from an unidentified|the identity of the developer)",
        0.85,
    ),
    Text(
        "is free of malware",
        "Gatekeeper refuses it: it is not notarized",
        "macOS 15 Gatekeeper (Apple could not verify “X” is free of malware)",
        confidence=0.85,
    ),
    Text(
        "AMFI",
        "macOS refused to start it: its signature or entitlements are not valid",
        "macOS kernel and amfid",
        r"AMFI[^\n]{0,120}(?:not valid|invalid|denied|unsatisfied|no cdhash|fail|reject)",
        0.9,
    ),
    Text(
        "mapped file has no cdhash",
        "the library carries no code signature",
        "dyld, library validation",
        confidence=0.95,
    ),
)
_MEMORY = ("ut of memory", "memory", "jetsam", "JETSAM", "OOM", "oom", "RAM", "swap")
_COMPILERS = ("cc1plus", "/compile: ", "/link: ", "rustc", "collect2", "ld: ")
_FRESH = ("codesign", "cp ", "install_name_tool", "arm64", "M1", "M2", "M3", "upx", "strip", "brew")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; `Killed: 9` alone is less sure, and is none where memory is spoken of."""
    best = surest(hits)
    confidence = best.text.confidence
    if best.text.says == _KILLED:
        mac = spoken_of_mac(log) or "Killed: 9" in best.line or "zsh: killed" in best.line
        if not mac or log.has(*_COMPILERS) or log.says(*_MEMORY):
            return
        confidence = 0.85 if log.says(*_FRESH) else confidence
    library = best.group("library")
    message = best.text.says.format(
        library=library or "it", what=best.group("what", "see the line")
    )
    target = library or _program(best, log) or "PROGRAM"
    sign = Remedy(
        "Sign it again, at least ad hoc (and copy programs with mv or rm first: the kernel keeps "
        "the old signature of a file that is written over)",
        f"codesign --force --sign - {target}",
        verify=f"codesign --verify --verbose {target}",
    )
    remedies = [sign]
    if "atekeeper" in message or log.says("quarantine", "ownloads"):
        remedies.insert(
            0,
            Remedy(
                "If you trust it, take it out of quarantine",
                f"xattr -d com.apple.quarantine {target}",
                verify=f"xattr -l {target}",
            ),
        )
    if best.text.says == _KILLED:
        remedies.append(
            Remedy(
                "Make sure: the crash report says CODESIGNING when that is the reason",
                "ls -t ~/Library/Logs/DiagnosticReports | head -3",
                safe=True,
            )
        )
    yield said(best, hits, message=message, remedies=remedies, confidence=confidence)


def _program(hit: Hit, log: Log) -> str:
    import re

    named = re.search(r"killed +(\S{1,200})|Killed: 9 +(\S{1,200})", hit.line)
    if named is not None:
        return str(named[1] or named[2])
    path = re.search(r"^(?:Path|\s*\"procPath\" ?:) *\"?(/[^\"\n]{1,300})", log.text, re.MULTILINE)
    return path[1].strip() if path else ""


RULE = Rule(
    "run.code-signature",
    (Kind.BINARY,),
    (b.SLICES, b.OS),
    (h.OS, h.ISA),
    judge,
    TEXTS,
    weigh,
)
