"""An ELF file's identity and needs, as facts."""

from __future__ import annotations

from typing import Any

from archfit.facts import binary
from archfit.formats.elf import Elf, read
from archfit.model.fact import Fact, Key, Trust
from archfit.model.image import FileProbe, Image

_FORMAT = Fact("elf", Trust.HEADER, "ELF magic @0x0")

#: ISAs that Linux, and so most unmarked programs, run on; not micro-controllers or GPUs.
_LINUX = frozenset((
    "386", "amd64", "arm", "armbe", "arm64", "arm64be", "mips", "mipsle", "mips64", "mips64le",
    "ppc", "ppcle", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "loong64", "loong32",
    "sparc", "sparc64", "alpha", "hppa", "ia64", "m68k", "sh", "arc", "arcv2", "csky",
    "microblaze", "nios2", "or1k", "xtensa", "hexagon",
))  # fmt: skip


def _run(image: Image, facts: dict[str, Fact], scene: Any) -> None:
    elf = read(image.data)
    scene.parsed["elf"] = elf
    _identity(elf, facts)
    if elf.header.type in (2, 3) and elf.type != "debug":
        _needs(elf, facts)
    _notes(elf, facts)
    facts[binary.SLICES.name] = Fact([_slice(facts)], Trust.HEADER, "the file has one slice")


def _identity(elf: Elf, facts: dict[str, Fact]) -> None:
    header = elf.header
    facts["binary.format"] = _FORMAT
    isa = f"ELF header e_machine {header.machine} @0x12"
    facts["binary.isa"] = Fact(elf.isa, Trust.HEADER, isa)
    facts["binary.bits"] = Fact(elf.bits, Trust.HEADER, "ELF header EI_CLASS @0x4")
    facts["binary.endian"] = Fact(elf.endian, Trust.HEADER, "ELF header EI_DATA @0x5")
    if elf.interp is not None:
        facts["binary.loader"] = Fact(elf.interp, Trust.HEADER, "PT_INTERP")
    if elf.variant is not None:
        facts["binary.variant"] = Fact(elf.variant, Trust.HEADER, _variant_source(elf))
    facts["binary.type"] = Fact(elf.type, Trust.HEADER, f"ELF header e_type {header.type} @0x10")
    system, mark = elf.os_mark
    if system is not None:
        trust = Trust.STORED if "note" in mark else Trust.HEADER
        facts["binary.os"] = Fact(system, trust, mark)
    elif elf.isa in _LINUX:
        facts["binary.os"] = Fact(
            "linux", Trust.DECLARED, "no OS mark in the file; linux is the usual one"
        )


def _variant_source(elf: Elf) -> str:
    if elf.header.variant is None:
        return f"PT_INTERP {elf.interp}"
    if elf.isa == "amd64" or elf.variant == "ilp32":
        return "ELF header EI_CLASS @0x4"
    return f"ELF header e_flags {elf.header.flags:#x} @{0x30 if elf.bits == 64 else 0x24:#x}"


def _needs(elf: Elf, facts: dict[str, Fact]) -> None:
    def stored(key: Key[Any], value: object, source: str) -> None:
        if value is not None and value != ():
            value = list(value) if isinstance(value, tuple) else value
            facts[key.name] = Fact(value, Trust.STORED, source)

    facts["binary.needed"] = Fact(list(elf.needed), Trust.STORED, "DT_NEEDED")
    stored(binary.SONAME, elf.soname, "DT_SONAME")
    stored(binary.RPATH, elf.rpath, "DT_RPATH")
    stored(binary.RUNPATH, elf.runpath, "DT_RUNPATH")
    stored(binary.VERSIONS, elf.versions or None, "DT_VERNEED")
    stored(binary.GLIBC_MIN, elf.glibc_min, "highest GLIBC_ version of DT_VERNEED, or DT_RELR")
    stored(binary.GLIBCXX_MIN, elf.glibcxx_min, "highest GLIBCXX_ version of DT_VERNEED")
    stored(binary.CXXABI_MIN, elf.cxxabi_min, "highest CXXABI_ version of DT_VERNEED")
    libc, mark = elf.libc_mark
    if libc is not None:
        trust = Trust.HEADER if mark.startswith("PT_INTERP") else Trust.STORED
        facts["binary.libc"] = Fact(libc, trust, mark)
    if elf.type == "executable":
        facts["binary.pie"] = Fact(elf.pie, Trust.HEADER, f"ELF header e_type {elf.header.type}")
        facts["binary.static"] = Fact(
            elf.static, Trust.HEADER, "PT_INTERP and DT_NEEDED, or neither"
        )
    stack = elf.exec_stack
    if stack is not None:
        facts["binary.exec_stack"] = Fact(stack, Trust.HEADER, "PT_GNU_STACK, or its absence")
    align = elf.segment_align
    if align is not None:
        facts["binary.segment_align"] = Fact(
            align, Trust.HEADER, "p_vaddr and p_offset of the PT_LOAD segments"
        )


def _notes(elf: Elf, facts: dict[str, Fact]) -> None:
    if elf.header.type == 4:
        return
    marks = elf.marks
    if marks.build_id is not None:
        facts["binary.build_id"] = Fact(marks.build_id, Trust.STORED, "note NT_GNU_BUILD_ID")
    if marks.hardening:
        facts["binary.hardening"] = Fact(
            list(marks.hardening), Trust.STORED, "note NT_GNU_PROPERTY_TYPE_0 FEATURE_1_AND"
        )
    if marks.isa_needed is not None:
        facts["binary.isa_level"] = Fact(
            marks.isa_needed, Trust.STORED, "note GNU_PROPERTY_X86_ISA_1_NEEDED"
        )
    stripped = elf.stripped
    if stripped is not None:
        facts["binary.stripped"] = Fact(stripped, Trust.STORED, "section headers: SHT_SYMTAB")


#: What a slice repeats, by the name it has there.
_SLICE = tuple(
    (key.name, key.name.partition(".")[2])
    for key in (
        binary.ISA,
        binary.VARIANT,
        binary.OS,
        binary.TYPE,
        binary.BITS,
        binary.ENDIAN,
        binary.PIE,
        binary.STATIC,
        binary.LOADER,
        binary.LIBC,
        binary.NEEDED,
        binary.BUILD_ID,
    )
)


def _slice(facts: dict[str, Fact]) -> dict[str, object]:
    return {short: facts[name].value for name, short in _SLICE if name in facts}


PROBE = FileProbe(
    "elf",
    ("elf",),
    (
        binary.FORMAT,
        binary.ISA,
        binary.VARIANT,
        binary.OS,
        binary.TYPE,
        binary.PIE,
        binary.STATIC,
        binary.BITS,
        binary.ENDIAN,
        binary.LOADER,
        binary.NEEDED,
        binary.SONAME,
        binary.RPATH,
        binary.RUNPATH,
        binary.VERSIONS,
        binary.LIBC,
        binary.GLIBC_MIN,
        binary.GLIBCXX_MIN,
        binary.CXXABI_MIN,
        binary.ISA_LEVEL,
        binary.HARDENING,
        binary.EXEC_STACK,
        binary.SEGMENT_ALIGN,
        binary.BUILD_ID,
        binary.STRIPPED,
        binary.SLICES,
    ),
    _run,
)
