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

import re
from collections.abc import Iterator, Sequence

from archfit.facts import binary as b
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.execution import start
from archfit.rules.fit import fit, proof
from archfit.rules.said import said, surest
from archfit.rules.start_failure import (
    CONTAINER_SIGNS,
    ENOENT,
    ENOEXEC,
    kind_of,
    named,
    script_named,
    without_first_line,
)


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """CR LF first (it explains an absent interpreter), then absence, then a foreign ISA."""
    met = b.FOUND_IN.of(facts) is not None
    if met and not b.EXECUTABLE.of(facts):
        return
    severity = Severity.WARNING if met else Severity.ERROR
    name = b.INTERPRETER.require(facts)
    for key, why, remedy in _BROKEN_LINES:
        # What only Linux does not do is no fault on a Mac: it splits all words after #!.
        if key.of(facts) and not (key is b.SCRIPT_UNSPLIT and h.OS.require(host) != "linux"):
            yield from fit(
                need={"interpreter": f"{name}\\r" if key is b.SCRIPT_CRLF else name},
                offer={"interpreter": name if key is b.SCRIPT_CRLF else None},
                message=why,
                evidence=proof(facts, b.INTERPRETER, b.SCRIPT_ARGS, key),
                remedies=(remedy,),
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


_BROKEN_LINES = (
    (
        b.SCRIPT_CRLF,
        "its first line ends in CR LF: the kernel looks for a name that ends in CR",
        Remedy(
            "Convert the line ends",
            "sed -i 's/\\r$//' {subject}",
            verify="head -1 {subject} | od -c",
        ),
    ),
    (
        b.SCRIPT_BOM,
        "a byte order mark stands before #!, so the kernel takes it for no script",
        Remedy(
            "Take the byte order mark away",
            "sed -i '1s/^\\xef\\xbb\\xbf//' {subject}",
            verify="head -c 4 {subject} | od -c",
        ),
    ),
    (
        b.SCRIPT_CUT,
        "its first line is longer than the kernel reads, so the interpreter's name is cut",
        Remedy("Name the interpreter by a shorter path, or through /usr/bin/env"),
    ),
    (
        b.SCRIPT_UNSPLIT,
        "Linux gives all words after the interpreter to it as one argument",
        Remedy("Let env split them", "sed -i '1s|/env |/env -S |' {subject}"),
    ),
)

_CRLF = "the script has CR LF line ends: the kernel or the shell takes the CR for a part of a name"
TEXTS = (
    Text(
        "bad interpreter",
        "the script's interpreter {interpreter} can't be started",
        "bash execute_cmd.c and zsh exec.c (bad interpreter: ...)",
        r"(?:(?P<interpreter>[^\s:]{1,200}): )?bad interpreter(?::|\b)",
        0.95,
        ("Text file busy",),
    ),
    Text(
        "\\r",
        _CRLF,
        "GNU env, bash, node, python (a name that ends in \\r)",
        r"(?:env: [^\n]{1,80}\\r|[\w/.-]{1,80}\\r['’\"]?: "
        r"(?:No such file|command not found|not found|bad interpreter)|\$'(?:\w{1,30})?\\r'"
        r"|cannot find [^\n]{1,80}\\r)",
        0.96,
    ),
    Text(
        "^M",
        _CRLF,
        "bash and zsh (a name that ends in CR, drawn as ^M)",
        r"[\w/.-]{1,80}\^M[:'’\"]|\^M: (?:bad interpreter|not found|command not found)",
        0.95,
    ),
    Text(
        "env",
        "the script's first line asks env for {interpreter}, which is not on PATH",
        "GNU, BSD and busybox env on ENOENT",
        r"(?:^|[\s:])(?:/usr/bin/)?env: [‘'`\"]?(?P<interpreter>[\w.+-]{1,40})[’'\"]?: "
        r"No such file or directory",
        0.9,
        ("\\r",),
    ),
    Text(
        "use -[v]S to pass options in shebang lines",
        "the script's first line has options that env takes for a part of the name",
        "GNU env (coreutils 8.30 and later)",
        confidence=0.95,
    ),
    Text(
        "specified the interpreter",
        "the script's interpreter can't be started",
        "fish src/exec.cpp",
        r"specified the interpreter '(?P<interpreter>[^'\n]{1,120})', which",
        0.95,
    ),
    Text(
        "Illegal option",
        _CRLF,
        "dash (`set -e` with CR: Illegal option -)",
        r"set: Illegal option -\s*$",
        0.9,
    ),
    Text(
        "invalid option",
        _CRLF,
        "bash (`set -e` with CR: set: -: invalid option)",
        r"set: -\s*: invalid option|^\s*: invalid option$",
        0.85,
        ("usage:",),
    ),
    *(
        Text(
            needle,
            _CRLF,
            "shells: what stood before the CR in the line is overwritten by what follows it",
            r"^: (?:command )?not found\s*$",
            0.88,
        )
        for needle in ("command not found", "not found")
    ),
    Text(
        "The file uses Windows line endings",
        _CRLF,
        "fish src/postfork.cpp",
        confidence=0.97,
    ),
    Text(
        "no interpreter",
        "the script has no first line that names its interpreter",
        "execve wrappers, sudo and cron",
        r"(?i)no (?:shebang|interpreter (?:line|specified|found for script))",
        0.85,
    ),
    *ENOENT,
    *ENOEXEC,
    Text(
        "No such file or directory",
        "the script is there, but the interpreter that its first line names is not",
        "bash before 5.2, env, Python and Go on ENOENT for a script",
        r"(?:^|[\s:'‘\"])(?P<path>\.{0,2}/?[\w./+-]{1,160}\.(?:sh|py|pl|rb|bash))['’\"]?: "
        r"(?:line \d{1,5}: )?[Nn]o such file or directory",
        0.5,
        ("can't open", "cannot open", "cannot access", "cannot stat", "python"),
    ),
    Text(
        "not found",
        "the script is there, but the interpreter that its first line names is not",
        "busybox ash and dash on ENOENT for a script",
        r"(?:ba|da|a)?sh: (?:\d{1,4}: |line \d{1,4}: )?"
        r"(?P<path>\.{0,2}/[\w./+-]{1,160}\.(?:sh|py|pl|rb|bash)): not found",
        0.75,
    ),
)
_NO_SHEBANG = "the kernel can't start it: it is a script without a first line (#!) it can use"
_ARCH_WORDS = ("arm", "aarch64", "x86_64", "amd64", "Raspberry", "Apple", "M1", "M2", "--platform")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """Messages that name an interpreter are sure; ENOENT and ENOEXEC need a script."""
    own = [hit for hit in hits if hit.text.confidence > 0.84 and hit.text not in ENOEXEC + ENOENT]
    if own:
        best = surest(own)
        message = ""
        if "\\r" in best.line or "^M" in best.line:
            message = _CRLF
        elif "bad interpreter" in best.line and "Exec format" in best.line:
            message = "the script's interpreter is itself of another ISA, or a script"
        yield said(best, hits, message=message, remedies=_mend(best, log, message == _CRLF))
        return
    absent = [hit for hit in hits if hit.text not in ENOEXEC]
    best = surest(absent or hits)
    path = best.group("path") or named([best])
    kind = kind_of(log, path)
    crlf = log.says("CRLF", "dos2unix", "line ending", "autocrlf", "\\r\\n")
    windows = log.platform.os == "windows" or log.says("Windows", "windows")
    if not absent:
        yield from _without_first_line(best, hits, log, path)
        return
    if best.text in ENOENT:
        script = script_named(path) or kind == "script"
        if not script and not crlf and (kind == "binary" or path):
            return
        confidence = 0.9 if script and (crlf or windows) else 0.85 if script else 0.6
    else:
        if not (_listed(log, path) or crlf or log.says("#!", "alpine")):
            return
        confidence = 0.85
    yield said(best, hits, remedies=_mend(best, log, crlf or windows), confidence=confidence)


def _without_first_line(best: Hit, hits: Sequence[Hit], log: Log, path: str) -> Iterator[Finding]:
    """ENOEXEC for a script: no first line, unless its interpreter is of another ISA."""
    told = log.says("shebang", "#!/", "hashbang", "shell script", "Shell script", "ASCII text")
    container = log.says(*CONTAINER_SIGNS) or (best.line.lstrip(" \t>|").startswith("exec "))
    sure = without_first_line(log, path)
    if sure:
        confidence = sure
    elif told and not log.says(*_ARCH_WORDS[:2], "--platform", "does not match"):
        confidence = 0.88
    elif script_named(path) and not container:
        confidence = 0.85
    elif script_named(path) and not log.says(*_ARCH_WORDS):
        confidence = 0.6
    else:
        return
    name = path or "SCRIPT"
    yield said(
        best,
        hits,
        message=f"{name}: {_NO_SHEBANG}",
        remedies=(
            Remedy(
                "Put an interpreter into its first line, with nothing before it (no blank, no "
                "byte order mark)",
                f"sed -i '1i #!/bin/sh' {name}",
                verify=f"head -c 20 {name} | od -c",
            ),
        ),
        confidence=confidence,
    )


def _listed(log: Log, path: str) -> bool:
    name = re.escape(path.rsplit("/", 1)[-1])
    return bool(re.search(rf"-r[w-]x\S{{6,7}}[^\n]{{10,80}}[ /]{name}(?:\s|$)", log.text))


def _mend(hit: Hit, log: Log, crlf: bool) -> Iterator[Remedy]:
    path = hit.group("path") or named([hit]) or "SCRIPT"
    interpreter = hit.group("interpreter")
    if crlf:
        yield Remedy(
            "Convert the line ends",
            f"sed -i 's/\\r$//' {path}",
            verify=f"head -1 {path} | od -c",
        )
        yield Remedy(
            "Keep git from converting them again",
            "echo '*.sh text eol=lf' >> .gitattributes",
            safe=True,
        )
        return
    if interpreter and not interpreter.startswith("/"):
        yield Remedy(
            f"Install {interpreter}, or put it on PATH", verify=f"command -v {interpreter}"
        )
    elif interpreter:
        yield Remedy(
            f"Install {interpreter}, or name one that is there in the script's first line",
            verify=f"ls -l {interpreter}",
        )
    elif log.says("alpine", "Alpine"):
        yield Remedy(
            "Alpine has no bash: install it, or write #!/bin/sh",
            "apk add bash",
            verify="ls /bin/bash",
        )
    else:
        yield Remedy(
            "See what the first line names, and whether it is there",
            f"head -1 {path} | od -c",
        )


RULE = Rule(
    "run.script-interpreter",
    (Kind.SCRIPT,),
    (b.INTERPRETER,),
    (h.RUNS, h.OS),
    judge,
    TEXTS,
    weigh,
    yields_to=("ship.admission-arch",),
)
