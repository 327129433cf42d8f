"""Modules, vendoring or the toolchain line, and nothing about the architecture

What is wrong
-------------
The go command does not get as far as the target: `missing go.sum entry`, `no required
module provides package`, `go.mod requires go >= 1.22 (running go 1.20)`, `inconsistent
vendoring`, `cannot find main module`, `checksum mismatch`, `unknown directive: toolchain`.
Or a dependency is too old for this Go: `//go:linkname must refer to declared function or
variable` in golang.org/x/sys.

Why it happens
--------------
go.mod, go.sum and vendor/ were not changed together, the module asks for a newer Go than
is installed and GOTOOLCHAIN=local or the network forbids to fetch it, a private module
cannot be read, or dependencies were left where an old Go compiled them.

Remedy
------
`go mod tidy` (and `go mod vendor`), a newer Go or GOTOOLCHAIN=auto, GOPRIVATE, `go get -u`
of the dependency.

References
----------
- go.dev/ref/mod; go.dev/doc/toolchain
- cmd/go/internal/modload, modfetch, toolchain, gover; golang.org/x/mod/modfile
- go.dev/issue/51706 (golang.org/x/sys before 2021-06 and Go 1.18)

Limits
------
Proxies and networks that fail are named here only where the go command says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit
from archfit.rules.go_modules import (
    FETCH,
    OLD_MODULE,
    OUTSIDE,
    SYNTAX,
    TEXTS,
    TIDY,
    TOOLCHAIN,
    VENDOR,
)
from archfit.rules.said import said


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The first of the surest messages; some need an error beside them."""
    left = [(hit, _sure(hit, log)) for hit in hits]
    left = [(hit, sure) for hit, sure in left if sure > 0]
    if not left:
        return
    # Of what is about as sure, the first is the cause of the rest.
    most = max(sure for _, sure in left)
    best, sure = next((hit, sure) for hit, sure in left if sure >= most - 0.04)
    yield said(
        best,
        [hit for hit, _ in left],
        message=_message(best),
        remedies=_mend(best, log),
        confidence=sure,
    )


def _message(hit: Hit) -> str:
    """The words of the text without a name that was not told."""
    missing = ("{module}" in hit.text.says and not hit.group("module")) or (
        "{need}" in hit.text.says and not hit.group("need")
    )
    return hit.text.says.rpartition(": {")[0] if missing else ""


def _sure(hit: Hit, log: Log) -> float:
    needle = hit.text.needle
    if needle in ("is not in GOROOT", "is not in std"):
        # The standard library's own parts are absent where two releases are mixed.
        return 0.0 if re.match(_INNER, hit.group("need")) else hit.text.confidence
    if needle == "must refer to declared function or variable":
        return hit.text.confidence if "pkg" in hit.line or "vendor" in hit.line else 0.8
    if hit.text.says == FETCH and "warning" in hit.line.lower():
        return 0.0
    if needle == "could not read Username for":
        return 0.85 if log.says(*_GO_FETCHES) else 0.0
    if needle == "errors parsing go.mod" and not log.near(hit.number, *_SYNTAX, before=0, after=4):
        # It is a heading; without what it heads it may as well be a sentence's part.
        return 0.6
    if needle == "error obtaining VCS status":
        return hit.text.confidence if log.has("dubious ownership", "safe.directory") else 0.4
    return hit.text.confidence


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    says, verify = hit.text.says, "go list -m all && go build ./..."
    name = hit.group("module")
    vendored = says == VENDOR or log.has("-mod=vendor")
    if says == OLD_MODULE:
        what = re.search(r"([\w.-]+\.[a-z]{2,6}[\w./\\~-]{0,120}?)@v", hit.line.replace("\\", "/"))
        module = what[1] if what else name or "golang.org/x/sys"
        module = re.sub(r"^.*pkg/mod/", "", module)
        yield Remedy(
            f"Take a newer {module}",
            f"go get {module}@latest && go mod tidy",
            safe=True,
            verify="go build ./...",
        )
    elif says == TOOLCHAIN:
        need = re.search(r"1\.\d{1,2}(?:\.\d{1,3})?", hit.group("need"))
        version = need[0] if need else "NEEDED"
        yield Remedy(
            "Let the go command fetch the Go that is needed (Go 1.21 and later)",
            "GOTOOLCHAIN=auto go build ./...",
            safe=True,
            verify="go version",
        )
        yield Remedy(
            "Or install it",
            f"go install golang.org/dl/go{version}@latest && go{version} download",
            verify=f"go{version} version",
        )
    elif vendored:
        yield Remedy("Write vendor/ anew", "go mod tidy && go mod vendor", verify=verify)
    elif says == OUTSIDE:
        yield Remedy(
            "Run it where go.mod is, or make one (for a tool: go install MODULE@version)",
            "cd FOLDER_OF_GO_MOD || go mod init example.com/name",
            verify="go env GOMOD",
        )
    elif says == FETCH:
        yield Remedy(
            "For a private module: name it in GOPRIVATE, and let git read it",
            f"go env -w GOPRIVATE={name.split('@')[0] or 'HOST/GROUP'}",
            verify="go mod download -x",
        )
        yield Remedy(
            "See which proxy is asked", "go env GOPROXY GONOPROXY GOSUMDB GOFLAGS", safe=True
        )
    elif says == SYNTAX:
        yield Remedy(
            "See what this Go is, and what go.mod asks for (directives and versions come with"
            " releases)",
            "go version && head -n 5 go.mod",
            safe=True,
            verify="go mod edit -json",
        )
    elif "checksum" in hit.text.needle:
        yield Remedy(
            "Find out who changed the module before you accept it; then fetch it anew",
            "go clean -modcache && go mod download",
            verify="go mod verify",
        )
    elif "VCS" in hit.text.needle:
        yield Remedy(
            "Tell git that the folder is safe, or leave the stamp out",
            'git config --global --add safe.directory "$PWD"',
            verify="go build ./...",
        )
    else:
        get = f"go get {name} && " if says == TIDY and "." in name.split("/")[0] else ""
        yield Remedy("Bring go.mod and go.sum up to date", f"{get}go mod tidy", verify=verify)


#: The go command called git, not somebody else.
_GO_FETCHES = (
    "go get",
    "go mod",
    "go: ",
    "go install",
    "go build",
    "go run",
    "GOPRIVATE",
    "go.mod",
)
_SYNTAX = ("go.mod:", "unknown directive", "invalid", "malformed", "must ", "usage")
#: Packages of the standard library that no module asks for by mistake.
_INNER = r"(?:internal|runtime|vendor)/|unsafe$|runtime$|fmt$|os$|errors$|sync$|builtin$"

RULE = Rule("build.go-mod", texts=TEXTS, weigh=weigh, yields_to=("build.go-mixed",))
