"""Headers and libraries that a build did not find: what compilers and linkers print of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archfit.formats.log import Log
from archfit.model.text import Hit, Text

_HEADER = "the header {header} was not found"
_LIBRARY = "the library {library} was not found by the linker"
_CHECK = ("checking ", "configure:", "Performing Test", "warning:", "-- Looking for")

HEADERS: tuple[Text, ...] = (
    Text(
        "No such file or directory",
        _HEADER,
        "GCC c-family, libcpp/files.cc (open_file_failed); also icc, MinGW",
        r"fatal error: (?P<header>[\w./+@-]{1,200})(?<!\.[cCsSomdf])(?<!\.(?:cc|go|mm))"
        r"(?<!\.(?:cpp|cxx|asm|f90)): No such file or directory",
        0.93,
        ("#error",),
    ),
    Text(
        "No such file or directory",
        _HEADER,
        "GCC before 4.5 (error: X.h: No such file or directory)",
        r":\d{1,6}:(?:\d{1,5}:)? error: (?P<header>[\w./+-]{1,200}\.h\w{0,3}): No such file or"
        r" directory",
        0.92,
    ),
    Text(
        "file not found",
        _HEADER,
        "clang DiagnosticLexKinds.td (err_pp_file_not_found)",
        r"error: '(?P<header>[^'\n]{1,200})' file not found",
        0.93,
    ),
    Text(
        "file not found",
        _HEADER,
        "clang TextDiagnostic.cpp: a message broken at the terminal's width goes on indented",
        r"^\s{2,12}'(?P<header>[^'\s]{1,200}\.h\w{0,2})' file not found\s*$",
        0.9,
    ),
    Text(
        "Cannot open include file",
        _HEADER,
        "MSVC C1083",
        r"C1083: Cannot open include file: '(?P<header>[^'\n]{1,200})'",
        0.95,
    ),
    Text(
        "cannot open source file",
        _HEADER,
        "EDG front end: nvcc, icc, Keil (cannot open source file)",
        r"error:? [^\n]{0,20}cannot open source (?:input )?file \"(?P<header>[^\"\n]{1,200})\"",
        0.92,
    ),
    Text(
        "include file",
        _HEADER,
        "tcc tccpp.c (include file 'X' not found)",
        r"error: include file '(?P<header>[^'\n]{1,200})' not found",
        0.93,
    ),
    Text(
        "open included file",
        _HEADER,
        "gfortran scanner.cc (Cannot open included file)",
        r"[Cc]an(?:no|')t open included file [‘'](?P<header>[^’'\n]{1,200})[’']",
        0.9,
    ),
    Text(
        "open module file",
        "the Fortran module {header} was not found",
        "gfortran module.cc (Cannot open module file for reading)",
        r"Cannot open module file [‘'](?P<header>[^’'\n]{1,200})[’'] for reading",
        0.85,
    ),
    Text(
        "open include file",
        _HEADER,
        "NASM (unable to open include file), other preprocessors",
        r"unable to open include file [`'](?P<header>[^'\n]{1,200})'",
        0.88,
    ),
    Text(
        "致命错误",
        _HEADER,
        "gcc/po/zh_CN.po",
        r"致命错误[:：] ?(?P<header>[\w./+-]{1,200})[:：] ?没有那个文件",
        0.93,
    ),
    Text(
        "Datei oder Verzeichnis nicht gefunden",
        _HEADER,
        "gcc/po/de.po",
        r"[Ff]ehler: (?P<header>[\w./+-]{1,200}\.h\w{0,3}): Datei oder Verzeichnis nicht",
        0.93,
    ),
    Text(
        "Aucun fichier ou dossier de ce",
        _HEADER,
        "gcc/po/fr.po",
        r"erreur(?: fatale)? ?: (?P<header>[\w./+-]{1,200}\.h\w{0,3}) ?: Aucun fichier",
        0.93,
    ),
    Text(
        "No existe el",
        _HEADER,
        "gcc/po/es.po",
        r"error(?: fatal)?: (?P<header>[\w./+-]{1,200}\.h\w{0,3}): No existe el",
        0.93,
    ),
    Text(
        "Нет такого файла или каталога",
        _HEADER,
        "gcc/po/ru.po",
        r"ошибка: (?P<header>[\w./+-]{1,200}\.h\w{0,3}): Нет такого файла",
        0.93,
    ),
    Text(
        "Arquivo ou diretório",
        _HEADER,
        "gcc/po/pt_BR.po",
        r"erro(?: fatal)?: (?P<header>[\w./+-]{1,200}\.h\w{0,3}): Arquivo ou diretório",
        0.93,
    ),
    Text(
        "そのようなファイルやディレクトリはありません",
        _HEADER,
        "gcc/po/ja.po",
        r"エラー: (?P<header>[\w./+-]{1,200}\.h\w{0,3}): そのような",
        0.93,
    ),
    Text(
        "header files for ruby",
        "the headers of Ruby were not found",
        "Ruby mkmf.rb (mkmf.rb can't find header files for ruby at)",
        confidence=0.93,
    ),
    Text(
        "configure: error",
        _HEADER,
        "AC_MSG_ERROR of configure scripts about a header",
        r"configure: error: [^\n]{0,80}?(?P<header>[\w/+-]{1,60}\.h)[^\n]{0,60}"
        r"(?:not found|missing|required|needed|find)",
        0.85,
    ),
)
_L = r"-l ?(?P<library>:?[\w.+@-]{1,120})"
LIBRARIES: tuple[Text, ...] = (
    Text(
        "cannot find",
        _LIBRARY,
        "GNU ld ldfile.c (cannot find -lX), gold",
        rf"cannot find {_L}",
        0.92,
        _CHECK,
    ),
    Text(
        "cannot find",
        _LIBRARY,
        "GNU ld ldfile.c (cannot find F, F inside)",
        r"\bld(?:\.\w{2,5})?(?:\.exe)?: (?:error: )?cannot find "
        r"(?P<library>[\w./+@-]{1,300}?\.(?:a|so[\w.]{0,20}|lib|dylib)|\w{0,4}crt\w{1,12}\.o)"
        r"(?::| inside|\s*$)",
        0.9,
        ("skipping incompatible",),
    ),
    Text(
        "unable to find library",
        _LIBRARY,
        "lld ELF/Driver.cpp, MinGW/Driver.cpp, wasm",
        rf"unable to find library {_L}",
        0.93,
    ),
    Text(
        "library not found",
        _LIBRARY,
        "mold (library not found: X); ld64 Options.cpp, ld64.lld (library not found for -lX)",
        r"library not found(?: for -l|: )(?P<library>:?[\w.+@-]{1,120})",
        0.93,
        _CHECK,
    ),
    Text(
        "not found",
        _LIBRARY,
        "ld-prime (library 'X' not found), Xcode 15 and later",
        r"ld: library '(?P<library>[^'\n]{1,120})' not found",
        0.93,
    ),
    Text(
        "framework",
        "the framework {library} was not found by the linker",
        "ld64 Options.cpp, ld-prime (framework not found X, framework 'X' not found), ld64.lld",
        r"framework (?:not found (?:for )?(?:-framework )?(?P<library>[\w.+-]{1,80})"
        r"|'(?P<other>[^'\n]{1,80})' not found)",
        0.88,
    ),
    Text(
        "unable to find dynamic system library",
        _LIBRARY,
        "Zig (unable to find dynamic system library 'X' using strategy)",
        r"unable to find (?:dynamic|static) system library ['\"](?P<library>[^'\"\n]{1,120})['\"]",
        0.92,
    ),
    Text(
        "unable to find Dynamic system library",
        _LIBRARY,
        "Zig 0.11 (unable to find Dynamic system library 'X' using strategy)",
        r"unable to find Dynamic system library '(?P<library>[^'\n]{1,120})'",
        0.92,
    ),
    Text(
        "cannot open",
        _LIBRARY,
        "gold, lld and mold (cannot open F: No such file or directory)",
        r"(?:error|fatal): cannot open (?P<library>[^\s:\n]{1,300}\.(?:a|so[\w.]{0,20}|lib"
        r"|dylib)|\w{0,4}crt\w{1,12}\.o): No such file",
        0.9,
    ),
    Text(
        "cannot open input file",
        _LIBRARY,
        "MSVC link, LNK1181",
        r"LNK1181: cannot open input file '(?P<library>[^'\n]{1,200})'",
        0.95,
    ),
    Text(
        "LNK1104",
        _LIBRARY,
        "MSVC link, LNK1104",
        r"LNK1104: cannot open file '(?P<library>[^'\n]{1,200}\.lib)'",
        0.93,
    ),
    Text(
        "no such file or directory",
        _LIBRARY,
        "clang driver (no such file or directory: F), ld64 (file not found)",
        r"error: no such file or directory: '(?P<library>[^'\n]{1,300}\.(?:a|so[\w.]{0,20}"
        r"|dylib|tbd))'",
        0.9,
    ),
    Text(
        "No such file or directory",
        _LIBRARY,
        "gcc driver (error: F: No such file or directory)",
        r"(?:gcc|g\+\+|cc|c\+\+)(?:-\d{1,2})?(?:\.exe)?: error: "
        r"(?P<library>[\w./+@-]{1,300}\.(?:a|so[\w.]{0,20})): No such file",
        0.9,
    ),
    Text(
        "file not found",
        _LIBRARY,
        "ld64 (file not found: F)",
        r"\bld: (?:file not found|can't open file|file cannot be open\(\)ed, errno=2 path=): ?"
        r"(?P<library>[^\s'\n]{1,300}\.(?:a|dylib|tbd|o))",
        0.9,
    ),
    Text(
        "needed by",
        "the library {library} was not found",
        "ninja and GNU make on a library that stands in a link rule",
        r"(?:'(?P<library>[^'\n]{1,300}\.(?:so[\w.]{0,20}|a|dylib))', needed by '"
        r"[^'\n]{1,300}', missing"
        r"|No rule to make target [`'‘](?P<other>[^'’\n]{1,300}\.(?:so[\w.]{0,20}|a"
        r"|dylib))['’],? needed)",
        0.88,
    ),
    Text(
        "was not found in the",
        "pkg-config knows no {library}",
        "pkg-config pkg.c, pkgconf (Package X was not found in the pkg-config search path)",
        r"Package '?(?P<library>[\w.+-]{1,80})'? was not found in the pkg-config search path",
        0.92,
    ),
    Text(
        "No package",
        "pkg-config knows no {library}",
        "pkg-config pkg.c (No package 'X' found)",
        r"No package '(?P<library>[^'\n]{1,80})' found",
        0.9,
        _CHECK,
    ),
    Text(
        "required by",
        "pkg-config knows no {library}",
        "pkgconf (Package 'X', required by 'Y', not found)",
        r"Package '(?P<library>[^'\n]{1,80})', required by '[^'\n]{1,80}', not found",
        0.92,
    ),
    Text(
        "executable file not found in",
        "pkg-config is not installed",
        'Go os/exec (exec: "pkg-config")',
        r"exec: \\{0,3}\"(?P<library>(?:[\w.-]{1,60}-)?(?:pkg-config|pkgconf))\\{0,3}\": executable"
        r" file not found",
        0.93,
    ),
    Text(
        "pkg",
        "pkg-config is not installed",
        "shells, rust pkg-config (Could not run `pkg-config`), configure",
        r"(?P<library>pkg-config): (?:command )?not found|Could not run `[^`\n]{0,200}pkg-config"
        r"|The pkg-config script could not be found",
        0.85,
    ),
)


def named(hit: Hit) -> str:
    """The header or library that a message names, without `:`."""
    name = hit.group("header") or hit.group("library") or hit.group("other")
    return name.removeprefix(":")


def library_name(hit: Hit) -> str:
    """A library's bare name: `foo` of -lfoo, libfoo.so.1 and /usr/lib/libfoo.a."""
    file = re.split(r"[/\\]", named(hit))[-1]
    bare = re.sub(r"\.(?:a|so[\w.]*|dylib|tbd|lib|o)$", "", file)
    return bare.removeprefix("lib") if bare != file else bare


#: Missing files that are looked for elsewhere in the text.
_LOOKED_FOR = 8


def elsewhere(hits: Iterable[Hit], log: Log) -> Iterator[tuple[Hit, str]]:
    """Missing files that the text shows in some folder: (hit, folder)."""
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(named(hit), hit)
    for name, hit in list(first.items())[:_LOOKED_FOR]:
        if hit.group("header"):
            pattern = rf"((?:/[\w.@+-]{{1,60}}){{1,12}})/{re.escape(name)}(?![\w.])"
        else:
            pattern = (
                r"((?:/[\w.@+-]{1,60}){1,12})/lib"
                + re.escape(library_name(hit))
                + r"(?:[-.][\w.]{0,20})?\.(?:so|dylib|a|tbd)(?![a-z])"
            )
        folder = _shown(pattern, log, hit)
        if folder and folder != name.rpartition("/")[0]:
            yield hit, folder


#: Lines in which a path is only tried, or is the complaint itself.
_COMPLAINTS = (
    "No such file",
    "not found",
    "cannot find",
    "skipping incompatible",
    "ignoring file",
    "cannot open",
    "tried:",
    "needed by",
    "rpath",
    "building for",
)


_COMMAND = r"(?:^|\s)-[oc] |(?:gcc|g\+\+|clang|ld)\S{0,20} [^\n]{0,200}-l"


def _shown(pattern: str, log: Log, hit: Hit) -> str:
    base = named(hit).rsplit("/", 1)[-1]
    # "I have `foo.h` in `/usr/local/include`"
    told = rf"(?<![\w/<\"]){re.escape(base)}[`'\"]? (?:is |exists |lies |located )?(?:in|at|under) "
    told += r"[`'\"]?((?:/[\w.@+-]{1,60}){1,12})"
    for line in (*log.told.splitlines(), *log.lines.values()):
        if base[:20] not in line and library_name(hit) not in line:
            continue
        if any(word in line for word in _COMPLAINTS) or re.search(_COMMAND, line):
            continue
        found = re.search(pattern, line[:4000]) or re.search(told, line[:4000])
        if found is not None:
            return found[1]
    return ""
