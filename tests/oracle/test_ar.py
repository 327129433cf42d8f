"""Archives at hand, and in every dialect that llvm-ar writes, against ar and readelf."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from archfit.formats import ar, bitcode
from archfit.model.errors import Malformed
from real_files import fetched, run, sources
from toolbox import need_tool

#: A triple and the "os/isa" of the object that clang makes for it.
TARGETS = {
    "x86_64-linux-gnu": "linux/amd64",
    "aarch64-linux-gnu": "linux/arm64",
    "armv7-linux-gnueabihf": "linux/arm",
    "powerpc64-linux-gnu": "linux/ppc64",
    "powerpc64le-linux-gnu": "linux/ppc64le",
    "riscv64-linux-gnu": "linux/riscv64",
    "mips-linux-gnu": "linux/mips",
    "mips64el-linux-gnuabi64": "linux/mips64le",
    "s390x-linux-gnu": "linux/s390x",
    "i386-linux-gnu": "linux/386",
    "x86_64-unknown-freebsd13": "freebsd/amd64",
    "arm64-apple-macos11": "darwin/arm64",
    "x86_64-apple-macos11": "darwin/amd64",
    "x86_64-pc-windows-msvc": "windows/amd64",
    "aarch64-pc-windows-msvc": "windows/arm64",
    "wasm32-unknown-unknown": "wasm",
}


def installed() -> list[Path]:
    """Static libraries of this system."""
    folders = [Path("/usr/lib"), Path("/usr/local/lib")]
    return [
        p for f in folders for p in sorted(f.rglob("*.a")) if p.is_file() and not p.is_symlink()
    ]


def test_names_agree_with_ar() -> None:
    tool = need_tool("ar")
    count = 0
    for path in [*installed()[:400], *fetched("ar")]:
        raw = path.read_bytes()
        if raw[:8] not in (ar.REGULAR, ar.THIN):
            continue  # a linker script of that name
        try:
            ours = [m.name for m in ar.members(raw)]
        except Malformed:
            with pytest.raises(AssertionError, match=r"malformed archive|not recognized"):
                run(tool, "t", path)
            continue
        # Go fills all 16 bytes of a name, of which binutils shows 15; it turns \\ to /.
        shown = [(n[:15] if len(n) == 16 else n).replace("\\", "/") for n in ours]
        told = run(tool, "t", path).splitlines()
        assert told in (ours, shown), path
        count += len(ours)
    assert count > 1000


def test_isas_agree_with_readelf() -> None:
    tool = need_tool("readelf")
    checked = 0
    machines = {
        "Advanced Micro Devices X86-64": "linux/amd64",
        "AArch64": "linux/arm64",
        "Intel 80386": "linux/386",
        "ARM": "linux/arm",
        "RISC-V": "linux/riscv64",
    }
    for path in installed():
        if path.stat().st_size > 4 << 20:
            continue
        raw = path.read_bytes()
        # readelf reads no COFF and no Go objects.
        if raw[:8] != ar.REGULAR or "mingw" in str(path) or "/go" in str(path):
            continue
        text = run(tool, "--file-header", "--wide", path)
        found = re.findall(r"^ *Machine: +(.*)$", text, re.MULTILINE)
        told = Counter(machines.get(name, name) for name in found)
        assert ar.census(raw).isas == told, path
        checked += 1
        if checked == 150:
            break
    assert checked


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("objects")
    clang, source = need_tool("clang"), sources(folder)
    made = {}
    for triple, target in TARGETS.items():
        made[target] = folder / f"{triple}-with-a-long-name.o"
        run(clang, "-target", triple, "-c", source, "-o", made[target])
    return made


@pytest.mark.parametrize("dialect", ["gnu", "bsd", "darwin"])
@pytest.mark.parametrize("thin", [False, True])
def test_dialects(dialect: str, thin: bool, objects: dict[str, Path], tmp_path: Path) -> None:
    tool = need_tool("llvm-ar", "llvm-ar-14")
    if thin and dialect != "gnu":
        pytest.skip("thin archives are GNU's")
    archive = tmp_path / "lib.a"
    short = tmp_path / "s.o"
    short.write_bytes(objects["linux/arm64"].read_bytes())
    flags = ["--thin"] if thin else [f"--format={dialect}"]
    run(tool, *flags, "rcs", archive, short, *objects.values())
    raw = archive.read_bytes()
    names = [Path(m.name).name for m in ar.members(raw)]
    assert names == ["s.o", *(path.name for path in objects.values())]

    def beside(name: str) -> bytes:
        return (tmp_path / name).read_bytes()[:64]

    expected = Counter(dict.fromkeys(objects, 1)) + Counter({"linux/arm64": 1})
    assert ar.census(raw, head_of=beside).isas == expected


def test_import_library_of_dlltool(tmp_path: Path) -> None:
    tool = need_tool("llvm-dlltool", "llvm-dlltool-14")
    (tmp_path / "x.def").write_text("LIBRARY x.dll\nEXPORTS\n  one\n  two\n")
    for machine, isa in (("i386:x86-64", "amd64"), ("arm64", "arm64"), ("i386", "386")):
        out = tmp_path / f"{isa}.lib"
        run(tool, "-m", machine, "-d", tmp_path / "x.def", "-l", out)
        assert set(ar.census(out.read_bytes()).isas) == {f"windows/{isa}"}


@pytest.mark.parametrize("triple", [*TARGETS, "arm64-apple-ios14.0", "x86_64-linux-android"])
def test_bitcode_tells_its_triple(triple: str, tmp_path: Path) -> None:
    clang, dis = need_tool("clang"), need_tool("llvm-dis", "llvm-dis-14")
    out = tmp_path / "x.bc"
    run(clang, "-target", triple, "-emit-llvm", "-c", sources(tmp_path), "-o", out)
    raw = out.read_bytes()
    text = run(dis, "-o", "-", out)
    told = re.search(r'^target triple = "(.*)"$', text, re.MULTILINE)
    assert told
    ours = bitcode.triple(raw, 0, len(raw))
    if ours is None:  # Apple's bitcode is wrapped
        start, size = (int.from_bytes(raw[n : n + 4], "little") for n in (8, 12))
        ours = bitcode.triple(raw, start, start + size)
    assert ours == told[1]
    archive = tmp_path / "x.a"
    run(need_tool("llvm-ar", "llvm-ar-14"), "rc", archive, out)
    others = {"arm64-apple-ios14.0": "darwin/arm64", "x86_64-linux-android": "linux/amd64"}
    assert ar.census(archive.read_bytes()).isas == {(TARGETS | others)[triple]: 1}
