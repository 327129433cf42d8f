"""Tools of two ISAs on one machine

What is wrong
-------------
The go command, the C compiler, the package manager or the shell is of another ISA than
the machine. Each works by itself, but what they build by default does not fit together:
an amd64 go builds amd64 programs, an Intel Homebrew installs x86_64 libraries. The link
then ignores libraries `built for macOS-arm64` under /opt/homebrew, or x86_64 ones under
/usr/local, and ends in undefined symbols.

Why it happens
--------------
On Apple Silicon everything for Intel also runs, under Rosetta 2, without a word. A
migrated machine keeps its Intel tools; a terminal that is opened with Rosetta starts
universal tools as x86_64.

Remedy
------
Install the native version of the tool that is named here and take the other off PATH.

References
----------
- Apple, "About the Rosetta translation environment" (sysctl.proc_translated)
- cmd/go, GOHOSTARCH; Homebrew, "Installation" (/opt/homebrew on Apple Silicon, /usr/local on Intel)

Limits
------
A single-architecture arm64 program runs natively whatever its parent is: a translated
shell alone breaks no build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.apple_machine import apple_silicon
from archfit.rules.fit import fit, proof
from archfit.rules.foreign_input import TEXTS as INPUTS
from archfit.rules.foreign_input import isa_named
from archfit.rules.said import said


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The verdict over all signals is `mixed`; a note when no tool that builds is concerned."""
    if h.VERDICT.require(facts) != "mixed":
        return
    isa = h.ISA.require(facts)
    tools = list(_tools(facts))
    advice = h.VERDICT_ADVICE.of(facts)
    yield from fit(
        need={"isa": isa},
        offer={"tools": [f"{path}: {of}" for path, of in tools]},
        message=h.VERDICT_REASON.of(facts) or "tools of two ISAs",
        evidence=proof(facts, h.ISA, h.GO, h.CC, h.BREW, h.ANCESTORS),
        remedies=(Remedy(advice, verify="archfit check"),) if advice else (),
        severity=Severity.WARNING if any(of != isa for _, of in tools) else Severity.NOTE,
    )


def _tools(facts: Facts) -> Iterator[tuple[str, str]]:
    """(path, ISA) of what builds: go commands, C compilers, Homebrew prefixes."""
    for key, name in ((h.GO, "path"), (h.CC, "path"), (h.BREW, "prefix")):
        for row in key.of(facts) or ():
            if row.get("isa"):
                yield str(row.get(name)), str(row["isa"])


_BREW = "Homebrew and the shell that calls it are of two ISAs"
_GO = "the go command is for Intel, the machine is Apple Silicon"
_UNDEFINED = Text(
    "Undefined symbols for architecture",
    "the tools build for {need} on a machine of another ISA",
    "ld64 Resolver.cpp",
    r"Undefined symbols for architecture (?P<need>x86_64)\b",
    0.72,
)
_NOT_FOUND = Text(
    "not found for architecture",
    "the tools build for {need} on a machine of another ISA",
    "ld64 Resolver.cpp",
    r"symbol\(s\) not found for architecture (?P<need>x86_64)\b",
    0.72,
)
_NPM = Text(
    "Unsupported platform",
    "node and npm are for Intel, the machine is Apple Silicon",
    "npm EBADPLATFORM (Unsupported platform for X: wanted {...arm64...} (current: {...x64...}))",
    r"wanted \{[^}\n]{0,80}darwin[^}\n]{0,60}arm64[^}\n]{0,20}\} ?\(current: \{[^}\n]{0,80}x64",
    0.86,
)
OWN = (
    _UNDEFINED,
    _NOT_FOUND,
    Text(
        "Cannot install in Homebrew on ARM processor in Intel default prefix",
        _BREW,
        "Homebrew Library/Homebrew/brew.sh, extend/os/mac/hardware",
        confidence=0.97,
    ),
    Text(
        "Cannot install under Rosetta 2 in ARM default prefix",
        _BREW,
        "Homebrew Library/Homebrew/brew.sh",
        confidence=0.97,
    ),
    Text(
        "Cannot install in Homebrew under Rosetta 2 in ARM default prefix",
        _BREW,
        "Homebrew Library/Homebrew/brew.sh of 2020 and 2021",
        confidence=0.97,
    ),
    Text(
        "inside of Rosetta 2",
        "node runs inside of Rosetta and npm outside of it, or the other way round",
        "esbuild lib/npm/node-platform.ts",
        confidence=0.75,
    ),
    _NPM,
    Text(
        "can not run under Rosetta",
        "the debugger was built by a Go for Intel, the machine is Apple Silicon",
        "delve pkg/proc/gdbserial (check that the installed build of Go is right for your CPU)",
        confidence=0.95,
    ),
    *(
        Text(
            needle,
            "{tool} has no release for Apple Silicon: only Intel's, which Rosetta runs",
            "Maven and Gradle with os-maven-plugin's classifier (protoc, protoc-gen-grpc-java)",
            r"(?:[Cc]ould not find|Could not resolve|Unable to resolve|Missing|not found|^\W{0,20}"
            r"(?:\w{1,12}\W{1,6})?\d\) )[^\n]{0,200}?(?P<tool>protoc[\w-]{0,40})[\w.:-]{0,60}"
            r"osx-aarch_64",
            0.7,
        )
        for needle in ("aarch_64",)
    ),
    Text(
        "no such tool",
        "the tools of another ISA than the go command's lie in GOROOT",
        "cmd/go/internal/base/tool.go (no such tool)",
        r"no such tool [\"'](?:compile|asm|link|cgo)[\"']",
        0.6,
    ),
    Text(
        "may not be able to run on this system",
        "the Rust toolchain is of another ISA than the machine",
        "rustup (toolchain X may not be able to run on this system)",
        confidence=0.75,
    ),
)
#: The x86_64 build was asked for: a cross build, not a tool of the wrong ISA.
_ASKED = (
    r"GOARCH=amd64 |CMAKE_OSX_ARCHITECTURES[:=\w]{0,10}[= ]\S{0,20}x86_64|ARCHFLAGS=|"
    r"--target[ =]x86_64-apple|-target x86_64-apple|arch -x86_64 (?!brew)|universal|lipo"
    r"|(?:for |dist/|target=)\S{0,40}darwin_amd64"
)
_INTEL_BREW = ("/usr/local/Cellar/", "/usr/local/opt/", "/usr/local/Homebrew/")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """Inputs of the machine's own ISA in a link for the other, or of a prefix of the other."""
    telling = [(sure, why, hit) for hit in hits for sure, why in (_sign(hit, log),) if sure]
    if telling:
        sure, why, best = max(telling, key=lambda one: one[0])
        proofs = [hit for _, _, hit in telling]
        yield said(best, proofs, message=why, remedies=_mend(best, log), confidence=sure)


def _sign(hit: Hit, log: Log) -> tuple[float, str]:
    """How sure it is that a tool is of the wrong ISA, and why; (0, "") when nothing says so."""
    go = log.build.host == ("darwin", "amd64") and apple_silicon(log)
    lacks = hit.text in (_UNDEFINED, _NOT_FOUND)
    if hit.text is _NPM:
        # An arm64 package is asked for on Intel's Macs too, when a lock file names it.
        return (hit.text.confidence, "") if apple_silicon(log) else (0.0, "")
    if hit.text in OWN and not lacks:
        return hit.text.confidence, ""
    need, have = isa_named(hit.group("need")), isa_named(hit.group("have"))
    if lacks:
        return (0.72, _GO) if go and not _asked(log) else (0.0, "")
    path = hit.group("path")
    if need == "amd64" and (have == "arm64" or path.startswith("/opt/homebrew/")):
        if go:
            return 0.92, _GO
        if _asked(log):
            return 0.0, ""
        if path.startswith("/opt/homebrew/"):
            return 0.86, "the tools build for Intel, the machine's Homebrew is for Apple Silicon"
        if apple_silicon(log):
            return 0.75, "the tools build for Intel, the machine is Apple Silicon"
    if need == "arm64" and (have in ("amd64", "") or "x86_64" in hit.line):
        if path.startswith(_INTEL_BREW):
            return 0.86, "the libraries come from Intel's Homebrew, the build is for Apple Silicon"
        if path.startswith("/usr/local/lib/") and log.has("brew", "Homebrew"):
            return 0.7, "the libraries come from Intel's prefix, the build is for Apple Silicon"
    return 0.0, ""


def _asked(log: Log) -> bool:
    return re.search(_ASKED, log.text[:1_000_000]) is not None or "amd64" in log.context.get(
        "goarch", ""
    )


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    verify = "go env GOHOSTARCH; file $(command -v go brew cc); sysctl -n sysctl.proc_translated"
    text = hit.text.needle
    path = hit.group("path")
    if text.startswith("Cannot install") or path.startswith(
        ("/usr/local/Cellar", "/usr/local/opt")
    ):
        yield Remedy(
            "Install Homebrew for Apple Silicon and put it first on PATH",
            'eval "$(/opt/homebrew/bin/brew shellenv)" && arch -arm64 brew reinstall FORMULA',
            verify=verify,
        )
    elif "Rosetta" in text or hit.text is _NPM:
        yield Remedy(
            "Install node for Apple Silicon, remove node_modules and install again",
            "rm -rf node_modules && arch -arm64 npm install",
            verify="node -p process.arch",
        )
    elif "no such tool" in text:
        yield Remedy(
            "Remove this Go and install one for the machine; unset GOROOT",
            "unset GOROOT GOTOOLDIR && go env GOROOT GOHOSTARCH",
            verify="file $(go env GOTOOLDIR)/compile",
        )
    else:
        yield Remedy(
            "Install Go (or the compiler, or the shell) for the machine's own ISA",
            "arch -arm64 brew install go  # or the darwin-arm64 package from go.dev/dl",
            verify=verify,
        )
    yield Remedy(
        "See of which ISA each tool is",
        "archfit check",
        safe=True,
        verify=verify,
    )


RULE = Rule(
    "build.mixed-toolchain",
    (Kind.HOST,),
    (h.VERDICT, h.ISA),
    (),
    judge,
    texts=(*INPUTS, *OWN),
    weigh=weigh,
    yields_to=("build.go-too-old",),
)
