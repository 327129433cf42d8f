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

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.platforms.execution import Start, start
from archfit.platforms.targets import started_slices
from archfit.rules.fit import fit, proof


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
    if row.get("name") == "rosetta" and h.OS.require(host) == "darwin":
        why = "Rosetta 2 is not installed"
        remedy = Remedy(
            "Install Rosetta 2",
            "softwareupdate --install-rosetta",
            verify="arch -x86_64 /usr/bin/true && echo translated",
        )
    elif not row.get("enabled", True):
        why = f"its binfmt_misc entry `{row.get('name')}` is switched off"
        entry = f"/proc/sys/fs/binfmt_misc/{row.get('name')}"
        remedy = Remedy(
            "Switch the entry on", f"echo 1 > {entry}", safe=True, verify=f"cat {entry}"
        )
    else:
        why = f"the interpreter of its binfmt_misc entry is gone: {row.get('interpreter')}"
        remedy = Remedy(
            "Install the interpreter and register it with the F flag",
            "apt-get install --reinstall qemu-user-static",
            verify=f"ls -l {row.get('interpreter')}",
        )
    yield from fit(
        need={"isa": isa, "translator": f"for {isa}"},
        offer={"isa": h.ISA.require(host), "translator": dict(row)},
        holds=False,
        message=f"built for {isa}; a translator for it is set up here but {why}",
        evidence=proof(facts, b.ISA) + proof(host, h.ISA, h.TRANSLATORS, h.ROSETTA),
        remedies=(remedy,),
    )


RULE = Rule(
    "run.emulator-missing",
    (Kind.BINARY,),
    (b.FORMAT,),
    (h.RUNS, h.OS, h.ISA, h.TRANSLATORS),
    judge,
)
