"""Undefined symbols: what linkers print when a link lacks a definition."""

from __future__ import annotations

from archfit.model.text import Text

_LACKS = "the link has no definition of {symbol}"
_NOT_FAILED = ("-Wl,--unresolved", "warning: undefined", "checking ")
TEXTS: tuple[Text, ...] = (
    Text(
        "undefined reference to",
        _LACKS,
        "GNU ld ldmain.c (undefined_symbol), gold errors.cc",
        r"(?:^\s{0,20}|[:)\]] ?|error: )undefined reference to(?: |(?=[`‘]))(?:symbol )?[`'‘\"]?"
        r"(?P<symbol>"
        r"[^'’\"\n]{1,2000})",
        0.9,
        _NOT_FAILED,
    ),
    Text(
        "undefined references to",
        _LACKS,
        "GNU ld ldmain.c (more undefined references to X follow)",
        r"undefined references to [`'‘](?P<symbol>[^\n]{1,2000}?)['’] follow",
        0.88,
    ),
    Text(
        "undefined symbol",
        _LACKS,
        "lld ELF, MachO, wasm, COFF (undefined symbol: X); mold; Zig",
        r"(?:error|fatal)(?:: [^\n]{0,300}?)?: undefined (?:hidden |protected |internal )?symbol: "
        r"(?P<symbol>[^\n]{1,2000})",
        0.92,
    ),
    Text(
        "Undefined symbols",
        "the link for {isa} lacks definitions",
        "ld64 Resolver.cpp, ld-prime (Undefined symbols for architecture X)",
        r"Undefined symbols(?: for architecture (?P<isa>\w{1,20}))?:",
        0.9,
    ),
    Text(
        "not found for architecture",
        "the link for {isa} lacks definitions",
        "ld64 Resolver.cpp (symbol(s) not found for architecture X)",
        r"symbol\(s\) not found for architecture (?P<isa>\w{1,20})",
        0.88,
    ),
    Text(
        "unresolved external symbol",
        _LACKS,
        "MSVC LNK2019, LNK2001",
        r"unresolved external symbol (?P<symbol>[^\n]{1,2000}?)(?: referenced in function|\s*$)",
        0.93,
    ),
    Text(
        "unresolved externals",
        "the link lacks definitions",
        "MSVC LNK1120",
        r"LNK1120: (?P<count>\d{1,6}) unresolved externals?",
        0.9,
    ),
    Text(
        "relocation target",
        _LACKS,
        "cmd/link/internal/ld/errors.go (relocation target X not defined)",
        r"relocation target (?P<symbol>\S{1,400}) not defined",
        0.88,
    ),
    Text(
        "missing function body",
        "a function is declared in Go and its assembly is not there",
        "cmd/compile (missing function body)",
        r"\.go:\d{1,6}:\d{1,5}: missing function body",
        0.7,
    ),
    Text(
        "Undefined symbol",
        _LACKS,
        "AIX ld (0711-317 ERROR: Undefined symbol)",
        r"0711-317 ERROR: Undefined symbol: (?P<symbol>\S{1,400})",
        0.9,
    ),
    Text(
        "symbol referencing errors",
        "the link lacks definitions",
        "Solaris ld (fatal: symbol referencing errors)",
        confidence=0.9,
    ),
    Text(
        "未定义的引用",
        _LACKS,
        "binutils ld/po/zh_CN.po",
        r"对[‘`'“](?P<symbol>[^\n]{1,400}?)[’'”]未定义的引用",
        0.9,
    ),
    Text(
        "definierter Verweis auf",
        _LACKS,
        "binutils ld/po/de.po",
        r"[Nn]icht definierter Verweis auf [»`'](?P<symbol>[^\n]{1,400}?)[«']",
        0.9,
    ),
    Text(
        "indéfinie vers",
        _LACKS,
        "binutils ld/po/fr.po",
        r"référence indéfinie vers [«`'] ?(?P<symbol>[^\n]{1,400}?) ?[»']",
        0.9,
    ),
    Text(
        "sin definir",
        _LACKS,
        "binutils ld/po/es.po",
        r"referencia a [«`'](?P<symbol>[^\n]{1,400}?)[»'] sin definir",
        0.9,
    ),
    Text(
        "неопределённая ссылка на",
        _LACKS,
        "binutils ld/po/ru.po",
        r"неопределённая ссылка на [«`'](?P<symbol>[^\n]{1,400}?)[»']",
        0.9,
    ),
)
