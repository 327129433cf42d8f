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

import re
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
from archfit.rules.execution import Start, start
from archfit.rules.fit import fit, proof
from archfit.rules.go_rebuild import without_libc
from archfit.rules.host_packages import family, foreign_libc, musl
from archfit.rules.said import said, surest
from archfit.rules.start_failure import ENOENT, kind_of, named, script_named

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
        yield from without_libc(facts, host, isa)
    variant = b.VARIANT.of(facts)
    name = f"{isa} ({variant})" if variant else isa
    own = isa == h.ISA.of(host) and variant != "x32"
    debian = family(host) in ("debian", "ubuntu")
    if libc == "musl":
        yield Remedy(f"Install musl for {name}", musl(host) if own else "", verify=verify)
    elif answer.how == "translated" and _own_qemu(answer, host) and isa in _CROSS_LIBC and debian:
        package, folder = _CROSS_LIBC[isa]
        yield Remedy(
            f"Install glibc for {name} and tell qemu where it is",
            f"apt-get install {package} && export QEMU_LD_PREFIX={folder}",
            verify=verify,
        )
    elif own and h.LIBC.of(host) == "musl":
        yield Remedy(
            "Build it against musl, or add the glibc shim (not complete)",
            "apk add gcompat" if family(host) == "alpine" else "",
            verify=verify,
        )
    elif own and family(host) == "nixos":
        yield Remedy("Use nix-ld, or patch the loader's path into the program", verify=verify)
    else:
        yield Remedy(
            f"Install {libc or 'the C library'} for {name}, with its loader at "
            f"{b.LOADER.require(facts)}",
            "" if own else foreign_libc(host, isa, variant),
            verify=verify,
        )


def _own_qemu(answer: Start, host: Facts) -> bool:
    """The translator is a qemu of this host, which reads QEMU_LD_PREFIX.

    Rosetta does not know it; and in a container the translator comes from outside (flag F), so
    the libc belongs where the program itself names it.
    """
    row = answer.by or {}
    words = f"{row.get('name')} {row.get('interpreter')}"
    return "qemu" in words and h.CONTAINER.of(host) in (None, "none")


_LOADER = r"(?P<loader>/\S{0,120}?(?:ld[-.]|ld64|ld-musl)[\w.+-]{1,60})"
TEXTS = (
    Text(
        "Could not open",
        "the loader {loader} is not where the translator looks for it",
        "qemu linux-user/elfload.c (load_elf_interp), 6.0 and later",
        rf"Could not open ['‘`]{_LOADER}['’]: No such file",
        0.95,
    ),
    Text(
        "No such file or directory",
        "the loader {loader} is not where the translator looks for it",
        "qemu linux-user before 6.0 (perror of the interpreter's name), gdbserver, chroot",
        rf"^(?:[\w./ -]{{0,80}}: )?{_LOADER}: No such file or directory",
        0.9,
        ("cannot open shared", "bad ELF interpreter", "ldconfig", "needed by"),
    ),
    Text(
        "failed to open elf at",
        "the loader {loader} of the translated program is not there",
        "Rosetta for Linux",
        rf"failed to open elf at {_LOADER}",
        0.95,
    ),
    Text(
        "bad ELF interpreter",
        "its loader {loader} is not there",
        "bash with Red Hat's patch (execute_cmd.c)",
        rf"(?:{_LOADER}|\S{{1,120}}): bad ELF interpreter: No such file",
        0.95,
    ),
    *(
        Text(needle, "there is no loader where the program names it", "NixOS stub-ld", "", 0.95)
        for needle in (
            "NixOS cannot run dynamically linked executables",
            "Could not start dynamically linked executable",
        )
    ),
    Text(
        "ELF interpreter",
        "its loader {loader} is not there",
        "FreeBSD kern/imgact_elf.c (ELF interpreter %s not found)",
        r"ELF interpreter (?P<loader>/\S{1,120}) not found",
        0.93,
    ),
    Text(
        "not found",
        "a shell says that the program is not found, though it is there",
        "busybox ash and dash on ENOENT",
        r"(?:^|[\s:`'\"|>])(?:/bin/)?(?:ba|da|a)?sh: (?:\d{1,4}: |line \d{1,4}: )?"
        r"(?P<path>\.{0,2}/[\w./+-]{1,160}): not found",
        0.7,
        ("Permission denied",),
    ),
    *ENOENT,
    Text(
        "no such file or directory",
        "the file is there, but the loader that it names is not",
        "zsh and Go's os/exec on ENOENT",
        r"no such file or directory: (?P<path>\.{0,2}/[\w./+-]{1,160})\s*$"
        r"|fork/exec (?P<path2>[\w./+-]{1,200}): no such file",
        0.6,
    ),
    Text(
        "No such file or directory",
        "the file is there, but the loader that it names is not",
        "bash before 5.2 and env on ENOENT",
        r"(?:bash: (?:line \d{1,5}: )?|env: ['‘]?)(?P<path>\.{0,2}/[\w./+-]{1,160})['’]?: "
        r"No such file or directory",
        0.6,
        ("bad ELF interpreter", "bad interpreter"),
    ),
)
#: The text shows that the file is there, and that it is a dynamically linked program.
_LISTED = r"-r[w-]x\S{{6,7}}[^\n]{{10,80}}[ /]{name}\*?(?:\s|$)"
_IS_ELF = r"{name}['’]?: (?:setuid )?ELF [^\n]{{10,300}}"


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """Messages that name the loader are sure; ENOENT alone only for a file that is shown to
    be there, and that is no script."""
    sure = [hit for hit in hits if hit.text.confidence >= 0.9 and hit.text not in ENOENT]
    if sure:
        best = surest(sure)
        yield said(best, hits, remedies=_mend(best, log))
        return
    best = surest(hits)
    path = best.group("path") or best.group("path2") or named(hits)
    if script_named(path):
        return
    elf, listed = _shown(log, path)
    kind = kind_of(log, path)
    if elf:
        confidence = 0.93
    elif best.text in ENOENT:
        if kind == "script":
            return
        confidence = 0.85 if kind == "binary" or "missing dynamic library" in best.line else 0.7
        if "required file" in best.line or not path:
            confidence -= 0.05 if kind == "binary" else 0.1
    elif listed and kind != "script":
        confidence = 0.8
    elif best.text.needle == "not found" and kind != "script":
        # A shell on Alpine says so of a program of glibc, of which there are many.
        there = _said_to_be_there(log, path)
        alpine = log.platform.distribution == "alpine" or log.says("alpine", "Alpine")
        confidence = 0.78 if there else 0.7 if kind == "binary" else 0.6 if alpine else 0.0
    else:
        return
    if not confidence:
        return
    message = f"{path} is there, but the loader that it names is not" if path else ""
    yield said(best, hits, message=message, remedies=_mend(best, log), confidence=confidence)


#: Somebody says that the file is there, or a command before made it executable.
_THERE = (
    r"(?i)(?:file|binary|executable|program|it|\bls) (?:does |do |clearly |really |definitely )?"
    r"(?:exists?|is there|is present|is executable)\b|exists and is executable"
    r"|chmod (?:a?\+x|[0-7]{{3,4}}) \S{{0,100}}{name}(?:\s|$)"
)


def _said_to_be_there(log: Log, path: str) -> bool:
    name = re.escape(path.rsplit("/", 1)[-1])
    return re.search(_THERE.format(name=name), log.text) is not None


def _shown(log: Log, path: str) -> tuple[bool, bool]:
    """The text shows the file as a dynamically linked ELF program; it lists it as there."""
    name = re.escape(path.rsplit("/", 1)[-1])
    if not name:
        return False, False
    described = re.search(_IS_ELF.format(name=name), log.text)
    elf = described is not None and "statically linked" not in described[0]
    return elf, re.search(_LISTED.format(name=name), log.text) is not None


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    loader, line = hit.group("loader"), hit.line
    isa = next((isa for part, isa in _ISA_OF_LOADER if part in loader), "")
    if "NixOS" in line or "dynamically linked executable" in line:
        yield Remedy(
            "Use nix-ld, or patch the loader's path into the program",
            "programs.nix-ld.enable = true;  # in configuration.nix",
            verify="patchelf --print-interpreter PROGRAM",
        )
        return
    if log.says("go build", "golang", "CGO_ENABLED", "fork/exec"):
        yield Remedy(
            "Build the Go program static, without cgo",
            "CGO_ENABLED=0 go build .",
            safe=True,
            verify="readelf -l PROGRAM | grep interpreter",
        )
    if "osetta" in line and isa:
        yield from _for_rosetta(isa, loader, log)
        return
    if ("qemu" in line or "emulator" in line) and isa:
        package, folder = _CROSS_LIBC.get(isa, ("", ""))
        if log.says("docker", "buildx", "container", "FROM ", "failed to solve"):
            yield Remedy(
                f"A {isa} program is started in an image of another platform: build the image for "
                f"linux/{isa}, or fetch the program for the image's own (TARGETARCH)",
                f"docker build --platform linux/{isa} .",
                verify="docker image inspect IMAGE --format '{{.Architecture}}'",
            )
        elif package and "musl" not in loader and _debian(log):
            yield Remedy(
                f"Install glibc for {isa} and tell qemu where it is",
                f"apt-get install {package} && export QEMU_LD_PREFIX={folder}",
                verify=f"ls {folder}{loader}",
            )
        else:
            yield Remedy(
                f"Tell qemu which folder holds the libraries of {isa} (those of an image or a "
                "distribution for it)",
                "export QEMU_LD_PREFIX=FOLDER",
                verify=f"ls FOLDER{loader}",
            )
        return
    if log.platform.distribution == "alpine" or log.says("alpine", "Alpine"):
        yield Remedy(
            "Alpine has musl: build there, or add the glibc shim (not complete)",
            "apk add gcompat",
            verify="ldd PROGRAM",
        )
    elif "ld-linux.so.2" in loader or log.says("i386", "32-bit", "ELFCLASS32"):
        yield Remedy(
            "Install the 32-bit C library",
            "dpkg --add-architecture i386 && apt-get update && apt-get install libc6:i386",
            verify="ls -l /lib/ld-linux.so.2",
        )
    elif "musl" in loader or log.says("ld-musl"):
        yield Remedy("Install musl", "apt-get install musl", verify="ls /lib/ld-musl-*")
    else:
        yield Remedy(
            "See which loader the program names, then install that C library or build against "
            "the one that is here",
            "readelf -l PROGRAM | grep interpreter",
        )


def _debian(log: Log) -> bool:
    return log.platform.distribution in ("", "debian")


def _for_rosetta(isa: str, loader: str, log: Log) -> Iterator[Remedy]:
    """Rosetta looks for the loader where the program names it, and reads no variable of qemu's."""
    if log.says("docker", "buildx", "container", "FROM ", "failed to solve", "Docker"):
        yield Remedy(
            f"A {isa} program is started in an image of another platform: build the image for "
            f"linux/{isa}, or fetch the program for the image's own (TARGETARCH)",
            f"docker build --platform linux/{isa} .",
            verify="docker image inspect IMAGE --format '{{.Architecture}}'",
        )
    if _debian(log):
        yield Remedy(
            f"Install the C library of {isa} beside the machine's own, so that {loader} is there",
            f"dpkg --add-architecture {isa} && apt-get update && apt-get install libc6:{isa}",
            verify=f"ls -l {loader}",
        )
    else:
        yield Remedy(
            f"Bring the C library of {isa}, with its loader at {loader}, or run the program in an "
            f"image for linux/{isa}",
            verify=f"ls -l {loader}",
        )


_ISA_OF_LOADER = (
    ("x86-64", "amd64"),
    ("x86_64", "amd64"),
    ("aarch64", "arm64"),
    ("armhf", "arm"),
    ("ld-linux.so.3", "arm"),
    ("ld-linux.so.2", "386"),
    ("i386", "386"),
    ("riscv64", "riscv64"),
    ("ld64.so.2", "ppc64le"),
    ("powerpc64le", "ppc64le"),
    ("ld64.so.1", "s390x"),
    ("s390x", "s390x"),
)


RULE = Rule(
    "run.loader-missing",
    (Kind.BINARY,),
    (b.ISA, b.LOADER, b.LOADER_FOUND),
    (h.RUNS, h.OS),
    judge,
    TEXTS,
    weigh,
)
