"""A header that the C code includes is not there

What is wrong
-------------
The compiler stops at an #include: `fatal error: foo.h: No such file or directory` (gcc),
`fatal error: 'foo.h' file not found` (clang), `C1083: Cannot open include file` (MSVC).

Why it happens
--------------
The library's development package is not installed: distributions put headers into a
package of their own (libfoo-dev, foo-devel). For a cross build the target's headers are
needed, not the host's. Or the header belongs to the project and was not generated, or its
submodule was not fetched.

Remedy
------
Install the package that brings the header, for the target that is built.

References
----------
- GCC libcpp/files.cc (open_file_failed); clang DiagnosticLexKinds.td (err_pp_file_not_found)
- MSVC C1083; cmd/cgo documentation (#include in the preamble, CGO_CFLAGS)

Limits
------
A header that lies in a folder which is not searched is build.search-path; macOS system
headers without an SDK are build.sdk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit
from archfit.rules.not_found import HEADERS, named
from archfit.rules.providers import install, search
from archfit.rules.said import said

#: Headers of the C library; on macOS they come with the SDK.
_LIBC = frozenset(
    [
        "stdio.h",
        "stdlib.h",
        "string.h",
        "stdint.h",
        "stddef.h",
        "errno.h",
        "math.h",
        "wchar.h",
        "limits.h",
        "assert.h",
        "time.h",
        "sys/types.h",
        "sys/cdefs.h",
        "unistd.h",
        "signal.h",
        "pthread.h",
        "ctype.h",
        "inttypes.h",
    ]
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The first header that the build, not a check, did not find."""
    telling = [
        hit
        for hit in hits
        if not log.build.probe(hit.number)
        and not _optional(hit, log)
        and not log.build.went_on(hit.number)
    ]
    if not telling:
        return
    best = telling[0]
    header = named(best)
    sure = best.text.confidence
    if _apple(header, log):
        sure = 0.5
    yield said(best, telling, remedies=_mend(best, log), confidence=sure)


def _apple(header: str, log: Log) -> bool:
    return log.platform.os == "darwin" and (header in _LIBC or header.endswith("Conditionals.h"))


def _optional(hit: Hit, log: Log) -> bool:
    """The compiler only looked whether it is there."""
    return log.near(hit.number, "Checking if", "checking for", "CheckInclude", before=2, after=0)


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    header = named(hit)
    if not header:
        yield Remedy("Install the development package of Ruby", "apt-get install ruby-dev")
        return
    command = install(log.platform, header=header)
    verify = f"echo '#include <{header}>' | cc -fsyntax-only -xc -"
    if command:
        yield Remedy(f"Install the package that brings {header}", command, verify=verify)
    yield Remedy(
        f"Find the package that brings {header}"
        if not command
        else "If that is not it, look for the package",
        search(log.platform, header),
        safe=True,
        verify=verify,
    )
    if log.build.crosses:
        yield Remedy(
            "The headers must be those of the target: name its sysroot",
            'CGO_CFLAGS="--sysroot=SYSROOT" CGO_LDFLAGS="--sysroot=SYSROOT" go build ./...',
            verify=verify,
        )
    if log.has(f'"{header}"'):
        yield Remedy(
            "It is included with quotes: if it belongs to the project, generate or fetch it",
            "git submodule update --init --recursive",
            safe=True,
        )


RULE = Rule(
    "build.header-missing",
    texts=HEADERS,
    weigh=weigh,
    yields_to=("build.search-path", "build.cross-cc", "build.sdk", "build.mixed-toolchain"),
)
