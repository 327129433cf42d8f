"""Rebases, binds and exports of real Mach-O slices against llvm-objdump, and on the bench tree
too where it was fetched."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from archfit.formats import (
    elf,
    elf_relocations,
    macho,
    macho_dyld_info,
    macho_exports,
    macho_linkedit,
    pe,
    pe_bindings,
)
from archfit.formats.macho import Slice
from archfit.formats.magic import HEAD, recognise
from real_files import fetched, made_macho, run
from toolbox import need_tool

BENCH = Path.home() / ".cache" / "archfit" / "bench" / "tree"
ARCH = {"amd64": "x86_64", "arm64": "arm64", "386": "i386"}
#: Bytes: what llvm-objdump prints of the largest ones takes minutes.
LARGEST = 12 << 20

Row = tuple[int, str, int, str]


def paths(folder: Path) -> Iterator[Path]:
    """Packages that tests fetch, what clang and lld make, and the bench tree."""
    yield from fetched("macho", "fat")
    yield from made_macho(folder)
    for path in sorted(BENCH.rglob("*")) if BENCH.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if recognise(file.read(HEAD)) in ("macho", "fat"):
                    yield path


def told(tool: str, option: str, path: Path, part: Slice) -> list[list[str]] | None:
    """The table's rows; None when the tool refuses the slice."""
    done = subprocess.run(
        [tool, "--macho", f"--arch={ARCH[part.isa]}", option, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return None
    rows = [line.split() for line in done.stdout.splitlines()]
    return [row for row in rows if row and (row[0].startswith("__") or option == "--exports-trie")]


def counted_from(part: Slice) -> list[int]:
    """What the tool (LLVM 14, `BindRebaseSegInfo`) takes for the addresses of the segments.

    It is the first section's address there. Only in __TEXT, where the header stands before
    it, does that differ. 32-bit Intel code alone has places to slide in __TEXT: by the
    segment's own address they are the operands of the stubs' jumps, by the tool's none is.
    """
    first: dict[str, int] = {}
    for section in part.sections():
        first.setdefault(section.segment, section.addr)
    return [first.get(segment.name, segment.addr) for segment in part.segments]


def library(part: Slice, ordinal: int) -> str:
    """As the tool shortens it: no folders, no framework, no version."""
    name = macho_linkedit.library_of(part, ordinal).rpartition("/")[2]
    return re.sub(r"\.\w+$|\.dylib$", "", name)


def binds(part: Slice, stream: str, kind: str) -> list[Row]:
    """(address, type, addend, symbol), each place once."""
    data = macho_linkedit.data_of(part, macho_linkedit.places(part).get(stream))
    sizes = [segment.size for segment in part.segments]
    bases = counted_from(part)
    found, _ = macho_dyld_info.binds(data, sizes, 8 if part.bits == 64 else 4, kind)
    return [
        (place, macho_dyld_info.TYPES.get(bind.type, "?"), bind.addend, bind.symbol)
        for bind in found
        for place in macho_dyld_info.places([bind], bases)
    ]


def compare(tool: str, path: Path, part: Slice) -> int:
    """How many rows of all five tables were equal."""
    places = macho_linkedit.places(part)
    bases = counted_from(part)
    sizes = [segment.size for segment in part.segments]
    count = 0
    rows = told(tool, "--rebase", path, part) if part.fixups == "dyld-info" else None
    if rows is not None:
        runs = macho_dyld_info.rebases(
            macho_linkedit.data_of(part, places.get("rebase")), sizes, 8 if part.bits == 64 else 4
        )
        ours = list(macho_dyld_info.places(runs, bases))
        assert ours == [int(row[2], 16) for row in rows], path
        where = macho_linkedit.Map(part)
        assert [where.section(at)[:2] for at in ours] == [(row[0], row[1]) for row in rows], path
        count += len(rows)
    for option, stream, kind in (
        ("--bind", "bind", "bind"),
        ("--weak-bind", "weak_bind", "weak"),
        ("--lazy-bind", "lazy_bind", "lazy"),
    ):
        rows = told(tool, option, path, part) if part.fixups == "dyld-info" else None
        if rows is None:
            continue
        bound = binds(part, stream, kind)
        symbol = {"bind": 6, "weak": 5, "lazy": 4}[kind]
        assert [(at, name) for at, _, _, name in bound] == [
            (int(row[2], 16), row[symbol]) for row in rows
        ], (path, option)
        if kind != "lazy":
            assert [(form, addend) for _, form, addend, _ in bound] == [
                (row[3], int(row[4])) for row in rows
            ], (path, option)
        count += len(rows)
        if kind != "weak":
            data = macho_linkedit.data_of(part, places.get(stream))
            found, _ = macho_dyld_info.binds(data, sizes, 8 if part.bits == 64 else 4, kind)
            names = [library(part, b.ordinal) for b in found for _ in range(b.times)]
            column = 5 if kind == "bind" else 3
            for name, row in zip(names, rows, strict=True):
                assert name.startswith(row[column].partition(".")[0]), (path, name, row)
    rows = told(tool, "--exports-trie", path, part)
    if rows is not None and "exports" in places:
        base = macho_linkedit.base_of(part)
        trie = macho_exports.exports(macho_linkedit.data_of(part, places["exports"]))
        rows = [row for row in rows if row[0].startswith(("0x", "[re-export]"))]
        # The tool names what hangs below a symbol before the symbol itself: another order.
        ours_of = {
            (e.name, None if e.ordinal is not None else e.value + base * (e.kind != "absolute"))
            for e in trie
        }
        assert len(ours_of) == len(trie) == len(rows), path
        assert ours_of == {
            (row[1], int(row[0], 16) if row[0].startswith("0x") else None) for row in rows
        }, path
        count += len(rows)
    return count


def test_tables(tmp_path: Path) -> None:
    tool = need_tool("llvm-objdump", "llvm-objdump-14")
    slices = rows = 0
    for path in paths(tmp_path):
        if path.stat().st_size > LARGEST:
            continue
        for part in macho.read(path.read_bytes()).slices:
            if part.isa in ARCH and part.commands is not None and part.type != "object":
                rows += compare(tool, path, part)
                slices += 1
    assert slices > 60
    assert rows > 20_000


def test_elf_relocations() -> None:
    """Offset, type, symbol with version, and addend of every relocation, as readelf has them."""
    tool = need_tool("readelf")
    roots = [BENCH / "system" / "usr-lib", BENCH / "pypi", Path("/usr/lib/x86_64-linux-gnu")]
    found = [p for root in roots for p in sorted(root.rglob("*.so*"))[::40] if p.is_file()]
    files = rows = 0
    for path in [*fetched("elf"), *found]:
        raw = path.read_bytes()
        if recognise(raw[:HEAD]) != "elf" or len(raw) > LARGEST:
            continue
        image = elf.read(raw)
        if image.type not in ("executable", "shared") or image.isa not in elf_relocations.TYPES:
            continue
        ours = {
            (
                one.address,
                one.symbol + (f"@{one.version}" if one.version else ""),
                one.addend or 0,
                one.kind,
            )
            for table in elf_relocations.read(image)
            for one in table.relocs
        }
        words = {at for table in elf_relocations.read(image) for at in table.words}
        out = run(tool, "-rDW", path)
        theirs = set()
        slid = set()
        for line in out.splitlines():
            if re.fullmatch(r"[0-9a-f]{8,16}", line.strip()):
                slid.add(int(line, 16))
            row = line.split()
            if len(row) < 3 or not row[2].startswith("R_") or not row[0].isalnum():
                continue
            kind = re.sub(r"^R_(X86_64|AARCH64|386|ARM|RISCV|390)_", "", row[2])
            symbol, addend = "", 0
            if len(row) > 4:
                symbol = re.sub(r"@+", "@", row[4])
                if len(row) > 6:
                    addend = int(row[6], 16) * (-1 if row[5] == "-" else 1)
            elif len(row) == 4:
                addend = int(row[3].removeprefix("-"), 16) * (-1 if row[3][0] == "-" else 1)
            theirs.add((int(row[0], 16), symbol, addend, kind))
        known = {row for row in ours if not row[3].startswith("type ")}
        places = {row[0] for row in ours - known}
        assert known == {row for row in theirs if row[0] not in places}, path
        assert not slid or words == slid, path
        files += 1
        rows += len(ours)
    assert files > 10
    assert rows > 5_000


def test_pe_tables() -> None:
    """Imports by library with ordinal or hint, and base relocations, as llvm-readobj has them."""
    tool = need_tool("llvm-readobj", "llvm-readobj-14")
    files = rows = 0
    for path in fetched("pe"):
        if path.stat().st_size > LARGEST:
            continue
        raw = path.read_bytes()
        image = pe.read(raw)
        done = run(tool, "--coff-imports", "--coff-basereloc", path)
        library, theirs = "", []
        for line in done.splitlines():
            key, _, value = line.strip().partition(": ")
            if key == "Name":
                library = value
            elif key == "Symbol":
                name, _, number = value.rpartition(" (")
                theirs.append((library, name or f"#{number[:-1]}" if name else f"#{number}"))
        found = pe_bindings.imports(image, raw)
        mine = [(o.library, o.symbol) for o in found if not o.symbol.startswith("#")]
        named = [row for row in theirs if not row[1].startswith("#")]
        assert mine == named, path
        assert len(found) == len(theirs), path
        kinds = re.findall(r"Type: (\w+)\s+Address: (0x[0-9A-F]+)", done)
        told_of = [(int(at, 16), kind) for kind, at in kinds if kind != "ABSOLUTE"]
        assert [tuple(p) for p in pe_bindings.relocations(image, raw)] == told_of, path
        files += 1
        rows += len(found) + len(told_of)
    assert files > 5
    assert rows > 1_000
