"""The loader that the program names is not on this host

What is wrong
-------------
A dynamically linked ELF program names its loader (PT_INTERP), and no such file is
there. The kernel then says `No such file or directory` (bash: `cannot execute:
required file not found`) about a program that exists; qemu says `Could not open
'/lib/ld-linux-...'`; Rosetta for Linux says `rosetta error: failed to open elf at ...`.

Why it happens
--------------
It was linked against another libc (glibc on Alpine, musl on Debian), or it is of a
foreign ISA whose libraries are not installed beside the translator, or the image was
built from nothing (`FROM scratch`) and the program is not static.

Remedy
------
Bring the loader and libc of that ISA, build against this host's libc, or link statically.

References
----------
- Linux fs/binfmt_elf.c (load_elf_binary opens elf_interpreter; ENOENT)
- qemu linux-user/elfload.c (load_elf_interp), -L and QEMU_LD_PREFIX
- System V gABI 5, "Program Interpreter"

Limits
------
For a host known only by a facts file, a loader outside the usual places is not judged.
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
from archfit.platforms.execution import Start, start
from archfit.rules.fit import fit, proof

#: Debian's package with the glibc loader and libc of an ISA, and the folder it fills.
_CROSS_LIBC = {
    "amd64": ("libc6-amd64-cross", "/usr/x86_64-linux-gnu"),
    "arm64": ("libc6-arm64-cross", "/usr/aarch64-linux-gnu"),
    "arm": ("libc6-armhf-cross", "/usr/arm-linux-gnueabihf"),
    "386": ("libc6-i386-cross", "/usr/i686-linux-gnu"),
    "ppc64le": ("libc6-ppc64el-cross", "/usr/powerpc64le-linux-gnu"),
    "riscv64": ("libc6-riscv64-cross", "/usr/riscv64-linux-gnu"),
    "s390x": ("libc6-s390x-cross", "/usr/s390x-linux-gnu"),
}


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The program would start, but for its loader."""
    isa, system = b.ISA.require(facts), b.OS.of(facts) or "linux"
    found = b.LOADER_FOUND.require(facts)
    if found.get("path") is not None:
        return
    answer = start(isa, system, host)
    if answer is None or not answer.runs:
        return
    loader = b.LOADER.require(facts)
    loaders = [str(row.get("path")) for row in h.LOADERS.of(host) or ()]
    libc = " ".join(str(x) for x in (h.LIBC.of(host), h.LIBC_VERSION.of(host)) if x)
    yield from fit(
        need={"loader": loader, "libc": b.LIBC.of(facts), "isa": isa},
        offer={"loaders": loaders, "libc": libc, "isa": h.ISA.of(host)},
        message=_message(loader, answer, found),
        evidence=proof(facts, b.LOADER, b.LOADER_FOUND) + proof(host, h.LOADERS),
        remedies=tuple(_remedies(facts, host, isa, answer)),
        confidence=0.96,
    )


def _message(loader: str, answer: Start, found: dict[str, object]) -> str:
    text = f"its loader {loader} is not there"
    wrong = found.get("wrong")
    if wrong:
        text += f" (what stands at that path is for {wrong})"
    if answer.how == "translated" and answer.by is not None:
        text += f"; {answer.by.get('name')} would start the program but finds no loader for it"
    return text


def _remedies(facts: Facts, host: Facts, isa: str, answer: Start) -> Iterator[Remedy]:
    libc = b.LIBC.of(facts)
    verify = "archfit check {subject}"
    if go.VERSION.of(facts):
        yield Remedy(
            "Build it static, without cgo",
            f"CGO_ENABLED=0 GOARCH={isa} go build {go.PATH.of(facts) or '.'}",
            safe=True,
            verify=verify,
        )
    if answer.how == "translated" and isa in _CROSS_LIBC and libc != "musl":
        package, folder = _CROSS_LIBC[isa]
        yield Remedy(
            f"Install glibc for {isa} and tell the translator where it is",
            f"apt-get install {package} && export QEMU_LD_PREFIX={folder}",
            verify=verify,
        )
    elif libc == "musl":
        yield Remedy("Install musl", "apt-get install musl", verify=verify)
    elif h.LIBC.of(host) == "musl":
        yield Remedy(
            "Build on Alpine, or add the glibc shim (not complete)",
            "apk add gcompat",
            verify=verify,
        )
    else:
        yield Remedy(f"Install the {libc or 'C'} library for {isa}", verify=verify)


RULE = Rule(
    "run.loader-missing",
    (Kind.BINARY,),
    (b.ISA, b.LOADER, b.LOADER_FOUND),
    (h.RUNS, h.OS),
    judge,
)
