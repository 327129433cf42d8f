"""PE images and COFF objects at hand against llvm-readobj."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from archfit.formats import pe
from real_files import fetched, run, sources
from toolbox import need_tool

ISA = {
    "IMAGE_FILE_MACHINE_AMD64": "amd64",
    "IMAGE_FILE_MACHINE_I386": "386",
    "IMAGE_FILE_MACHINE_ARM64": "arm64",
    "IMAGE_FILE_MACHINE_ARMNT": "arm",
}
SUBSYSTEM = {
    "IMAGE_SUBSYSTEM_WINDOWS_GUI": "gui",
    "IMAGE_SUBSYSTEM_WINDOWS_CUI": "console",
    "IMAGE_SUBSYSTEM_EFI_APPLICATION": "efi-application",
}


def value(text: str, name: str) -> str:
    found = re.search(rf"^ *{name}: (\S+)", text, re.MULTILINE)
    assert found, name
    return found[1]


def _end(text: str, table: str) -> int:
    size = int(value(text, f"{table}TableSize"), 16)
    return int(value(text, f"{table}TableRVA"), 16) + size if size else 0


def told(tool: str, path: Path, image: bool) -> dict[str, Any]:
    """What llvm-readobj says of a file."""
    flags = ["--file-headers", "--sections"] + ["--coff-imports", "--coff-load-config"] * image
    text = run(tool, *flags, path)
    out: dict[str, Any] = {
        "isa": ISA[value(text, "Machine")],
        "sections": text.count("  Section {"),
        "symbols": int(value(text, "SymbolCount")),
    }
    if not image:
        return out
    versions = {
        kind: f"{value(text, f'Major{kind}Version')}.{value(text, f'Minor{kind}Version')}"
        for kind in ("OperatingSystem", "Subsystem")
    }
    kinds = [re.findall(rf"^{kind} {{\n  Name: (.*)$", text, re.MULTILINE) for kind in
             ("Import", "DelayImport")]  # fmt: skip
    return out | {
        "dll": "IMAGE_FILE_DLL" in text,
        "bits": 64 if value(text, "Magic").upper() == "0X20B" else 32,
        "subsystem": SUBSYSTEM[value(text, "Subsystem")],
        "os_version": versions["OperatingSystem"],
        "subsystem_version": versions["Subsystem"],
        "align": int(value(text, "SectionAlignment")),
        "needed": kinds[0],
        "delayed": kinds[1],
        "certificate": 0 < _end(text, "Certificate") <= path.stat().st_size,
    }


def read(path: Path, image: bool) -> dict[str, Any]:
    raw = path.read_bytes()
    found = pe.read(raw) if image else pe.read_coff(raw)
    out: dict[str, Any] = {"isa": found.isa, "symbols": found.symbols}
    if not image:
        return out
    return out | {
        "sections": len(found.sections),
        "dll": found.type == "shared",
        "bits": found.bits,
        "subsystem": found.subsystem,
        "os_version": found.os_version,
        "subsystem_version": found.subsystem_version,
        "align": found.section_align,
        "needed": list(found.needed),
        "delayed": list(found.delayed),
        "certificate": found.certificate,
    }


def test_every_image_agrees_with_readobj() -> None:
    tool = need_tool("llvm-readobj", "llvm-readobj-14")
    differences = []
    count: Counter[str] = Counter()
    for path in fetched("pe"):
        ours, theirs = read(path, True), told(tool, path, True)
        count.update(
            [ours["isa"], "signed" * ours["certificate"], "delayed" * bool(ours["delayed"])]
        )
        if ours != theirs:
            differences.append((path.name, ours, theirs))
    assert not differences
    assert sum(count[isa] for isa in ("amd64", "386", "arm64")) >= 80, count
    assert count["signed"], count
    assert count["delayed"], count


def test_managed_code_without_machine_code() -> None:
    """Python.Runtime.dll is IL alone; ClrLoader.dll has an x86 and an amd64 build."""
    found = {(p.name, pe.read(p.read_bytes()).isa): p for p in fetched("pe")}
    assert pe.read(found["Python.Runtime.dll", "386"].read_bytes()).any_cpu
    for isa in ("386", "amd64"):
        assert not pe.read(found["ClrLoader.dll", isa].read_bytes()).any_cpu


def test_every_object_agrees_with_readobj() -> None:
    tool = need_tool("llvm-readobj", "llvm-readobj-14")
    paths = fetched("coff")
    for path in paths:
        ours, theirs = read(path, False), told(tool, path, False)
        del theirs["sections"]
        assert ours == theirs, path
    assert len(paths) >= 8


@pytest.mark.parametrize(
    ("triple", "isa"),
    [
        ("x86_64-pc-windows-msvc", "amd64"),
        ("aarch64-pc-windows-msvc", "arm64"),
        ("i686-pc-windows-gnu", "386"),
        ("thumbv7-pc-windows-msvc", "arm"),
    ],
)
def test_objects_that_clang_makes(triple: str, isa: str, tmp_path: Path) -> None:
    out = tmp_path / "x.obj"
    run(need_tool("clang"), "-target", triple, "-c", sources(tmp_path), "-o", out)
    assert pe.read_coff(out.read_bytes()).isa == isa
