"""Which Go release a text speaks of, and how it stands to the target it refuses.

`unsupported GOOS/GOARCH pair` has three causes: a target that never was, one that a newer
release has, one that a newer release dropped. The release decides; where the text does not
name it, the form of the message bounds it (`cmd/go:` up to Go 1.17, `go:` since 1.18:
cmd/go/internal/work/action.go of both), and what the table of ports says of the target.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archfit.formats.log import Log
from archfit.model.text import Hit, Text
from archfit.platforms import go_releases as go
from archfit.platforms.go_releases import Standing

#: Where a release is named, the surest first; the group is its minor number.
_NAMED = (
    r"\bgo version (?:go|devel go)1\.(\d{1,2})\b",
    r"GOVERSION\s?[=:]\s?['\"]?go1\.(\d{1,2})\b",
    r"hostedtoolcache[/\\]go[/\\]1\.(\d{1,2})\b",
    r"toolchain@v0\.0\.1-go1\.(\d{1,2})\b",
    r"(?:Cellar/go(?:@[\d.]{1,6})?/|/lib/go-|/usr/local/go|gos/go|sdk/go|installs/go(?:lang)?/|"
    r"golang[:/]|go/versions/|\.go/go|go-versions/go)1\.(\d{1,2})\b",
    r"running go ?1\.(\d{1,2})\b",
    r"go-version:? ['\"]?1\.(\d{1,2})\b",
    r"(?<!requires )(?<!require )(?<!least )(?<!>= )(?<!=> )(?<![\w./-])"
    r"[Gg]o(?:lang)?(?: version)?[ :=@v-]{0,2}1\.(\d{1,2})(?:\.\d{1,2})?\b(?! or (?:later|newer))",
)
_CONTEXT = r"1\.(\d{1,2})"
#: First release with the message, and the first that begins it with `go:`.
_FIRST, _SHORT = 7, 18

#: The message all three rules look for. Wrappers print it in many ways: gox, goreleaser,
#: make, JSON logs.
PAIR = Text(
    "unsupported GOOS/GOARCH pair",
    "Go has no port for {goos}/{goarch}",
    "cmd/go/internal/work/action.go (CheckGOOSARCHPair), since Go 1.7; go env -w",
    r"(?P<short>(?<![\w/])go: )?unsupported GOOS/GOARCH pair "
    r"(?P<goos>[^/\n\"']{0,40}(?:/[^/\s\"']{0,20}(?=/))?)/(?P<goarch>[^\s/\"'\\;,)]{0,40} ?)",
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A target that Go refused: ``target`` as written, ``meant`` in Go's spelling or "",
    ``release`` as the text names it, ``standing`` of that release to the target."""

    target: str
    meant: str
    release: int | None
    standing: Standing


def release(log: Log) -> int | None:
    """The minor number of the Go release that the text (or the user) names first."""
    told = re.search(_CONTEXT, log.context.get("go", ""))
    if told:
        return int(told[1])
    text = f"{log.told}\n{log.text[:2_000_000]}"
    for pattern in _NAMED:
        found = re.search(pattern, text)
        if found is not None and int(found[1]) <= go.newest() + 4:
            return int(found[1])
    return None


def refused(hit: Hit, log: Log) -> Refused:
    """What a hit of `PAIR` says."""
    goos, goarch = hit.groups.get("goos", ""), hit.groups.get("goarch", "")
    target, known = f"{goos}/{goarch}".rstrip(), release(log)
    rows = go.ports(target)
    if not rows:
        return Refused(target, go.meant(goos, goarch), known, Standing.NEVER)
    if known is not None and go.standing(target, known) in (Standing.LATER, Standing.DROPPED):
        return Refused(target, target, known, go.standing(target, known))
    return Refused(target, target, known, _bounded(target, hit))


def _bounded(target: str, hit: Hit) -> Standing:
    """How the releases that print this form of the message stand to the target."""
    low, high = _FIRST, go.newest()
    if hit.group("short"):
        low = _SHORT
    elif "cmd/go: unsupported" in hit.line:
        high = _SHORT - 1
    standings = {go.standing(target, minor) for minor in range(low, high + 1)}
    if Standing.DROPPED in standings:
        # Of two readings the newer releases have more users.
        return Standing.DROPPED
    if Standing.LATER in standings or len(go.ports(target)) > 1:
        return Standing.LATER
    # Every release that prints this has the port: the name has a character that is not seen.
    return Standing.NEVER


def first(target: str) -> str:
    """The first release with the target in its present meaning: ``1.16`` for darwin/arm64."""
    rows = go.ports(target)
    return str(rows[-1]["since"]) if rows else ""


def last(target: str) -> str:
    """The last release with the target, "" while it is not dropped."""
    rows = go.ports(target)
    return str(rows[-1]["until"]) if rows else ""
