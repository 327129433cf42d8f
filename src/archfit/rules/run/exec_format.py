"""A program for another ISA or operating system, and nothing that translates it

What is wrong
-------------
The file's own header names an ISA or an operating system which this host's kernel does
not run, and no translator is registered for it. Starting it fails: `cannot execute
binary file: Exec format error` on Linux, `Bad CPU type in executable` on macOS. Some
programs (`env`, Node's spawnSync) then try it as a shell script and print `Syntax error`
or `not found` instead.

Why it happens
--------------
The build was for another target than the machine it was brought to: GOOS/GOARCH, a
download for the wrong platform, an image layer of the other architecture. The kernel
looks at the header alone; file names, environment variables and the shell's own ISA
play no part.

Remedy
------
Build or fetch the program for this host, or register a translator for its ISA.

References
----------
- Linux fs/exec.c (search_binary_handler), errno ENOEXEC
- Apple, "About the Rosetta translation environment": x86_64 is translated, nothing else
- Documentation/admin-guide/binfmt-misc.rst in the Linux tree

Limits
------
A file met below a folder is judged as if somebody meant to start it; one for another
operating system is then only a note. Wine and the like are seen only when they are
registered with the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.execution import start
from archfit.rules.fit import fit, proof
from archfit.rules.go_rebuild import build
from archfit.rules.host_packages import register_translator
from archfit.rules.said import said, surest
from archfit.rules.start_failure import (
    CONTAINER_SIGNS,
    ENOEXEC,
    kind_of,
    named,
    other_platform,
    script_named,
    translation_meant,
    without_first_line,
)
from archfit.rules.targets import started_slices


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """No slice can be started, natively or through a translator."""
    slices = started_slices(facts)
    answers = [start(isa, system, host) for isa, system in slices]
    if not slices or any(answer is None or answer.how != "no" for answer in answers):
        return
    targets = [f"{system}/{isa}" for isa, system in slices]
    here = f"{h.OS.require(host)}/{h.ISA.require(host)}"
    foreign_os = all(system != h.OS.require(host) for _, system in slices)
    met = b.FOUND_IN.of(facts) is not None
    yield from fit(
        need={"target": targets[0] if len(targets) == 1 else targets},
        offer={"target": here, "runs": h.RUNS.require(host), "translators": _translators(host)},
        message=f"built for {', '.join(targets)}; this host is {here} and nothing here translates",
        evidence=proof(facts, b.ISA, b.OS) + proof(host, h.ISA, h.TRANSLATORS),
        remedies=tuple(_remedies(facts, host, slices, here)),
        confidence=0.6 if foreign_os and met else 0.97,
        severity=Severity.NOTE if foreign_os and met else Severity.ERROR,
    )


def _translators(host: Facts) -> list[str]:
    return [str(row.get("isa")) for row in h.TRANSLATORS.of(host) or ()]


def _remedies(
    facts: Facts, host: Facts, slices: list[tuple[str, str]], here: str
) -> Iterator[Remedy]:
    system, _, isa = here.partition("/")
    if go.VERSION.of(facts):
        command, verify = build(facts, f"GOOS={system} GOARCH={isa}", isa)
        yield Remedy(f"Build it for {here}", command, safe=True, verify=verify)
    else:
        yield Remedy(f"Build or fetch the {here} version of this program")
    foreign = slices[0][0]
    qemu = next((q for q in h.QEMU.of(host) or () if q.get("isa") == foreign), None)
    if slices[0][1] != system or system != "linux":
        return
    if qemu is not None:
        yield Remedy(
            f"Run it through {qemu['path']}, which is installed but not registered",
            f"{qemu['path']} {{subject}}",
            safe=True,
        )
    yield Remedy(
        f"Register a translator for {foreign} (slower; threads and signals are emulated)",
        register_translator(host),
        verify="archfit facts host --format json | grep host.translators",
    )


_SHELL = "a shell took the program for a script: its format is not this machine's"
TEXTS = (
    *ENOEXEC,
    *(
        Text(
            needle,
            _SHELL,
            "dash, busybox ash and bash, which run what the kernel refuses as a script",
            r"(?:: |line )1: [^\n]{0,80}?ELF[^\n]{0,200}: (?:command )?not found",
            0.85,
        )
        for needle in ("ELF", "177ELF")
    ),
    Text(
        "word unexpected",
        _SHELL,
        'dash parser.c (`Syntax error: word unexpected (expecting ")")`)',
        r"[Ss]yntax error: word unexpected \(expecting",
        0.72,
        (".sh:", ".sh ", ".bash:"),
    ),
    Text(
        "unexpected",
        _SHELL,
        'dash and busybox ash on a binary (`Syntax error: "(" unexpected`)',
        r"/[\w.+-]{1,80}: (?:line )?[1-4]: (?:[^\s:]{1,200}: )?"
        r"[Ss]yntax error: (?:unexpected )?\"\(\"",
        0.72,
        (".sh:", ".bash:", "configure:"),
    ),
    Text(
        "unexpected",
        _SHELL,
        'dash on a binary (`Syntax error: Unterminated quoted string`, `")" unexpected`)',
        r"/(?:bin|sbin|[\w.-]{1,60}-(?:amd64|arm64|x86_64|aarch64|armv7))/?[\w.+-]{0,80}: "
        r"[1-9]: (?:[^\s:]{1,200}: )?Syntax error: (?:\"\)\"|\"&\"|\";;?\"|end of file)",
        0.6,
        (".sh:", ".bash:"),
    ),
    *(
        Text(
            needle,
            _SHELL,
            "dash and busybox ash on a binary of the folder (`./app: 4: Syntax error: ...`)",
            r"(?:^|[\s`'\"])\./[\w+-]{1,80}: (?:line )?[1-9]: (?:[^\s:]{1,200}: )?[Ss]yntax error: "
            r"(?:Unterminated quoted string|\"?\)?\"? ?unexpected)",
            0.66,
        )
        for needle in ("Unterminated quoted string", "unexpected")
    ),
    Text(
        "Invalid ELF image for this architecture",
        "the translator was given a program of an ISA that it does not translate",
        "qemu linux-user/elfload.c (load_elf_image)",
        confidence=0.75,
        unless=("buildkit_qemu_emulator",),
    ),
    Text(
        "is not a valid Win32 application",
        "Windows can't start it: it is for another processor, or no Windows program",
        "Windows ERROR_BAD_EXE_FORMAT (193), as Go, Python, Java (error=193) print it",
        confidence=0.8,
        unless=("DLL load failed", "LoadLibrary", "dlopen", ".dll", ".node", ".pyd", "ImportError"),
    ),
    Text(
        "not compatible with the version of Windows",
        "Windows can't start it: it is for another processor",
        "Windows ERROR_EXE_MACHINE_TYPE_MISMATCH (216)",
        r"[Tt]his version of [^\n]{1,200} is not compatible with the version of Windows",
        0.88,
    ),
    Text(
        "is not a valid application for this OS platform",
        "Windows can't start it: it is for another processor or system",
        "PowerShell and .NET on ERROR_BAD_EXE_FORMAT",
        confidence=0.9,
    ),
    Text(
        "not supported on this type of Mac",
        "it has no slice for this Mac's processor",
        "macOS Launch Services",
        confidence=0.9,
    ),
    Text(
        "applications are no longer supported",
        "it is for PowerPC, which this macOS does not run",
        "macOS Launch Services since 10.7",
        r"PowerPC applications are no longer supported",
        0.93,
    ),
    Text(
        "EBADARCH",
        "it has no slice for this Mac's processor",
        "errno names: Node.js, dyld, launchd",
        r"EBADARCH",
        0.85,
        ("#define",),
    ),
)
#: A container's or a build's own program, which Go is asked to build for the right target.
_GO_SIGNS = ("go build", "go run", "go test", "GOOS=", "GOARCH=", "fork/exec", "golang")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; less sure where the text blames what should have translated or the image."""
    best = surest(hits)
    confidence = best.text.confidence
    path = named(hits)
    if best.text in ENOEXEC:
        kind = kind_of(log, path)
        if other_platform(log) or translation_meant(log) or without_first_line(log, path):
            confidence = min(confidence, 0.65)
        elif kind == "script" and not _container(log, best):
            confidence = 0.5
        elif kind == "script" and not script_named(path):
            confidence = 0.6
    message = f"{path} can't be started: {best.text.says}" if path else best.text.says
    yield said(best, hits, message=message, remedies=_mend(path, log, best), confidence=confidence)


def _container(log: Log, hit: Hit) -> bool:
    return log.says(*CONTAINER_SIGNS) or (hit.line.lstrip(" \t>|").startswith("exec "))


def _mend(path: str, log: Log, hit: Hit) -> Iterator[Remedy]:
    program = path or "PROGRAM"
    see = f"file {program}; uname -m"
    system, isa = log.context.get("goos", ""), log.context.get("goarch", "")
    if log.says(*_GO_SIGNS) and not _container(log, hit):
        here = f"GOOS={system} GOARCH={isa} " if system and isa else ""
        yield Remedy(
            "Build for this machine: GOOS or GOARCH is set in the environment or by `go env -w`",
            f"{here or 'env -u GOOS -u GOARCH '}go build ."
            + ("" if here else "  # go env -u GOOS GOARCH"),
            verify="go env GOOS GOARCH GOHOSTOS GOHOSTARCH",
        )
    elif _container(log, hit):
        yield Remedy(
            "Build or pull the image for the platform of the machine that runs it",
            "docker buildx build --platform linux/amd64,linux/arm64 -t IMAGE .",
            verify="docker image inspect IMAGE --format '{{.Os}}/{{.Architecture}}'; uname -m",
        )
    elif log.platform.os == "darwin" or "CPU type" in hit.line:
        yield Remedy(
            "Fetch or build the version for this Mac's processor; x86_64 programs run on Apple "
            "Silicon with Rosetta",
            "softwareupdate --install-rosetta",
            verify=f"lipo -archs {program}; arch",
        )
    else:
        yield Remedy("Fetch or build the version for this machine", verify=see)
    if not path:
        yield Remedy("Find out which program it is and what it was built for", verify=see)


RULE = Rule(
    "run.exec-format",
    (Kind.BINARY,),
    (b.FORMAT,),
    (h.RUNS, h.OS, h.ISA, h.TRANSLATORS),
    judge,
    TEXTS,
    weigh,
    yields_to=("ship.admission-arch",),
)
