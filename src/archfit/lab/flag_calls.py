"""Which flag reached which compiler on which file: a recording compiler, and `go build -x`.

The recorder is a shell script in the compiler's place. It writes down its working folder and
its words, NUL-ended, in a file of its own, then becomes the compiler: what it saw is what the
compiler got. `-x` prints most of these calls as shell text, but neither those of the `cgo`
tool nor those of the linker (cmd/cgo and cmd/link start the compiler themselves).
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: What a compiler is started for, in the order of a build.
ROLES = (
    "probe",
    "cgo's types",
    "runtime/cgo C",
    "runtime/cgo .S",
    "_cgo_export.c",
    "*.cgo2.c",
    "_cgo_main.c",
    "user .c",
    "user .cc",
    "user .S",
    "user .f",
    "trial link",
    "final link",
)
_SOURCE = re.compile(r"\.(?:c|cc|cpp|cxx|S|s|sx|f|F|f90|for)$")
_ENDS = {"c": ".c", "s": ".S", "S": ".S", "sx": ".S", "f": ".f", "F": ".f", "f90": ".f"}


@dataclass(frozen=True, slots=True)
class Call:
    """``tool``: cc, cxx or fc; ``words``: what follows the program's name."""

    tool: str
    cwd: str
    words: tuple[str, ...]

    @property
    def source(self) -> str:
        """The file that it compiles, without its folder; "" for none."""
        named = [word for word in self.words if _SOURCE.search(word) and word[0] != "-"]
        return posixpath.basename(named[-1]) if named else ""

    @property
    def output(self) -> str:
        """What it writes, after -o or in one word with it; "" when that is not said."""
        for before, word in zip(("", *self.words), self.words, strict=False):
            if before == "-o":
                return word
            if word.startswith("-o") and len(word) > 2:
                return word[2:]
        return ""


def recorder(tool: str, argv: Sequence[str], folder: str) -> str:
    """The script that stands in the place of a compiler and records into ``folder``."""
    return (
        "#!/bin/sh\n"
        f'printf \'%s\\0\' "$PWD" "$@" > {shlex.quote(folder)}/{tool}.$$\n'
        f'exec {shlex.join(argv)} "$@"\n'
    )


def recorded(name: str, data: bytes) -> Call | None:
    """A call as the recorder wrote it; None for a file that is cut off or no record."""
    tool = name.partition(".")[0]
    if tool not in ("cc", "cxx", "fc") or not data.endswith(b"\0"):
        return None
    cwd, *words = data[:-1].decode("utf-8", "replace").split("\0")
    return Call(tool, cwd, tuple(words))


def shown(text: str, programs: dict[str, str]) -> Iterator[Call]:
    """The compiler calls that `go build -x` prints; ``programs``: path -> cc, cxx or fc.

    Forms of cmd/go/internal/work/shell.go (ShowCmd, fmtCmd): `cd DIR` on a line of its own, a
    command with words quoted for a shell, `(cd DIR; ...)`, `ENV=... command`, a comment or a
    here-document for what is no command, WORK=... at the start.
    """
    work, cwd = "$WORK", ""
    end = ""
    for line in text.splitlines():
        if end:
            end = "" if line.startswith(end) else end
            continue
        if line.startswith("WORK="):
            work = line[5:]
        here = re.search(r"<< '?(\w+)'?", line)
        if here is not None:
            end = here[1]
        full = line.replace("$WORK", work)
        if full.startswith("cd "):
            cwd = full[3:].strip()
            continue
        try:
            words = shlex.split(full.split(" # ")[0].strip("()"))
        except ValueError:
            continue
        while words and re.match(r"^\w+=", words[0]):
            words.pop(0)
        if words and words[0] in programs:
            yield Call(programs[words[0]], cwd, tuple(words[1:]))


def role(call: Call) -> str:
    """What the call is for, one of `ROLES`; "" for a question about the compiler's version."""
    words, source, output = call.words, call.source, call.output
    if "-###" in words or "--version" in words:
        return ""
    if source.startswith("cgo-gcc-input") or "-dM" in words or output.startswith("/dev/null "):
        return "cgo's types"
    if source == "trivial.c" or "-" in words:
        return "probe"
    if "-c" not in words:
        return "trial link" if output.endswith("_cgo_.o") else "final link"
    if source in ("_cgo_export.c", "_cgo_main.c"):
        return source
    if source.endswith(".cgo2.c"):
        return "*.cgo2.c"
    kind = _ENDS.get(source.rpartition(".")[2], ".cc")
    if call.cwd.endswith("/runtime/cgo"):
        return "runtime/cgo .S" if kind == ".S" else "runtime/cgo C"
    return f"user {kind}"


def markers(call: Call, names: Sequence[str]) -> list[str]:
    """Which of these names stand in the call, as `-DNAME` or `-L/NAME`."""
    found = {word[2:].lstrip("/") for word in call.words if word.startswith(("-D", "-L"))}
    return [name for name in names if name in found]
