"""A translator was meant to be there and can't work

What is wrong
-------------
The program is of a foreign ISA, and this host is set up to translate that ISA, but the
setup is broken: the kernel's entry is switched off, its interpreter is gone, or, on
Apple Silicon, Rosetta 2 is not installed for an x86_64 program.

Why it happens
--------------
binfmt_misc entries live in the kernel and are lost at every boot. An entry without
the F flag opens its interpreter at each start, inside the container's own root, where
it seldom is. On a fresh Apple Silicon machine Rosetta is installed only on demand.

Remedy
------
Register the translator anew, with the F flag where containers use it; install Rosetta.

References
----------
- Documentation/admin-guide/binfmt-misc.rst in the Linux tree (flags P, O, C, F)
- Apple, "If you need to install Rosetta on your Mac"

Limits
------
Only what the kernel has registered counts as a sign that translation was meant. A
qemu program that merely lies on PATH is none: then the cause is run.exec-format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Any

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.execution import Start, start
from archfit.rules.fit import fit, proof
from archfit.rules.host_packages import register_translator
from archfit.rules.said import said, surest
from archfit.rules.start_failure import (
    ENOEXEC,
    named,
    other_platform,
    translation_meant,
)
from archfit.rules.targets import started_slices


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """No slice starts, and one of them would if its translator worked."""
    answers = [(isa, start(isa, system, host)) for isa, system in started_slices(facts)]
    if any(answer is None or answer.runs for _, answer in answers):
        return
    for isa, answer in answers:
        if answer is not None and answer.how == "broken":
            yield from _broken(facts, host, isa, answer)
            return


def _broken(facts: Facts, host: Facts, isa: str, answer: Start) -> Iterator[Finding]:
    row = answer.by or {}
    meant = f"built for {isa}; a translator for it is set up here but"
    if row.get("name") == "rosetta" and h.OS.require(host) == "darwin":
        message = "x86_64 programs need Rosetta 2 on this Mac, and it is not installed"
        remedy = Remedy(
            "Install Rosetta 2",
            "softwareupdate --install-rosetta",
            verify="arch -x86_64 /usr/bin/true && echo translated",
        )
    elif not row.get("enabled", True):
        message, remedy = _switched_off(row, host)
        message = f"{meant} {message}"
    else:
        message, remedy = _gone(row, host, isa)
        message = f"{meant} {message}"
    yield from fit(
        need={"isa": isa, "translator": f"for {isa}"},
        offer={"isa": h.ISA.require(host), "translator": dict(row)},
        message=message,
        evidence=proof(facts, b.ISA) + proof(host, h.ISA, h.TRANSLATORS, h.ROSETTA),
        remedies=(remedy,),
    )


def _switched_off(row: Mapping[str, Any], host: Facts) -> tuple[str, Remedy]:
    """An entry is off by itself, or with all others by the file `status`.

    The row does not tell which; another entry that is on shows that `status` is.
    """
    folder, name = "/proc/sys/fs/binfmt_misc", str(row.get("name"))
    entry = quote(f"{folder}/{name}")
    if any(other.get("enabled") for other in h.TRANSLATORS.of(host) or ()):
        one = Remedy("Switch the entry on", f"echo 1 > {entry}", safe=True, verify=f"cat {entry}")
        return f"its binfmt_misc entry `{name}` is switched off", one
    return f"its binfmt_misc entry `{name}`, or all of binfmt_misc, is switched off", Remedy(
        "Switch binfmt_misc on, and the entry",
        f"echo 1 > {folder}/status && echo 1 > {entry}",
        safe=True,
        verify=f"cat {folder}/status {entry}",
    )


def _gone(row: Mapping[str, Any], host: Facts, isa: str) -> tuple[str, Remedy]:
    path = row.get("interpreter")
    if not path:  # the kernel was asked with a program, since its entries can't be read here
        return "the kernel does not find its interpreter from here", Remedy(
            f"Register the translator for {isa} with the F flag, outside this container"
        )
    qemu = "qemu" in str(path)
    return f"the interpreter of its binfmt_misc entry is gone: {path}", Remedy(
        "Install the interpreter and register it with the F flag"
        if qemu
        else f"Bring {path} back, or register the translator with the F flag",
        register_translator(host) if qemu else "",
        verify=f"ls -l {quote(str(path))}",
    )


TEXTS = (
    *ENOEXEC,
    Text(
        "qemu",
        "the translator {qemu} is not there",
        "shells, env, Go os/exec, cargo (CARGO_TARGET_*_RUNNER) and binfmt users",
        r"(?P<qemu>qemu-(?!system|img|nbd|user\b)[a-z0-9_]{2,12}(?:-static)?)['’\"`]{0,2}"
        r"(?:: (?:command )?(?:No such file or directory|not found)|: executable file not found"
        r"| not found)|(?:could not execute process `|cannot stat ['‘]?/?(?:\S{0,60}/)?)"
        r"(?P<qemu2>qemu-[a-z0-9_]{2,12}(?:-static)?)|command not found: (?P<qemu3>qemu-"
        r"(?!system)[a-z0-9_]{2,12})",
        0.9,
        ("Could not open", "Invalid ELF"),
    ),
    Text(
        "runtime execution on platform",
        "the builder can't run {platform}: no translator is registered for it",
        "BuildKit solver/llbsolver/vertex.go",
        r"runtime execution on platform (?P<platform>\S{1,40}) not supported",
        0.93,
    ),
    Text(
        "binfmt_misc",
        "no translator could be registered with the kernel (binfmt_misc)",
        "tonistiigi/binfmt, update-binfmts, mount, qemu-binfmt-conf.sh",
        r"(?i)(?:cannot|can't|could ?n[o']t|unable to|failed|unknown filesystem|not permitted"
        r"|no such (?:file|device)|not mounted|read-only|invalid argument|write error)"
        r"[^\n]{0,120}binfmt_misc|binfmt_misc[^\n]{0,120}(?:invalid argument|not permitted|"
        r"no such (?:file|device)|read-only|not mounted|denied|not supported|write error)",
        0.85,
    ),
    Text(
        "buildkit_qemu_emulator",
        "the builder's own emulator could not run the program: none is registered with the kernel",
        "BuildKit solver/llbsolver/ops/exec_binfmt.go",
        r"buildkit_qemu_emulator: [^\n]{1,200}(?:Invalid ELF|not found|No such file)",
        0.75,
        ("Could not open",),
    ),
    Text(
        "failed to run command",
        "chroot can't start {path}: the translator that the kernel names is not in that root",
        "coreutils chroot into a root of another ISA (ENOENT of the binfmt_misc interpreter)",
        r"chroot: failed to run command [‘'`](?P<path>[^’'\n]{1,200})['’]: No such file",
        0.75,
    ),
    Text(
        "not supported on this machine",
        "the kernel runs no programs for {path}: no translator is registered",
        "arch-test (arm64: not supported on this machine/kernel)",
        r"(?P<path>[a-z0-9]{3,10}): not supported on this machine/kernel",
        0.88,
    ),
    Text(
        "Failed to update binfmts",
        "the translators could not be registered",
        "build scripts around update-binfmts --enable",
        confidence=0.85,
    ),
    Text(
        "Rosetta is only intended to run",
        "Rosetta for Linux is registered on a machine that does not offer it",
        "Rosetta for Linux (oahd)",
        confidence=0.93,
    ),
    Text(
        "Rosetta",
        "Rosetta 2 is needed and not installed",
        "macOS installer, Homebrew (depends_on rosetta), lima, minikube, Simulator",
        r"(?i)(?:requires?|needs?|without|please install|you need to install|must install|"
        r"to install)[^\n]{0,40}\bRosetta|\bRosetta(?: ?2)?(?: software| translation)? "
        r"(?:is not|isn't|is n't|was not|must be|is required|not|needs to be|has not been)"
        r"[^\n]{0,20}(?:install|enabled|available|required|found|present)?",
        0.82,
        ("Cannot install", "under Rosetta", "is not needed", "not required", "without Rosetta"),
    ),
    Text(
        "rosetta",
        "Rosetta 2 is needed and not installed",
        "lima (vz driver), colima",
        r"rosetta (?:is not|not|must be) (?:installed|supported|available|enabled)",
        0.82,
    ),
)

#: The text itself says that the file is a script which lacks its first line.
_SCRIPT_TOLD = ("shebang", "hashbang", "CRLF", "dos2unix", "shell script", "line ending")
_INSTALL = "docker run --privileged --rm tonistiigi/binfmt --install"
_LISTED = "docker run --privileged --rm tonistiigi/binfmt"


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """Its own messages; those of a program that can't be started only with a sign that
    translation was meant."""
    sign = translation_meant(log)
    own = [
        hit
        for hit in hits
        if hit.text not in ENOEXEC and (sign or "failed to run" not in hit.text.needle)
    ]
    starts = [hit for hit in hits if hit.text in ENOEXEC]
    path = named(starts)
    windows = path.endswith(".exe") and log.says("/mnt/c", "WSL", "wsl")
    if own and (not starts or surest(own).text.confidence > 0.83):
        best = surest(own)
        qemu = best.group("qemu") or best.group("qemu2") or best.group("qemu3")
        message = f"the translator {qemu} is not there" if qemu else ""
        yield said(best, hits, message=message, remedies=_advice(log, best))
    elif windows:
        best = surest(starts)
        message = f"{path} is a Windows program, and WSL's entry in binfmt_misc is not there"
        remedy = Remedy(
            "Register the entry again, or restart WSL",
            "sudo sh -c 'echo :WSLInterop:M::MZ::/init:PF > /proc/sys/fs/binfmt_misc/register'",
            verify="cat /proc/sys/fs/binfmt_misc/WSLInterop",
        )
        yield said(best, hits, message=message, remedies=(remedy,), confidence=0.85)
    elif starts and sign and not log.says(*_SCRIPT_TOLD):
        best = surest(starts)
        if "CPU type" in best.line and not log.says("osetta", "arch -x86_64"):
            return
        asked = "qemu" in sign or log.has("/binfmt --", "binfmt_misc", "update-binfmts")
        confidence = 0.6 if other_platform(log) and not asked else 0.86
        message = f"no translator runs {path or 'the program'}, though one was meant to ({sign})"
        yield said(best, hits, message=message, remedies=_advice(log, best), confidence=confidence)


def _advice(log: Log, hit: Hit) -> Iterator[Remedy]:
    line = hit.line
    if (
        "osetta" in line
        or "CPU type" in line
        or (log.platform.os == "darwin" and log.says("osetta") and "qemu" not in line)
    ):
        yield Remedy(
            "Install Rosetta 2",
            "softwareupdate --install-rosetta --agree-to-license",
            verify="arch -x86_64 /usr/bin/true && echo translated",
        )
        return
    isas = log.platform.isas
    wanted = next((isa for isa in isas if isa != log.context.get("goarch")), "arm64")
    if log.says("docker", "buildx", "podman", "#0 ", "exec user process"):
        yield Remedy(
            "Register translators with the kernel, opened at once (flag F) so that containers "
            "have them; entries are lost at every boot",
            f"{_INSTALL} {wanted}",
            verify=_LISTED,
        )
        if log.says("github", "actions/", "runs-on", "##["):
            yield Remedy(
                "In GitHub Actions set it up before the build", "uses: docker/setup-qemu-action"
            )
        return
    yield Remedy(
        "Install qemu's user mode and register it",
        "apt-get install qemu-user-static binfmt-support",
        verify="ls /proc/sys/fs/binfmt_misc",
    )


RULE = Rule(
    "run.emulator-missing",
    (Kind.BINARY,),
    (b.FORMAT,),
    (h.RUNS, h.OS, h.ISA, h.TRANSLATORS),
    judge,
    TEXTS,
    weigh,
    yields_to=("ship.admission-arch",),
)
