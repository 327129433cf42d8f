"""It was linked against a newer or another C library than this host's

What is wrong
-------------
The program needs symbol versions which the host's glibc (or libstdc++) does not have:
`version 'GLIBC_2.34' not found`, `version 'GLIBCXX_3.4.30' not found`. Or it needs
glibc where there is musl, or the reverse: `Error relocating ...: symbol not found`.

Why it happens
--------------
glibc is compatible forwards only: a program built on a newer distribution records the
newest versions of the symbols it uses. musl has no symbol versions and not all symbols.

Remedy
------
Build on the oldest system that must run it (or in its container), or with a compiler
that is told the glibc to aim at (`zig cc -target x86_64-linux-gnu.2.28`), or statically.

References
----------
- glibc elf/dl-version.c (_dl_check_map_versions, "version `%s' not found")
- GCC, libstdc++ ABI Policy and Guidelines, "Symbol versions"
- musl wiki, "Functional differences from glibc"

Limits
------
Only versions are compared; a program that looks a symbol up at run time is not seen.
A program whose loader is not one of the host's own is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archfit.facts import binary as b
from archfit.facts import go
from archfit.facts import host as h
from archfit.formats.log import Log
from archfit.model.fact import Facts, Key
from archfit.model.finding import Finding, Remedy, Severity
from archfit.model.rule import Rule
from archfit.model.subject import Kind
from archfit.model.text import Hit, Text
from archfit.rules.fit import fit, proof, version
from archfit.rules.go_rebuild import build, without_libc
from archfit.rules.said import said, surest


def judge(facts: Facts, host: Facts) -> Iterator[Finding]:
    """A needed version over the host's, or the other libc."""
    # Foreign ISAs bring a libc of their own, of which the host's version says nothing.
    if b.ISA.require(facts) not in h.RUNS.require(host)[:1]:
        return
    if not _uses_host_libc(facts, host):
        return
    libc = h.LIBC.require(host)
    if libc == "glibc":
        yield from _newer(facts, host, b.GLIBC_MIN, h.LIBC_VERSION, "glibc", "libc.so.6")
        yield from _newer(facts, host, b.GLIBCXX_MIN, h.GLIBCXX, "GLIBCXX", "libstdc++.so.6")
    needs = b.LIBC.of(facts)
    if {needs, libc} == {"glibc", "musl"} and b.TYPE.of(facts) == "shared" and b.NEEDED.of(facts):
        yield from fit(
            need={"libc": needs},
            offer={"libc": libc},
            message=f"a library linked against {needs}; the programs of this host use {libc}",
            evidence=proof(facts, b.LIBC, b.NEEDED) + proof(host, h.LIBC),
            remedies=(Remedy(f"Build it against {libc}, or fetch its {libc} version"),),
            confidence=0.9,
        )


def _uses_host_libc(facts: Facts, host: Facts) -> bool:
    found = b.LOADER_FOUND.of(facts)
    if found is None:
        return b.LOADER.of(facts) is None
    loaders = {str(row.get("path")) for row in h.LOADERS.of(host) or ()}
    return found.get("path") in loaders


def _bundled(facts: Facts, soname: str) -> bool:
    """The file brings this library itself, so the host's own version does not matter."""
    for row in b.LIBRARIES.of(facts) or ():
        if row.get("name") == soname:
            return row.get("by") not in ("cache", "default")
    return False


def _newer(
    facts: Facts, host: Facts, need: Key[str], offer: Key[str], name: str, soname: str
) -> Iterator[Finding]:
    wanted, there = need.of(facts), offer.of(host)
    if wanted is None or there is None or version(wanted) <= version(there):
        return
    if _bundled(facts, soname):
        return
    met = b.FOUND_IN.of(facts) is not None
    mark = f"GLIBC_{wanted}" if name == "glibc" else f"{name}_{wanted}"
    yield from fit(
        need={name: wanted},
        offer={name: there},
        message=f"needs {mark} of {soname}; this host has {there}",
        evidence=proof(facts, need, b.VERSIONS) + proof(host, offer),
        remedies=tuple(_remedies(facts, host, name, there)),
        # A library in a tree may never be loaded here.
        severity=Severity.ERROR
        if b.TYPE.of(facts) == "executable" or not met
        else Severity.WARNING,
    )


def _remedies(facts: Facts, host: Facts, name: str, there: str) -> Iterator[Remedy]:
    verify = "archfit check {subject}"
    if go.VERSION.of(facts):
        yield from without_libc(facts, host, b.ISA.require(facts))
    system = h.OS_NAME.of(host) or "this host's distribution"
    yield Remedy(f"Build it on {system} (or in its container image)", verify=verify)
    if name == "glibc":
        target = {"amd64": "x86_64", "arm64": "aarch64"}.get(str(b.ISA.of(facts)))
        if target:
            setting, command = f'CC="zig cc -target {target}-linux-gnu.{there}"', "make"
            if go.VERSION.of(facts):
                command, verify = build(facts, "CGO_ENABLED=1", str(b.ISA.of(facts)))
            yield Remedy(
                f"Link against glibc {there} with zig", f"{setting} {command}", verify=verify
            )


_BY = r"(?: \(required by (?P<path>[^)\n]{1,300})\))?"
_MUSL_LACKS = "{path} was built for glibc; the C library here is musl, which has no {symbol}"
TEXTS = (
    Text(
        "not found",
        "{path} needs {symbol}, which the {library} here does not have",
        "glibc elf/dl-version.c (version `%s' not found (required by %s))",
        r"(?:(?P<library>/?[\w./+-]{1,200}): )?version [`'‘\"]?(?P<symbol>(?:GLIBC|GLIBCXX|CXXABI|"
        rf"GCC|LIBGCC|NPTL|OPENMP|GOMP)_[\w.]{{1,30}})['’\"]? not found{_BY}",
        0.97,
    ),
    Text(
        "GLIBC",
        "{path} needs {symbol}, which the C library here does not have",
        "Node.js, Java, systemd, localised loaders and tools that pass the loader's words on",
        r"(?:(?:[Vv]ersion|版本|[Vv]ersi[oó]n|バージョン)?[ `'‘\"„«]{0,3}"
        r"(?P<symbol>GLIBC(?:XX)?_[23]\.[\d.]{1,6})"
        r"['’\"“»]? ?(?:nicht gefunden|not found|introuvable|未找到|no encontrad|não encontrad|"
        r"not defined|が見つかりません|не найден)|(?:requires?|needs?)[^\n]{0,30} (?P<symbol2>GLIBC"
        r"_[23]\.\d{1,2}))",
        0.9,
        ("checking",),
    ),
    Text(
        "symbol not found",
        _MUSL_LACKS,
        "musl ldso/dynlink.c (Error relocating %s: %s: symbol not found)",
        r"(?P<path>[^\s:]{1,300}): (?P<symbol>[\w@.$]{1,200}): symbol not found",
        0.9,
    ),
    Text(
        "unsupported relocation type",
        "{path} is for another C library or processor than the program that loads it",
        "musl ldso/dynlink.c",
        r"Error relocating (?P<path>[^\s:]{1,300}): unsupported relocation type 37\b",
        0.8,
    ),
    Text(
        "GLIBC_PRIVATE",
        "pieces of two glibc releases are mixed: {symbol} is private to one release",
        "glibc elf/dl-lookup.c",
        r"(?:undefined symbol:? |symbol )(?P<symbol>\w{1,80})[, ]{1,2}version GLIBC_PRIVATE|"
        r"(?P<symbol2>\w{1,80})@GLIBC_PRIVATE",
        0.93,
    ),
    Text(
        "not defined in file",
        "it was linked against a newer {library} than the one here: {symbol}",
        "glibc elf/dl-lookup.c (relocation error: symbol S, version V not defined in file F)",
        r"(?:symbol (?P<path2>[\w.$]{1,400}),? )?version (?P<symbol>(?:GLIBC|GLIBCXX|CXXABI|GCC)_"
        r"[\w.]{1,20}) not defined in file (?P<library>\S{1,200})",
        0.94,
    ),
    Text(
        "libc.musl",
        "a library that was built for musl (Alpine) is loaded beside glibc",
        "glibc elf/dl-load.c for a library of Alpine",
        r"(?P<library>libc\.musl-\w{1,20}\.so\.1)[:'\"]?",
        0.93,
    ),
    Text(
        "ld-linux",
        "a library that was built for glibc is loaded beside musl",
        "musl ldso/dynlink.c (Error loading shared library %s)",
        r"Error loading shared library (?P<library>ld-linux[\w.-]{1,30}): No such file",
        0.95,
    ),
    Text(
        "invalid ELF header",
        "glibc's loader met musl's libc.so or a linker script in a library's place",
        "glibc elf/dl-load.c; musl's libc.so is found where glibc has a linker script",
        r"/(?:musl|usr/lib|lib)[\w./-]{0,80}/libc\.so: invalid ELF header",
        0.85,
    ),
    Text(
        "@GLIBC_",
        "{path} needs {symbol}, which the C library it is linked against does not have",
        "ld.bfd, gold and lld on shared libraries of a newer system",
        r"\.so[\w.]{0,20}: undefined reference to [`'‘\"]?"
        r"(?P<symbol>\w{1,80}@{1,2}GLIBC_[\d.]{1,8})",
        0.9,
    ),
    Text(
        "__isoc23_",
        "an object was compiled with headers of glibc 2.38 or later than the one here: {symbol}",
        "ld on objects of a newer system",
        r"undefined reference to [`'‘\"]?(?P<symbol>__isoc23_\w{1,30})",
        0.88,
    ),
    Text(
        "undefined symbol",
        "it was linked against a newer C or C++ library than the one here: {symbol}",
        "glibc elf/dl-lookup.c (symbol lookup error)",
        r"undefined symbol: (?P<symbol>(?:__isoc23_|_dl_|__libc_|__pthread_)\w{1,60}|"
        r"\w{1,200}, version (?:GLIBC|GLIBCXX|CXXABI)_[\w.]{1,20})",
        0.92,
        ("GLIBC_PRIVATE",),
    ),
    Text(
        "unsupported version",
        "it uses a format of symbol versions that the loader here does not know",
        "glibc elf/dl-version.c (unsupported version %s of Verneed record)",
        r"unsupported version \d{1,3} of Verneed record",
        0.9,
    ),
    Text(
        "unknown type [0x13] section",
        "it uses packed relocations (RELR), which the tools here do not know",
        "binutils before 2.38",
        r"unknown type \[0x13\] section [`']?\.relr\.dyn",
        0.85,
    ),
    Text(
        "GLIBC_ABI_DT_RELR",
        "it uses packed relocations (DT_RELR), which came with glibc 2.36",
        "glibc elf/dl-version.c",
        r"GLIBC_ABI_DT_RELR['’]? not found",
        0.96,
    ),
    Text(
        "Missing GLIBC",
        "it needs a newer glibc than the one here: {symbol}",
        "VS Code Server, check-requirements.sh",
        r"Missing GLIBC(?:XX)? >= ?(?P<symbol>[\d.]{3,8}\d)",
        0.95,
    ),
    Text(
        "glibc",
        "it needs a newer glibc than the one here: {symbol}",
        "installers and programs that look at gnu_get_libc_version",
        r"(?i)(?:detected|found|your|have|using)[^\n]{0,60}\bglibc[ >=v]{1,5}2\.\d{1,2}[^\n]{0,60}"
        r"(?:requires?|needs?|at least|minimum|too old|older|not supported)|(?:requires?|needs?|at "
        r"least|minimum)[^\n]{0,40}\bglibc[ >=v]{1,5}(?P<symbol>2\.\d{1,2})[^\n]{0,80}(?:\bbut\b|"
        r"found|detected|\byou|\bhave|current)|\bglibc(?: version)?[ \d.()]{0,12}(?:is too old|"
        r"too old|is older than)",
        0.8,
        ("checking", "warning", "WARN"),
    ),
)
#: Symbols that glibc has and musl does not: their absence under musl is the libc's.
_GLIBC_ONLY = (
    "_chk",
    "__cxxabiv1",
    "__isoc",
    "__libc_",
    "gnu_",
    "__res_",
    "__register_atfork",
    "backtrace",
    "__strdup",
    "__xstat",
    "__lxstat",
    "__fxstat",
    "qsort_r",
    "fcntl64",
    "_finite",
    "__errno_location",
    "__cxa_thread_atexit_impl",
    "makecontext",
    "getcontext",
    "secure_getenv",
    "strtoll_l",
    "strtoull_l",
    "__pthread",
    "pthread_getname",
    "mallinfo",
    "malloc_trim",
    "__rawmemchr",
    "dlmopen",
    "dlvsym",
    "_obstack",
    "obstack_",
    "fallocate64",
    "error_at_line",
    "argp_",
    "fts_",
    "__sched_",
    "open64",
    "stat64",
    "lseek64",
    "mmap64",
    "readdir64",
    "__snprintf",
    "__vsnprintf",
)


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """One finding; a symbol that musl lacks counts when it is glibc's."""
    left = [hit for hit in hits if hit.text.says != _MUSL_LACKS or _of_glibc(hit)]
    if not left:
        return
    best = surest(left)
    symbol = best.group("symbol") or best.group("symbol2")
    path, library = best.group("path"), best.group("library", "C library")
    message = best.text.says.format(path=path or "it", symbol=symbol, library=library)
    yield said(best, left, message=message, remedies=_advice(log, best, symbol, path))


def _of_glibc(hit: Hit) -> bool:
    symbol = hit.group("symbol")
    internal = symbol.startswith("__") and not symbol.startswith("__cxa")
    return internal or any(part in symbol for part in _GLIBC_ONLY)


def _advice(log: Log, hit: Hit, symbol: str, path: str) -> Iterator[Remedy]:
    program = path or "PROGRAM"
    if log.says("musl", "alpine", "Alpine", "Error relocating"):
        yield Remedy(
            "Use the musl build of it (or build it on Alpine), or an image with glibc "
            "(debian:slim in the place of alpine); gcompat helps with some programs",
            "apk add gcompat libstdc++",
            verify=f"ldd {program}",
        )
        return
    level = symbol.rpartition("_")[2] if symbol.startswith("GLIBC_2") else ""
    if log.says("go build", "cgo", "golang", "CGO_ENABLED"):
        yield Remedy("Build the Go program without cgo", "CGO_ENABLED=0 go build .", safe=True)
    if log.says("node_modules", "npm", "yarn", ".node"):
        yield Remedy(
            "Build the native module where it runs: do not copy node_modules between systems",
            "rm -rf node_modules && npm ci --build-from-source",
            verify="node -e \"require('MODULE')\"",
        )
    if "CXX" in symbol:
        yield Remedy(
            "Bring a libstdc++ as new as the compiler that built it, or link it statically "
            "(-static-libstdc++); conda: `conda install -c conda-forge libstdcxx-ng`",
            "apt-get install --only-upgrade libstdc++6",
            verify=f"strings $(ldconfig -p | awk '/libstdc/ {{print $NF; exit}}') | grep {symbol}",
        )
    elif symbol:
        yield Remedy(
            "Build it on the oldest system that must run it (in its container), or with a "
            "compiler that is told the glibc to aim at",
            'CC="zig cc -target x86_64-linux-gnu.2.28" make',
            verify=f"objdump -T {program} | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1",
        )
        yield Remedy(
            f"Or run it on a system with glibc {level} or later" if level else "Or on a newer one",
            verify="ldd --version",
        )


RULE = Rule(
    "run.libc-mismatch",
    (Kind.BINARY,),
    (b.ISA, b.LIBC),
    (h.RUNS, h.LIBC),
    judge,
    TEXTS,
    weigh,
)
