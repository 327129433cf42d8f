"""Types of a C header as clang lays them out for a target.

Nothing is built or run: clang is asked for the declarations of the header, then for the
layout of a probe that includes it. Sizes of all types come out as sizes of records.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence

from archfit.formats.clang_layouts import Declared, Layout, Record, declared, records
from archfit.host.experiment import Done, run
from archfit.model.errors import Misuse, Unavailable

#: Target as Go names it, and clang's triple for it.
TRIPLES = {
    "linux/amd64": "x86_64-linux-gnu",
    "linux/arm64": "aarch64-linux-gnu",
    "linux/386": "i386-linux-gnu",
    "linux/arm": "arm-linux-gnueabihf",
    "linux/riscv64": "riscv64-linux-gnu",
    "linux/s390x": "s390x-linux-gnu",
    "linux/ppc64le": "powerpc64le-linux-gnu",
    "darwin/amd64": "x86_64-apple-macos11",
    "darwin/arm64": "arm64-apple-macos11",
    "windows/amd64": "x86_64-pc-windows-msvc",
    "windows/arm64": "aarch64-pc-windows-msvc",
}
#: Types of the language whose form is the target's choice.
_BASIC = ("char", "long", "long double", "__WCHAR_TYPE__", "__SIZE_TYPE__", "__builtin_va_list")
_SIGNED = ("char", "__WCHAR_TYPE__")
_SHOWN = {"__WCHAR_TYPE__": "wchar_t", "__SIZE_TYPE__": "size_t", "__builtin_va_list": "va_list"}
#: `char` itself or an array of it: what a pointer points to is no part of a layout.
_PLAIN_CHAR = re.compile(r"^(?:const |volatile )*char(?: ?\[\d*\])*$")
#: What one probe may hold: the standard input of an experiment is at most 64 KiB.
_PROBE = 48 << 10
_DUMP = 256 << 20
_SECONDS = 60.0


def layouts(header: str, target: str, flags: Sequence[str] = ()) -> dict[str, Layout]:
    """Every type of the header and the basic ones, by their C spelling.

    ``flags`` go to clang (-I, -D). Raises Misuse for an unknown target, Unavailable without
    clang or when clang refuses the header for this target.
    """
    if target not in TRIPLES:
        raise Misuse(f"no layouts for {target}", f"targets: {', '.join(TRIPLES)}")
    clang = shutil.which("clang")
    if clang is None:
        raise Unavailable("clang is not on PATH", "apt install clang")
    base = [clang, "-target", TRIPLES[target], "-w", "-fsyntax-only", "-x", "c", *flags]
    if not target.startswith("linux/") and not any("sysroot" in flag for flag in flags):
        # /usr/include belongs to this host; clang's own <stdint.h> and its like are enough.
        base.append("-nostdlibinc")
    path = os.path.abspath(header)
    types = declared(_asked([*base, "-Xclang", "-ast-dump=json", path], target).out)
    known: dict[str, Record] = {}
    for source in _probes(path, types):
        # A type without a size (an opaque struct, a function) fails alone: the header is fine.
        probe = [*base, "-ferror-limit=0", "-Xclang", "-fdump-record-layouts-simple", "-"]
        dump = _asked(probe, target, source, strict=False)
        known |= records(dump.out.decode("utf-8", "replace"))
    found: dict[str, Layout] = {}
    for number, spelling in enumerate(_BASIC):
        note = ""
        if spelling in _SIGNED:
            note = "signed" if known[f"struct archfit_g{number}"].size == 16 else "unsigned"
        if spelling == "long double":
            note = f"{known['struct archfit_mantissa'].size // 8}-bit mantissa"
        basic = Declared(spelling, "basic")
        found[_SHOWN.get(spelling, spelling)] = _layout(basic, f"b{number}", known, note)
    for number, one in enumerate(types):
        if _complete(f"t{number}", known):
            found[one.spelling] = _layout(one, f"t{number}", known, _made_of(one, found))
    return found


def _made_of(one: Declared, basic: dict[str, Layout]) -> str:
    """What of it has another form elsewhere although size and place may be the same."""
    said = []
    if any(_PLAIN_CHAR.search(name) for name in one.types):
        said.append(f"char is {basic['char'].note}")
    if any("long double" in name and "*" not in name for name in one.types):
        said.append(f"long double has a {basic['long double'].note}")
    return ", ".join(said)


def _complete(key: str, known: dict[str, Record]) -> bool:
    aligned = known.get(f"struct archfit_a{key}")
    return f"struct archfit_s{key}" in known and aligned is not None and len(aligned.offsets) == 2


def _layout(one: Declared, key: str, known: dict[str, Record], note: str) -> Layout:
    size = known[f"struct archfit_s{key}"].size // 8
    alignment = known[f"struct archfit_a{key}"].offsets[1] // 8
    record = known.get(one.spelling)
    named = list(zip(one.fields, record.offsets, strict=False)) if record else []
    bits = frozenset(one.fields[n] for n in one.bit_fields)
    offsets = {name: offset for name, offset in named if name}
    return Layout(one.kind, size, alignment, offsets, bits, note)


def _probes(header: str, types: Sequence[Declared]) -> list[bytes]:
    basic = [_probe(f"b{n}", one) for n, one in enumerate(_BASIC)]
    basic += [
        f"struct archfit_g{n} {{ char a[(({one})-1 < 0) + 1]; }}; {_force(f'archfit_g{n}')}"
        for n, one in enumerate(_BASIC)
        if one in _SIGNED
    ]
    basic.append(
        f"struct archfit_mantissa {{ char a[__LDBL_MANT_DIG__]; }}; {_force('archfit_mantissa')}"
    )
    head = f'#include "{header}"\n'
    probes, text = [], head + "\n".join(basic) + "\n"
    for number, one in enumerate(types):
        line = _probe(f"t{number}", one.spelling) + "\n"
        if len(text) + len(line) > _PROBE:
            probes.append(text.encode())
            text = head
        text += line
    return [*probes, text.encode()]


def _probe(key: str, spelling: str) -> str:
    """The size of a type as that of a record, its alignment as the offset after a char."""
    return (
        f"struct archfit_s{key} {{ char a[sizeof({spelling})]; }}; {_force(f'archfit_s{key}')} "
        f"struct archfit_a{key} {{ char c; {spelling} x; }}; {_force(f'archfit_a{key}')}"
    )


def _force(record: str) -> str:
    return f"extern char {record}_[sizeof(struct {record})];"


def _asked(argv: Sequence[str], target: str, stdin: bytes = b"", strict: bool = True) -> Done:
    with tempfile.TemporaryDirectory(prefix="archfit-") as folder:
        done = run(argv, cwd=folder, env=os.environ, timeout=_SECONDS, stdin=stdin, limit=_DUMP)
    if done.timed_out or not done.whole:
        raise Unavailable(f"clang for {target}: too much to say, or too slow")
    if done.status and strict:
        said = done.err.decode("utf-8", "replace").strip().splitlines()
        why = next((line for line in said if "error:" in line), f"exit status {done.status}")
        lacks = "file not found" in why
        hint = "name its folder: --flag=-IDIR, or --flag=--sysroot=DIR" if lacks else ""
        raise Unavailable(f"clang for {target}: {why}", hint)
    return done
