"""A header or library is there, in a folder that is not searched

What is wrong
-------------
The compiler or linker says that a header or library was not found, and the text shows that
it is installed: a listing, `brew info`, a package manager's `already installed`, a folder
in -I or -L that belongs to another prefix.

Why it happens
--------------
Homebrew on Apple Silicon installs under /opt/homebrew, which neither clang nor Apple's
linker searches (/usr/local they do); keg-only formulas are linked nowhere. Debian keeps
libraries in a multiarch folder, and some headers one level deeper (opencv4, freetype2,
hdf5/serial). musl-gcc searches only musl's folders.

Remedy
------
Name the folder: -I and -L in CGO_CFLAGS and CGO_LDFLAGS, or PKG_CONFIG_PATH, CPATH and
LIBRARY_PATH.

References
----------
- Homebrew documentation, "Installation" (default prefixes) and "Keg-only"
- Debian multiarch; GCC manual, "Environment Variables" (CPATH, LIBRARY_PATH)
- cmd/cgo documentation, CGO_CFLAGS and CGO_LDFLAGS

Limits
------
Without a sign that the file exists the answer is build.header-missing or
build.library-missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.apple_machine import apple_silicon
from archfit.rules.not_found import HEADERS, LIBRARIES, elsewhere, library_name, named
from archfit.rules.said import said

_UNSEARCHED = "{library} is in a folder that is not searched"
TEXTS = (
    *HEADERS,
    *LIBRARIES,
    Text(
        "is keg-only",
        "{library} is installed where nothing searches it",
        "Homebrew caveats (X is keg-only, which means it was not symlinked)",
        r"(?P<library>[\w.@+-]{1,60}) is keg-only, which means it was not symlinked",
        0.6,
    ),
)
_INSTALLED = (
    "is already installed and up-to-date",
    "already installed",
    "is already the newest version",
    "Requirement already satisfied: pkg",
    "is keg-only",
)
#: What a prefix of Intel's Homebrew in the flags of an Apple Silicon build looks like.
_INTEL_PREFIX = r"-[IL]\s?/usr/local/(?:opt|Cellar|include|lib)|'/usr/local/opt/[^']+'"


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """A missing file that the text shows to exist, or whose package it shows as installed."""
    telling = [
        hit
        for hit in hits
        if named(hit)
        and hit.text.needle != "is keg-only"
        and "pkg-config is not" not in hit.text.says
        and not log.build.probe(hit.number)
    ]
    if not telling:
        return
    for hit, folder in elsewhere(telling, log):
        message = f"{named(hit)} is in {folder}, which is not searched"
        yield said(hit, telling, message=message, remedies=_mend(hit, log, folder), confidence=0.88)
        return
    hit = telling[0]
    reason, sure = _sign(hit, log)
    if reason:
        message = f"{named(hit)} is not found, although {reason}"
        yield said(hit, telling, message=message, remedies=_mend(hit, log, ""), confidence=sure)


def _sign(hit: Hit, log: Log) -> tuple[str, float]:
    """Why the file is thought to be there, and how sure that is."""
    name = _package(hit)
    if "pkg-config knows" in hit.text.says and _listed(f"{named(hit)}.pc", log):
        return f"{named(hit)}.pc is there", 0.85
    for line in (*log.lines.values(), *log.told.splitlines()):
        if any(sign in line for sign in _INSTALLED) and name[:12] and name[:5] in line.lower():
            return "its package is installed", 0.85
    header = hit.group("header")
    if header and log.has(f"checking for {header}... yes", f"checking {header} usability... yes"):
        return "configure found it, with other flags", 0.85
    if apple_silicon(log) and not hit.line.startswith("ld: warning"):
        if any(re.search(_INTEL_PREFIX, line) for line in log.lines.values()):
            return "the build searches Intel's Homebrew prefix only", 0.8
        if log.says("brew install", "brew --prefix", "with brew", "via brew", "with homebrew"):
            return "Homebrew's prefix on this Mac is not searched", 0.8
    musl = "musl-gcc" in hit.line or log.has("CC=musl-gcc", "musl-gcc ")
    if musl and hit.group("header").startswith(("linux/", "asm/", "asm-generic/")):
        return "the kernel's headers are in /usr/include, which musl-gcc does not search", 0.8
    if hit.group("header").startswith("asm/") and log.platform.distribution == "debian":
        return "it lies in the multiarch folder of /usr/include", 0.7
    return "", 0.0


def _listed(file: str, log: Log) -> bool:
    """A listing, or find, shows the file: not pkg-config's own advice about it."""
    row = re.compile(
        rf"(?:^[-l]r[-rwxs]{{8}}\S? [^\n]{{0,200}} |^\s{{0,8}}/[^\s:]{{0,300}}/)"
        rf"{re.escape(file)}(?:\s|$)"
    )
    return any(file in line and row.search(line) is not None for line in log.lines.values())


def _package(hit: Hit) -> str:
    if hit.group("header"):
        return hit.group("header").split("/")[0].split(".")[0].lower()
    return library_name(hit).lower()


def _mend(hit: Hit, log: Log, folder: str) -> Iterator[Remedy]:
    header = hit.group("header")
    darwin = log.platform.os == "darwin" or folder.startswith("/opt/homebrew")
    if not folder and darwin:
        folder = "$(brew --prefix)/include" if header else "$(brew --prefix)/lib"
    folder = folder or "FOLDER"
    go = log.has("go build", "go install", "go get", "cgo", "# github.com", ".go:", "pkg/tool/")
    flag = f"-I{folder}" if header else f"-L{folder}"
    if go:
        variable = "CGO_CFLAGS" if header else "CGO_LDFLAGS"
        both = (
            'CGO_CFLAGS="-I$(brew --prefix)/include" CGO_LDFLAGS="-L$(brew --prefix)/lib"'
            if folder.startswith("$(brew")
            else f'{variable}="{flag}"'
        )
        command = f"{both} go build ./..."
    else:
        command = f'export {"CPATH" if header else "LIBRARY_PATH"}="{folder}"'
    verify = (
        f"echo '#include <{header}>' | cc {flag} -fsyntax-only -xc -"
        if header
        else f"cc {flag} -l{library_name(hit)} -shared -o /dev/null"
    )
    yield Remedy("Name the folder to the compiler and linker", command, verify=verify)
    if log.has("pkg-config"):
        yield Remedy(
            "Name the folder with the .pc file",
            'export PKG_CONFIG_PATH="$(brew --prefix)/lib/pkgconfig"'
            if darwin
            else "export PKG_CONFIG_PATH=FOLDER/lib/pkgconfig",
            verify=f"pkg-config --cflags --libs {library_name(hit)}",
        )


RULE = Rule(
    "build.search-path",
    texts=TEXTS,
    weigh=weigh,
    yields_to=("build.link-arch", "build.mixed-toolchain", "build.sdk"),
)
