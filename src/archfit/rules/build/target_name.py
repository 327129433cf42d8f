"""The name of the target is malformed, or no such target exists

What is wrong
-------------
GOOS and GOARCH, a platform or a triple name something that no release of the tool knows:
`unsupported GOOS/GOARCH pair Darwin/arm64`, `invalid GOAMD64: must be v1, v2, v3, v4`,
Docker's `"linux/arm64v9": unknown operating system or architecture`, rustc's `Could not
find specification for target`, config.sub's `machine ... not recognized`.

Why it happens
--------------
Each tool spells targets in its own way: Go says arm64, amd64, darwin; the kernel and GCC
aarch64, x86_64; Docker linux/arm/v7; Rust and LLVM triples. A capital letter, a blank at
the end (`set GOOS=windows & ...` on Windows) or a variable that is empty make another name.

Remedy
------
Write the target as the tool spells it; `go tool dist list` and its like print them all.

References
----------
- cmd/go/internal/work/action.go, internal/buildcfg/cfg.go (GOAMD64 and its like)
- containerd platforms (Parse), OCI image-spec image-index, "platform"
- rustc_target spec, GNU config.sub

Limits
------
A name that is right for another tool and wrong for this one is told apart only by the
message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.platforms import go_releases
from archfit.platforms.go_releases import Standing
from archfit.rules.go_ports import REFUSED, refusal
from archfit.rules.said import said, surest

_LEVEL = "{what} is given a value that it does not take"
_PLATFORM = "{what} is not the name of a platform"
_TRIPLE = "{what} is not the name of a target"
_NAME = r"[\"'`‘“\\]{0,3}(?P<what>[^\"'`’”\s\\]{0,80})"
TEXTS = (
    *REFUSED,
    *(
        Text(
            f"invalid {name}",
            _LEVEL,
            "Go internal/buildcfg/cfg.go",
            rf"invalid (?P<what>{name})(?: value[^\n]{{0,40}})?:? ",
            0.95,
        )
        for name in (
            "GOAMD64",
            "GOARM",
            "GOARM64",
            "GO386",
            "GOMIPS",
            "GOMIPS64",
            "GOPPC64",
            "GORISCV64",
            "GOWASM",
        )
    ),
    Text(
        "Invalid GOARM value",
        "GOARM is given a value that it does not take",
        "Go cmd/internal/objabi/util.go before 1.22 (Invalid GOARM value. Must be 5, 6, or 7.)",
        confidence=0.95,
    ),
    Text(
        "Invalid GOMIPS value",
        "GOMIPS is given a value that it does not take",
        "Go cmd/internal/objabi/util.go before 1.17",
        confidence=0.95,
    ),
    *(
        Text(
            f"unknown {kind}",
            "{what} is no " + kind + " that Go knows",
            "Go cmd/dist, cmd/link (unknown ...)",
            rf"(?:go tool dist|cmd/dist|link|asm|compile): unknown {kind} {_NAME}",
            0.75,
        )
        for kind in ("goos", "goarch")
    ),
    Text(
        "unknown operating system or architecture",
        _PLATFORM,
        "containerd platforms.go (Parse)",
        r"(?:[\"'\\]{1,3}(?P<what>[^\"'\\\s]{0,60})[\"'\\]{1,3}: )?unknown operating system or"
        r" architecture",
        0.95,
    ),
    Text(
        "platform specifier component must match",
        _PLATFORM,
        "containerd platforms.go (is an invalid component of, ... must match)",
        r"(?:invalid component of [\"'\\]{0,3}(?P<what>[^\"'\\\n]{0,80})[\"'\\]{0,3}: )?platform"
        r" specifier component must match",
        0.95,
    ),
    Text(
        "cannot parse platform specifier",
        _PLATFORM,
        "containerd platforms.go",
        rf"(?:{_NAME}[\"'\\]{{1,3}}: )?cannot parse platform specifier",
        0.95,
    ),
    Text(
        "wildcards not yet supported",
        _PLATFORM,
        "containerd platforms.go",
        r"(?P<what>\S{1,60}): wildcards not yet supported",
        0.93,
    ),
    *(
        Text(needle, _PLATFORM, tool, pattern, sure)
        for needle, tool, pattern, sure in (
            (
                "failed to parse platform",
                "BuildKit, Docker, skaffold, buildx (failed to parse platform)",
                rf"failed to parse platform:? {_NAME}",
                0.92,
            ),
            (
                "invalid platform syntax",
                "Buildah, Podman (invalid platform syntax for ... use OS/ARCH[/VARIANT])",
                rf"invalid platform syntax(?: for)? {_NAME}",
                0.95,
            ),
            (
                "unable to parse platform",
                "Buildah (unable to parse platform)",
                rf"unable to parse platform:? {_NAME}",
                0.93,
            ),
            (
                "invalid platform",
                "crane, ko, kaniko, Docker plugins, act",
                rf"[Ee]rror[^\n]{{0,120}}invalid platform(?: specified)?[: ]{{1,2}}{_NAME}",
                0.8,
            ),
            (
                "parsing platform",
                "go-containerregistry v1/platform.go (ParsePlatform: too many slashes)",
                rf"(?:parsing|parse) platform {_NAME}",
                0.85,
            ),
            (
                "too many slashes in platform spec",
                "go-containerregistry v1/platform.go (ParsePlatform)",
                rf"too many slashes in platform spec:? {_NAME}",
                0.95,
            ),
            (
                "invalid os/arch",
                "build tools of images",
                rf"invalid os/arch[^\n]{{0,20}}: {_NAME}",
                0.85,
            ),
        )
    ),
    *(
        Text(needle, _TRIPLE, tool, pattern, sure)
        for needle, tool, pattern, sure in (
            (
                "find specification for target",
                "rustc rustc_target (Could not find specification for target)",
                rf"[Cc]ould not find specification for target {_NAME}",
                0.95,
            ),
            (
                "does not support target",
                "rustup (toolchain ... does not support target; did you mean)",
                rf"toolchain '[^'\n]{{1,80}}' does not (?:contain component 'rust-std' for|support)"
                rf" target {_NAME}",
                0.93,
            ),
            (
                "not recognized",
                "GNU config.sub (Invalid configuration: machine, system, OS not recognized)",
                r"[Ii]nvalid configuration [`'‘]?[^`'’\n]{1,80}['’]?:"
                r" (?:machine|system|OS|kernel|more than)[^\n]{0,20} [`'‘]?(?P<what>[^`'’\n]{1,60})"
                r"['’]? not recognized",
                0.93,
            ),
            (
                "not recognized",
                "GNU config.sub (libtool, ./configure: machine X not recognized)",
                r"(?:machine|system) [`'‘](?P<what>[^`'’\n]{1,60})['’] not recognized",
                0.9,
            ),
            (
                "UnknownArchitecture",
                "zig std.Target.Query.parse",
                r"(?:target|triple|query)[^\n]{0,20} ?[\"'`]?(?P<what>[\w.-]{0,60})[\"'`]?: "
                r"Unknown(?:Architecture)",
                0.93,
            ),
            (
                "UnknownOperatingSystem",
                "zig std.Target.Query.parse",
                r"[\"'`]?(?P<what>[\w.-]{0,60})[\"'`]?: UnknownOperatingSystem",
                0.93,
            ),
            (
                "unknown architecture",
                "zig main.zig (error: unknown architecture), lipo",
                rf"error: unknown architecture:? {_NAME}",
                0.8,
            ),
            (
                "unknown OS",
                "zig main.zig (error: unknown OS)",
                rf"error: unknown OS:? {_NAME}",
                0.9,
            ),
            (
                "invalid arch name",
                "clang (invalid arch name '-arch NAME')",
                r"error: invalid arch name '?(?P<what>[^'\n]{1,60})",
                0.9,
            ),
            (
                "architecture name for",
                "ld64 (unknown/unsupported architecture name for: -arch NAME)",
                r"architecture name for: (?P<what>-arch \S{1,40})",
                0.88,
            ),
            (
                "unknown architecture specification flag",
                "lipo (unknown architecture specification flag)",
                rf"unknown architecture specification flag:? \(?{_NAME}",
                0.93,
            ),
            (
                "RuntimeIdentifier",
                ".NET SDK NETSDK1083 (RuntimeIdentifier is not recognized)",
                r"RuntimeIdentifier '(?P<what>[^'\n]{1,60})' is not recognized",
                0.95,
            ),
            (
                "NETSDK1083",
                ".NET SDK NETSDK1083",
                r"error NETSDK1083[^\n]{0,80}'(?P<what>[^'\n]{1,60})'",
                0.95,
            ),
            (
                "go/platform",
                "Bazel with rules_go (no such target @rules_go//go/platform:NAME)",
                r"no such target '@?@?[\w~+.]{1,60}//go/(?:platform|toolchain):"
                r"(?P<what>[\w-]{1,40})",
                0.92,
            ),
            (
                "unsupported build target",
                "goreleaser internal/builders/golang (invalid target)",
                rf"(?:unsupported build target|invalid build target):? {_NAME}",
                0.85,
            ),
            ("invalid goarch", "goreleaser (invalid goarch)", rf"invalid goarch:? {_NAME}", 0.93),
            ("invalid goos", "goreleaser (invalid goos)", rf"invalid goos:? {_NAME}", 0.93),
            ("invalid goarm", "goreleaser (invalid goarm)", rf"invalid goarm:? {_NAME}", 0.93),
            (
                "invalid goamd64",
                "goreleaser (invalid goamd64)",
                rf"invalid goamd64:? {_NAME}",
                0.93,
            ),
            (
                "No such file or directory",
                "Linux kernel's Makefile given an ARCH that is no folder of arch/",
                r"[Mm]akefile:\d{1,5}: (?:\S{0,120}/)?arch/(?P<what>[\w-]{1,30})/Makefile: No such",
                0.93,
            ),
        )
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A port that no Go ever had, or a name that another tool refuses."""
    refused = refusal(hits, log)
    if refused is not None:
        if refused.standing is Standing.NEVER:
            yield said(
                refused.hit,
                [hit for hit in hits if hit.text in REFUSED],
                message=f"no Go builds for {refused.target!r}",
                remedies=_go(refused.hit),
                confidence=refused.confidence,
            )
        return
    other = [hit for hit in hits if hit.text not in REFUSED]
    if other:
        best = surest(other)
        yield said(best, other, remedies=_mend(best))


def _go(hit: Hit) -> Iterator[Remedy]:
    meant = go_releases.meant(hit.group("goos"), hit.group("goarch"))
    if meant:
        goos, _, goarch = meant.partition("/")
        yield Remedy(
            f"Write {meant} (no blanks, small letters)",
            f"GOOS={goos} GOARCH={goarch} go build ./...",
            safe=True,
            verify="go env GOOS GOARCH",
        )
    yield Remedy("See which targets this Go has", "go tool dist list", safe=True)


def _mend(hit: Hit) -> Iterator[Remedy]:
    tool = hit.text.tool
    if tool.startswith("Go "):
        name = hit.group("what", "GOARM")
        yield Remedy(
            f"Unset {name}, or give it a value that the message lists",
            f"unset {name}; go env -u {name}",
            safe=True,
            verify=f"go env {name}",
        )
    elif tool.startswith("rust"):
        yield Remedy("Take a triple that rustc knows", "rustc --print target-list", safe=True)
    elif "config.sub" in tool:
        yield Remedy(
            "Put a newer config.sub and config.guess in the place of the old ones",
            "cp /usr/share/misc/config.sub /usr/share/misc/config.guess .",
            verify="./config.sub aarch64-apple-darwin",
        )
    elif tool.startswith("zig"):
        yield Remedy("Take a target that zig knows (aarch64-linux-gnu)", "zig targets", safe=True)
    elif "clang" in tool or "ld64" in tool or "lipo" in tool:
        yield Remedy("Name it as Apple does: arm64, x86_64", "clang -arch arm64 ...", safe=True)
    elif "Linux kernel" in tool:
        yield Remedy("Name it as the kernel's arch folder does", "make ARCH=arm64", safe=True)
    elif tool.startswith((".NET", "Bazel", "goreleaser")):
        yield Remedy("Write the target as this tool lists it", "go tool dist list", safe=True)
    else:
        yield Remedy(
            "Write the platform as os/arch[/variant], in small letters",
            "docker buildx build --platform linux/amd64,linux/arm64 .",
            safe=True,
            verify="docker buildx inspect --bootstrap",
        )


RULE = Rule("build.target-name", texts=TEXTS, weigh=weigh)
