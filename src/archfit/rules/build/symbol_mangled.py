"""A symbol exists, but under a name that C++ or another ABI gave it

What is wrong
-------------
The link lacks `say_hello` while `_Z9say_hellov` is there, or lacks `say_hello(char
const*)` while the C object has `say_hello`; or it lacks functions that take
`std::__cxx11::basic_string`, while the library has them with the older std::string.

Why it happens
--------------
C++ encodes parameter types into the name unless the declaration is `extern "C"`. A C header
without that guard is included from C++, or a function for C (and cgo, which speaks only C)
is defined in a .cpp file. libstdc++ has two std::string since GCC 5
(_GLIBCXX_USE_CXX11_ABI); libc++ and libstdc++ do not fit together either.

Remedy
------
Declare it `extern "C"` on both sides; build the library and its user with the same
_GLIBCXX_USE_CXX11_ABI and the same C++ library.

References
----------
- Itanium C++ ABI, 5.1 External Names; ISO C++ [dcl.link]
- libstdc++ manual, "Dual ABI"; lld ELF/Relocations.cpp (did you mean: extern "C")
- ld64 Resolver.cpp (declaration possibly missing extern "C"); cmd/cgo documentation

Limits
------
Whether the other name exists is seen only when the text shows it, or the tool says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from archfit.formats.itanium import bare_name, is_cplusplus, source_name
from archfit.formats.log import Log
from archfit.model.finding import Finding, Remedy
from archfit.model.rule import Rule
from archfit.model.text import Hit, Text
from archfit.rules.said import said
from archfit.rules.undefined import TEXTS as UNDEFINED

if TYPE_CHECKING:
    from archfit.formats.build_log import Undefined

_SAID = 'the linker itself names the other spelling: extern "C" is missing'
HINTS = (
    Text(
        "did you mean",
        _SAID,
        'lld ELF/Relocations.cpp (did you mean: extern "C" X; declare X as extern "C")',
        r"did you mean: extern \"C\" (?P<symbol>\S{1,300})"
        r"|did you mean to declare (?P<other>[^\n]{1,300}) as extern \"C\"",
        0.95,
    ),
    Text(
        "declaration possibly missing",
        _SAID,
        "ld64 Resolver.cpp (found 'X' in F, declaration possibly missing extern \"C\")",
        r"declaration possibly missing '?extern \"C\"",
        0.96,
    ),
    Text(
        "undefined symbol",
        "{symbol} has the old std::string in its name, or the new one",
        "glibc dl-lookup.c on a C++ library of the other ABI",
        r"(?:symbol lookup error|ImportError|OSError|Error|error|cannot load|failed)[^\n]{0,400}: "
        r"undefined symbol: (?P<symbol>_Z[^\s,()]{0,380}(?:cxx11|Ss|B5cxx11)[^\s,()]{0,380})",
        0.72,
        ("ld.lld", "mold:", "wasm-ld"),
    ),
)
TEXTS = (*HINTS, *UNDEFINED)
#: C libraries whose headers, or whose users, often lack the guard.
_C_NAMES = (
    r"^(?:av|avcodec|avformat|avfilter|swscale|sws|swr|lua|luaL|sqlite3|png|jpeg|curl|SSL|EVP|RSA"
    r"|ZSTD|LZ4|XML|xml|uv|gsl|cblas|hts|bam|sam|zmq|nng|git|archive|event|pcap|ibv|rte|x264|x265"
    r"|vpx|opus|mosquitto|cJSON|json|hid|libusb|snd|gst|glfw|gl[A-Z]|SDL|TTF|IMG|Mix|nl|netsnmp)_"
)
_MAYBE = r"\(maybe you meant: ([^\n]{1,2000})\)"


def weigh(hits: Sequence[Hit], log: Log) -> Iterator[Finding]:
    """What a tool says itself; else a twin of the name in the text, or one ABI in all names."""
    telling = [hit for hit in hits if not log.build.probe(hit.number)]
    for hit in telling:
        if hit.text in HINTS:
            yield said(hit, telling, remedies=_mend(hit, log, _wanted(hit, log)))
            return
    if not telling:
        return
    undefined = log.build.undefined
    for sign in (
        _twin(undefined, log),
        _dual_abi(undefined),
        _cgo(undefined, log),
        _c_name(undefined),
    ):
        if sign is not None:
            sure, why, one = sign
            best = next((hit for hit in telling if hit.number == one.number), telling[0])
            remedies = _mend(best, log, one.symbol)
            yield said(best, telling, message=why, remedies=remedies, confidence=sure)
            return


def _wanted(hit: Hit, log: Log) -> str:
    """The missing name above a hint."""
    before = [one.symbol for one in log.build.undefined if one.number <= hit.number]
    return before[-1] if before else hit.group("symbol") or hit.group("other")


def _twin(undefined: Sequence[Undefined], log: Log) -> tuple[float, str, Undefined] | None:
    """The text shows the other spelling of a missing name."""
    text = log.text
    for one in undefined[:40]:
        name = bare_name(one.symbol)
        if len(name) < 3:
            continue
        if is_cplusplus(one.symbol):
            shown = re.search(rf"\b[TtDB] _?{re.escape(name)}\b(?!\()", text)
            if shown is not None:
                why = f"{one.symbol[:200]} is wanted, and {name} is there: it is a C function"
                return 0.93, why, one
            continue
        mangled = re.search(rf"_Z(?:L|N\w{{1,60}}?)?{len(name)}{re.escape(name)}\w{{0,200}}", text)
        bare = name.lstrip("_")
        if mangled is None and bare != name:
            mangled = re.search(rf"_Z(?:L)?{len(bare)}{re.escape(bare)}\w{{0,200}}", text)
        written = re.search(rf"\b[TtDB] {re.escape(bare)}\([^\n]{{0,200}}\)", text)
        found = mangled or written
        if found is not None:
            why = f"{one.symbol} is wanted, and {found[0].strip()} is there: it is a C++ function"
            return 0.93, why, one
    for found in re.finditer(_MAYBE, text):
        meant = found[1].split(",")[0].strip()
        for one in undefined[:200]:
            other = source_name(meant) or bare_name(meant)
            same = other and other == bare_name(one.symbol).lstrip("_")
            if same and is_cplusplus(meant) != is_cplusplus(one.symbol):
                return 0.92, f"{one.symbol} is wanted, and {meant} is there", one
    return None


def _dual_abi(undefined: Sequence[Undefined]) -> tuple[float, str, Undefined] | None:
    """All that is missing has std::string in its parameters, and is not std's own."""
    own = ("std::", "vtable for std", "typeinfo for std")
    foreign = [one for one in undefined if not one.symbol.startswith(own)]
    new = [one for one in foreign if "cxx11" in one.symbol]
    if new and len(new) == len(foreign) == len(undefined):
        why = f"only names with the new std::string are missing, such as {new[0].symbol[:200]}"
        return (0.85 if len(new) > 1 else 0.72), why, new[0]
    own_new = [one for one in undefined if one.symbol.startswith(own) and "cxx11" in one.symbol]
    if own_new and len(own_new) == len(undefined):
        # gcc instead of g++ would lack std::cout and operator new as well.
        return 0.7, "only std's own names with the new std::string are missing", own_new[0]
    if len(new) >= 3 and len(new) >= 0.75 * len(undefined):
        return 0.66, "nearly all that is missing has the new std::string in its name", new[0]
    return None


def _cgo(undefined: Sequence[Undefined], log: Log) -> tuple[float, str, Undefined] | None:
    """cgo wants C functions, and the package has C++ sources: the link is done by g++."""
    plain = [one for one in undefined if "_Cfunc_" in one.user and not is_cplusplus(one.symbol)]
    if not plain or len(plain) != len(undefined):
        return None
    linked = re.search(r"link: running \S{0,100}(?:\+\+) failed", log.text)
    sources = re.search(r"[\w/-]{1,80}\.(?:cpp|cc|cxx|hpp)\b", log.text)
    if linked is not None:
        why = f"cgo wants the C function {plain[0].symbol}, and the package is C++"
        return 0.72, why, plain[0]
    if sources is not None and log.has("extern", "C++", "c++", "g++"):
        return 0.7, f"cgo wants the C function {plain[0].symbol} of C++ sources", plain[0]
    return None


def _c_name(undefined: Sequence[Undefined]) -> tuple[float, str, Undefined] | None:
    """A function of a well-known C library is wanted under a C++ name."""
    for one in undefined[:100]:
        name = bare_name(one.symbol)
        if "::" not in one.symbol and is_cplusplus(one.symbol) and re.match(_C_NAMES, name):
            return 0.85, f"{name} is a C function, but is wanted as {one.symbol[:200]}", one
    return None


def _mend(hit: Hit, log: Log, symbol: str) -> Iterator[Remedy]:
    name = bare_name(symbol) or symbol or "NAME"
    if "cxx11" in symbol or "Ss" in symbol:
        yield Remedy(
            "Build the library and its user with the same std::string",
            "g++ -D_GLIBCXX_USE_CXX11_ABI=1 ...  # 0 for libraries built before GCC 5",
            verify="nm -DC LIBRARY | grep cxx11",
        )
        return
    if is_cplusplus(symbol):
        yield Remedy(
            f'{name} is C: include its header inside extern "C"',
            'extern "C" {\n#include "HEADER.h"\n}',
            verify=f"nm USER.o | grep ' U .*{name}'",
        )
    else:
        yield Remedy(
            f'Declare {name} extern "C" where C++ defines it',
            f'extern "C" ... {name}(...);',
            verify=f"nm LIBRARY | grep ' T _\\?{name}$'",
        )


RULE = Rule(
    "build.symbol-mangled",
    texts=TEXTS,
    weigh=weigh,
    yields_to=("build.link-arch", "build.mixed-toolchain", "build.library-missing"),
)
