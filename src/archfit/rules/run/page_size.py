"""Its segments can't be mapped at this host's page size

What is wrong
-------------
The loadable segments are laid out for smaller pages than the kernel has. A program dies
at its start (`Exec format error`, SIGSEGV, or Killed); a library is refused with `ELF
load command alignment not page-aligned`.

Why it happens
--------------
The linker was told, or took it for granted, that pages are 4 KiB (`-z max-page-size=4096`,
old linkers for arm64). arm64 kernels may have 16 KiB pages (Apple Silicon, Asahi,
Android 15) or 64 KiB pages (some server distributions); ppc64le mostly has 64 KiB.

Remedy
------
Link it again with `-Wl,-z,max-page-size=65536`, which fits every page size.

References
----------
- Linux fs/binfmt_elf.c (elf_map: offset and address must agree modulo the page size)
- glibc elf/dl-load.c, "ELF load command alignment not page-aligned"
- developer.android.com/guide/practices/page-sizes

Limits
------
What a program assumes about pages while it runs (jemalloc built for 4 KiB, `mmap` at
fixed addresses) can't be seen in its file.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.rules.fit import fit, proof


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The largest page size its segments allow, against the host's."""
    if b.FORMAT.of(facts) != "elf" or b.TYPE.of(facts) not in ("executable", "shared"):
        return
    if b.ISA.require(facts) not in h.RUNS.require(host):
        return  # a translator maps the segments itself
    align, page = b.SEGMENT_ALIGN.require(facts), h.PAGE_SIZE.require(host)
    if page <= align:
        return
    package = go.PATH.of(facts)
    yield from fit(
        need={"page size at most": f"{align // 1024} KiB"},
        offer={"page size": f"{page // 1024} KiB"},
        message=f"laid out for pages of at most {align} bytes; this kernel's have {page}",
        evidence=proof(facts, b.SEGMENT_ALIGN) + proof(host, h.PAGE_SIZE),
        remedies=(
            Remedy(
                "Link it for every page size",
                f"go build -ldflags='-extldflags=-Wl,-z,max-page-size=65536' {package}"
                if package
                else "gcc -Wl,-z,max-page-size=65536 ...",
                safe=True,
                verify="archfit check {subject}",
            ),
        ),
        confidence=0.95,
    )


RULE = Rule(
    "run.page-size",
    (Kind.BINARY,),
    (b.ISA, b.SEGMENT_ALIGN),
    (h.PAGE_SIZE, h.RUNS),
    judge,
)
