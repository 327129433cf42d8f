"""Real files for oracle and fuzz tests: published packages, and what clang and lld make here.

`python tools/fetch_fixtures.py` brings the packages to the cache. Without them the tests
that want them are skipped by name, and fail with CI=true.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from archfit.formats.magic import HEAD, recognise
from toolbox import need_tool

#: Triple -> what clang makes an object for; ISAs and platforms that no package at hand has.
TRIPLES = (
    "arm64-apple-macos11",
    "arm64e-apple-macos12",
    "x86_64-apple-macos10.9",
    "x86_64h-apple-macos10.12",
    "i386-apple-macos10.6",
    "arm64-apple-ios14.0",
    "arm64-apple-ios14.0-simulator",
    "x86_64-apple-ios10.0-simulator",
    "x86_64-apple-ios14.0-macabi",
    "armv7-apple-ios9",
    "armv7k-apple-watchos4",
    "arm64_32-apple-watchos6",
    "arm64-apple-tvos12",
)

_SOURCE = "extern int outside(void); int value = 3; int main(void) { return outside() + value; }\n"


def _folder() -> Path:
    named = os.environ.get("ARCHFIT_CACHE")
    return (Path(named) if named else Path.home() / ".cache" / "archfit") / "fixtures"


@cache
def _all() -> dict[str, tuple[Path, ...]]:
    found: dict[str, list[Path]] = {}
    # Two Go toolchains carry the same test data; a file is taken once.
    seen: set[tuple[str, int]] = set()
    for path in sorted(p for kind in ("npm-*", "pypi-*") for p in _folder().glob(f"{kind}/**/*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            kind = recognise(file.read(HEAD))
        key = (path.name, path.stat().st_size)
        if kind and key not in seen:
            seen.add(key)
            found.setdefault(kind, []).append(path)
    return {kind: tuple(paths) for kind, paths in found.items()}


def fetched(*formats: str) -> list[Path]:
    """Every file of these formats (as `recognise` names them) in the fetched packages."""
    if not _folder().is_dir():
        missing = "needs the packages that `python tools/fetch_fixtures.py` brings"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return [path for name in formats for path in _all().get(name, ())]


def sources(folder: Path) -> Path:
    """A C file with a function, a variable and an undefined symbol."""
    path = folder / "source.c"
    path.write_text(_SOURCE)
    return path


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Standard output; the test fails when the command does."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, cwd=cwd
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def made_macho(folder: Path) -> Iterator[Path]:
    """Mach-O objects, programs, libraries and universal files, made by clang, lld and lipo."""
    clang, linker = need_tool("clang"), need_tool("ld64.lld", "ld64.lld-14")
    lipo = need_tool("llvm-lipo", "llvm-lipo-14")
    source = sources(folder)
    for triple in TRIPLES:
        out = folder / f"{triple}.o"
        run(clang, "-target", triple, "-c", source, "-o", out)
        yield out
    linked = []
    for isa, triple in (("arm64", "arm64-apple-macos11"), ("x86_64", "x86_64-apple-macos10.9")):
        common = [linker, "-arch", isa, "-platform_version", "macos", "11.0", "14.2"]
        common += ["-undefined", "dynamic_lookup", f"{folder / triple}.o"]
        for name, flags in (
            ("lib.dylib", ("-dylib", "-install_name", "@rpath/lib.dylib")),
            ("bundle.so", ("-bundle",)),
            ("program", (f"{folder / isa}-lib.dylib", "-rpath", "@loader_path/lib")),
            ("stripped", ("-rpath", "/opt/x", "-S", "-x")),
        ):
            out = folder / f"{isa}-{name}"
            run(*common, *flags, "-o", out)
            linked.append(out)
            yield out
    for name in ("program", "lib.dylib"):
        out = folder / f"universal-{name}"
        pair = [path for path in linked if path.name.endswith(name)]
        run(lipo, "-create", *pair, "-output", out)
        yield out
