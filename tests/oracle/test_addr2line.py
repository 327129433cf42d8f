"""Names and lines agree with `go tool addr2line`, wherever that one is right.

It takes the start of `.text` for the start of Go's text, which holds in unstripped programs
and in those without C; and it prints the innermost position with the outermost function.
"""

from __future__ import annotations

import random
import subprocess
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from archfit.crash.binary import Binary, read
from archfit.crash.symbolizer import Symbolizer, open_binary
from archfit.formats.go_functions import Functions
from archfit.model.errors import ArchfitError, Misuse
from go_programs import build, cache_home, go_tool

TARGETS = tuple(
    f"{os}/{isa}" for os in ("linux", "darwin", "windows") for isa in ("amd64", "arm64")
)


@cache
def addr2line() -> str:
    go, env = go_tool("1.27.3")
    asked = subprocess.run(
        [go, "tool", "-n", "addr2line"], env=env, capture_output=True, text=True, check=True
    )
    return asked.stdout.strip()


def said(path: Path, pcs: list[int]) -> list[tuple[str, str]] | None:
    """What it says of each; None when it can't read the file at all."""
    text = "".join(f"{pc:#x}\n" for pc in pcs)
    done = subprocess.run(
        [addr2line(), str(path)], input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return None
    lines = done.stdout.split("\n")
    # `:-1`: between two functions; archfit says ?:0.
    places = ["?:0" if line.startswith(":") else line for line in lines[1::2]]
    return list(zip(lines[0::2], places, strict=False))


def ours(symbolizer: Symbolizer, pcs: list[int]) -> list[tuple[str, str]]:
    assert symbolizer.go is not None
    answers = []
    for frames in symbolizer.go.functions.frames_of(pcs):
        if frames:
            answers.append((frames[-1].function, f"{frames[0].file or '?'}:{frames[0].line}"))
        else:
            answers.append(("?", "?:0"))
    return answers


def some(functions: Functions, count: int) -> list[int]:
    """Random addresses of the text and around it, and entries of functions."""
    chosen = random.Random(7)
    entries = functions.entries()
    first, last = entries[0], functions.end
    pcs = [chosen.randrange(first - 64, last + 64) for _ in range(count)]
    return pcs + chosen.sample(entries, min(count // 4, len(entries)))


def differing(path: Path, count: int) -> list[tuple[str, tuple[str, str], tuple[str, str]]]:
    with ExitStack() as stack:
        symbolizer = open_binary(str(path), stack)
        assert symbolizer.go is not None
        functions = symbolizer.go.functions
        pcs = some(functions, count)
        theirs = said(path, pcs)
        assert theirs is not None
        rows = zip(pcs, ours(symbolizer, pcs), theirs, strict=False)
        # C that Go's own linker took in has no lines; addr2line reads those of table 0.
        return [
            (hex(pc), mine, their)
            for pc, mine, their in rows
            if mine != their and not ((f := functions.find(pc)) and not f.pcln)
        ]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("release", ["1.19", "", "1.27.3"])
def test_programs_of_each_release_and_target(release: str, target: str) -> None:
    assert not differing(build("pure", release, target), 4000)


@pytest.mark.parametrize("release", ["1.19", "", "1.27.3"])
@pytest.mark.parametrize("way", ["net", "net-pie", "cgo", "cgo-pie", "library", "pure-stripped"])
def test_ways_of_linking(way: str, release: str) -> None:
    assert not differing(build(way, release), 4000)


@pytest.mark.parametrize("release", ["1.19", "", "1.27.3"])
@pytest.mark.parametrize("way", ["cgo", "library"])
def test_stripped_as_its_unstripped_twin(way: str, release: str) -> None:
    """And there addr2line is wrong, without a word."""
    whole, bare = build(way, release), build(f"{way}-stripped", release)
    with ExitStack() as stack:
        twin, stripped = open_binary(str(whole), stack), open_binary(str(bare), stack)
        assert twin.go is not None
        assert stripped.go is not None
        assert stripped.go.base == "moduledata"
        assert stripped.go.sure
        shift = stripped.go.functions.text - twin.go.functions.text
        pcs = some(twin.go.functions, 4000)
        shifted = [pc + shift for pc in pcs]
        mine = [
            [(f.function, f.line, f.inlined) for f in frames]
            for frames in stripped.go.functions.frames_of(shifted)
        ]
        theirs = [
            [(f.function, f.line, f.inlined) for f in frames]
            for frames in twin.go.functions.frames_of(pcs)
        ]
        assert mine == theirs
        wrong = said(bare, shifted)
        assert wrong is not None
        same = sum(a == b for a, b in zip(ours(stripped, shifted), wrong, strict=False))
        assert same < len(pcs) // 5


def packaged() -> list[Path]:
    """Programs that packages carry, of Go 1.16 to 1.27."""
    found = []
    for path in sorted((cache_home() / "bench" / "tree").glob("**/*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size < 1 << 20:
            continue
        with path.open("rb") as file:
            head = file.read(4)
        if head in (b"\x7fELF", b"\xcf\xfa\xed\xfe") or head[:2] == b"MZ":
            found.append(path)
    return found


def test_programs_in_packages() -> None:
    paths = packaged()
    if not paths:
        pytest.skip("needs the packages that `python tools/bench_tree.py` brings")
    compared: dict[str, int] = {}
    for path in paths:
        with ExitStack() as stack:
            try:
                binary = read(str(path), stack)
                program = binary.go()
            except (Misuse, ArchfitError):
                continue
            if program is None:
                continue
            functions = program.functions
            start = _text_section(binary)
            # Where the linker put C before Go's text addr2line is wrong (the twins prove it).
            if start != functions.text or not _names_its_table(binary):
                continue
            compared[str(functions.header.since)] = compared.get(str(functions.header.since), 0) + 1
        assert not differing(path, 300), path
    assert sum(compared.values()) > 20, compared


def _text_section(binary: Binary) -> int | None:
    kind, parsed = binary.kind, binary.parsed
    if kind == "elf":
        section = parsed.section(".text")
        return section[0] if section else None
    if kind == "macho":
        section = parsed.section("__TEXT", "__text")
        return section.addr if section else None
    return None


def _names_its_table(binary: Binary) -> bool:
    return bool(binary.kind == "macho" or binary.parsed.has_section(".gopclntab"))
