"""This Go is older than the target, the system or the C toolchain it builds for

What is wrong
-------------
`unsupported GOOS/GOARCH pair` for a port that came later; a link for darwin/arm64 with Go 1.15
or older, which takes that for iOS and calls a C linker that knows nothing of it
(`unrecognized option '-pagezero_size'`, `go.o: file not recognized`); Go's linker meets
something that a newer Xcode or gcc writes (`combining dwarf failed: Unknown load command`,
`unknown relocation type`, an assertion in Apple's new linker); Go itself is built from source
with too old a Go (`building_Go_requires_Go_1_22_6_or_later`).

Why it happens
--------------
Distributions, CI images and Dockerfiles hold a Go for years. Apple Silicon needs Go 1.16,
windows/arm64 1.17, loong64 1.19.

Remedy
------
Take a Go that has the port, and name its version in the CI and in the Dockerfile.

References
----------
- Go release notes, "Ports", 1.0 to 1.27 (the table is platforms/go_releases.toml)
- golang/go 38485 (darwin/arm64), 25908 (load commands), 61229 (Xcode 15's linker)
- cmd/dist/notgo*.go, cmd/dist/buildtool.go (minBootstrap)

Limits
------
A Go that is too old for a module's source or go.mod is build.go-mod.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.platforms.go_releases import Standing, known_isa
from archfit.rules.go_spoken_of import PAIR, first, refused, release
from archfit.rules.said import said

_APPLE = "this Go takes darwin/arm64 for iOS: Apple Silicon needs Go 1.16"
_XCODE = "this Go's linker does not know what the newer Xcode writes"
_BOOTSTRAP = "the Go that builds Go is older than {need}"
_PAGEZERO = Text(
    "pagezero_size",
    _APPLE,
    "GNU ld, gold, gcc given the flag that cmd/link has for darwin (ld/lib.go, hostlink)",
    r"(?:unrecognized|unknown|unsupported|invalid)[^\n]{0,40}pagezero_size",
    0.85,
)
_GO_O = Text(
    "go.o",
    _APPLE,
    "GNU ld given the Mach-O object of cmd/link (go-link-*/go.o)",
    r"go-link-[^\s:]{1,40}go\.o: (?:file|error)[^\n]{0,60}(?:not recognized|wrong format)",
    0.85,
)
_ASSERTION = Text(
    "ld: Assertion failed",
    _XCODE,
    "Apple's ld of Xcode 15 (ld-prime) on objects of Go 1.20 and older",
    confidence=0.95,
)
_FLAG = Text(
    "flag provided but not defined",
    "this go command has no flag {flag}",
    "cmd/go (package flag)",
    r"flag provided but not defined: (?P<flag>-(?:buildvcs|pgo|C|modcacherw|trimpath|overlay|mod"
    r"|asan|modfile|compat|tool|cover|fuzz))\b",
    0.72,
)
_COMPILER = Text(
    "unknown architecture",
    "this Go has no code generator for {what}",
    "cmd/compile, cmd/link and cmd/asm main.go (compile: unknown architecture)",
    r"(?:compile|link|asm): unknown architecture \"?(?P<what>\w{1,30})",
    0.93,
)
TEXTS = (
    PAIR,
    _PAGEZERO,
    _GO_O,
    _ASSERTION,
    _FLAG,
    Text(
        "combining dwarf failed",
        _XCODE,
        "cmd/link/internal/ld/macho_combine_dwarf.go (Unknown load command)",
        r"combining dwarf failed: (?:[Uu]nknown load command (?P<what>0x[0-9a-f]{1,8})|)",
        0.93,
    ),
    Text(
        "unknown relocation type",
        "this Go's linker does not know what the newer C compiler writes (relocation {what})",
        "cmd/link/internal/*/asm.go (unknown relocation type N; compiled without -fpic?)",
        r"unknown relocation type (?P<what>\d{1,4}); compiled without -fpic",
        0.88,
    ),
    Text(
        "must be gold",
        "this Go links with gold only, which newer distributions do not have",
        "cmd/link/internal/ld/lib.go to Go 1.24 (ARM external linker must be gold, issue 15696)",
        r"external linker must be gold",
        0.72,
    ),
    Text(
        "building_Go_requires_Go",
        _BOOTSTRAP,
        "cmd/dist/notgo117.go, notgo120.go, notgo122.go, notgo124.go",
        r"building_Go_requires_Go_(?P<need>[\d_]{3,12}?)_or_later",
        0.96,
    ),
    Text(
        "minimum bootstrap requirement",
        _BOOTSTRAP,
        "cmd/dist/buildtool.go (does not meet the minimum bootstrap requirement of)",
        r"minimum bootstrap requirement of go(?P<need>[\d.]{3,10})",
        0.96,
    ),
    Text(
        "prior to 1.16",
        _APPLE,
        "goreleaser (skipped darwin/arm64: unsupported by go versions prior to 1.16)",
        r"unsupported (?:by|in|on) [Gg]o(?:lang)?(?: versions?)? prior to 1\.16",
        0.8,
    ),
    Text(
        "skipped darwin/arm64 build on Go",
        _APPLE,
        "goreleaser since 0.156 (skipped darwin/arm64 build on Go < 1.16)",
        confidence=0.8,
    ),
    Text(
        "malformed LC_DYSYMTAB",
        _XCODE,
        "Apple's ld of Xcode 15 on objects of Go 1.20 and older (go.dev/issue/61229)",
        r"malformed LC_DYSYMTAB, expected \d{1,9} undefined symbols",
        0.75,
    ),
    Text(
        "MSpanList_Insert",
        "a Go before 1.7 does not go with macOS 10.12 and later",
        "Go runtime before 1.7 (failed MSpanList_Insert)",
        confidence=0.9,
    ),
    Text(
        "must be bootstrapped using make",
        "a Go before 1.5 builds for another target only after make.bash was run for it",
        "cmd/go/build.go to Go 1.4 (must be bootstrapped using make.bash)",
        confidence=0.85,
    ),
    Text(
        "unknown architecture",
        "this Go's sources know no {what}",
        "cmd/dist/main.go (unknown architecture: ...)",
        r"dist: unknown architecture: (?P<what>\w{1,30})",
        0.9,
    ),
    _COMPILER,
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest message; those with other reasons are weighed by release and target."""
    best, sure = None, 0.0
    for hit in hits:
        value = _sure(hit, log)
        if value > sure:
            best, sure = hit, value
    if best is not None:
        proofs = [hit for hit in hits if _sure(hit, log) > 0]
        yield said(
            best, proofs, message=_message(best, log), remedies=_mend(best, log), confidence=sure
        )


def _sure(hit: Hit, log: Log) -> float:
    known = release(log)
    if hit.text is PAIR:
        return 0.95 if refused(hit, log).standing is Standing.LATER else 0.0
    if hit.text is _COMPILER:
        return hit.text.confidence if known_isa(hit.group("what")) else 0.0
    if hit.text in (_PAGEZERO, _GO_O):
        return _apple(hit, log, known)
    if hit.text is _ASSERTION:
        go = log.has("go.o", "go-link-", "/link: running")
        return hit.text.confidence if go and (known is None or known <= 20) else 0.0
    if hit.text is _FLAG:
        own = log.near(hit.number, "usage: go ", "Run 'go help", before=0, after=6)
        return hit.text.confidence if own else 0.0
    return hit.text.confidence


def _apple(hit: Hit, log: Log, known: int | None) -> float:
    """A link for darwin/arm64 by a Go that has no such port for Macs."""
    if (known is not None and known >= 16) or log.says("GOOS=ios", "ios/arm64", "ios_arm64"):
        return 0.0
    named = log.says("darwin_arm64", "darwin/arm64", "darwin-arm64", "GOARCH=arm64", "arm64: #")
    if known is not None or named:
        return 0.93 if named else 0.85
    return 0.72 if hit.text is _PAGEZERO and log.has("/link: running") else 0.0


def _message(hit: Hit, log: Log) -> str:
    if hit.text is not PAIR:
        return ""
    told = refused(hit, log)
    mine = f"Go 1.{told.release}" if told.release is not None else "this Go"
    return f"{mine} has no port {told.target}: it came with Go {first(told.target)}"


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    need = "1.16"
    if hit.text is PAIR:
        need = first(refused(hit, log).target)
    elif hit.group("need"):
        need = hit.group("need").replace("_", ".")
        yield Remedy(
            f"Build Go with Go {need} or later",
            f"go install golang.org/dl/go{need}@latest && go{need} download && "
            f"GOROOT_BOOTSTRAP=$(go{need} env GOROOT) ./make.bash",
            verify="$GOROOT_BOOTSTRAP/bin/go version",
        )
        return
    elif hit.text not in (_PAGEZERO, _GO_O):
        need = "1.21" if hit.text is _ASSERTION else ""
    what = f"Go {need} or later" if need else "a current Go"
    image = log.has("FROM golang", "golang:", "docker")
    command = (
        f"docker pull golang:{need or 'latest'}"
        if image
        else "brew install go"
        if log.platform.os == "darwin" and not log.build.crosses
        else "go install golang.org/dl/gotip@latest"
        if not need
        else f"go install golang.org/dl/go{need}@latest && go{need} download"
    )
    yield Remedy(f"Take {what}", command, verify="go version; go tool dist list")
    if hit.text is PAIR and first(refused(hit, log).target):
        yield Remedy("Or leave this target out of the list of builds")


RULE = Rule("build.go-too-old", texts=TEXTS, weigh=weigh)
