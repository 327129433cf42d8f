"""Go is too old for the port, the system or the SDK

What is wrong
-------------
The Go that builds has no such port yet (`unsupported GOOS/GOARCH pair windows/arm64`), has
another one under that name (darwin/arm64 was iOS before 1.16: it calls the C linker, which
says `unrecognized option '-pagezero_size'`), is too old to build a newer Go, or its linker
does not go with the system's SDK.

Why it happens
--------------
A distribution, an image or a CI runner has an older Go; ports come with releases: macOS on
arm64 with 1.16, windows/arm64 with 1.17, linux/loong64 with 1.19, linux/riscv64 with 1.14.

Remedy
------
Install the release that brought the port, or a newer one.

References
----------
- Go release notes, "Ports"; cmd/go/internal/work/action.go
- cmd/dist/buildtool.go (minimum bootstrap version); Go 1.16 release notes, "Darwin and iOS"

Limits
------
A module that asks for a newer Go in its go line is build.go-mod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.platforms import go_releases
from archfit.platforms.go_releases import Standing
from archfit.rules.go_ports import REFUSED, Refusal, go_used, refusal
from archfit.rules.said import said

_APPLE = "before Go 1.16, darwin/arm64 is iOS: an older Go does not build for Apple silicon"
_BOOTSTRAP = "the Go that builds Go is too old: {what}"
_LINKER = "this Go's linker is older than the SDK, whose ld refuses what it writes"
_PAGEZERO = Text(
    "pagezero_size",
    _APPLE,
    "GNU ld given what cmd/link of Go before 1.16 asks of it for darwin",
    r"(?:unrecogni[sz]ed (?:command[ -]line )?option|unknown argument)[^\n]{0,10}"
    r"-?-?(?:Wl,)?-?pagezero_size",
    0.7,
)
_OBJECT = Text(
    "go.o",
    _APPLE,
    "GNU ld given the object that cmd/link writes (go-link-*/go.o)",
    r"[/\\]go\.o:? ?(?:file not recognized|error adding symbols|unknown file type)",
    0.5,
)
_ARCH = Text(
    "for architecture arm64",
    _APPLE,
    "cmd/link of Go before 1.16 given GOOS=darwin GOARCH=arm64 on a Mac",
    r"ld: (?:warning: )?(?:ignoring file|building for (?:macOS|iOS))[^\n]{1,300}go\.o",
    0.5,
)
TEXTS = (
    *REFUSED,
    _PAGEZERO,
    _OBJECT,
    _ARCH,
    Text(
        "prior to 1.16",
        _APPLE,
        "goreleaser (skipped darwin/arm64 build on Go < 1.16)",
        r"unsupported (?:by|in) [Gg]o(?:lang)? ?(?:versions? )?prior to 1\.16",
        0.88,
    ),
    Text(
        "skipped darwin/arm64 build on Go",
        _APPLE,
        "goreleaser 0.156 and later (DEPRECATED: skipped darwin/arm64 build on Go < 1.16)",
        confidence=0.85,
    ),
    Text(
        "building_Go_requires_Go",
        _BOOTSTRAP,
        "Go src/cmd/dist/notgo*.go (found packages main and building_Go_requires_Go_1_N)",
        r"(?P<what>building_Go_requires_Go_[\w]{3,30})",
        0.97,
    ),
    Text(
        "minimum bootstrap requirement",
        _BOOTSTRAP,
        "cmd/dist/buildtool.go (does not meet the minimum bootstrap requirement)",
        r"(?P<what>\S{1,40} does not meet the minimum bootstrap requirement of \S{1,20})",
        0.97,
    ),
    Text(
        "malformed LC_DYSYMTAB",
        _LINKER,
        "ld-prime of Xcode 15 given objects of Go before 1.20.8 (go.dev/issue/61229)",
        r"malformed LC_DYSYMTAB, expected \d{1,9} undefined symbols",
        0.7,
    ),
    Text(
        "darwin/arm64 is not supported",
        _APPLE,
        "install scripts of Go",
        confidence=0.75,
    ),
    Text(
        "requires Go 1.16 or later",
        _APPLE,
        "tools that build for darwin/arm64",
        r"(?i)(?:darwin.?/?arm64|apple silicon|M1)[^\n]{0,80}requires Go 1\.16 or later",
        0.85,
    ),
    Text(
        "MSpanList_Insert",
        "a Go before 1.7 does not go with macOS 10.12 and later",
        "Go runtime before 1.7 on newer macOS (failed MSpanList_Insert)",
        confidence=0.93,
    ),
)
#: Signs that the build is for macOS on arm64.
_FOR_APPLE = ("darwin_arm64", "darwin/arm64", "darwin-arm64", "Darwin-arm64", "darwin arm64")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A port that a newer Go has; an old Go's darwin/arm64; the other messages."""
    refused = refusal(hits, log)
    if refused is not None and refused.standing is Standing.LATER:
        yield said(
            refused.hit,
            [hit for hit in hits if hit.text in REFUSED],
            message=_message(refused),
            remedies=_go(refused.target),
            confidence=refused.confidence,
        )
        return
    release = go_used(log)
    other = [hit for hit in hits if hit.text not in REFUSED and _tells(hit, log, release)]
    if other:
        best = max(other, key=lambda hit: _sure(hit, log, release))
        yield said(best, other, remedies=_mend(best), confidence=_sure(best, log, release))


def _apple(log: Log) -> bool:
    if log.build.target == ("darwin", "arm64"):
        return True
    return log.says(*_FOR_APPLE)


def _tells(hit: Hit, log: Log, release: int | None) -> bool:
    if hit.text in (_OBJECT, _ARCH):
        return _apple(log) and release is not None and release < 16
    if hit.text is _PAGEZERO:
        return release is None or release < 16
    if "LC_DYSYMTAB" in hit.text.needle:
        return release is None or release < 21
    return True


def _sure(hit: Hit, log: Log, release: int | None) -> float:
    if hit.text in (_OBJECT, _ARCH, _PAGEZERO) and _apple(log) and release is not None:
        return 0.95
    if hit.text is _PAGEZERO and not _apple(log):
        # For darwin/amd64 with cgo the C compiler is the wrong one: build.cross-cc.
        return 0.3
    return hit.text.confidence


def _since(target: str) -> str:
    rows = go_releases.ports(target)
    return str(rows[-1]["since"]) if rows else ""


def _message(refused: Refusal) -> str:
    since = _since(refused.target)
    had = f", this is 1.{refused.release}" if refused.release is not None else ""
    return (
        f"{refused.target} came with Go {since}{had}"
        if since
        else (f"this Go has no {refused.target} yet{had}")
    )


def _go(target: str) -> Iterator[Remedy]:
    since = _since(target)
    goos, _, goarch = target.partition("/")
    new = f"1.{go_releases.newest()}"
    build = f" && GOOS={goos} GOARCH={goarch} go{new} build ./..." if goarch else ""
    yield Remedy(
        f"Install Go {since or new} or later" + (f" (now {new})" if since else ""),
        f"go install golang.org/dl/go{new}@latest && go{new} download{build}",
        verify=f"go{new} tool dist list | grep {target}",
    )


def _mend(hit: Hit) -> Iterator[Remedy]:
    if hit.text.says == _APPLE:
        yield from _go("darwin/arm64")
        return
    if hit.text.says == _BOOTSTRAP:
        need = re.search(r"(1)[._](\d{1,2})", hit.group("what").rpartition("quire")[2])
        version = f"1.{need[2]}" if need else f"1.{go_releases.newest()}"
        yield Remedy(
            f"Build Go with Go {version} or later",
            "GOROOT_BOOTSTRAP=/path/to/newer/go ./make.bash",
            verify="$GOROOT_BOOTSTRAP/bin/go version",
        )
        return
    yield from _go("")


RULE = Rule("build.go-too-old", texts=TEXTS, weigh=weigh)
