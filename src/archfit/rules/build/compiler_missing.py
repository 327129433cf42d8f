"""The C compiler, or the linker it calls, is not installed

What is wrong
-------------
Something must be compiled or linked and the tool is not there: Go says `exec: "gcc":
executable file not found in $PATH`, cargo `linker 'cc' not found`, a shell `gcc: not
found`, configure `no acceptable C compiler found in $PATH`, CMake `No CMAKE_C_COMPILER
could be found`, pip on Windows `Microsoft Visual C++ 14.0 or greater is required`.

Why it happens
--------------
A small image (alpine, slim, a runner without build tools) or a fresh Windows or Mac. cgo is
on by default for native builds, so net, os/user or a driver asks for a C compiler that pure
Go would not. gcc without g++ has no cc1plus; some images have gcc without ld.

Remedy
------
Install the compiler, or build without cgo when the program needs no C.

References
----------
- cmd/cgo/main.go, cmd/link/internal/ld/lib.go; Go 1.20 release notes, "Cgo"
- autoconf lib/autoconf/c.m4 (AC_PROG_CC); CMake Modules/CMakeDetermineCompiler.cmake
- rustc, "linker not found"; setuptools _distutils/spawn.py, msvc

Limits
------
A compiler whose name has another machine's target in front is build.cross-cc.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.absent_tools import ABSENT, cross_tool, foreign_tool, tool_of
from archfit.rules.said import said, surest

_NO_CC = "no C compiler was found"
_CC1 = "the compiler has no part for this language: {tool}"
_TRIED = ("checking ",)
TEXTS = (
    *ABSENT,
    Text(
        "no such file or directory",
        "cgo called the C compiler {tool}, and it is not there",
        "cmd/cgo/util.go before Go 1.18 (cgo: exec CC: fork/exec CC: no such file or directory)",
        r"cgo: exec (?P<tool>[^\n]{1,200}?): fork/exec [^\n]{1,200}: no such file or directory",
        0.93,
    ),
    Text(
        "file does not exist",
        "cgo called the C compiler {tool}: a path with spaces that stands unquoted in CC",
        "cmd/cgo/util.go, os/exec on Windows (cgo: exec NAME: exec: NAME: file does not exist)",
        r"cgo: exec (?P<tool>[^\n]{1,200}?): exec: \"[^\"\n]{1,200}\": file does not exist",
        0.92,
    ),
    Text(
        "fork/exec : no such file or directory",
        "gccgo is not installed",
        "cmd/go/internal/work/gccgo.go before Go 1.10 (go build NAME: : fork/exec : ...)",
        r": : fork/exec : no such file or directory",
        0.85,
    ),
    Text(
        "compiler found in",
        _NO_CC,
        "autoconf c.m4 (no acceptable C compiler found in $PATH), fortran.m4",
        r"no acceptable [\w+ ]{1,20} ?(?:compiler|cc|ld)? ?found in",
        0.95,
    ),
    Text(
        "no acceptable",
        _NO_CC,
        "autoconf c.m4 and libtool.m4 (no acceptable cc, ld found)",
        r"no acceptable (?:C|C\+\+|cc|ld|Fortran)(?: compiler)? (?:could be )?found",
        0.95,
    ),
    Text(
        "could be found",
        _NO_CC,
        "CMake Modules/CMakeDetermineCompiler.cmake (No CMAKE_C_COMPILER could be found)",
        r"No CMAKE_\w{1,12}_COMPILER could be found",
        0.95,
    ),
    Text(
        "COMPILER not set, after EnableLanguage",
        _NO_CC,
        "CMake cmGlobalGenerator.cxx (EnableLanguage)",
        r"CMAKE_\w{1,12}_COMPILER not set, after EnableLanguage",
        0.9,
    ),
    Text(
        "Unknown compiler",
        _NO_CC,
        "Meson compilers/detect.py (Unknown compiler(s): [[...]])",
        r"Unknown compiler\(s\): \[",
        0.93,
    ),
    Text(
        "None of values",
        _NO_CC,
        "waf c_config.py; Meson before 0.55",
        r"Unknown compiler|compiler not found",
        0.85,
    ),
    Text(
        "is required",
        "the Microsoft C++ compiler is not installed",
        "setuptools _distutils/_msvccompiler.py (Get it with Microsoft C++ Build Tools)",
        r"Microsoft Visual C\+\+ [\d.]{1,6} (?:or greater )?is required",
        0.95,
    ),
    Text(
        "Unable to find vcvarsall",
        "the Microsoft C++ compiler is not installed",
        "distutils msvc9compiler.py",
        confidence=0.95,
    ),
    Text(
        "any Visual Studio installation to use",
        "the Microsoft C++ compiler is not installed",
        "node-gyp lib/find-visualstudio.js",
        confidence=0.95,
    ),
    Text(
        "not found: make",
        "make is not installed",
        "node-gyp lib/build.js (which)",
        confidence=0.94,
    ),
    Text(
        "cannot execute",
        _CC1,
        "gcc.cc (cannot execute 'cc1plus': execvp: ...) since GCC 9",
        r"cannot execute [‘'`\"](?P<tool>[^’'`\"\n]{1,80})[’'`\"]: (?:execvp|spawn"
        r"|CreateProcess|posix_spawn)",
        0.95,
    ),
    Text(
        "trying to exec",
        _CC1,
        "gcc.c before GCC 9 (error trying to exec 'cc1plus': execvp: ...)",
        r"error trying to exec [‘'`\"](?P<tool>[^’'`\"\n]{1,80})[’'`\"]: (?:execvp|spawn"
        r"|CreateProcess)",
        0.95,
    ),
    Text(
        "CreateProcess",
        _CC1,
        "MinGW gcc (CreateProcess: No such file or directory)",
        r"gcc(?:\.exe)?: (?:fatal )?error: CreateProcess: No such file",
        0.9,
    ),
    Text(
        "cannot find",
        "gcc finds no linker: {tool}",
        "gcc/collect2.cc (fatal error: cannot find 'ld')",
        r"collect2(?:\.exe)?: fatal error: cannot find [‘'`](?P<tool>[^’'`\n]{1,60})[’']",
        0.95,
    ),
    Text(
        "unable to execute command",
        "clang finds no {tool}",
        'LLVM Program.inc (Executable "ld" doesn\'t exist!)',
        r"unable to execute command: Executable \"(?P<tool>[^\"\n]{1,120})\" doesn't exist",
        0.93,
    ),
    Text(
        "invalid linker name in",
        "clang finds no linker {tool}",
        "clang DiagnosticDriverKinds.td (err_drv_invalid_linker_name)",
        r"invalid linker name in (?:argument )?'-fuse-ld=(?P<tool>[^'\n]{1,80})'",
        0.9,
    ),
    Text(
        "failed to generate an executable file",
        _NO_CC,
        "Ruby mkmf.rb (You have to install development tools first.)",
        confidence=0.85,
    ),
    Text(
        "Could not find compiler",
        _NO_CC,
        'ccache (Could not find compiler "NAME" in PATH)',
        r"Could not find compiler \"(?P<tool>[^\"\n]{1,80})\" in PATH",
        0.93,
    ),
    Text(
        "no gcc in",
        _NO_CC,
        "which(1) (no gcc in (PATH))",
        r"which: no (?P<tool>gcc|cc|g\+\+|clang) in \(",
        0.6,
    ),
    Text(
        "compiler not found",
        _NO_CC,
        "build scripts (C compiler not found, no C++ compiler found)",
        r"(?:[Ee]rror|ERROR|[Ff]atal)[^\n]{0,80}\b(?:C|C\+\+|Fortran) compiler not found",
        0.85,
    ),
    Text(
        "Cannot find gcc or CC",
        _NO_CC,
        "Bazel tools/cpp/lib_cc_configure.bzl (Auto-Configuration Error)",
        confidence=0.95,
    ),
    Text(
        "compiler executable",
        _NO_CC,
        "GraalVM native-image (Default native-compiler executable 'gcc' not found)",
        r"native-compiler executable '(?P<tool>[^'\n]{1,80})' not found",
        0.95,
    ),
    Text(
        "Failed to find C compiler",
        _NO_CC,
        "Triton runtime/build.py",
        confidence=0.95,
    ),
    Text(
        "compiler found in torch",
        _NO_CC,
        "PyTorch _inductor/exc.py (No working C++ compiler found in)",
        r"No working C\+\+ compiler found",
        0.93,
    ),
    Text(
        "MSB8020",
        "the build tools of Visual Studio that the project names are not installed",
        "MSBuild MSB8020",
        confidence=0.88,
    ),
    Text(
        "program not found",
        _CC1,
        "rustc on Windows (error calling dlltool, linker: program not found)",
        r"(?P<tool>dlltool|gcc|link|cc|clang|ld)(?:\.exe)?'?:? program not found",
        0.92,
    ),
    Text(
        "Can't exec",
        "{tool} was called and is not there",
        'Perl (Can\'t exec "NAME": No such file or directory)',
        r"Can't exec \"(?P<tool>[\w./+-]{1,80})\": No such file",
        0.9,
    ),
)
#: Tools that compile, assemble or link, and make.
_TOOLS = frozenset(
    [
        "gcc",
        "g++",
        "cc",
        "c++",
        "clang",
        "clang++",
        "cl",
        "link",
        "ld",
        "as",
        "ar",
        "gfortran",
        "f77",
        "f95",
        "flang",
        "tcc",
        "icc",
        "icx",
        "icpx",
        "musl-gcc",
        "musl-clang",
        "ld.lld",
        "lld",
        "ld.gold",
        "mold",
        "lld-link",
        "rust-lld",
        "cc1",
        "cc1plus",
        "c89",
        "c99",
        "gcc-ar",
        "ranlib",
        "zig",
        "zcc",
        "xcrun",
        "libtool",
        "cc1obj",
        "f951",
        "collect2",
    ]
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The surest message about a tool that is the machine's own."""
    telling = [hit for hit in hits if not log.build.probe(hit.number) and _compiler(hit, log)]
    if telling:
        best = surest(telling)
        yield said(best, telling, message=_message(best), remedies=_mend(best, log))


def _compiler(hit: Hit, log: Log) -> bool:
    if hit.text not in ABSENT:
        return True
    if hit.text.needle.startswith("is not a full path"):
        return not any(foreign_tool(cross_tool(x), log) for x in log.around(hit.number, 4, 0))
    tool = tool_of(hit)
    base = tool.rstrip("0123456789.-")
    own = bool(cross_tool(tool)) and not foreign_tool(tool, log)
    return tool in _TOOLS or base in _TOOLS or own


def _message(hit: Hit) -> str:
    tool = tool_of(hit)
    return f"{tool} is not installed, or not on PATH" if hit.text in ABSENT and tool else ""


_CPLUS = ("g++", "c++", "cc1plus", "clang++")
_COMMANDS = {
    "alpine": "apk add build-base",
    "fedora": "dnf install gcc gcc-c++ make",
    "arch": "pacman -S base-devel",
    "debian": "apt-get install build-essential",
}


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    platform, tool = log.platform, tool_of(hit)
    verify = f"command -v {tool or 'cc'} && {tool or 'cc'} --version"
    if platform.os == "windows" or "Microsoft" in hit.text.says:
        if "Microsoft" in hit.text.says or log.has("gyp", "pip"):
            command = "winget install Microsoft.VisualStudio.2022.BuildTools"
            yield Remedy("Install the Microsoft C++ build tools", command, verify="where cl")
        else:
            command = "winget install MSYS2.MSYS2  # then: pacman -S mingw-w64-ucrt-x86_64-gcc"
            yield Remedy("Install a MinGW-w64 gcc and put it on PATH", command, verify="gcc -v")
    elif platform.os == "darwin":
        yield Remedy("Install the Command Line Tools", "xcode-select --install", verify=verify)
    elif tool in ("lld", "ld.lld", "mold", "clang", "gfortran", "ninja", "nvcc", "musl-gcc"):
        package = {"ld.lld": "lld", "ninja": "ninja-build", "musl-gcc": "musl-tools"}
        command = f"apt-get install {package.get(tool, tool)}"
        if platform.distribution == "alpine":
            command = f"apk add {tool.removeprefix('ld.')}"
        yield Remedy(f"Install {tool}", command, verify=verify)
    else:
        command = _COMMANDS.get(platform.distribution, _COMMANDS["debian"])
        yield Remedy("Install the compiler and what belongs to it", command, verify=verify)
    if log.has("cgo", "go build", "go: ", "golang", "pkg/tool/"):
        yield Remedy(
            "Build without cgo, if nothing in the program needs C",
            "CGO_ENABLED=0 go build ./...",
            safe=True,
            verify="go version -m PROGRAM | grep CGO_ENABLED",
        )


RULE = Rule("build.compiler-missing", texts=TEXTS, weigh=weigh, yields_to=("build.sdk",))
