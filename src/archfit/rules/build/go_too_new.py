"""This Go no longer supports the port or the C toolchain

What is wrong
-------------
What an older Go built, the newer one refuses: `unsupported GOOS/GOARCH pair darwin/386`,
`unsupported setting GO386=387`, a port marked broken, or its runtime/cgo, linker flags and
system calls need a newer C compiler or linker than is there: `unrecognized option
'--high-entropy-va'`, `'for' loop initial declarations are only allowed in C99 mode`.

Why it happens
--------------
Ports leave Go when their systems do (darwin/386 and darwin/arm with 1.15, nacl with 1.14,
openbsd/mips64 and windows/arm with 1.26 and 1.27), and Go's C part is tested with current
compilers only.

Remedy
------
Build for a port that is left, or keep the last Go that had this one; renew the C
toolchain.

References
----------
- Go release notes, "Ports"; go.dev/wiki/PortingPolicy
- cmd/go/internal/work/action.go; internal/buildcfg/cfg.go (GO386=387)

Limits
------
Programs that do not start on an old system are run.os-too-old.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.platforms import go_releases
from archfit.platforms.go_releases import Standing
from archfit.rules.go_ports import REFUSED, Refusal, go_used, refusal
from archfit.rules.said import said, surest

_OLD_C = "runtime/cgo of this Go needs a newer C compiler than this one"
_OLD_LD = "this Go passes the linker an option that it is too old to know: {what}"
_RUNTIME = Text(
    "undefined",
    "{what} is marked as broken in this Go: its runtime does not compile",
    "cmd/compile given GOROOT/src/runtime for a port that nobody keeps",
    r"src[/\\](?:runtime|syscall|internal)[/\\][\w./\\-]{1,120}\.go:\d{1,6}:\d{1,5}: undefined: ",
    0.9,
)
TEXTS = (
    *REFUSED,
    _RUNTIME,
    Text(
        "GO386=387",
        "Go has no code for the 387 coprocessor since 1.16",
        "Go internal/buildcfg/cfg.go (unsupported setting GO386=387)",
        r"unsupported setting GO386=387|GO386=387[^\n]{0,60} (?:is )?(?:no longer|not) supported",
        0.97,
    ),
    Text(
        "is broken",
        "{what} is marked as broken in this Go",
        "cmd/dist/build.go (build stopped because OS/ARCH is broken)",
        r"build stopped because (?:the port |port )?(?P<what>\S{1,40}) is (?:marked )?broken",
        0.97,
    ),
    Text(
        "marked as broken",
        "{what} is marked as broken in this Go",
        "cmd/dist/build.go (the port is marked as broken)",
        r"port (?P<what>\w{1,20}/\w{1,20}) is marked as broken|(?:build stopped|FORCE)[^\n]{0,60}"
        r"marked as broken",
        0.95,
    ),
    Text(
        "high-entropy-va",
        _OLD_LD,
        "GNU ld before binutils 2.36 given what cmd/link asks of it on Windows since Go 1.16",
        r"unrecogni[sz]ed option '?(?P<what>--high-entropy-va)",
        0.95,
    ),
    Text(
        "dynamicbase",
        _OLD_LD,
        "GNU ld of old MinGW given what cmd/link asks of it on Windows",
        r"unrecogni[sz]ed option '?(?P<what>--(?:no-)?dynamicbase)",
        0.88,
    ),
    Text(
        "C99 mode",
        _OLD_C,
        "GCC before 5 given Go's runtime/cgo",
        r"(?:runtime[/\\]cgo|gcc_\w{2,40}\.c)[^\n]{0,200}only allowed in C99",
        0.93,
    ),
    Text(
        "stdatomic.h",
        _OLD_C,
        "GCC before 4.9 given Go's runtime/cgo",
        r"(?:runtime[/\\]cgo|gcc_\w{2,40}\.c)[^\n]{0,200}stdatomic\.h",
        0.9,
    ),
    Text(
        "no longer supports",
        "this Go no longer supports {what}",
        "Go release notes and tools around it",
        r"\b[Gg]o ?(?:lang ?)?\d[\d.]{1,6} no longer supports (?P<what>[^\n]{1,60})",
        0.7,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A port that an older Go had; else the surest of the other messages."""
    refused = refusal(hits, log)
    if refused is not None and refused.standing in (Standing.DROPPED, Standing.BROKEN):
        yield said(
            refused.hit,
            [hit for hit in hits if hit.text in REFUSED],
            message=_message(refused),
            remedies=_go(refused),
            confidence=refused.confidence,
        )
        return
    broken = _broken(log)
    other = [
        hit for hit in hits if hit.text not in REFUSED and (hit.text is not _RUNTIME or broken)
    ]
    if other:
        best = surest(other)
        message = f"{broken} is marked as broken in this Go" if best.text is _RUNTIME else ""
        yield said(best, other, message=message, remedies=_mend(best))


def _broken(log: Log) -> str:
    """The target, when this Go lists it as broken."""
    target = "/".join(log.build.target)
    release = go_used(log)
    standing = go_releases.standing(target, go_releases.newest() if release is None else release)
    return target if standing is Standing.BROKEN else ""


def _last(refused: Refusal) -> str:
    rows = go_releases.ports(refused.target)
    return str(rows[-1]["until"]) if rows else ""


def _message(refused: Refusal) -> str:
    last = _last(refused)
    return f"{refused.target} left Go after {last}" if last else f"{refused.target} is broken in it"


def _go(refused: Refusal) -> Iterator[Remedy]:
    goos, _, goarch = refused.target.partition("/")
    for other in ("arm64", "amd64"):
        if go_releases.standing(f"{goos}/{other}", go_releases.newest()) is Standing.THERE:
            yield Remedy(
                f"Build for {goos}/{other}, which Go has",
                f"GOOS={goos} GOARCH={other} go build ./...",
                safe=True,
                verify="go version -m PROGRAM | grep GOARCH",
            )
            break
    last = _last(refused)
    if last:
        yield Remedy(
            f"Or keep Go {last}, the last one that has the port",
            f"go install golang.org/dl/go{last}@latest && go{last} download"
            f" && GOOS={goos} GOARCH={goarch} go{last} build ./...",
            verify=f"go{last} tool dist list | grep {refused.target}",
        )


def _mend(hit: Hit) -> Iterator[Remedy]:
    if "387" in hit.text.needle:
        yield Remedy(
            "Take software floating point",
            "GO386=softfloat go build ./...",
            safe=True,
            verify="go env GO386",
        )
    elif "ld" in hit.text.tool:
        yield Remedy(
            "Install a current MinGW-w64",
            "winget install MSYS2.MSYS2 && pacman -S mingw-w64-ucrt-x86_64-gcc",
            verify="ld --version",
        )
    elif "GCC" in hit.text.tool:
        yield Remedy(
            "Take a newer C compiler",
            "yum install devtoolset-11-gcc && scl enable devtoolset-11 'go build ./...'",
            verify="gcc --version",
        )
    else:
        yield Remedy("See which ports this Go has", "go tool dist list", safe=True)


RULE = Rule("build.go-too-new", texts=TEXTS, weigh=weigh)
