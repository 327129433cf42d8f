"""Tools of two ISAs on one machine

What is wrong
-------------
The go command, the C compiler, the package manager or the shell is of another ISA than
the machine. Each works by itself, but what they build by default does not fit together:
an amd64 go builds amd64 programs, an Intel Homebrew installs x86_64 libraries.

Why it happens
--------------
On Apple Silicon everything for Intel also runs, under Rosetta 2, without a word. A
migrated machine keeps its Intel tools; a terminal that is opened with Rosetta starts
universal tools as x86_64.

Remedy
------
Install the native version of the tool that is named here and take the other off PATH.

References
----------
- Apple, "About the Rosetta translation environment" (sysctl.proc_translated)
- cmd/go, GOHOSTARCH; Homebrew, "Installation" (/opt/homebrew on Apple Silicon, /usr/local on Intel)

Limits
------
A single-architecture arm64 program runs natively whatever its parent is: a translated
shell alone breaks no build.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.rules.fit import fit, proof


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """The verdict over all signals is `mixed`; a note when no tool that builds is concerned."""
    if h.VERDICT.require(facts) != "mixed":
        return
    isa = h.ISA.require(facts)
    tools = list(_tools(facts))
    advice = h.VERDICT_ADVICE.of(facts)
    yield from fit(
        need={"isa": isa},
        offer={"tools": [f"{path}: {of}" for path, of in tools]},
        message=h.VERDICT_REASON.of(facts) or "tools of two ISAs",
        evidence=proof(facts, h.ISA, h.GO, h.CC, h.BREW, h.ANCESTORS),
        remedies=(Remedy(advice, verify="archfit check"),) if advice else (),
        severity=Severity.WARNING if any(of != isa for _, of in tools) else Severity.NOTE,
    )


def _tools(facts: Facts) -> Iterator[tuple[str, str]]:
    """(path, ISA) of what builds: go commands, C compilers, Homebrew prefixes."""
    for key, name in ((h.GO, "path"), (h.CC, "path"), (h.BREW, "prefix")):
        for row in key.of(facts) or ():
            if row.get("isa"):
                yield str(row.get(name)), str(row["isa"])


RULE = Rule("build.mixed-toolchain", (Kind.HOST,), (h.VERDICT, h.ISA), (), judge)
