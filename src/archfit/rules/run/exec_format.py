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

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.platforms.execution import start
from archfit.platforms.targets import started_slices
from archfit.rules.fit import fit, proof


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
        holds=False,
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
        package = go.PATH.of(facts) or "."
        yield Remedy(
            f"Build it for {here}",
            f"GOOS={system} GOARCH={isa} go build {package}",
            safe=True,
            verify=f"archfit check {package.rsplit('/', 1)[-1]}",
        )
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
        "apt-get install qemu-user-static binfmt-support",
        verify="archfit facts host --format json | grep host.translators",
    )


RULE = Rule(
    "run.exec-format",
    (Kind.BINARY,),
    (b.FORMAT,),
    (h.RUNS, h.OS, h.ISA, h.TRANSLATORS),
    judge,
)
