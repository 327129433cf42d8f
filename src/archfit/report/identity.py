"""What a file is, in at most a few lines, from its facts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from archfit.model.fact import Facts
from archfit.model.words import visible


def identity(facts: Facts, width: int) -> Iterator[str]:
    """One sentence for the file, one for each slice, one for Go in it."""
    get = {key: fact.value for key, fact in facts.items()}.get
    slices = get("binary.slices")
    many = slices if isinstance(slices, list) and len(slices) > 1 else []
    kind = get("binary.type")
    words = [
        str(get("binary.format", "")),
        f"{get('binary.os', '?')}/{get('binary.isa')}" if get("binary.isa") else "",
        str(get("binary.variant") or ""),
        "universal: " + ", ".join(str(s.get("isa")) for s in many) if many else "",
        "PIE" if get("binary.pie") and kind == "executable" else "",
        "static" if get("binary.static") else "",
        str(kind or ""),
        f"#!{get('script.interpreter')} {get('script.args') or ''}"
        if get("script.interpreter")
        else "",
    ]
    yield from _wrap(" ".join(word for word in words if word).strip(), width)
    isas = get("archive.isas")
    if isinstance(isas, dict) and isas:
        members = ", ".join(f"{count} {name}" for name, count in isas.items())
        yield from _wrap(f"members: {members}", width)
    needs = [
        ("loader", get("binary.loader")),
        ("glibc >=", get("binary.glibc_min")),
        ("libstdc++ GLIBCXX_", get("binary.glibcxx_min")),
        ("CPU", get("binary.isa_level")),
        ("OS >=", get("binary.min_os")),
        ("libc", get("binary.libc") if not get("binary.glibc_min") else None),
        ("signature", get("binary.signature")),
    ]
    line = ", ".join(f"{name} {value}".replace("_ ", "_") for name, value in needs if value)
    if line:
        yield from _wrap(f"needs {line}", width)
    if get("go.version"):
        module = get("go.module") or get("go.path") or ""
        yield from _wrap(f"Go {get('go.version')} {module}, cgo {get('go.cgo', 'unknown')}", width)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        visible(text), width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
