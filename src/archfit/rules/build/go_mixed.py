"""Two releases of Go are mixed in one build

What is wrong
-------------
The go command, its tools, the standard library and compiled packages come from different
releases: `compile: version "go1.19" does not match go tool version "go1.20"`, `object is
[...] expected [...]`, declarations of the standard library that stand twice (`redeclared
in this block` in GOROOT/src), or a linter or plugin that was built with another release.

Why it happens
--------------
GOROOT still points at an older installation, a new release was unpacked over the old one
instead of in its place, two package managers each brought a Go, or build caches of one are
given to the other.

Remedy
------
Unset GOROOT, remove the old installation, unpack the new one into an empty folder, and
build tools and plugins again with it.

References
----------
- cmd/compile/internal/base/flag.go (-goversion); cmd/link (checkFingerprint)
- go.dev/doc/install, "Remove any previous Go installation"; runtime/plugin.go

Limits
------
A plugin that differs in a module of its own, and not in Go, prints the same sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said

_TOOL = "{tool} was built with another release of Go than the one that is used"
_OBJECTS = "compiled packages are of another release of Go: {have}, not {need}"
_ROOT = "GOROOT names a folder where this Go does not find its own parts"
_VERSION = r"\\?[\"'`]?(?:go|devel)[ +]?[\w.+: -]{1,60}?\\?[\"'`]?"
_TWICE = Text(
    "redeclared in this block",
    "a Go was unpacked over an older one: the standard library has files of both",
    "cmd/compile given GOROOT/src with files of two releases",
    r"(?P<file>(?:[\w:./\\~+-]{0,200}[/\\])?(?:go|golang|libexec|goroot|GOROOT|go-?1\.[\d.]{1,6})"
    r"[/\\]src[/\\][\w./\\-]{1,200}\.go):\d{1,6}",
    0.9,
)
_INSIDE = Text(
    "undefined",
    "the standard library has files of two releases of Go",
    "cmd/compile given GOROOT/src with files of two releases",
    r"(?P<file>(?:[\w:./\\~+-]{0,200}[/\\])?(?:go|golang|libexec|goroot|GOROOT|go-?1\.[\d.]{1,6})"
    r"[/\\]src[/\\](?:internal|runtime|syscall|os|net|reflect|sync|math|crypto)[/\\][\w./\\-]{1,200}"
    r"\.go):\d{1,6}(?::\d{1,5})?: undefined: ",
    0.72,
)
_PLUGIN = Text(
    "different version of package",
    "the plugin was built with another release of Go, or with other versions of its modules",
    "Go runtime/plugin.go (plugin was built with a different version of package)",
    r"plugin was built with a different version of package (?P<package>[^\s\"')]{1,120})",
    0.9,
)
_NO_GOROOT = Text(
    "cannot find GOROOT directory",
    _ROOT,
    "cmd/go/main.go (go: cannot find GOROOT directory)",
    r"go: cannot find GOROOT directory: ?(?P<folder>[^\n]{0,200})",
    0.8,
)
TEXTS = (
    _TWICE,
    _INSIDE,
    _PLUGIN,
    _NO_GOROOT,
    Text(
        "does not match go tool version",
        "the go command is {need}, its tools are {have}: two releases are mixed",
        "cmd/compile/internal/base/flag.go, cmd/asm (version does not match go tool version)",
        rf"version (?P<have>{_VERSION}) does not match go tool version (?P<need>{_VERSION})"
        r"(?:$|\W)",
        0.97,
    ),
    Text(
        "object is",
        _OBJECTS,
        "cmd/compile/internal/noder/import.go, cmd/link, go/internal/gcimporter",
        r"object is \[(?P<have>[^\]\n]{1,300})(?:\] expected \[(?P<need>[^\]\n]{1,300})|$)",
        0.96,
    ),
    Text(
        "object header mismatch",
        "compiled packages are of another release of Go than the linker",
        "cmd/link/internal/loader (linked object header mismatch)",
        confidence=0.96,
    ),
    Text(
        "no plugin module data",
        "the plugin was built with another release of Go than the program that opens it",
        "Go runtime/plugin.go (runtime: no plugin module data)",
        confidence=0.9,
    ),
    Text(
        "fingerprint mismatch",
        "compiled packages do not go together: they are of two builds",
        "cmd/link/internal/ld/lib.go (checkFingerprint)",
        r"fingerprint mismatch: \S{1,200} has [0-9a-f]{1,40}, import from",
        0.88,
    ),
    Text(
        "unsupported version of go/types export data",
        _TOOL,
        "go/gcexportdata",
        confidence=0.85,
    ),
    Text(
        "unsupported version",
        "a tool was built with an older Go than the packages that it reads",
        "golang.org/x/tools/go/gcexportdata (internal error in importing: unsupported version)",
        r"internal error in importing \\?\"[^\"\n]{1,120}\" \(unsupported version: \d",
        0.9,
    ),
    Text(
        "please report an issue",
        "a tool was built with an older Go than the packages that it reads",
        "golang.org/x/tools/internal/gcimporter (internal error in importing)",
        r"internal error in importing \\?\"[^\"\n]{1,120}\" \(",
        0.8,
    ),
    Text(
        "without types was imported from",
        "a tool was built with an older Go than the packages that it reads",
        "golang.org/x/tools/go/packages (internal error: package ... without types)",
        r"internal error: package \\?\"[^\"\n]{1,120}\" without types was imported from",
        0.85,
    ),
    Text(
        "lower than the targeted Go version",
        "golangci-lint was built with an older Go than the code is written for",
        "golangci-lint pkg/config/loader.go (the Go language version used to build golangci-lint)",
        confidence=0.9,
    ),
    Text(
        "package requires newer Go version",
        "a tool was built with an older Go than the code is written for",
        "go/types (package requires newer Go version go1.N (application built with go1.M))",
        r"package requires newer Go version (?P<need>go\S{1,12})",
        0.85,
    ),
    Text(
        "file requires newer Go version",
        "a tool was built with an older Go than the code is written for",
        "go/types (file requires newer Go version go1.N (application built with go1.M))",
        r"file requires newer Go version (?P<need>go\S{1,12})",
        0.85,
    ),
    Text(
        "but Staticcheck was built with",
        "staticcheck was built with an older Go than the code is written for",
        "honnef.co/go/tools (module requires at least go1.N, but Staticcheck was built with go1.M)",
        confidence=0.9,
    ),
    Text(
        "but the go tool is",
        "GOROOT's tools are of another release than the go command",
        "go build and gopls",
        r"(?:compiler|tool)[^\n]{0,60} is go\S{1,12},? but the go tool is go",
        0.85,
    ),
    Text(
        "GOROOT mismatch",
        "GOROOT is that of another release than the go command",
        "IDEs and build tools",
        confidence=0.7,
    ),
    Text(
        "inconsistent runtime",
        "compiled packages do not go together: they are of two builds",
        "cmd/link and plugin",
        r"inconsistent runtime (?:package|version)",
        0.7,
    ),
    Text(
        "no such tool",
        _ROOT,
        "cmd/go/internal/base/tool.go (go: no such tool)",
        r"go(?: tool)?: no such tool \"(?P<tool>compile|asm|link|cgo|vet|cover|pack|buildid)\"",
        0.8,
    ),
)
_STANDARD = r"^(?:runtime|internal|unsafe|syscall|reflect|sync|os|errors|io|fmt|math|time|net)\b"


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest message that two releases explain."""
    best, sure = None, 0.0
    for hit in hits:
        value = _sure(hit, hits, log)
        if value > sure:
            best, sure = hit, value
    if best is not None:
        proofs = [hit for hit in hits if _sure(hit, hits, log) > 0]
        yield said(best, proofs, remedies=_mend(best, log), confidence=sure)


def _sure(hit: Hit, hits: Sequence[Hit], log: Log) -> float:
    if hit.text is _PLUGIN:
        return 0.93 if re.search(_STANDARD, hit.group("package")) else 0.72
    if hit.text is _INSIDE:
        # One such line may be a port's own gap; a mix leaves many.
        if log.build.crosses or log.build.target[0]:
            return 0.0
        many = len({one.number for one in hits if one.text is _INSIDE}) > 2
        return 0.8 if many or any(one.text is _TWICE for one in hits) else 0.0
    return hit.text.confidence


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    if hit.text is _PLUGIN:
        yield Remedy(
            "Build the plugin and the program with the same Go, from the same go.mod and flags",
            "go version -m PROGRAM PLUGIN.so | grep -E 'go1|build|dep'",
            safe=True,
            verify="go version PROGRAM PLUGIN.so",
        )
        return
    if "built with an older Go" in hit.text.says or hit.text.says == _TOOL:
        yield Remedy(
            "Build the tool again with the Go that is used",
            "go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@latest"
            if log.has("golangci")
            else "go install MODULE/TOOL@latest",
            verify="go version $(command -v TOOL) && go version",
        )
        return
    windows = log.platform.os == "windows"
    yield Remedy(
        "Unset GOROOT: the go command finds its own",
        "set GOROOT= & go env -u GOROOT" if windows else "unset GOROOT; go env -u GOROOT",
        safe=True,
        verify="go version && go env GOROOT && go tool compile -V",
    )
    root = "/usr/local/go" if log.platform.os != "darwin" else "$(brew --prefix)/Cellar/go"
    yield Remedy(
        "Remove the old installation, unpack the new one into an empty folder, clear the cache",
        "go clean -cache" if windows else f"ls -d {root}* && which -a go && go clean -cache",
        verify="go version && go build std",
    )


RULE = Rule("build.go-mixed", texts=TEXTS, weigh=weigh)
