"""This Go no longer has the target, or asks more of the C toolchain than there is

What is wrong
-------------
`unsupported GOOS/GOARCH pair` for a port that is gone (darwin/386 since Go 1.15, nacl since
1.14, windows/arm since 1.26, openbsd/mips64 since 1.27), a port marked as broken, a setting
that is gone (`GO386=387`), a linker that does not know an option which a newer Go gives it
(`unrecognized option '--high-entropy-va'`: mingw of 2016 and Go 1.15).

Why it happens
--------------
Go drops a port one release after it said so. A build matrix or a Makefile keeps the target
when the Go image is renewed.

Remedy
------
Leave the target out, or build it with the last Go that has it; renew the C toolchain.

References
----------
- Go release notes, "Ports" (the table is platforms/go_releases.toml); go.dev/wiki/PortingPolicy
- cmd/dist/build.go (broken), internal/buildcfg/cfg.go (GO386)
- golang/go 50020 (--high-entropy-va)

Limits
------
A program that a newer Go built and that an older system does not start is run.os-too-old; an
SDK that is too old for the Go of today is build.sdk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.platforms import go_releases as go
from archfit.platforms.go_releases import Standing
from archfit.rules.go_spoken_of import PAIR, last, refused, release
from archfit.rules.said import said

_MINGW = "the C linker is too old for this Go: it knows no {flag}"
_RUNTIME = Text(
    "undefined",
    "the port is marked as broken in this Go, and its runtime does not compile",
    "cmd/compile on src/runtime of a port that is listed in cmd/dist/build.go (broken)",
    r"src/runtime/(?P<file>[\w.]{1,80}\.go):\d{1,6}:\d{1,4}: undefined: \w{1,80}",
    0.9,
)
TEXTS = (
    PAIR,
    _RUNTIME,
    Text(
        "unsupported setting GO386",
        "Go has no code for the 387 coprocessor since 1.16",
        "internal/buildcfg/cfg.go (Consider using GO386=softfloat instead)",
        r"unsupported setting GO386=387",
        0.95,
    ),
    Text(
        "is marked as broken",
        "the port {target} is marked as broken in this Go",
        "cmd/dist/build.go (build stopped because the port ... is marked as broken)",
        r"the port (?P<target>[\w/]{3,40}) is marked as broken",
        0.95,
    ),
    Text(
        "high-entropy-va",
        _MINGW,
        "GNU ld of mingw before binutils 2.25 given a flag of cmd/link since Go 1.15",
        r"(?:unrecognized|unknown|unable to disambiguate)[^\n]{0,40}"
        r"(?P<flag>-{1,2}high-entropy-va)",
        0.9,
    ),
    *(
        Text(
            needle,
            "runtime/cgo of this Go needs a newer C compiler than this one",
            "GCC before 5 given Go's runtime/cgo",
            rf"(?:runtime[/\\]cgo|gcc_\w{{2,40}}\.c)[^\n]{{0,200}}{needle}",
            0.9,
        )
        for needle in ("C99 mode", "stdatomic.h")
    ),
    Text(
        "build-id",
        "the C linker is too old for this Go: it knows no --build-id",
        "GNU ld before 2.18 given a flag of cmd/cgo",
        r"unrecogni[sz]ed option '?--build-id=none",
        0.88,
    ),
    Text(
        "trampoline in go.o",
        "the SDK is too old for this Go: it lacks what the runtime calls",
        "ld64 with an SDK older than the macOS that this Go asks for",
        r"(?:runtime|syscall)[\w./]{1,80}_trampoline in go\.o",
        0.92,
    ),
    *(
        Text(
            flag,
            _MINGW,
            "GNU ld of mingw given a flag of cmd/link (ld/lib.go, hostlink)",
            r"(?:unrecognized|unknown|unable to disambiguate)[^\n]{0,40}"
            rf"(?P<flag>-{{1,2}}{flag})\b",
            0.82,
        )
        for flag in ("dynamicbase", "nxcompat", "no-insert-timestamp")
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest message that counts."""
    telling = [hit for hit in hits if _sure(hit, log) > 0]
    if telling:
        best = max(telling, key=lambda hit: _sure(hit, log))
        yield said(
            best,
            telling,
            message=_message(best, log),
            remedies=_mend(best, log),
            confidence=_sure(best, log),
        )


def _sure(hit: Hit, log: Log) -> float:
    if hit.text is PAIR:
        return 0.95 if refused(hit, log).standing is Standing.DROPPED else 0.0
    if hit.text is _RUNTIME:
        target = "/".join(log.build.target)
        known = release(log)
        broken = go.standing(target, go.newest() - 1 if known is None else known)
        return hit.text.confidence if broken in (Standing.BROKEN, Standing.DROPPED) else 0.0
    if "mingw" in hit.text.tool and not log.has("/link", "\\link", "cgo", "go build", "go-link"):
        return 0.0
    return hit.text.confidence


def _message(hit: Hit, log: Log) -> str:
    if hit.text is not PAIR:
        return ""
    target = refused(hit, log).target
    return f"Go {last(target)} was the last release with the port {target}"


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    if hit.text is PAIR:
        target = refused(hit, log).target
        old = last(target)
        yield Remedy(
            f"Leave {target} out of the targets",
            f"go tool dist list | grep -x {target}",
            verify="go tool dist list",
        )
        yield Remedy(
            f"Or build it with Go {old}, which gets no more security fixes",
            f"go install golang.org/dl/go{old}@latest && go{old} download",
            verify=f"go{old} version",
        )
    elif hit.group("flag"):
        yield Remedy(
            "Take a current mingw-w64",
            "winget install MSYS2.MSYS2 && pacman -S mingw-w64-ucrt-x86_64-gcc"
            if log.platform.os == "windows" or log.has(".exe")
            else "apt-get install gcc-mingw-w64",
            verify="gcc --version && ld --version",
        )
    elif "GO386" in hit.text.needle:
        yield Remedy(
            "Let the compiler do floating point without a coprocessor",
            "GOARCH=386 GO386=softfloat go build ./...",
            safe=True,
            verify="go env GO386",
        )
    else:
        yield Remedy("Leave the target out, or take an older Go for it", "go tool dist list -json")


RULE = Rule("build.go-too-new", texts=TEXTS, weigh=weigh)
