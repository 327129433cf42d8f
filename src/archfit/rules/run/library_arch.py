"""A library of another ISA is in the place of the one that is needed

What is wrong
-------------
A process can only load libraries of its own ISA. The library that the program asks for
is there, but for another one. macOS says `mach-o file, but is an incompatible
architecture (have 'arm64', need 'x86_64')`. glibc passes over files of another machine
while it searches and then says `cannot open shared object file: No such file or
directory`, as if the file were absent. musl says `unsupported relocation type`.

Why it happens
--------------
Libraries of two ISAs on one machine: Homebrew under /usr/local (Intel) and under
/opt/homebrew (Apple Silicon), a wheel for the other platform, a copied lib folder,
LD_LIBRARY_PATH or an rpath that leads into the wrong one.

Remedy
------
Bring the library for the program's ISA, or the program for the library's.

References
----------
- glibc elf/dl-load.c (open_verify: another e_machine or class is skipped in a search)
- dyld, "incompatible architecture (have ..., need ...)"

Limits
------
Libraries that a program opens while it runs (dlopen, plug-ins) are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Evidence, Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.execution import start
from archfit.rules.fit import fit, proof
from archfit.rules.foreign_natives import FOREIGN, OF_JAVA, OF_NODE, OF_PYTHON, OTHER_ISA
from archfit.rules.said import said, surest
from archfit.rules.targets import library_sets


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """Needed libraries that are there for another ISA only, then a library by itself."""
    for isa, system, libraries in library_sets(facts):
        answer = start(isa, system, host)
        if answer is None or not answer.runs:
            continue
        for row in libraries:
            if row.get("path") is None and row.get("wrong"):
                yield from _wrong(facts, isa, row)
    yield from _alone(facts, host)


def _wrong(facts: Facts, isa: str, row: dict[str, Any]) -> Iterator[Finding]:
    seen = row["wrong"][0]
    for_ = f" (for {row['for']})" if row.get("for") else ""
    yield from fit(
        need={"library": row["name"], "isa": isa},
        offer={"library": seen.get("path"), "isa": seen.get("isa")},
        message=f"needs {row['name']}{for_} for {isa}; {seen.get('path')} is for {seen.get('isa')}",
        evidence=(
            *proof(facts, b.ISA, b.NEEDED),
            *(Evidence(str(w.get("path")), f"file header: {w.get('isa')}") for w in row["wrong"]),
        ),
        remedies=(
            Remedy(
                f"Bring {row['name']} for {isa}",
                verify="archfit check {subject}",
            ),
            Remedy(f"Or build the program for {seen.get('isa')}, if all its libraries are"),
        ),
        # A place that could not be looked at may hold the right one.
        confidence=0.85 if row.get("unchecked") else 0.95,
    )


def _alone(facts: Facts, host: Facts) -> Iterator[Finding]:
    """A library given by itself, which no program of this host can load."""
    if b.TYPE.of(facts) not in ("shared", "bundle") or b.FOUND_IN.of(facts) is not None:
        return
    isa, system = b.ISA.of(facts), b.OS.of(facts)
    if isa is None or system is None or system != h.OS.of(host):
        return
    answer = start(isa, system, host)
    if answer is None or answer.how != "no":
        return
    yield from fit(
        need={"isa of the process": isa},
        offer={"runs": h.RUNS.require(host)},
        message=f"a library for {isa}; no process on this host is of that ISA",
        evidence=proof(facts, b.ISA, b.TYPE) + proof(host, h.ISA, h.RUNS),
        remedies=(Remedy(f"Build or fetch it for {h.ISA.of(host)}"),),
        confidence=0.9,
        severity=Severity.ERROR,
    )


_PACKAGE = r"(?:site|dist)-packages/([A-Za-z0-9_]{1,60})"
_MACH = "{library} is for {have}, the process that loads it is {need}"
TEXTS = (
    Text(
        "incompatible architecture",
        _MACH,
        "dyld 4 (mach-o file, but is an incompatible architecture (have ..., need ...))",
        r"(?:['‘\"](?P<library>[^'’\"\n]{1,400})['’\"] )?\(?(?:fat file, but missing compatible "
        r"architecture|mach-o(?: file)?,? but is an incompatible architecture)? ?\(?have "
        r"\(?['‘]?(?P<have>[\w, ]{2,40})['’]?\)?, need \(?['‘]?(?P<need>[\w, ]{2,40})['’]?",
        0.95,
    ),
    Text(
        "missing compatible architecture",
        _MACH,
        "dyld 4 (fat file, but missing compatible architecture (have ..., need ...))",
        r"(?:['‘\"](?P<library>[^'’\"\n]{1,400})['’\"] )?\(fat file, but missing compatible "
        r"architecture \(have ['‘]?(?P<have>[\w, ]{2,40})['’]?, need ['‘]?(?P<need>[\w, ]{2,40})",
        0.95,
    ),
    Text(
        "wrong architecture",
        FOREIGN,
        "dyld 2 and 3 (no suitable image found: mach-o, but wrong architecture)",
        r"(?:(?P<library>/[^\s:]{1,300}): )?mach-o, but wrong architecture",
        0.95,
    ),
    Text(
        "missing compatible arch in",
        FOREIGN,
        "dyld 3 of macOS 11 (dlopen(X, 0x0106): missing compatible arch in X)",
        r"missing compatible arch in (?P<library>/[^`\n]{1,300}[^`\s.,])",
        0.93,
    ),
    Text(
        "no matching architecture in universal wrapper",
        FOREIGN,
        "dyld 2 and 3",
        r"(?:(?P<library>/[^\s:]{1,300}): )?no matching architecture in universal wrapper",
        0.95,
    ),
    Text(
        "incompatible cpu",
        FOREIGN,
        "dyld (incompatible cpu-subtype)",
        r"incompatible cpu-?subtype",
        0.93,
    ),
    Text(
        "wrong ELF class",
        "{library} is of the other word size ({have}) than the program that loads it",
        "glibc elf/dl-load.c",
        r"(?:(?P<library>[\w./+-]{1,300}): )?wrong ELF class: (?P<have>ELFCLASS\d\d)",
        0.95,
    ),
    Text(
        "invalid ELF header",
        "{library} is no library of this system (a macOS or Windows one, or a text file)",
        "glibc elf/dl-load.c",
        r"(?P<library>[^\s:'\"]{1,300}): invalid ELF header",
        0.87,
        ("/libc.so:",),
    ),
    Text(
        "cannot open shared object file",
        "{library} is there, but for another processor: glibc passes over it as if it were not",
        "glibc elf/dl-load.c (open_verify: another e_machine is skipped)",
        r"(?P<library>[\w./+@-]{1,300}): cannot open shared object file: No such file",
        0.85,
    ),
    Text(
        "Exec format error",
        FOREIGN,
        "musl ldso/dynlink.c (Error loading shared library %s: Exec format error)",
        r"Error loading shared library (?P<library>[^\s:]{1,300}): Exec format error",
        0.95,
    ),
    Text(
        "unsupported relocation type",
        FOREIGN,
        "musl ldso/dynlink.c (types of another ISA)",
        r"Error relocating (?P<library>[^\s:]{1,300}): unsupported relocation type \d{3,4}",
        0.93,
    ),
    *OF_JAVA,
    Text(
        "is not a valid Win32 application",
        "a DLL is for another processor than the program that loads it",
        "Windows ERROR_BAD_EXE_FORMAT (193) from LoadLibrary, as Python, Node and Java print it",
        r"(?:DLL load failed|LoadLibrary|dlopen|\.dll|\.node|\.pyd|ImportError|UnsatisfiedLink|"
        r"ctypes)[^\n]{0,300}is not a valid Win32 application|is not a valid Win32 application"
        r"[^\n]{0,200}\.(?:dll|node|pyd)",
        0.92,
    ),
    Text(
        "incorrect format",
        "a DLL is for another processor than the program that loads it",
        ".NET BadImageFormatException (0x8007000B)",
        r"attempt was made to load a program with an incorrect format",
        0.92,
    ),
    Text(
        "BadImageFormatException",
        "an assembly or DLL is for another processor than the program that loads it",
        ".NET",
        r"BadImageFormatException",
        0.85,
    ),
    *(
        Text(
            needle,
            "a DLL is for another processor than the program that loads it",
            "Windows STATUS_INVALID_IMAGE_FORMAT",
            confidence=0.9,
        )
        for needle in ("0xc000007b", "0xC000007B", "3221225595", "1073741701")
    ),
    Text(
        "has unexpected e_machine",
        "{library} is for another processor than the app's process",
        "Android bionic linker (has unexpected e_machine: N (EM_X))",
        r"(?:\"(?P<library>[^\"\n]{1,300})\" )?has unexpected e_machine: \d{1,4}",
        0.96,
    ),
    *(
        Text(
            needle,
            "{library} is of the other word size than the app's process",
            "Android bionic linker",
            r"\"(?P<library>[^\"\n]{1,300})\" is \d\d-bit instead of",
            0.96,
        )
        for needle in ("is 32-bit instead of 64-bit", "is 64-bit instead of 32-bit")
    ),
    *OF_NODE,
    *OF_PYTHON,
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; dyld names every place it tried, of which the first wrong one counts."""
    hits = [hit for hit in hits if "passes over" not in hit.text.says or _shown(hit, log)]
    hits = [hit for hit in hits if hit.text.needle not in _ASKING or _other_isa(hit, log)]
    if not hits:
        return
    best = surest(hits)
    if best.text.needle == "Unsupported platform" and not log.has(
        "npm ERR!", "npm error", "error "
    ):
        return
    library = best.group("library") or best.group("other") or _named(best, log)
    have, need = best.group("have", "another ISA"), best.group("need", "another")
    message = best.text.says.format(library=library or "a library", have=have, need=need)
    confidence = 0.6 if "cannot be preloaded" in best.line else best.text.confidence
    if "invalid ELF header" in best.line and library.endswith((".a", ".o", ".txt", ".tbd")):
        confidence = 0.6
    yield said(
        best,
        hits,
        message=message,
        remedies=_mend(log, best, library, have, need),
        confidence=confidence,
    )


#: Messages with other causes too, which count where another ISA is spoken of.
_ASKING = ("UnsatisfiedLinkError", "is not a supported wheel on this platform")


def _other_isa(hit: Hit, log: Log) -> bool:
    other = re.search(OTHER_ISA, f"{log.told}\n{log.text}") is not None
    foreign = re.search(r"x86_64|amd64|win32", hit.group("have")) is not None
    return other and (foreign or not hit.group("have"))


def _shown(hit: Hit, log: Log) -> bool:
    """The text shows that the library is there: as a file listed, or what `file` says of it."""
    name = re.escape(hit.group("library").rsplit("/", 1)[-1])
    return bool(
        re.search(rf"{name}['’]?: (?:symbolic link|ELF \d\d-bit)", log.text)
        or re.search(rf"-r[w-]\S{{7,8}}[^\n]{{10,80}}[ /]{name}(?:\s|$)", log.text)
        or re.search(rf"{name} (?:\([^)\n]{{1,40}}\) )?=> /\S{{1,200}}{name}", log.text)
    )


def _named(hit: Hit, log: Log) -> str:
    found = re.search(r"dlopen\(([^,)\n]{1,300})", "\n".join(log.around(hit.number, 3, 1)))
    return found[1] if found else ""


def _mend(log: Log, hit: Hit, library: str, have: str, need: str) -> Iterator[Remedy]:
    name = library or "LIBRARY"
    if log.says("python", "Python", "pip", ".cpython-", "site-packages", "ImportError"):
        package = re.search(_PACKAGE, name)
        yield Remedy(
            "Install the package anew for this interpreter's ISA",
            f"python -m pip install --force-reinstall --no-cache-dir "
            f"{package[1] if package else 'PACKAGE'}",
            verify="python -c 'import platform; print(platform.machine())'",
        )
    elif log.says("node_modules", "npm", ".node", "esbuild"):
        yield Remedy(
            "Install the modules on the platform that runs them (keep node_modules out of the "
            "image: .dockerignore)",
            "rm -rf node_modules && npm ci",
            verify="node -p 'process.platform + process.arch'",
        )
    elif log.says("gem", "ruby", "bundle"):
        yield Remedy("Install the gem anew for this Ruby's ISA", "gem pristine --all")
    elif log.says("java", "jna", "UnsatisfiedLink"):
        yield Remedy(
            f"Use a release of the library that brings {need}, or a Java for the ISA it has",
            verify="java -XshowSettings:properties -version 2>&1 | grep os.arch",
        )
    if "/usr/local/" in name and log.platform.os == "darwin":
        yield Remedy(
            "On Apple Silicon /usr/local is Intel Homebrew's prefix: use the one in /opt/homebrew",
            'eval "$(/opt/homebrew/bin/brew shellenv)"',
            verify=f"lipo -archs {name}",
        )
    yield Remedy(
        f"Bring {name} for {need}, or start the program as {have}"
        if need != "another"
        else f"Bring {name} for the program's ISA",
        f"arch -{have} PROGRAM" if have in ("arm64", "x86_64") else "",
        verify=f"file {name}",
    )


RULE = Rule(
    "run.library-arch",
    (Kind.BINARY,),
    (b.FORMAT, b.TYPE),
    (h.RUNS, h.OS),
    judge,
    TEXTS,
    weigh,
)
