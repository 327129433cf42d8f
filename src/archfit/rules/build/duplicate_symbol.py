"""One symbol is defined more than once

What is wrong
-------------
The link has two definitions of one name: `multiple definition of 'counter'; b.o: first
defined here` (GNU ld), `duplicate symbol: counter` (lld, mold), `duplicate symbol
'_counter' in:` (Apple), `LNK2005: already defined in`, `duplicated definition of symbol`
(Go).

Why it happens
--------------
A definition (not only a declaration) stands in a header, or in the preamble of a cgo file
that has //export; two sources define main; one library is linked twice, as archive and in
another archive; variables without `extern` in headers, which GCC before 10 and clang before
11 put together (-fcommon).

Remedy
------
Leave one definition; declare it `extern` elsewhere, or make it `static`.

References
----------
- GCC 10 release notes (-fno-common by default); cmd/cgo documentation, "C references to Go"
- binutils ldmain.c (multiple_definition); lld ELF/SymbolTable; ld64 SymbolTable.cpp
- MSVC LNK2005, LNK1169; cmd/link/internal/loader (duplicated definition of symbol)

Limits
------
`redeclared in this block` is an error of the Go source, not of the link.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest

_TWICE = "{symbol} is defined more than once"
TEXTS = (
    Text(
        "multiple definition of",
        _TWICE,
        "GNU ld ldmain.c (multiple_definition), gold",
        r"multiple definitions? of [`'‘\"]?(?P<symbol>[^'’\"\n]{1,300})['’\"]?",
        0.95,
        ("warning: multiple",),
    ),
    Text(
        "first defined here",
        "one symbol is defined more than once",
        "GNU ld ldmain.c",
        confidence=0.93,
    ),
    Text(
        "duplicate symbol",
        _TWICE,
        "lld ELF and MachO SymbolTable; mold; ld64 SymbolTable.cpp, ld-prime",
        r"duplicate symbol:? [`'‘\"]?(?P<symbol>[^'’\"\n]{1,300}?)['’\"]?(?: in:|\s*$)",
        0.95,
        ("warning: duplicate",),
    ),
    Text(
        "duplicate symbols",
        "{count} symbols are defined more than once",
        "ld64 (N duplicate symbols for architecture), ld-prime (N duplicate symbols)",
        r"\bld: (?P<count>\d{1,6}) duplicate symbols?",
        0.95,
    ),
    Text(
        "duplicate symbol",
        "{count} symbol is defined more than once",
        "ld64 (1 duplicate symbol for architecture)",
        r"\bld: (?P<count>\d{1,6}) duplicate symbol\b",
        0.94,
    ),
    Text(
        "duplicate symbol definition",
        _TWICE,
        "Zig's Mach-O linker (duplicate symbol definition: X)",
        r"duplicate symbol definition: (?P<symbol>[^\n]{1,300})",
        0.95,
    ),
    Text(
        "already defined in",
        _TWICE,
        "MSVC LNK2005",
        r"LNK2005: [\"']?(?P<symbol>[^\"'\n]{1,300}?)[\"']? (?:\([^)\n]{1,300}\) )?already"
        r" defined in",
        0.95,
    ),
    Text(
        "multiply defined symbols found",
        "one symbol or more are defined more than once",
        "MSVC LNK1169",
        confidence=0.94,
    ),
    Text(
        "duplicate symbol reference",
        _TWICE,
        "cmd/ld before Go 1.5 (duplicate symbol reference: X in both A and B)",
        r"duplicate symbol reference: (?P<symbol>\S{1,300}) in both",
        0.94,
    ),
    Text(
        "duplicated definition of symbol",
        _TWICE,
        "cmd/link/internal/loader/loader.go",
        r"duplicated definition of symbol (?P<symbol>[^\s,]{1,300})",
        0.94,
    ),
    Text(
        "multiply defined",
        _TWICE,
        "rustc LTO (symbol X multiply defined), Solaris ld",
        r"symbol [`'](?P<symbol>[^'`\n]{1,300})['`] (?:is )?multiply[- ]defined",
        0.93,
    ),
    Text(
        "多重定义",
        _TWICE,
        "binutils ld/po/zh_CN.po",
        r"[‘`'“](?P<symbol>[^’'”\n]{1,200})[’'”]被?多重定义",
        0.94,
    ),
    Text(
        "Mehrfachdefinition von",
        _TWICE,
        "binutils ld/po/de.po",
        r"Mehrfachdefinition von [»`'](?P<symbol>[^«'\n]{1,200})",
        0.94,
    ),
    Text(
        "définitions multiples de",
        _TWICE,
        "binutils ld/po/fr.po",
        r"définitions multiples de [«`'] ?(?P<symbol>[^»'\n]{1,200}?) ?[»']",
        0.94,
    ),
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The first symbol that is named."""
    telling = [hit for hit in hits if not log.build.probe(hit.number)]
    named = [hit for hit in telling if hit.group("symbol")]
    if telling:
        best = surest(named or telling)
        yield said(best, telling, remedies=_mend(best, log))


def _mend(hit: Hit, log: Log) -> Iterator[Remedy]:
    symbol = hit.group("symbol").strip() or "the symbol"
    verify = f"nm -A *.o | grep ' [TDBC] .*{symbol.split('(')[0].lstrip('_')}'"
    if log.has("_cgo_export", "cgo2.o", ".cgo2.c", "_cgo_"):
        yield Remedy(
            f"A preamble beside //export may only declare: put {symbol} into a .c file, or make "
            "it `static inline`",
            verify="go build ./...",
        )
        return
    if symbol.lstrip("_") == "main":
        yield Remedy("Two inputs define main: leave one out of the link", verify=verify)
        return
    yield Remedy(f"Keep one definition of {symbol}; elsewhere `extern` or `static`", verify=verify)
    if log.has("first defined here") and not log.has("`std::", "(.text"):
        yield Remedy(
            "If it is a variable in a header that built with GCC 9 or clang 10",
            "make CFLAGS='-g -O2 -fcommon'",
            verify=verify,
        )


RULE = Rule(
    "build.duplicate-symbol",
    texts=TEXTS,
    weigh=weigh,
    yields_to=("build.compiler-crash",),
)
