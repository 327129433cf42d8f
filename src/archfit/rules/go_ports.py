"""Whether a release of Go builds for a target, from the message that refuses one.

`unsupported GOOS/GOARCH pair` has three causes: no Go has the port, a newer Go has it, an
older Go had it. The three rules share the message and ask here which it is. Who prints it:
cmd/go/internal/work/action.go (CheckGOOSARCHPair), before Go 1.18 with `cmd/go:` in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from archfit.formats.log import Log
from archfit.model.text import Hit, Text
from archfit.platforms import go_releases
from archfit.platforms.go_releases import Standing

_PAIR = r"(?P<goos>[^/\n]{0,40}?)/(?P<goarch>[^\s\"'`,;:()\\]{0,40})"
REFUSED = (
    Text(
        "unsupported GOOS",
        "Go does not build for {goos}/{goarch}",
        "cmd/go/internal/work/action.go (unsupported GOOS/GOARCH pair)",
        rf"(?P<who>(?:cmd/)?go: )?unsupported GOOS/GOARCH pair:? [\"'`]?{_PAIR}",
        0.96,
    ),
    Text(
        "unsupported GOOS",
        "Go does not build for {goos}/{goarch}",
        "Go src/runtime, cmd/dist and packages that read GOOS and GOARCH",
        rf"unsupported GOOS/GOARCH:? [\"'`]?{_PAIR}",
        0.9,
        ("GOARCH pair",),
    ),
    Text(
        "unsupported GOOS",
        "Go does not build for {goos}",
        "Go before 1.7 and tools around it (unsupported GOOS)",
        r"unsupported GOOS[: =]{1,3}[\"'`]?(?P<goos>\w{1,30})",
        0.85,
        ("GOOS/GOARCH",),
    ),
    Text(
        "unsupported GOARCH",
        "Go does not build for {goarch}",
        "Go before 1.7 and tools around it (unsupported GOARCH)",
        r"unsupported GOARCH[: =]{1,3}[\"'`]?(?P<goarch>\w{1,30})",
        0.85,
    ),
    Text(
        "is not a supported",
        "Go does not build for {goos}/{goarch}",
        "build tools around Go (xgo, gox, rules_go)",
        rf"\b{_PAIR} is not a supported (?:GOOS/GOARCH|platform|target)",
        0.7,
    ),
    Text(
        "unsupported platform pair",
        "Go does not build for {goos}/{goarch}",
        "build scripts around Go",
        rf"unsupported platform pair:? [\"'`]?{_PAIR}",
        0.85,
    ),
    Text(
        "unknown architecture",
        "Go's compiler has no code generator for {goarch}",
        "cmd/compile main.go (compile: unknown architecture)",
        r"(?:compile|link|asm): unknown architecture \"(?P<goarch>\w{1,30})",
        0.94,
    ),
    Text(
        "unknown GOARCH",
        "Go has no architecture {goarch}",
        "Go before 1.7, cmd/dist (unknown $GOARCH)",
        r"unknown \$?GOARCH:? ?[\"'`]?(?P<goarch>\w{1,30})",
        0.9,
    ),
    Text(
        "unknown GOOS",
        "Go has no system {goos}",
        "Go before 1.7, cmd/dist (unknown $GOOS)",
        r"unknown \$?GOOS:? ?[\"'`]?(?P<goos>\w{1,30})",
        0.9,
    ),
    Text(
        "unknown $GOARCH",
        "Go has no architecture {goarch}",
        "cmd/dist/build.go (unknown $GOARCH)",
        r"unknown \$GOARCH:? ?[\"'`]?(?P<goarch>\w{1,30})",
        0.92,
    ),
    Text(
        "unknown $GOOS",
        "Go has no system {goos}",
        "cmd/dist/build.go (unknown $GOOS)",
        r"unknown \$GOOS:? ?[\"'`]?(?P<goos>\w{1,30})",
        0.92,
    ),
)
#: Where a text tells which Go was used, the surest first.
_TOLD = (
    r"\bgo version (?:go)?(1\.\d{1,2}(?:\.\d{1,2})?)",
    r"GOVERSION=[\"']?go(1\.\d{1,2}(?:\.\d{1,2})?)",
    r"\(running go ?(1\.\d{1,2}(?:\.\d{1,2})?)",
    r"/go/(1\.\d{1,2}(?:\.\d{1,2})?)/x64/",
    r"\bgolang:(1\.\d{1,2}(?:\.\d{1,2})?)",
    r"golang\.org/toolchain@v0\.0\.1-go(1\.\d{1,2}(?:\.\d{1,2})?)",
    r"[/\\@]go[@-]?(1\.\d{1,2}(?:\.\d{1,2})?)[/\\]",
    r"(?i)\bgo-version[=: ]{1,3}[\"']?\^?(1\.\d{1,2}(?:\.\d{1,2})?)",
    r"(?i)\busing go(?:lang)?(?: version)? ?(1\.\d{1,2}(?:\.\d{1,2})?)",
    r"\bgo(1\.\d{1,2}(?:\.\d{1,2})?)\.(?:linux|darwin|windows|freebsd)-",
    r"^go: v?(?:go)?(1\.\d{1,2}(?:\.\d{1,2})?)\s*$",
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """``target`` as it was written; ``release``: minor number of the Go, None = not told."""

    hit: Hit
    target: str
    release: int | None
    standing: Standing
    confidence: float


def go_used(log: Log) -> int | None:
    """Minor number of the Go that the text (or the user) says was used."""
    for key in ("go", "go_version", "goversion"):
        minor = go_releases.minor(log.context.get(key, "").removeprefix("go version ").strip())
        if minor is not None:
            return minor
    for text in (log.told, log.text):
        for pattern in _TOLD:
            found = re.search(pattern, text, re.MULTILINE)
            if found is not None:
                return go_releases.minor(found[1])
    return None


def refusal(hits: Sequence[Hit], log: Log) -> Refusal | None:
    """What the first of the hits that are `REFUSED` comes from."""
    own = [hit for hit in hits if hit.text in REFUSED]
    if not own:
        return None
    hit = max(own, key=lambda one: one.text.confidence)
    goos, goarch = hit.group("goos"), hit.group("goarch")
    release = go_used(log)
    if not goos or not goarch:
        return _half(hit, goos, goarch, release)
    target = f"{goos}/{goarch}"
    ports = go_releases.ports(target)
    sure = hit.text.confidence
    if not ports:
        return Refusal(hit, target, release, Standing.NEVER, sure)
    if release is not None:
        standing = go_releases.standing(target, release)
        if standing is not Standing.THERE:
            return Refusal(hit, target, release, standing, sure)
    # The release is not told (or is not the one that spoke): what is gone for good is
    # dropped, what is there today came later.
    if all(row["until"] for row in ports):
        # `cmd/go:` stands before the message up to Go 1.17 only.
        early = hit.group("who") == "cmd/go: " and (go_releases.minor(ports[-1]["until"]) or 0) > 17
        standing = Standing.LATER if early else Standing.DROPPED
        return Refusal(hit, target, None, standing, min(sure, 0.92))
    return Refusal(hit, target, None, Standing.LATER, min(sure, 0.9))


def _half(hit: Hit, goos: str, goarch: str, release: int | None) -> Refusal:
    """Only the system or only the ISA is told."""
    name = goos or goarch
    known = go_releases.known_os(goos) if goos else go_releases.known_isa(goarch)
    standing = Standing.LATER if known else Standing.NEVER
    return Refusal(hit, name, release, standing, min(hit.text.confidence, 0.9))
