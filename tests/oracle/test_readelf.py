"""ELF files against `readelf`: this system's, fetched ones, and what clang and lld make."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archfit.formats import elf
from archfit.formats.elf_dynamic import DF_1_PIE
from archfit.host.files import window
from real_files import fetched
from toolbox import need_tool

#: Files of this system that are compared, and the fewest that do.
MANY, ENOUGH = 700, 500

#: readelf's words for e_machine -> ours, for little and big endian where they differ.
MACHINES = {
    "Advanced Micro Devices X86-64": ("amd64", "amd64"),
    "Intel 80386": ("386", "386"),
    "AArch64": ("arm64", "arm64be"),
    "ARM": ("arm", "armbe"),
    "RISC-V": ("riscv", "riscv"),
    "PowerPC": ("ppcle", "ppc"),
    "PowerPC64": ("ppc64le", "ppc64"),
    "IBM S/390": ("s390", "s390"),
    "MIPS R3000": ("mipsle", "mips"),
    "Sparc": ("sparc", "sparc"),
    "Sparc v9": ("sparc64", "sparc64"),
    "Linux BPF": ("bpfel", "bpfeb"),
    "QUALCOMM DSP6 Processor": ("hexagon", "hexagon"),
    "Atmel AVR 8-bit microcontroller": ("avr", "avr"),
    "Texas Instruments msp430 microcontroller": ("msp430", "msp430"),
    "Lanai 32-bit processor": ("lanai", "lanai"),
    "LoongArch": ("loong64", "loong64"),
}
#: clang target -> our ISA and variant.
TARGETS = {
    "x86_64-linux-gnu": ("amd64", None),
    "x86_64-linux-gnux32": ("amd64", "x32"),
    "i686-linux-gnu": ("386", None),
    "aarch64-linux-gnu": ("arm64", None),
    "aarch64_be-linux-gnu": ("arm64be", None),
    "armv7-linux-gnueabihf": ("arm", None),
    "armebv7-linux-gnueabihf": ("armbe", None),
    "mips-linux-gnu": ("mips", "o32"),
    "mipsel-linux-gnu": ("mipsle", "o32"),
    "mips64-linux-gnuabi64": ("mips64", "n64"),
    "mips64el-linux-gnuabi64": ("mips64le", "n64"),
    "mips64el-linux-gnuabin32": ("mips64le", "n32"),
    "mipsisa32r6el-linux-gnu": ("mipsle", "o32-r6"),
    "mipsisa64r6el-linux-gnuabi64": ("mips64le", "n64-r6"),
    "powerpc-linux-gnu": ("ppc", None),
    "powerpcle-linux-gnu": ("ppcle", None),
    "powerpc64-linux-gnu": ("ppc64", None),
    "powerpc64le-linux-gnu": ("ppc64le", "elfv2"),
    "riscv32-linux-gnu": ("riscv", "ilp32d"),
    "riscv64-linux-gnu": ("riscv64", "lp64d"),
    "s390x-linux-gnu": ("s390x", None),
    "sparc-linux-gnu": ("sparc", None),
    "sparcv9-linux-gnu": ("sparc64", None),
    "hexagon-linux-musl": ("hexagon", None),
    "bpfel": ("bpfel", None),
    "bpfeb": ("bpfeb", None),
    "avr": ("avr", None),
    "msp430": ("msp430", None),
    "lanai": ("lanai", None),
}
#: Those that lld links.
LINKED = [
    "x86_64-linux-gnu", "i686-linux-gnu", "aarch64-linux-gnu", "armv7-linux-gnueabihf",
    "mips-linux-gnu", "mipsel-linux-gnu", "mips64el-linux-gnuabi64", "powerpc-linux-gnu",
    "powerpc64le-linux-gnu", "riscv64-linux-gnu", "sparcv9-linux-gnu",
]  # fmt: skip


@dataclass
class Said:
    """What readelf says of one file."""

    words: dict[str, str] = field(default_factory=dict)
    interp: str | None = None
    needed: list[str] = field(default_factory=list)
    soname: str | None = None
    rpath: str | None = None
    runpath: str | None = None
    versions: dict[str, list[str]] = field(default_factory=dict)
    weak: set[str] = field(default_factory=set)
    build_id: str | None = None
    properties: set[str] = field(default_factory=set)
    sections: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    symtab: bool = False
    stack: str | None = None
    loads: list[tuple[int, ...]] = field(default_factory=list)


DYNAMIC = re.compile(r" \((NEEDED|SONAME|RPATH|RUNPATH)\) +[\w ]+: \[(.*)\]$")
SECTION = re.compile(r"  \[ *\d+\] (\S*) +(\S+) +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) [0-9a-f]+ ")
LOAD = re.compile(r"  LOAD +" + r"(0x[0-9a-f]+) +" * 5 + r"([R ][W ][E ]) +(0x[0-9a-f]+)")


def readelf(paths: list[Path]) -> Iterator[tuple[Path, Said]]:
    tool = need_tool("readelf")
    for start in range(0, len(paths), 40):
        part = paths[start : start + 40]
        done = subprocess.run(
            [tool, "-W", "-h", "-l", "-d", "-V", "-n", "-S", *map(str, part), "/dev/null"],
            capture_output=True, check=False, env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
        )  # fmt: skip
        blocks = done.stdout.decode("utf-8", "replace").split("\nFile: ")[1:]
        by_path = {block.partition("\n")[0]: block for block in blocks}
        for path in part:
            yield path, said(by_path[str(path)])


def said(block: str) -> Said:
    out = Said()
    library: list[str] = []
    for line in block.splitlines():
        word, colon, text = line.partition(":")
        if colon and line.startswith("  ") and word.strip() in ("Class", "Data", "Type", "Machine"):
            out.words.setdefault(word.strip(), text.strip())
        elif "[Requesting program interpreter: " in line:
            out.interp = line.partition("interpreter: ")[2].rstrip("]")
        elif match := DYNAMIC.search(line):
            if match[1] == "NEEDED":
                out.needed.append(match[2])
            else:
                setattr(out, match[1].lower(), match[2])
        elif match := re.search(r"Version: 1  File: (\S+)  Cnt: ", line):
            library = out.versions.setdefault(match[1], [])
        elif match := re.search(r"  Name: (\S+)  Flags: (\S+)  Version: ", line):
            library.append(match[1])
            if "WEAK" in match[2]:
                out.weak.add(match[1])
        elif "    Build ID: " in line:
            out.build_id = line.partition("Build ID: ")[2].strip()
        elif match := re.search(r"(x86 feature|x86 ISA needed|AArch64 feature): (.+)$", line):
            out.properties |= {f"{match[1]}: {word}" for word in match[2].split(", ")}
        elif match := SECTION.match(line):
            out.symtab |= match[2] == "SYMTAB"
            if match[2] != "NOBITS" and match[1]:
                place = (int(match[3], 16), int(match[4], 16), int(match[5], 16))
                out.sections.setdefault(match[1], place)
        elif match := LOAD.match(line):
            out.loads.append((*(int(n, 16) for n in match.groups()[:5]), int(match[7], 16)))
        elif "  GNU_STACK " in line:
            out.stack = line[-12:]
    return out


def compare(path: Path, want: Said) -> None:
    with window(str(path)) as (data, _):
        found = elf.read(data)
        header = found.header
        assert want.words["Class"] == f"ELF{found.bits}"
        assert found.endian in want.words["Data"]
        isas = MACHINES[want.words["Machine"]]
        isa = isas[0 if found.endian == "little" else 1]
        if isa.startswith(("mips", "riscv", "s390")):
            assert found.isa.replace("64", "").rstrip("x") == isa
        else:
            assert found.isa == isa
        number = {"NONE": 0, "REL": 1, "EXEC": 2, "DYN": 3, "CORE": 4}
        assert header.type == number[want.words["Type"].split(" ")[0]]
        assert [
            (s.offset, s.vaddr, s.filesz, s.memsz, s.align) for s in found.segments if s.type == 1
        ] == [(o, v, f, m, a) for o, v, _, f, m, a in want.loads]
        for name, place in want.sections.items():
            if len(name) < 60 and place[1] + place[2] <= len(data):
                assert found.section(name) == place, name
        assert found.stripped is not want.symtab
        if found.type == "debug":
            return  # readelf reads tables from where the bytes of others stand
        assert found.interp == want.interp
        assert list(found.needed) == want.needed
        assert found.soname == want.soname
        assert ":".join(found.rpath) == (want.rpath or "")
        assert ":".join(found.runpath) == (want.runpath or "")
        assert found.versions == want.versions
        assert found.dynamic.weak == want.weak
        assert found.build_id == want.build_id
        compare_type(found, want)
        compare_notes(found, want)


def compare_type(found: elf.Elf, want: Said) -> None:
    pie = "Position-Independent Executable" in want.words["Type"]
    assert bool(found.dynamic.flags_1 & DF_1_PIE) is pie
    if want.words["Type"].startswith("DYN"):
        # readelf goes by DF_1_PIE alone, which linkers before 2016 don't write.
        marked = found.dynamic.debug or (want.interp is not None and want.soname is None)
        assert found.type == ("executable" if pie or marked else "shared")


def compare_notes(found: elf.Elf, want: Said) -> None:
    if found.segments:
        features = {p.partition(": ")[2].lower() for p in want.properties if " feature" in p}
        assert set(found.hardening) == features
        levels = {p.partition(": ")[2] for p in want.properties if "needed" in p}
        assert found.isa_level == (max(levels) if levels else None)
        if want.stack is not None and found.exec_stack is not None:
            assert found.exec_stack is ("E" in want.stack)


def system_files() -> list[Path]:
    found = []
    for top in ("/usr/bin", "/usr/lib", "/usr/sbin", "/usr/libexec"):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        if file.read(4) == b"\x7fELF":
                            found.append(Path(path))
    return sorted(found)


def test_files_of_this_system() -> None:
    paths = system_files()
    chosen = random.Random(11).sample(paths, min(MANY, len(paths)))
    count = 0
    for path, want in readelf(chosen):
        try:
            compare(path, want)
        except AssertionError as error:
            raise AssertionError(f"{path}: {error}") from error
        count += 1
    if count < ENOUGH:
        pytest.skip(f"only {count} ELF files on this system")


def test_fetched_files() -> None:
    """Programs for arm, mips64le, ppc64, s390x, and for FreeBSD, OpenBSD and illumos."""
    paths = fetched("elf")
    assert paths
    for path, want in readelf(paths):
        try:
            compare(path, want)
        except AssertionError as error:
            raise AssertionError(f"{path}: {error}") from error


@pytest.mark.parametrize("target", TARGETS)
def test_objects_of_clang(tmp_path: Path, target: str) -> None:
    clang = need_tool("clang")
    source, out = tmp_path / "a.c", tmp_path / "a.o"
    source.write_text("int out(int); int f(int a) { return out(a) + 1; }\n")
    words = [clang, "-target", target, "-integrated-as", "-c", str(source), "-o", str(out)]
    subprocess.run(words, check=True)
    for path, want in readelf([out]):
        compare(path, want)
        found = elf.read(path.read_bytes())
        assert (found.isa, found.variant, found.type) == (*TARGETS[target], "object")


@pytest.mark.parametrize("target", LINKED)
@pytest.mark.parametrize("kind", ["shared", "pie", "static"])
def test_what_lld_links(tmp_path: Path, target: str, kind: str) -> None:
    clang, linker = need_tool("clang"), need_tool("ld.lld")
    source, out = tmp_path / "a.c", tmp_path / "a.o"
    source.write_text("int value = 4; int _start(int a) { return a + value; }\n")
    words = [clang, "-target", target, "-integrated-as", "-fPIC", "-c", str(source)]
    subprocess.run([*words, "-o", str(out)], check=True)
    library = tmp_path / "libx.so"
    subprocess.run(
        [linker, "-shared", "-soname", "libx.so.1", str(out), "-o", str(library)], check=True
    )
    flags = {
        "shared": ["-shared", "-soname", "liba.so.2", str(library), "-rpath", "$ORIGIN:/x"],
        "pie": ["-pie", "--dynamic-linker", "/lib/ld.so.1", str(library), "--disable-new-dtags",
                "-rpath", "/opt", "--build-id=sha1", "-z", "execstack"],
        "static": ["-static", "--build-id=md5"],
    }[kind]  # fmt: skip
    program = tmp_path / kind
    done = subprocess.run(
        [linker, str(out), *flags, "-o", str(program)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"lld does not link {kind} for {target}")
    for path, want in readelf([program]):
        compare(path, want)
        found = elf.read(path.read_bytes())
        assert found.type == ("shared" if kind == "shared" else "executable")
        assert found.static is (kind == "static")
        assert (found.isa, found.variant or TARGETS[target][1]) == (
            TARGETS[target][0],
            found.variant or TARGETS[target][1],
        )


def test_a_core(tmp_path: Path) -> None:
    gdb = need_tool("gdb", "gdb-multiarch")
    core = tmp_path / "core"
    words = ["-nx", "-batch", "-ex", "starti", "-ex", f"generate-core-file {core}", "/bin/true"]
    subprocess.run([gdb, *words], capture_output=True, check=False, cwd=tmp_path)
    if not core.exists():
        pytest.skip("gdb can't trace here")
    for path, want in readelf([core]):
        found = elf.read(path.read_bytes())
        assert (found.type, found.os, found.libc, found.needed) == ("core", "linux", None, ())
        assert len([s for s in found.segments if s.type == 1]) == len(want.loads)
        assert found.segment_align is None
