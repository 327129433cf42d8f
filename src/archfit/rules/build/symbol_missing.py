"""The link lacks the definition of a symbol

What is wrong
-------------
An object uses a symbol that no input defines: `undefined reference to 'foo'` (GNU ld,
gold), `undefined symbol: foo` (lld, mold), `Undefined symbols for architecture arm64`
(Apple), `LNK2019: unresolved external symbol`, `relocation target main.f not defined` (Go).

Why it happens
--------------
The library that has it is not named (a -l missing, or before the object that needs it, or
`#cgo LDFLAGS:` for another system only); it is of another release that has no such symbol;
a source file is not compiled; the assembly of this ISA is not there.

Remedy
------
Find which library or source defines it, and name it behind what uses it.

References
----------
- binutils ld manual, "-l" (order of libraries), --no-undefined; lld, mold, ld64
- cmd/link/internal/ld/errors.go; cmd/cgo documentation, #cgo LDFLAGS

Limits
------
A name that exists, but in another spelling of C++, is build.symbol-mangled; when a library
was passed over for its ISA, or not found, that is the cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.formats.itanium import bare_name
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said, surest
from archfit.rules.undefined import TEXTS as UNDEFINED

_HEADER = "the C code that cgo sees declares no {symbol}"
TEXTS = (
    *UNDEFINED,
    Text(
        "could not determine",
        _HEADER,
        "cmd/cgo/gcc.go (could not determine what C.X refers to; kind of name for C.X)",
        r"could not determine (?:what|kind of name for) (?P<symbol>C\.\w{1,100})",
        0.82,
    ),
    Text(
        "DSO missing from command line",
        "a library that is needed is not named on the linker's command line",
        "GNU ld bfd (DSO missing from command line)",
        r"(?P<symbol>\S{1,200}): (?:error adding symbols: )?DSO missing from command line",
        0.93,
    ),
    Text(
        "undefined symbol",
        "{symbol} is not there when the library is loaded",
        "glibc dl-lookup.c (symbol lookup error, dlopen): the library was linked without it",
        r"(?:symbol lookup error|ImportError|OSError|Error|error|cannot load|failed)[^\n]{0,400}: "
        r"undefined symbol: (?P<symbol>[^\s,()]{1,400})",
        0.62,
        ("ld.lld", "mold:", "wasm-ld", "rust-lld"),
    ),
    Text(
        "symbol not found in flat namespace",
        "{symbol} is not there when the library is loaded",
        "dyld 3 and 4: the library was linked with -undefined dynamic_lookup",
        r"symbol not found in flat namespace \(?'?(?P<symbol>[^'()\s]{1,400})",
        0.7,
    ),
    Text(
        "Symbol not found",
        "{symbol} is not there when the library is loaded",
        "dyld 1 and 2 (Symbol not found: X, Expected in: flat namespace)",
        r"Symbol not found: (?P<symbol>_\S{1,400})",
        0.7,
    ),
    Text(
        "undeclared",
        "the header of the library declares no {symbol}",
        "gcc and clang on the C that cgo compiles: the library is of another release",
        r"error: (?:[‘'](?P<symbol>\w{1,100})[’'] undeclared|use of undeclared identifier "
        r"'(?P<other>\w{1,100})')",
        0.45,
    ),
)
_LATE = 0.8


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """The first symbol; a mere name that the C code lacks counts only beside a library's."""
    telling = [hit for hit in hits if not log.build.probe(hit.number) and _counts(hit, log)]
    if not telling:
        return
    best = surest(telling)
    symbols = [one.symbol for one in log.build.undefined]
    first = symbols[0] if symbols else best.group("symbol") or best.group("other")
    message = ""
    if symbols and best.text in UNDEFINED:
        more = f" and {len(symbols) - 1} more" if len(symbols) > 1 else ""
        message = f"the link has no definition of {first[:200]}{more}"
    yield said(best, telling, message=message, remedies=_mend(first, log))


def _counts(hit: Hit, log: Log) -> bool:
    if hit.text.needle == "undeclared":
        return log.build.package(hit.number).count("/") > 1 and log.has("cgo", "C.")
    if hit.text.needle == "Symbol not found":
        return log.near(hit.number, "Expected in: flat namespace", before=0, after=4)
    if hit.text.needle == "undefined reference to":
        return "warning:" not in hit.line
    return True


#: Symbols whose library is known: (start of the name, -l, why).
_KNOWN = (
    ("dlopen", "dl"),
    ("dlsym", "dl"),
    ("pthread_", "pthread"),
    ("sem_", "pthread"),
    ("shm_", "rt"),
    ("clock_gettime", "rt"),
    ("timer_", "rt"),
    ("__atomic_", "atomic"),
    ("sqrt", "m"),
    ("pow", "m"),
    ("floor", "m"),
    ("deflate", "z"),
    ("inflate", "z"),
    ("SSL_", "ssl"),
    ("EVP_", "crypto"),
    ("sqlite3_", "sqlite3"),
    ("curl_", "curl"),
    ("BZ2_", "bz2"),
    ("lzma_", "lzma"),
    ("ZSTD_", "zstd"),
    ("LZ4_", "lz4"),
    ("std::", "stdc++"),
    ("__cxa_", "stdc++"),
    ("__gxx_personality", "stdc++"),
    ("operator new", "stdc++"),
    ("operator delete", "stdc++"),
    ("vtable for __cxxabiv1", "stdc++"),
    ("__gcov_", "gcov"),
    ("__ubsan_", "ubsan"),
    ("__asan_", "asan"),
    ("__aarch64_ldadd", "gcc"),
    ("uuid_", "uuid"),
    ("snappy_", "snappy"),
    ("X", "X11"),
    ("gl", "GL"),
)


def _library(symbol: str) -> str:
    bare = symbol.lstrip("_") if not symbol.startswith("__") else symbol
    for start, name in _KNOWN:
        if (symbol.startswith(start) or bare.startswith(start)) and len(start) > 2:
            return name
    return ""


def _mend(symbol: str, log: Log) -> Iterator[Remedy]:
    name = bare_name(symbol) or symbol
    library = _library(symbol)
    go = log.has("_cgo_", "_Cfunc_", "go build", "pkg/tool/", "go-link-")
    verify = f"nm -A --defined-only *.o *.a | grep -w {name}" if name else ""
    if log.has('_main", referenced from', "reference to `main'", "symbol: main", "symbol: _main"):
        yield Remedy(
            "Nothing defines main: link the source with it, or make a library (-c, -shared)"
        )
    elif library:
        where = f"`#cgo LDFLAGS: -l{library}`" if go else f"-l{library}, behind the objects"
        yield Remedy(f"Name the library that has it: {where}", verify=verify)
    if symbol.startswith("C."):
        yield Remedy(
            f"Include the header that declares {symbol[2:]}, of the release which has it",
            f"grep -rn {symbol[2:]} /usr/include /usr/local/include",
            safe=True,
        )
    elif name:
        yield Remedy(
            f"Find what defines {name}, and of which ISA it is",
            f"for f in $(find . /usr/lib /usr/local/lib -name '*.a' -o -name '*.so*'); do "
            f"nm -AD --defined-only $f 2>/dev/null | grep -w {name}; done",
            safe=True,
            verify=verify,
        )


RULE = Rule(
    "build.symbol-missing",
    texts=TEXTS,
    weigh=weigh,
    yields_to=(
        "build.symbol-mangled",
        "build.link-arch",
        "build.mixed-toolchain",
        "build.library-missing",
        "build.search-path",
        "build.cross-cc",
        "build.cgo-disabled",
        "build.go-too-old",
        "build.go-mixed",
        "build.sdk",
        "build.header-missing",
        "run.libc-mismatch",
        "run.os-too-old",
    ),
)
