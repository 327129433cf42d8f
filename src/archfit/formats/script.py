"""The `#!` line of a script, as kernels read it.

Sources: Linux 6.12 fs/binfmt_script.c (`load_script`) and
include/uapi/linux/binfmts.h (BINPRM_BUF_SIZE is 256 since Linux 5.1, 128
before): the line ends at the first newline of the first 256 bytes; without
one the kernel refuses, if the interpreter's name itself may be cut off, and
else cuts the argument. Everything behind the name is ONE argument. A carriage
return is a byte as any other, so it belongs to the name or the argument.
xnu-11417 bsd/kern/kern_exec.c (`exec_shell_imgact`): 512 bytes, and words
are arguments of their own. env(1) of coreutils 9 and FreeBSD for `-S`.
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.model.errors import Malformed
from archfit.model.image import Window

#: Bytes of the file that Linux looks at; the last one must be a newline or nothing counts on it.
LINE = 256

_BOM = b"\xef\xbb\xbf"
#: Options of env that take the next word as their value.
_WITH_VALUE = frozenset(("-u", "--unset", "-C", "--chdir", "-P"))


@dataclass(frozen=True, slots=True)
class Script:
    """``interpreter`` and ``args`` as written (without a CR at the end of the line).

    ``program``: what `env` starts, by its name alone, else the interpreter.
    ``unsplit``: `env` is given several words without -S; Linux hands them over as one
    name, which no program has. ``crlf``: the line ends in CR LF, and the CR is part of the
    last word. ``bom``: a byte order mark stands before `#!`, so no kernel sees a script.
    ``cut``: the name of the interpreter does not end within 255 bytes; the kernel refuses.
    """

    interpreter: str
    args: str
    program: str
    unsplit: bool
    crlf: bool
    bom: bool
    cut: bool


def read(data: Window) -> Script | None:
    """None when the line names no interpreter: `#!` alone, or no path (as in `#!/-*-`).

    Malformed: the file does not start with `#!`, nor with a byte order mark and `#!`.
    """
    head = bytes(data[: LINE + 3])
    bom = head.startswith(_BOM)
    if bom:
        head = head[3:]
    if head[:2] != b"#!":
        raise Malformed("no #! at the start")
    window = head[:LINE]
    end = window.find(b"\n")
    whole = end >= 0 or len(window) < LINE
    # Without a newline the kernel keeps one byte for the end of the string.
    line = window[2 : end if end >= 0 else LINE - 1]
    crlf = end >= 0 and line.endswith(b"\r")
    if crlf:
        line = line[:-1]
    # The last byte of the window may still end the name, though it belongs to nothing.
    name_and_end = window[2:].lstrip(b" \t")
    cut = not whole and not any(end in name_and_end for end in (b" ", b"\t", b"\0"))
    line = line.split(b"\0", 1)[0].strip(b" \t")
    name, args = _split(line)
    if name[:1] not in (b"/", b"."):
        return None
    interpreter = name.decode("utf-8", "backslashreplace")
    rest = args.decode("utf-8", "backslashreplace")
    program, unsplit = _program(interpreter, rest)
    return Script(interpreter, rest, program, unsplit, crlf, bom, cut)


def _split(line: bytes) -> tuple[bytes, bytes]:
    for at, byte in enumerate(line):
        if byte in b" \t":
            return line[:at], line[at:].strip(b" \t")
    return line, b""


def _program(interpreter: str, args: str) -> tuple[str, bool]:
    if interpreter.rsplit("/", 1)[-1] != "env" or not args:
        return interpreter, False
    words = [word for word in args.replace("\t", " ").split(" ") if word]
    split = _after_split(words[0])
    if split is not None:
        words[0] = split
    several = len(words) > 1
    at = 0
    while at < len(words):
        word = words[at]
        if word in _WITH_VALUE:
            at += 1
        elif word and not word.startswith("-") and "=" not in word:
            return word, split is None and several
        at += 1
    return interpreter, split is None and several


def _after_split(word: str) -> str | None:
    """What follows -S in env's first word; None when it is not -S. Flags may stand before S."""
    long = "--split-string"
    if word.startswith(long):
        return word[len(long) :].removeprefix("=")
    flags, found, rest = word.partition("S")
    return rest if found and flags[:1] == "-" and set(flags[1:]) <= set("iv0") else None
