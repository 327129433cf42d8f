"""Names in C++ objects, as far as a remedy needs them: a C name and its mangled twin.

Itanium C++ ABI, section 5.1 "External Names (a.k.a. Mangling)": `_Z`, then for a nested
name `N` source names `E`, each a length in decimal and that many characters; then the
types of the parameters. Apple's symbols carry one more underscore.
"""

from __future__ import annotations

import re

_SIMPLE = r"_{1,2}Z(?:L)?(\d{1,3})"
_NESTED = r"_{1,2}ZNK?"
_NUMBER = r"(\d{1,3})"


def source_name(symbol: str) -> str:
    """`say_hello` for `_Z9say_hellov`, `ns::f` for `_ZN2ns1fEi`; "" for what is no such name."""
    simple = re.match(_SIMPLE, symbol)
    if simple is not None:
        end = simple.end() + int(simple[1])
        return symbol[simple.end() : end] if end <= len(symbol) else ""
    nested = re.match(_NESTED, symbol)
    if nested is None:
        return ""
    parts: list[str] = []
    at = nested.end()
    while (number := re.match(_NUMBER, symbol[at:])) is not None and len(parts) < 32:
        start = at + number.end()
        end = start + int(number[1])
        if end > len(symbol):
            return ""
        parts.append(symbol[start:end])
        at = end
    return "::".join(parts)


def is_mangled(symbol: str) -> bool:
    """It is a name of the Itanium ABI."""
    return symbol.startswith(("_Z", "__Z")) and bool(source_name(symbol) or "S" in symbol[:4])


def is_cplusplus(symbol: str) -> bool:
    """It is a name of C++ code, mangled or as a linker writes it out: `f(int)`, `ns::x`."""
    return is_mangled(symbol) or symbol.endswith((")", ") const")) or "::" in symbol


def bare_name(symbol: str) -> str:
    """The function's own name, without parameters, scope, template arguments or `_Z`."""
    if symbol.startswith(("_Z", "__Z")):
        return source_name(symbol).rsplit("::", 1)[-1]
    head = symbol.split("(", 1)[0].split("<", 1)[0]
    return head.rsplit("::", 1)[-1].split(" ")[-1]
