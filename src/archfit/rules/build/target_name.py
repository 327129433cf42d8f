"""A target, platform or level is named by a word that the tool does not know

What is wrong
-------------
GOOS, GOARCH, a `--platform`, a target triple or a level such as GOAMD64 has a value that no
release of the tool knows: `unsupported GOOS/GOARCH pair Darwin/arm64`, `... windows /amd64`,
`cannot parse platform specifier`, `invalid GOAMD64: must be v1, v2, v3, v4`, `machine
'arm64-apple' not recognized`.

Why it happens
--------------
Each tool spells machines in its own way: uname says x86_64 and Darwin, Docker linux/arm64/v8,
LLVM aarch64-unknown-linux-gnu, Go amd64 and darwin. A value is copied from one to the other,
carries a blank (`set GOOS=windows ` in cmd.exe), or two are joined. An old config.sub knows
no machine that is younger than itself.

Remedy
------
Write the name as the tool spells it.

References
----------
- cmd/go/internal/work/action.go, CheckGOOSARCHPair; `go tool dist list`
- internal/buildcfg/cfg.go (GOARM, GOAMD64, GOARM64, GOMIPS, GOPPC64, GORISCV64)
- containerd platforms/platforms.go, Parse; OCI image index, `platform`
- GNU config.sub

Limits
------
A target that a newer Go has is build.go-too-old, one that it dropped build.go-too-new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.platforms import go_releases
from archfit.platforms.go_releases import Standing, ports
from archfit.rules.go_spoken_of import PAIR, refused
from archfit.rules.said import said, surest

_PLATFORM = "{platform} is no platform: os/isa or os/isa/variant is asked for"
_LEVEL = "{setting} does not take this value"
_SETTINGS = ("GOARM64", "GOARM", "GOAMD64", "GOMIPS64", "GOMIPS", "GOPPC64", "GORISCV64", "GO386")
_WORD = r"[\"'`‘“\\]{0,3}(?P<value>[^\"'`’”\s\\]{1,80})"
_TAKEN = "{value} is not the name of a target here"
#: (needle, who prints it, pattern, confidence)
_OTHERS = (
    ("failed to parse platform", "BuildKit, Docker, skaffold", rf"parse platform:? {_WORD}", 0.9),
    ("unable to parse platform", "Buildah", rf"parse platform:? {_WORD}", 0.9),
    ("too many slashes in platform spec", "go-containerregistry", "", 0.95),
    ("specifier component must match", "containerd platforms.go", "", 0.94),
    (
        "Invalid architecture",
        "llvm-lipo",
        r"lipo: error: Invalid architecture: (?P<value>\S{1,40})",
        0.92,
    ),
    (
        "error occurred: unknown target",
        "Rust's cc crate",
        r"error occurred: unknown target `(?P<value>[^`\n]{1,60})",
        0.92,
    ),
    (
        "Configuration",
        "GCC's config.gcc, config.host (*** Configuration ... not supported)",
        r"\*\*\* Configuration (?P<value>\S{1,60}) not supported",
        0.9,
    ),
    ("wildcards not yet supported", "containerd platforms.go", "", 0.92),
    ("UnknownArchitecture", "zig std.Target.Query", r"UnknownArchitecture\b", 0.9),
    ("UnknownOperatingSystem", "zig std.Target.Query", r"UnknownOperatingSystem\b", 0.9),
    ("architecture name for", "ld64", r"architecture name for: -arch (?P<value>\S{1,40})", 0.86),
    ("unsupported build target", "goreleaser", rf"unsupported build target:? {_WORD}", 0.85),
    *(
        (f"invalid {name}", "goreleaser", rf"invalid {name}:? {_WORD}", 0.92)
        for name in ("goos", "goarch", "goarm", "goamd64")
    ),
    ("NETSDK1083", ".NET SDK", r"NETSDK1083[^\n]{0,80}'(?P<value>[^'\n]{1,60})'", 0.95),
    (
        "go/platform",
        "Bazel with rules_go",
        r"no such target '@?@?[\w~+.]{1,60}//go/platform:(?P<value>[\w-]{1,40})",
        0.92,
    ),
    (
        "No such file or directory",
        "Linux kernel's Makefile given an ARCH that is no folder of arch/",
        r"akefile:\d{1,5}: (?:\S{0,120}/)?arch/(?P<value>[\w-]{1,30})/Makefile: No such",
        0.93,
    ),
)
TEXTS = (
    PAIR,
    Text(
        "unsupported GOOS/GOARCH pair",
        "GOOS ends in a character that is not shown (a carriage return of a CRLF file)",
        "cmd/go/internal/work/action.go given GOOS or GOARCH with a line end",
        r"unsupported GOOS/GOARCH pair (?:\w{0,12}\s{0,4}$|\w{1,12}\\r)",
        0.9,
    ),
    *(
        Text(
            f"{word} {name}",
            _LEVEL,
            "internal/buildcfg/cfg.go, cmd/internal/objabi/util.go",
            rf"{word} (?P<setting>{name})\b(?: value\. Must|: must)",
            0.85,
        )
        for name in _SETTINGS
        for word in ("invalid", "Invalid")
    ),
    Text(
        "unknown $GOOS",
        "no Go release knows the GOOS {value}",
        "cmd/dist/build.go (go tool dist)",
        r"unknown \$(?:GOOS) (?P<value>[^\n]{1,60})",
        0.92,
    ),
    Text(
        "unknown $GOARCH",
        "no Go release knows the GOARCH {value}",
        "cmd/dist/build.go (go tool dist)",
        r"unknown \$(?:GOARCH) (?P<value>[^\n]{1,60})",
        0.92,
    ),
    Text(
        "unknown architecture",
        "the Go compiler has no code generator for {value}",
        "cmd/compile/main.go, cmd/link/main.go, cmd/asm",
        r"(?:compile|link|asm|\dg|\dl): unknown architecture \"?(?P<value>\w{1,30})",
        0.9,
    ),
    Text(
        "cannot parse platform specifier",
        _PLATFORM,
        "containerd platforms/platforms.go (Parse), in docker, buildx, nerdctl, ctr",
        r"(?P<platform>\\?\"[^\"\n]{0,80}\"): cannot parse platform specifier",
        0.95,
    ),
    Text(
        "is an invalid component of",
        _PLATFORM,
        "containerd platforms/platforms.go (Parse)",
        r"is an invalid component of (?P<platform>\\?\"[^\"\n]{0,80}\")",
        0.95,
    ),
    Text(
        "unknown operating system or architecture",
        _PLATFORM,
        "containerd platforms/platforms.go (Parse)",
        r"(?P<platform>\\?\"[^\"\n]{0,80}\"): unknown operating system or architecture",
        0.95,
    ),
    Text(
        "invalid platform",
        _PLATFORM,
        "podman, buildah (parse.Platform), ko, skaffold, Docker Compose",
        r"invalid platform(?: syntax for)?:? (?P<platform>[^\n]{1,80})",
        0.8,
    ),
    Text(
        "could not find specification for target",
        "rustc has no target {value}",
        "rustc_target/src/spec (load_spec_error)",
        r"could not find specification for target \"(?P<value>[^\"\n]{1,80})\"",
        0.93,
    ),
    Text(
        "Could not find specification for target",
        "rustc has no target {value}",
        "rustc_target/src/spec, before 1.70",
        r"Could not find specification for target \"(?P<value>[^\"\n]{1,80})\"",
        0.93,
    ),
    Text(
        "does not support target",
        "this Rust toolchain has no target {value}",
        "rustup src/errors.rs (UnknownTarget)",
        r"toolchain '[^'\n]{1,100}' does not support target '(?P<value>[^'\n]{1,80})'",
        0.88,
    ),
    Text(
        "Invalid configuration",
        "config.sub does not know the machine {value}",
        "GNU config.sub (Invalid configuration ...: machine ... not recognized)",
        r"Invalid configuration ['`](?P<whole>[^'\n]{1,80})['`]: (?:machine|system|OS|more than)"
        r" ?['`]?(?P<value>[^'\n]{0,60})",
        0.9,
    ),
    Text(
        "unable to guess system type",
        "config.guess is older than this machine",
        "GNU config.guess (cannot guess build type)",
        confidence=0.9,
    ),
    Text(
        "cannot guess build type",
        "config.guess is older than this machine",
        "GNU autoconf (AC_CANONICAL_BUILD: cannot guess build type; you must specify one)",
        confidence=0.88,
    ),
    Text(
        "in target triple",
        "the target triple {value} is malformed",
        "clang DiagnosticDriverKinds.td (err_drv_invalid_version_number and its relatives)",
        r"(?:version|environment|vendor) '[^'\n]{0,40}' in target triple '(?P<value>[^'\n]{1,80})'",
        0.85,
    ),
    Text(
        "invalid arch name",
        "clang knows no architecture {value}",
        "clang DiagnosticDriverKinds.td (err_drv_invalid_arch_name)",
        r"error: invalid arch name '(?:-arch )?(?P<value>[^'\n]{1,40})'",
        0.85,
    ),
    Text(
        "unable to parse target query",
        "zig knows no target {value}",
        "zig src/main.zig (parseTargetQueryOrReportFatalError)",
        r"unable to parse target query '(?P<value>[^'\n]{1,80})'",
        0.92,
    ),
    Text(
        "unknown architecture specification flag",
        "lipo and ld64 know no architecture {value}",
        "cctools arch.c (lipo, otool, nm)",
        r"unknown architecture specification flag(?: in [^\n]{1,80})?: (?P<value>[^\n]{1,60})",
        0.85,
    ),
    Text(
        "No valid platforms to build for",
        "none of the targets is one that gox knows",
        "mitchellh/gox main.go",
        confidence=0.85,
    ),
    *(Text(needle, _TAKEN, tool, pattern, sure) for needle, tool, pattern, sure in _OTHERS),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The pair counts only where no release of Go has such a port."""
    telling = [hit for hit in hits if _tells(hit, log)]
    if not telling:
        return
    best = surest(telling)
    confidence = 0.0
    if best.text is PAIR:
        confidence = 0.85 if ports(refused(best, log).target) else 0.96
    yield said(
        best, telling, message=_message(best, log), remedies=_mend(best, log), confidence=confidence
    )


def _tells(hit: Hit, log: Log) -> bool:
    if hit.text is PAIR:
        return refused(hit, log).standing is Standing.NEVER
    # A compiler that lacks what a newer one has is build.go-too-old.
    old = hit.text.needle == "unknown architecture" and go_releases.known_isa(hit.group("value"))
    return not old


def _message(hit: Hit, log: Log) -> str:
    if hit.text is not PAIR:
        told = hit.group("value") or hit.text.says != _TAKEN
        return "" if told else "the name of the target is not one that this tool knows"
    target = refused(hit, log).target
    blank = target != target.replace(" ", "")
    if ports(target):
        return (
            f"Go has a port {target}: the name that was given has a character that is not shown"
            " (a carriage return of a CRLF file, a blank)"
        )
    return f"no Go release has a port {target!r}" + (
        "; the name has a blank in it" if blank else ""
    )


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    if hit.text is PAIR:
        meant = refused(hit, log).meant
        if meant:
            system, _, isa = meant.partition("/")
            yield Remedy(
                f"Write it as Go does: {meant}",
                f"GOOS={system} GOARCH={isa} go build ./...",
                safe=True,
                verify=f"go tool dist list | grep -x {meant}",
            )
        else:
            yield Remedy("Take a target that Go has", "go tool dist list", safe=True)
        return
    if hit.group("platform"):
        yield Remedy(
            "Name the platform as os/isa[/variant]",
            "docker buildx build --platform linux/arm64 .",
            safe=True,
            verify="docker buildx inspect --bootstrap | grep Platforms",
        )
    elif hit.text.needle.split()[0] in ("Invalid", "unable", "cannot") and "GNU" in hit.text.tool:
        yield Remedy(
            "Bring config.guess and config.sub up to date",
            "cp /usr/share/misc/config.guess /usr/share/misc/config.sub .  # Debian: autotools-dev",
            verify="./config.guess && ./config.sub $(./config.guess)",
        )
    elif "rust" in hit.text.tool:
        yield Remedy(
            "Take a target of the list",
            "rustc --print target-list",
            safe=True,
            verify="rustup target list",
        )
    elif hit.group("setting"):
        yield Remedy(
            f"Give {hit.group('setting')} one of the values of the message, or unset it",
            f"go env -u {hit.group('setting')}",
            safe=True,
            verify=f"go env {hit.group('setting')}",
        )
    else:
        yield Remedy("Write the name as this tool spells it", verify="")


RULE = Rule("build.target-name", texts=TEXTS, weigh=weigh)
