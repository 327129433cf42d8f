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

from collections.abc import Iterator, Sequence

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.fit import fit, proof
from archfit.rules.go_rebuild import build
from archfit.rules.said import said, surest
from archfit.rules.start_failure import out_of_reach, translator_of


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The largest page size its segments allow, against the host's."""
    if b.FORMAT.of(facts) != "elf" or b.TYPE.of(facts) not in ("executable", "shared"):
        return
    if b.ISA.require(facts) not in h.RUNS.require(host):
        return  # a translator maps the segments itself
    align, page = b.SEGMENT_ALIGN.require(facts), h.PAGE_SIZE.require(host)
    if page <= align:
        return
    yield from fit(
        need={"page size at most": f"{align // 1024} KiB"},
        offer={"page size": f"{page // 1024} KiB"},
        message=f"laid out for pages of at most {align} bytes; this kernel's have {page}",
        evidence=proof(facts, b.SEGMENT_ALIGN) + proof(host, h.PAGE_SIZE),
        remedies=(_relink(facts),),
        confidence=0.95,
    )


def _relink(facts: Facts) -> Remedy:
    """The C linker takes -z max-page-size; Go's own linker has -R and no C flags.

    Go's linker rounds to 64 KiB by itself for each ISA whose kernels have pages of several sizes
    (Go 1.26 cmd/link/internal/{arm64,ppc64,mips64,riscv64,loong64}/obj.go, FlagRound).
    """
    isa = b.ISA.require(facts)
    if not go.VERSION.of(facts):
        return Remedy(
            "Link it for every page size",
            "gcc -Wl,-z,max-page-size=65536 ...",
            safe=True,
            verify="archfit check {subject}",
        )
    if go.CGO.of(facts) == "no":
        command, verify = build(facts, f"GOARCH={isa}", isa, "-ldflags=-R=65536")
        title = (
            f"Build it again: Go's own linker lays {isa} out for 64 KiB, unless -R in its -ldflags "
            "asks for less or another tool changed the file afterwards"
        )
    else:
        flags = "-ldflags='-linkmode=external -extldflags=-Wl,-z,max-page-size=65536'"
        command, verify = build(facts, f"CGO_ENABLED=1 GOARCH={isa}", isa, flags)
        title = "Link it for every page size; cgo's programs are linked by the C linker"
    return Remedy(title, command, safe=True, verify=verify)


TEXTS = (
    Text(
        "Unsupported system page size",
        "its jemalloc was built for smaller pages than this kernel has",
        "jemalloc src/pages.c (pages_boot)",
        confidence=0.97,
    ),
    Text(
        "ELF load command",
        "a library's segments are laid out for smaller pages than this kernel has",
        "glibc elf/dl-load.c (ELF load command alignment not page-aligned)",
        r"ELF load command (?:alignment not page-aligned|address/offset not (?:properly|page-)"
        r"[ -]?aligned)",
        0.95,
    ),
    Text(
        "cannot be smaller than system page size",
        "a library's segments are laid out for smaller pages than this kernel has",
        "Android bionic linker_phdr.cpp (program alignment (N) cannot be smaller ...)",
        confidence=0.97,
    ),
    Text(
        "lfstack.push invalid packing",
        "Go's runtime was given memory at an address that it can't pack",
        "Go runtime/lfstack.go",
        confidence=0.9,
    ),
    Text(
        "page size",
        "it was built for another page size than this kernel has",
        "Go runtime (bad system page size), btrfs, swapon, Wine, WebKit, mimalloc, V8",
        r"(?i)(?:bad|unsupported|unexpected|invalid|wrong) (?:system |kernel |OS )?page[ -]?size|"
        r"system page size \(\d+\) is (?:larger|bigger)|sectorsize \d+ (?:is )?not (?:yet )?"
        r"supported (?:yet )?(?:for|with) page size|page ?size (?:of )?\(?\d+\)? (?:is )?not "
        r"supported|page size mismatch|only (?:supports?|works? (?:with|"
        r"on)) 4 ?[kK]i?B? pages?",
        0.88,
    ),
    Text(
        "format pagesize does not match",
        "the swap area was made under a kernel with another page size",
        "util-linux swapon",
        confidence=0.9,
    ),
    Text(
        "not compatible with 16 KB",
        "libraries in the app are laid out for 4 KiB pages",
        "Android Studio, Google Play and Android 16's dialog",
        r"not (?:16 ?KB )?compatible with 16 ?KB|is not 16 ?KB compatible|not aligned at 16 ?KB",
        0.9,
    ),
    Text(
        "KB compatible",
        "libraries in the app are laid out for 4 KiB pages",
        "Android 16's dialog (app isn't 16 KB compatible)",
        r"isn.t 16 ?KB compatible|not 16 ?KB compatible|LOAD segments? not aligned",
        0.9,
    ),
    Text(
        "usable address space",
        "the kernel gave Go's runtime memory outside the addresses that it can use",
        "Go runtime/malloc.go (memory allocated by OS ... not in usable address space)",
        r"not in usable address space",
        0.9,
    ),
    Text(
        "memory reservation exceeds address space limit",
        "the kernel gave Go's runtime memory outside the addresses that it can use",
        "Go runtime/malloc.go",
        confidence=0.9,
    ),
    Text(
        "unexpected memory mapping",
        "the sanitizer takes a layout of the address space for granted that this kernel has not",
        "compiler-rt tsan (FATAL: ThreadSanitizer: unexpected memory mapping)",
        r"(?:Thread|Memory|Address)Sanitizer: unexpected memory mapping",
        0.93,
    ),
    Text(
        "unsupported VMA range",
        "the sanitizer takes a size of the address space for granted that this kernel has not",
        "compiler-rt tsan (FATAL: ThreadSanitizer: unsupported VMA range)",
        confidence=0.95,
    ),
    Text(
        "Shadow memory range interleaves",
        "the sanitizer's fixed shadow addresses are taken on this kernel",
        "compiler-rt asan",
        confidence=0.9,
    ),
)
_ASIDE = ("unsupported VMA", "unexpected memory mapping", "Shadow memory")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; what only a translator brings about is run.emulator-bug."""
    best = surest(hits)
    if best.text.needle.startswith("lfstack") and (translator_of(log) or out_of_reach(best.line)):
        return
    yield said(best, hits, remedies=_advice(best, log))


def _advice(hit: Hit, log: Log) -> Iterator[Remedy]:
    see = "getconf PAGE_SIZE"
    if "jemalloc" in hit.line:
        yield Remedy(
            "Build jemalloc for pages of up to 64 KiB (it then runs on smaller ones too)",
            "JEMALLOC_SYS_WITH_LG_PAGE=16 cargo build --release"
            if log.says("cargo", "rust", "Rust", "memory allocation of")
            else "./configure --with-lg-page=16",
            verify=see,
        )
    elif any(word in hit.line for word in _ASIDE):
        yield Remedy(
            "Lower the randomness of mmap, or use a sanitizer of a newer compiler or Go",
            "sysctl vm.mmap_rnd_bits=28",
            verify="sysctl vm.mmap_rnd_bits",
        )
        return
    elif "lfstack" in hit.line or "address space" in hit.line:
        yield Remedy(
            "Build it with a newer Go, or let the kernel use the common size of the address space",
            verify="go version -m PROGRAM",
        )
        return
    elif "ELF load" in hit.line or "alignment" in hit.line or "16" in hit.line:
        yield Remedy(
            "Link the library again for every page size",
            "LDFLAGS=-Wl,-z,max-page-size=65536 make",
            verify="readelf -lW LIBRARY | grep LOAD",
        )
    if log.says("aspberry"):
        yield Remedy(
            "On a Raspberry Pi 5: boot the kernel with 4 KiB pages",
            "echo kernel=kernel8.img | sudo tee -a /boot/firmware/config.txt",
            verify=see,
        )
    else:
        yield Remedy("Or boot a kernel with 4 KiB pages", verify=see)


RULE = Rule(
    "run.page-size",
    (Kind.BINARY,),
    (b.ISA, b.SEGMENT_ALIGN),
    (h.PAGE_SIZE, h.RUNS),
    judge,
    TEXTS,
    weigh,
)
