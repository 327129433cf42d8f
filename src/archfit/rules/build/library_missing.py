"""A library that the link names is not there

What is wrong
-------------
The linker was given -lfoo, a file or a framework and does not find it: `cannot find -lfoo`
(GNU ld, gold), `unable to find library -lfoo` (lld), `library not found: foo` (mold),
`library 'foo' not found` (Apple), `LNK1181`. Or the build asked pkg-config, CMake or Meson
for it and got `Package foo was not found`, `Could NOT find Foo`, `Dependency "foo" not found`.

Why it happens
--------------
The library, or its development package with the libfoo.so link and foo.pc, is not
installed; with -static the archive libfoo.a is wanted. In a cross build the target's
library is needed. pkg-config itself may be absent.

Remedy
------
Install the package that brings the library, for the target that is linked.

References
----------
- binutils ld/ldfile.c; lld ELF/Driver.cpp; mold; ld64 src/ld/Options.cpp; MSVC LNK1181
- pkg-config(1); CMake find_package, FindPackageHandleStandardArgs; Meson dependency()
- cmd/cgo documentation, #cgo LDFLAGS and #cgo pkg-config

Limits
------
A library that lies in a folder which is not searched is build.search-path; one that is
there for another ISA is build.link-arch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.not_found import LIBRARIES, library_name, named
from archfit.rules.providers import install, search
from archfit.rules.said import said, surest

_ASKED = "{library} was asked for and not found"
TEXTS = (
    *LIBRARIES,
    Text(
        "NOT find",
        _ASKED,
        "CMake FindPackageHandleStandardArgs.cmake (Could NOT find X (missing: ...))",
        r"Could NOT find (?P<library>(?!Git|Doxygen|Perl|PythonInterp|FLEX|BISON"
        r"|Java\b)[\w.+-]{1,60})[^\n]{0,200}",
        0.8,
        ("-- Could NOT find",),
    ),
    Text(
        "package configuration file provided by",
        _ASKED,
        "CMake cmFindPackageCommand.cxx",
        r"package configuration file provided by \"(?P<library>[^\"\n]{1,60})\"",
        0.82,
    ),
    Text(
        "required packages were not found",
        "pkg-config knows no {library}",
        "CMake FindPkgConfig.cmake (The following required packages were not found)",
        confidence=0.85,
    ),
    Text(
        "not found",
        _ASKED,
        "Meson dependencies (ERROR: Dependency X not found, C library X not found)",
        r"ERROR: (?:Dependency|Dependency lookup for|C(?:\+\+)? (?:shared or static |static "
        r"|shared )?library)"
        r" [\"']?(?P<library>[\w.+-]{1,60})[\"']? (?:with[^\n]{0,80})?not found",
        0.92,
    ),
    Text(
        "NOTFOUND",
        _ASKED,
        "CMake (variables ... set to NOTFOUND: X_LIBRARY)",
        r"set to NOTFOUND|(?P<library>\w{1,40})_LIBRAR\w{1,4}(?:-NOTFOUND| \(ADVANCED\))",
        0.7,
    ),
    Text(
        "system library",
        _ASKED,
        "pkg-config-rs (The system library `X` required by crate `Y` was not found)",
        r"system library `(?P<library>[^`\n]{1,60})` required by crate",
        0.94,
    ),
    Text(
        "find native static library",
        _ASKED,
        "rustc (could not find native static library `X`, perhaps an -L flag is missing?)",
        r"could not find native static library `(?P<library>[^`\n]{1,60})`",
        0.93,
    ),
    Text(
        "directory of OpenSSL installation",
        "OpenSSL was asked for and not found",
        "openssl-sys build/find_normal.rs (Could not find directory of OpenSSL installation)",
        confidence=0.93,
    ),
    Text(
        "Unable to find libclang",
        "libclang was asked for and not found",
        "clang-sys build/dynamic.rs",
        confidence=0.92,
    ),
    Text(
        "configure: error",
        _ASKED,
        "AC_MSG_ERROR, PKG_CHECK_MODULES of configure scripts",
        r"configure: error: [^\n]{0,60}?(?P<library>(?![Ll]ibtool)[Ll]ib[\w.+-]{1,40}"
        r"|[\w.+-]{1,40} "
        r"(?:library|libraries"
        r"|headers|development \w{1,10}))[^\n]{0,100}?(?:not found|missing|required|needed"
        r"|[Cc]annot find"
        r"|can't find|not installed|is unusable|could not be found)",
        0.85,
    ),
    Text(
        "Package requirements",
        "pkg-config knows no {library}",
        "PKG_CHECK_MODULES, pkg.m4 (Package requirements (X) were not met)",
        r"Package requirements \((?P<library>[^)\n]{1,80})\) were not met",
        0.93,
    ),
    Text(
        "Configuration failed",
        _ASKED,
        "configure of R packages (Configuration failed because X was not found)",
        r"Configuration failed (?:because|to find) (?:one of )?(?P<library>[\w.+-]{1,60})",
        0.9,
    ),
    Text(
        "Please locate mkmf",
        _ASKED,
        "Ruby extconf.rb of nokogiri and others (X is missing. Please locate mkmf.log)",
        r"(?P<library>[\w.+-]{1,60}) is missing\.\s{1,3}Please locate mkmf",
        0.92,
    ),
    Text(
        "could not be found for",
        _ASKED,
        "Pillow setup.py (The headers or library files could not be found for X)",
        r"headers or library files could not be found for (?P<library>[\w.+-]{1,60})",
        0.94,
    ),
    Text(
        "config executable not found",
        "libpq was asked for and not found",
        "psycopg2 setup.py (pg_config executable not found)",
        r"(?P<library>pg_config) executable not found",
        0.93,
    ),
    Text(
        "config",
        _ASKED,
        "mysqlclient and other setup.py (mysql_config not found)",
        r"(?P<library>(?:mysql|mariadb|xslt|curl|gdal|cups|net-snmp|ncurses\w?|sdl2?)[_-]config)"
        r"(?:: (?:command )?not found| not found|' (?:not found|returned))",
        0.9,
        ("checking ",),
    ),
    Text(
        "Can not find valid pkg",
        "the MySQL client library was asked for and not found",
        "mysqlclient setup.py (Can not find valid pkg-config name)",
        confidence=0.93,
    ),
    Text(
        "找不到",
        "the library {library} was not found by the linker",
        "binutils ld/po/zh_CN.po",
        r"ld: 找不到 -l(?P<library>[\w.+-]{1,120})",
        0.92,
    ),
    Text(
        "nicht finden",
        "the library {library} was not found by the linker",
        "binutils ld/po/de.po",
        r"kann -l(?P<library>[\w.+-]{1,120}) nicht finden",
        0.92,
    ),
    Text(
        "ne peut trouver",
        "the library {library} was not found by the linker",
        "binutils ld/po/fr.po",
        r"(?:ne peut trouver|impossible de trouver) -l(?P<library>[\w.+-]{1,120})",
        0.92,
    ),
    Text(
        "no se puede encontrar",
        "the library {library} was not found by the linker",
        "binutils ld/po/es.po",
        r"no se puede encontrar -l(?P<library>[\w.+-]{1,120})",
        0.92,
    ),
    Text(
        "невозможно найти",
        "the library {library} was not found by the linker",
        "binutils ld/po/ru.po",
        r"(?:невозможно|не удаётся) найти -l(?P<library>[\w.+-]{1,120})",
        0.92,
    ),
)
#: Libraries whose absence on macOS means that there is no SDK, or no such way to link.
_APPLE = ("System", "crt0.o", "crt1.o", "crt1.10.6.o", "gcc_s.10.4", "gcc_s.10.5", "libSystem")


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The first library that the link, or else a required check, did not find."""
    telling = [
        hit
        for hit in hits
        if not log.build.probe(hit.number)
        and _wanted(hit, log)
        and not log.build.went_on(hit.number)
    ]
    if not telling:
        return
    best = surest(telling)
    if library_name(best) == "gcc" and log.has("skipping incompatible"):
        message = "the 32-bit half of the compiler's own libraries is not installed"
        yield said(best, telling, message=message, remedies=(_MULTILIB,), confidence=0.75)
        return
    yield said(best, telling, remedies=_mend(best, log))


_MULTILIB = Remedy(
    "Install the libraries of the other word size",
    "apt-get install gcc-multilib g++-multilib",
    verify="echo 'int main(void){return 0;}' | gcc -m32 -xc - -o /dev/null",
)


def _wanted(hit: Hit, log: Log) -> bool:
    name = named(hit)
    if name in _APPLE and (log.platform.os == "darwin" or "library not found for" in hit.line):
        return False
    if hit.text.needle in ("NOT find", "NOTFOUND"):
        # A package that is only optional is named in the same words, behind `--`.
        return log.has("CMake Error", "Configuring incomplete", "REQUIRED")
    if hit.text.needle == "package configuration file provided by":
        return not log.near(hit.number, "CMake Warning", before=6, after=0)
    if "pkg-config knows" in hit.text.says and hit.line.lstrip().startswith("--"):
        return log.has("CMake Error", "Configuring incomplete")
    return True


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    name = library_name(hit)
    if name == "pkg-config" or "pkg-config is not" in hit.text.says:
        package = {"alpine": "apk add pkgconf", "fedora": "dnf install pkgconf-pkg-config"}
        command = package.get(log.platform.distribution, "apt-get install pkg-config")
        if log.platform.os == "darwin":
            command = "brew install pkgconf"
        yield Remedy("Install pkg-config", command, verify="pkg-config --version")
        return
    command = install(log.platform, library=name)
    asked = "pkg-config" in hit.text.says
    verify = f"pkg-config --libs {name}" if asked else f"ld -l{name} --verbose | grep succeeded"
    if command:
        yield Remedy(f"Install the package that brings {name}", command, verify=verify)
    elif name:
        file = f"{name}.pc" if asked else f"lib{name}.so"
        yield Remedy(
            f"Find and install the package that brings {file}",
            search(log.platform, file),
            verify=verify,
        )
    if log.has("-static"):
        yield Remedy(
            f"The link is static: the archive lib{name}.a is needed, not lib{name}.so",
            f"find / -name 'lib{name}.a'",
            safe=True,
        )


RULE = Rule(
    "build.library-missing",
    texts=TEXTS,
    weigh=weigh,
    yields_to=(
        "build.search-path",
        "build.link-arch",
        "build.mixed-toolchain",
        "build.sdk",
        "build.header-missing",
    ),
)
