"""Compilers and linkers that were called and are not there: what tools print of it.

Whether the tool is the machine's own or one for another target is told by its name:
`gcc` is the former, `aarch64-linux-gnu-gcc` (GNU triplet in front) the latter.
"""

from __future__ import annotations

import re

from archfit.formats.log import Log
from archfit.model.text import Hit, Text

_GONE = "{tool} was called and is not there"
_NAME = r"(?P<tool>[\w./\\:+-]{2,160})"
_NOT_ASKED = ("checking ", "ignored", "(optional)", "warning:", "WARNING:", "Warning:")

#: A program that could not be found; ``tool`` is its name as it was called.
ABSENT: tuple[Text, ...] = (
    Text(
        "not found: exec",
        _GONE,
        'cmd/cgo/main.go since Go 1.18 (cgo: C compiler "CC" not found)',
        r"C compiler \\{0,3}\"(?P<tool>[^\"\\\n]{1,200})\\{0,3}\" not found: exec",
        0.95,
    ),
    Text(
        "executable file not found in",
        _GONE,
        "Go os/exec (ErrNotFound): cgo, cmd/link, cmd/go",
        r"exec: \\{0,3}\"(?P<tool>[^\"\n]{1,200}?)\\{0,3}\": executable file not found",
        0.94,
        ("expected:", "want "),
    ),
    Text(
        "not found",
        _GONE,
        "dash, busybox sh, bash, zsh (`sh: 1: gcc: not found`, `command not found`)",
        r"(?:^|[\s:])" + _NAME + r": (?:command )?not found\s*$",
        0.92,
        _NOT_ASKED,
    ),
    Text(
        "command not found",
        _GONE,
        "zsh (command not found: NAME)",
        r"command not found: (?P<tool>[\w./+-]{2,120})",
        0.92,
        _NOT_ASKED,
    ),
    Text(
        "not found",
        _GONE,
        "Debian's command-not-found (Command 'NAME' not found, but can be installed with)",
        r"Command '(?P<tool>[\w.+-]{2,80})' not found",
        0.92,
    ),
    Text(
        "Command not found",
        _GONE,
        "GNU make job.c; csh",
        r"(?:^|[\s:])" + _NAME + r": Command not found",
        0.93,
        _NOT_ASKED,
    ),
    Text(
        "No such file or directory",
        _GONE,
        "GNU make since 4.3, env, bash, distutils (unable to execute), posix_spawn",
        r"(?:make(?:\[\d{1,3}\])?: (?:exec\()?|env: |unable to execute |command |exec "
        r"|: line \d{1,6}: )[‘'`\"]?(?P<tool>[\w./+-]{2,300})[’'\"]?\)?(?: failed)?"
        r": No such file or directory"
        r"|No such file or directory: '(?P<other>[\w./+-]{2,120})'",
        0.92,
        _NOT_ASKED,
    ),
    Text(
        "is not recognized as",
        _GONE,
        "cmd.exe (an internal or external command), PowerShell (the name of a cmdlet)",
        r"['\"](?P<tool>[\w./\\:+-]{2,120})['\"] is not recognized as|"
        r"The term '(?P<other>[\w./\\:+-]{2,120})' is not recognized as",
        0.92,
    ),
    Text(
        "not found",
        _GONE,
        "rustc compiler/rustc_codegen_ssa (linker `NAME` not found)",
        r"linker [`'](?P<tool>[^`'\n]{1,120})[`'] not found",
        0.95,
    ),
    Text(
        "exec the linker",
        _GONE,
        "rustc before 1.41 (could not exec the linker `NAME`)",
        r"could not exec the linker `(?P<tool>[^`\n]{1,120})`",
        0.93,
    ),
    Text(
        "Failed to find tool",
        _GONE,
        "cc-rs src/lib.rs (Failed to find tool. Is `NAME` installed?)",
        r"Failed to find tool(?:\. Is)?:? [`\"'](?P<tool>[^`\"'\n]{1,120})[`\"']",
        0.94,
    ),
    Text(
        "failed to find tool",
        _GONE,
        "cc-rs src/lib.rs",
        r"failed to find tool(?:\. Is)?:? [`\"'](?P<tool>[^`\"'\n]{1,120})[`\"']",
        0.94,
    ),
    Text(
        "is not a full path and was not found in the PATH",
        "the compiler that CMake was told of is not there",
        "CMake Modules/CMakeTestCCompiler.cmake, CMakeDetermineCCompiler.cmake",
        confidence=0.92,
    ),
    Text(
        "is not a full path to an existing compiler tool",
        "the compiler that CMake was told of is not there",
        "CMake Modules/CMakeTestCCompiler.cmake",
        confidence=0.92,
    ),
)

_CROSS_TOOL = (
    r"(?:^|[\s/\\\"'`(=:])((?:aarch64(?:_be)?|arm64|arm\w{0,6}|x86_64|amd64|i[3-6]86|riscv(?:32|64)"
    r"|powerpc(?:64)?(?:le)?|ppc64le|s390x|mips\w{0,8}|loongarch64|sparc64|m68k|o64|o32|oa64)"
    r"(?:-[\w.]{1,24}){0,4}?-(?:gcc|g\+\+|cc|c\+\+|clang\+\+|clang|ld|as|ar|gfortran|strip|gcc-ar)"
    r"(?:-[\w.]{1,12})?(?:\.exe)?)(?![\w-])"
)


def cross_tool(text: str) -> str:
    """The first name of a tool that has its target in front, such as aarch64-linux-gnu-gcc."""
    found = re.search(_CROSS_TOOL, text)
    return found[1] if found is not None else ""


def foreign_tool(tool: str, log: Log) -> bool:
    """It builds for another machine. Debian's Python calls its own gcc by the full name."""
    if not tool or not cross_tool(tool):
        return False
    if "linux-gnu" in tool and "mingw" not in tool:
        if log.has("setuptools", "distutils", "uilding wheel", "pip install", "pip3 install"):
            return False
        return target_of(tool)[1] != log.build.host[1]
    return True


def tool_of(hit: Hit) -> str:
    """The tool that a message of `ABSENT` names, without its folder and `.exe`."""
    name = hit.group("tool") or hit.group("other")
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1].removesuffix(".exe") if name else ""


_TRIPLES = (
    ("x86_64-w64-mingw32", "amd64", "windows"),
    ("i686-w64-mingw32", "386", "windows"),
    ("aarch64-w64-mingw32", "arm64", "windows"),
    ("aarch64", "arm64", ""),
    ("arm64", "arm64", ""),
    ("oa64", "arm64", "darwin"),
    ("o64", "amd64", "darwin"),
    ("o32", "386", "darwin"),
    ("x86_64", "amd64", ""),
    ("i", "386", ""),
    ("riscv64", "riscv64", ""),
    ("powerpc64le", "ppc64le", ""),
    ("ppc64le", "ppc64le", ""),
    ("s390x", "s390x", ""),
    ("arm", "arm", ""),
)


def target_of(tool: str) -> tuple[str, str]:
    """(os or "", ISA or "") that a tool with its target in front builds for."""
    for start, isa, system in _TRIPLES:
        if tool.startswith(start):
            if system:
                return system, isa
            return ("linux" if "linux" in tool else "darwin" if "apple" in tool else ""), isa
    return "", ""


#: Debian's cross compiler, and the CC of Go, for a Linux target.
_DEBIAN = {
    "arm64": ("gcc-aarch64-linux-gnu", "aarch64-linux-gnu-gcc"),
    "arm": ("gcc-arm-linux-gnueabihf", "arm-linux-gnueabihf-gcc"),
    "amd64": ("gcc-x86-64-linux-gnu", "x86_64-linux-gnu-gcc"),
    "386": ("gcc-i686-linux-gnu", "i686-linux-gnu-gcc"),
    "riscv64": ("gcc-riscv64-linux-gnu", "riscv64-linux-gnu-gcc"),
    "ppc64le": ("gcc-powerpc64le-linux-gnu", "powerpc64le-linux-gnu-gcc"),
    "s390x": ("gcc-s390x-linux-gnu", "s390x-linux-gnu-gcc"),
}
_ZIG = {"arm64": "aarch64", "amd64": "x86_64", "386": "x86", "arm": "arm", "riscv64": "riscv64"}
_MINGW = {"amd64": "x86_64-w64-mingw32-gcc", "386": "i686-w64-mingw32-gcc"}


def cross_compiler(system: str, isa: str, home: str = "") -> tuple[str, str]:
    """(command that installs a C compiler for the target, value of CC) as seen from the
    machine ``home`` (an OS); ("", "") for a target that is not known here."""
    if system == "windows":
        command = "brew install mingw-w64" if home == "darwin" else "apt-get install gcc-mingw-w64"
        return (command, _MINGW[isa]) if isa in _MINGW else ("", "")
    if system == "darwin":
        name = {"arm64": "oa64-clang", "amd64": "o64-clang"}.get(isa, "")
        return ("# build osxcross with a macOS SDK", name) if name else ("", "")
    if home in ("darwin", "windows"):
        command = "brew install zig" if home == "darwin" else "winget install zig.zig"
        return (command, f'"zig cc -target {_ZIG[isa]}-linux-gnu"') if isa in _ZIG else ("", "")
    package, tool = _DEBIAN.get(isa, ("", ""))
    return (f"apt-get install {package}", tool) if package else ("", "")
