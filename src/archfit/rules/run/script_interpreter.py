"""A script can't start: its interpreter is not there, or its first line is broken

What is wrong
-------------
The kernel starts the program named after `#!`. That program is absent, or its name ends
in a carriage return, or it is of a foreign ISA. The shell then says `No such file or
directory` or `bad interpreter` about a script that exists (`/usr/bin/env: 'python3\\r'`).

Why it happens
--------------
An interpreter of another machine's path (/usr/local/bin/python3, a virtual environment
that was moved), one that is not installed, or a file with CR LF line ends.

Remedy
------
Name an interpreter that is there, or convert the line ends.

References
----------
- execve(2), "Interpreter scripts"; Linux fs/binfmt_script.c
- POSIX.1-2024, Shell Command Language 2.1

Limits
------
Scripts below a folder are judged only when their mode lets them be started. What the
script itself calls is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.platforms.execution import start
from archfit.rules.fit import fit, proof


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """CR LF first (it explains an absent interpreter), then absence, then a foreign ISA."""
    met = b.FOUND_IN.of(facts) is not None
    if met and not b.EXECUTABLE.of(facts):
        return
    severity = Severity.WARNING if met else Severity.ERROR
    name = b.INTERPRETER.require(facts)
    if b.SCRIPT_CRLF.of(facts):
        yield from fit(
            need={"interpreter": f"{name}\\r"},
            offer={"interpreter": name},
            message="its first line ends in CR LF: the kernel looks for a name that ends in CR",
            evidence=proof(facts, b.INTERPRETER, b.SCRIPT_CRLF),
            remedies=(
                Remedy(
                    "Convert the line ends",
                    "sed -i 's/\\r$//' {subject}",
                    verify="head -1 {subject} | od -c",
                ),
            ),
            severity=severity,
        )
        return
    found = b.SCRIPT_RESOLVED.of(facts)
    if found is None:
        return
    wanted = str(b.SCRIPT_PROGRAM.of(facts) or name)
    if found.get("path") is None:
        yield from fit(
            need={"interpreter": wanted},
            offer={"interpreter": None},
            message=f"its interpreter {wanted} is not on this host",
            evidence=proof(facts, b.INTERPRETER, b.SCRIPT_ARGS),
            remedies=(Remedy(f"Install {wanted}, or name one that is there in the first line"),),
            severity=severity,
        )
        return
    isa, system = found.get("isa"), found.get("os")
    answer = start(str(isa), str(system), host) if isa and system else None
    if answer is not None and answer.how == "no":
        yield from fit(
            need={"runs": isa},
            offer={"runs": h.RUNS.require(host)},
            message=f"its interpreter {found['path']} is for {isa}, which this host does not run",
            evidence=proof(facts, b.INTERPRETER, b.SCRIPT_RESOLVED) + proof(host, h.ISA),
            remedies=(Remedy(f"Install {wanted} for {h.ISA.of(host)}"),),
            severity=severity,
        )


RULE = Rule("run.script-interpreter", (Kind.SCRIPT,), (b.INTERPRETER,), (h.RUNS, h.OS), judge)
