"""Parts of two Go releases meet in one toolchain or one program

What is wrong
-------------
`compile: version "go1.21.6" does not match go tool version "go1.18.1"`, `object is [...]
expected [...]`, `linked object header mismatch`, names of the runtime that are `redeclared in
this block`, standard packages that are missing from GOROOT, `plugin was built with a different
version of package`, a linter or debugger that can't read what a newer Go writes.

Why it happens
--------------
A new Go was unpacked over an old one; GOROOT or GOTOOLDIR still names the old; two go commands
are on PATH; archives, plugins or tools were built by another release.

Remedy
------
Remove the old tree before the new one is unpacked, unset GOROOT, and build all parts with the
one go command.

References
----------
- cmd/compile/internal/base/flag.go (-goversion), cmd/go/internal/work/buildid.go
- cmd/compile/internal/noder/import.go (object is [...] expected [...]), cmd/link/internal/loader
- go.dev/doc/install: "Do not untar the archive into an existing /usr/local/go tree"
- src/runtime/plugin.go (pluginftabverify, hash check)

Limits
------
A go line or toolchain line that asks for another Go is build.go-mod.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_TOOL = "{tool} was built with an older Go and can't read what {go} writes"
_REDECLARED = Text(
    "redeclared in this block",
    "the sources of two Go releases lie in one GOROOT",
    "cmd/compile on $GOROOT/src after a release was unpacked over another",
    r"(?:[Gg]o|libexec|goroot|GOROOT|usr|current|go-?1\.\d{1,2}(?:\.\d{1,2})?)[/\\]src[/\\](?:runtime|internal|"
    r"syscall|reflect|sync|os|net|math|crypto|time|unicode|errors|strconv|bytes|strings)[/\\][^\s:]"
    r"{1,120}:\d{1,6}",
    0.92,
)
_ABSENT = Text(
    "is not in",
    "the standard package {package} is missing: GOROOT is not a whole Go tree",
    "cmd/go/internal/modload/import.go (is not in GOROOT, since 1.19 is not in std)",
    r"package (?P<package>fmt|os|io|errors|runtime|runtime/[\w/]{1,40}|internal/[\w/]{1,60}"
    r"|unsafe|sync|syscall|strings|strconv|bytes|time|bufio|context|net/http|path|log|flag|reflect|sort|math"
    r"|encoding/json|path/filepath|os/exec|unicode|testing|vendor/[\w./]{1,80}|crypto/internal/\S"
    r"{1,60}) is not in (?:GOROOT|std)",
    0.82,
)
TEXTS = (
    Text(
        "does not match go tool version",
        "the tool is of {have}, the go command of {need}",
        "cmd/compile/internal/base/flag.go; also asm, link, cgo",
        r"version \\?\"(?P<have>[^\"\\\n]{1,60})\\?\" does not match go tool version"
        r" \\?\"(?P<need>[^\"\\\n]{1,60})",
        0.97,
    ),
    Text(
        "object is",
        "an archive was made by {have}, this compiler is {need}",
        "cmd/compile/internal/noder/import.go, gc/bimport (object is [...] expected [...])",
        r"object is \[(?:go object )?\w{1,12} \w{1,12} (?P<have>\S{1,40})",
        0.95,
    ),
    Text(
        "linked object header mismatch",
        "an archive was made by another Go than the linker",
        "cmd/link/internal/ld/lib.go",
        confidence=0.95,
    ),
    Text(
        "object file version mismatch",
        "an archive was made by another Go than the linker",
        "cmd/link/internal/ld/lib.go, before Go 1.15",
        confidence=0.93,
    ),
    Text(
        "fingerprint mismatch",
        "two archives were compiled against different versions of one package",
        "cmd/link/internal/loader (fingerprint mismatch: a has x, import from b expecting y)",
        r"fingerprint mismatch: (?P<package>\S{1,120}) has ",
        0.85,
    ),
    Text(
        "darwin_arm_init_mach_exception_handler",
        "runtime/cgo is put together from the files of two Go releases",
        "Go runtime/cgo/gcc_darwin_arm64.c calls it, a file that other releases leave out has it",
        r"\"_darwin_arm_init_mach_exception_handler\", referenced from",
        0.9,
        ("gomobile",),
    ),
    _REDECLARED,
    _ABSENT,
    Text(
        "cannot find GOROOT directory",
        "GOROOT names a folder that is not there",
        "cmd/go/main.go, cmd/go/internal/cfg",
        r"cannot find GOROOT directory: (?P<folder>[^\n]{1,200})",
        0.75,
    ),
    Text(
        "plugin was built with a different version of package",
        "the plugin was built by another Go, or against another version of {package}",
        "src/plugin/plugin_dlopen.go",
        r"plugin was built with a different version of package (?P<package>\S{1,200})",
        0.85,
    ),
    Text(
        "no plugin module data",
        "the plugin was built by another Go than the program that opens it",
        "src/runtime/plugin.go (lastmoduleinit)",
        r"fatal error: runtime: no plugin module data",
        0.93,
    ),
    Text(
        "lower than the targeted Go version",
        "golangci-lint was built with {have}, the module asks for {need}",
        "golangci-lint pkg/config/loader.go",
        r"\(\\?\"?(?P<have>go[\d.]{3,8})[^)]{0,12}\) used to build golangci-lint is lower than the"
        r" targeted Go version \(\\?\"?(?P<need>[\d.]{3,8})",
        0.85,
    ),
    Text(
        "Version of Delve is too old for Go version",
        "delve is older than the Go that built the program",
        "delve pkg/goversion/compat.go",
        r"Version of Delve is too old for Go version (?P<need>[\w.]{1,20})",
        0.9,
    ),
    Text(
        "is too old for this version of Delve",
        "the Go that built the program is older than delve allows",
        "delve pkg/goversion/compat.go",
        r"[Gg]o version (?P<have>[\w.]{1,20}) is too old for this version of Delve",
        0.85,
    ),
    Text(
        "unsupported version",
        "a tool that was built with an older Go can't read export data of this one",
        "golang.org/x/tools/go/gcexportdata, go/internal/gcimporter",
        r"(?:internal error in importing|could not import|cannot import|cannot decode|"
        r"export data)[^\n]{0,300}(?:unsupported version: \d{1,3}|unsupported version of)",
        0.85,
    ),
    Text(
        "internal error in importing",
        "a tool that was built with an older Go can't read export data of this one",
        "golang.org/x/tools/internal/gcimporter (please report an issue)",
        r"internal error in importing \\?\"[^\"\n]{1,120}\" ?\(",
        0.82,
    ),
    Text(
        "without types was imported from",
        "a tool that was built with an older Go can't read export data of this one",
        "golang.org/x/tools/go/packages (internal error: package ... without types)",
        r"internal error: package \\?\"[^\"\n]{1,120}\" without types was imported from",
        0.84,
    ),
    *(
        Text(
            f"{part} requires newer Go version",
            "a tool was built with an older Go than the code is written for ({need})",
            "go/types (requires newer Go version go1.N (application built with go1.M))",
            r"requires newer Go version (?P<need>go\S{1,12})",
            0.85,
        )
        for part in ("package", "file")
    ),
    Text(
        "but Staticcheck was built with",
        "staticcheck was built with an older Go than the code is written for",
        "honnef.co/go/tools (module requires at least go1.N, but Staticcheck was built with)",
        confidence=0.88,
    ),
    Text(
        "no such tool",
        "GOROOT names a folder where this Go does not find its tool {tool}",
        "cmd/go/internal/base/tool.go (go: no such tool)",
        r"go(?: tool)?: no such tool \"(?P<tool>compile|asm|link|cgo|vet|cover|pack|buildid)\"",
        0.55,
    ),
    Text(
        "greater than maximum supported version",
        "a tool that was built with an older Go can't read export data of this one",
        "go/internal/gcimporter, x/tools/internal/gcimporter",
        r"export data version \d{1,3} is greater than maximum supported version",
        0.9,
    ),
    *(
        Text(
            needle,
            "a tool that was built with an older Go can't read export data of this one",
            "go/internal/gcimporter, before Go 1.20 (unknown bexport/iexport format version)",
            confidence=0.88,
        )
        for needle in (
            "unknown iexport format version",
            "unknown bexport format version",
            "unknown export format version",
            "export data is newer version",
        )
    ),
    Text(
        "panic: unsupported version",
        "a tool that was built with an older Go can't read export data of this one",
        "golang.org/x/tools/internal/pkgbits (NewPkgDecoder)",
        r"panic: unsupported version: \d{1,3}\b",
        0.955,
    ),
    Text(
        "flag provided but not defined",
        "the go command gives its compiler a flag that it does not know: they are of two releases",
        "cmd/compile, cmd/asm, cmd/link given flags of another release's cmd/go",
        r"flag provided but not defined: (?P<flag>-(?:goversion|buildid|lang|importcfg|symabis|std"
        r"|gensymabis|trimpath|embedcfg|coveragecfg|pgoprofile|env|nolocalimports|c|complete))\b",
        0.8,
    ),
    Text(
        "flag provided but not defined",
        "the go command and one of its tools are of two releases",
        "cmd/vet, cmd/cover given flags of another release's cmd/go",
        r"flag provided but not defined: -(?:unsafeptr|pkgcfg|outfilelist|V)\b",
        0.7,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest; a flag that a tool lacks counts where its usage says that it is a tool."""
    telling = [hit for hit in hits if _counts(hit, log)]
    if telling:
        best = surest(telling)
        yield said(best, telling, remedies=_mend(best, log))


def _counts(hit: Hit, log: Log) -> bool:
    if hit.text.needle == "flag provided but not defined":
        return log.near(
            hit.number,
            "usage: compile",
            "usage: asm",
            "usage: link",
            "usage: cgo",
            "go tool compile",
            "go tool vet",
            "Usage of",
            before=2,
            after=8,
        )
    return True


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    verify = "go version; go env GOROOT GOTOOLDIR; go tool compile -V"
    if "plugin" in hit.text.needle:
        yield Remedy(
            "Build program and plugins with one Go, one go.mod and the same flags",
            "go build -trimpath . && go build -trimpath -buildmode=plugin ./plugin",
            verify="go version -m PROGRAM PLUGIN.so",
        )
        return
    if "golangci" in hit.text.tool:
        yield Remedy(
            "Build golangci-lint with the Go of the module, or take a newer release of it",
            "go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@latest",
            verify="golangci-lint version",
        )
        return
    if "delve" in hit.text.tool:
        yield Remedy(
            "Take a delve of the same age as Go",
            "go install github.com/go-delve/delve/cmd/dlv@latest",
            verify="dlv version",
        )
        return
    if hit.text.needle.startswith(("object", "linked", "fingerprint", "unsupported", "greater")):
        yield Remedy(
            "Forget what other releases compiled, and build it anew",
            "go clean -cache && go build -a ./...",
            verify=verify,
        )
    yield Remedy(
        "Unset GOROOT: the go command finds its own",
        "unset GOROOT GOTOOLDIR; go env -u GOROOT",
        safe=True,
        verify=verify,
    )
    yield Remedy(
        "Remove what is left of other releases before a new one is unpacked",
        "brew reinstall go"
        if log.platform.os == "darwin"
        else "which -a go; rm -rf /usr/local/go  # then unpack the release again",
        verify=verify,
    )


RULE = Rule("build.go-mixed", texts=TEXTS, weigh=weigh)
