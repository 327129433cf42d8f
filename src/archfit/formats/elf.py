"""ELF files: what a file is, what it asks of a host, and where its parts lie.

`read` looks at the header and the program headers alone; everything else is
decoded when it is asked for, once. The sources stand in the modules beside
this one: elf_header, elf_machines, elf_segments, elf_dynamic, elf_notes, elf_libc.
"""

from __future__ import annotations

from functools import cached_property

from archfit.formats import elf_libc, elf_notes, elf_sections, elf_segments
from archfit.formats.elf_dynamic import DF_1_NODEFLIB, DF_1_PIE, Dynamic, read_dynamic
from archfit.formats.elf_header import (
    PT_DYNAMIC,
    PT_GNU_PROPERTY,
    PT_INTERP,
    PT_LOAD,
    PT_NOTE,
    Header,
    Segment,
    read_header,
    read_segments,
)
from archfit.model.errors import Malformed
from archfit.model.image import Window

_SHT_SYMTAB = 2
_TYPES = {1: "object", 2: "executable", 4: "core"}
#: EI_OSABI, as in elf/elf.h; 0 (System V) says nothing, and 3 is also written by GNU
#: tools for systems other than Linux only where a note says so.
_OSABI = {
    1: "hpux", 2: "netbsd", 3: "linux", 6: "solaris", 7: "aix", 8: "irix", 9: "freebsd",
    10: "tru64", 11: "modesto", 12: "openbsd", 13: "openvms", 14: "nsk", 15: "aros",
    16: "fenixos", 17: "cloudabi", 18: "openvos",
}  # fmt: skip
#: Bytes of read-only data that are searched for musl's error texts.
_MAX_SEARCH = 2 << 20


class Elf:
    """One ELF file. Whatever is decoded late raises Malformed when it breaks the format.

    No slots: what was decoded takes the place of the property that decoded it, so that
    asking again costs nothing.
    """

    def __init__(self, data: Window, header: Header, segments: tuple[Segment, ...]) -> None:
        self.data = data
        self.header = header
        self.segments = segments

    # What it is

    @property
    def bits(self) -> int:
        """32 or 64."""
        return self.header.bits

    @property
    def endian(self) -> str:
        """little or big."""
        return "little" if self.header.little else "big"

    @cached_property
    def isa(self) -> str:
        """In Go's spelling; ``em-<number>`` for a machine without a name."""
        return self.header.isa

    @cached_property
    def variant(self) -> str | None:
        """Finer than the ISA: armhf, x32, elfv2, n32, lp64d ...; None when it has none."""
        if self.header.variant is None and self.isa == "arm" and self.interp:
            # Go's own linker leaves the float bits out (cmd/link/internal/ld/elf.go).
            return {"ld-linux-armhf.so.3": "armhf", "ld-linux.so.3": "armel"}.get(
                self.interp.rpartition("/")[2]
            )
        return self.header.variant

    @cached_property
    def type(self) -> str:
        """executable, shared, object, core, debug (split-off symbols) or ``et-<number>``.

        An ET_DYN is an executable when it has DF_1_PIE or DT_DEBUG, which linkers write
        into programs only, or an interpreter and no SONAME (libc.so.6 has both).
        """
        number = self.header.type
        if number in (2, 3) and self._split_debug:
            return "debug"
        if number != 3:
            return _TYPES.get(number, f"et-{number}")
        dynamic = self.dynamic
        program = (
            dynamic.flags_1 & DF_1_PIE
            or dynamic.debug
            or (self.interp is not None and dynamic.soname is None)
        )
        return "executable" if program else "shared"

    @cached_property
    def _split_debug(self) -> bool:
        return elf_sections.code_is_elsewhere(self._rows)

    @property
    def pie(self) -> bool:
        """A program that may be loaded anywhere."""
        return self.header.type == 3 and self.type == "executable"

    @cached_property
    def static(self) -> bool:
        """A program without interpreter and without NEEDED."""
        return self.type == "executable" and self.interp is None and not self.dynamic.needed

    @property
    def os(self) -> str | None:
        """In Go's spelling; None when the file has no mark of a system."""
        return self.os_mark[0]

    @cached_property
    def os_mark(self) -> tuple[str | None, str]:
        """(system, the mark that says so): a note, EI_OSABI or the loader's name."""
        marks = self.marks
        if marks.os is not None:
            return marks.os, marks.os_note
        header = self.header
        if header.osabi in _OSABI and header.isa not in ("amdgpu", "cuda"):
            return _OSABI[header.osabi], f"EI_OSABI {header.osabi} @0x7"
        if self.interp is not None:
            system = elf_libc.of_loader(self.interp, self.isa)[1]
            if system is not None:
                return system, f"PT_INTERP {self.interp}"
        return None, ""

    # What it asks for

    @cached_property
    def interp(self) -> str | None:
        """The loader it asks the kernel for (PT_INTERP)."""
        for segment in self.segments:
            if segment.type == PT_INTERP:
                # The kernel refuses more than PATH_MAX; split-off symbols have none of it.
                size = min(segment.filesz, 4096)
                text = self.data[segment.offset : segment.offset + size]
                if len(text) < size and not self._split_debug:
                    raise Malformed(f"the loader's name at {segment.offset:#x} is cut off")
                return text.partition(b"\0")[0].decode("utf-8", "backslashreplace") or None
        return None

    @cached_property
    def dynamic(self) -> Dynamic:
        """The dynamic section; empty when there is none."""
        for segment in self.segments:
            if segment.type == PT_DYNAMIC and segment.filesz:
                if self.header.type not in (2, 3) or self._split_debug:
                    break
                layout = self.header.layout
                return read_dynamic(self.data, layout, segment.offset, segment.filesz, self._locate)
        return Dynamic()

    @property
    def needed(self) -> tuple[str, ...]:
        """DT_NEEDED, in the file's order."""
        return self.dynamic.needed

    @property
    def soname(self) -> str | None:
        """DT_SONAME."""
        return self.dynamic.soname

    @property
    def rpath(self) -> tuple[str, ...]:
        """DT_RPATH as written, split at colons."""
        return self.dynamic.rpath

    @property
    def runpath(self) -> tuple[str, ...]:
        """DT_RUNPATH as written, split at colons."""
        return self.dynamic.runpath

    @property
    def versions(self) -> dict[str, list[str]]:
        """Needed symbol versions, {library: [version, ...]}, the weak ones too."""
        return self.dynamic.versions

    @property
    def default_folders(self) -> bool:
        """False when it forbids the search of default folders (DF_1_NODEFLIB)."""
        return not self.dynamic.flags_1 & DF_1_NODEFLIB

    @property
    def libc(self) -> str | None:
        """glibc, musl, bionic, uclibc, freebsd ...; "none" for a static program without a
        trace of one; None where nothing is said (an object, a library that needs nothing)."""
        return self.libc_mark[0]

    @cached_property
    def libc_mark(self) -> tuple[str | None, str]:
        """(libc, the mark that gives it away)."""
        if self.type not in ("executable", "shared"):
            return None, ""
        if self.interp is not None:
            libc = elf_libc.of_loader(self.interp, self.isa)[0]
            if libc is not None:
                return libc, f"PT_INTERP {self.interp}"
        dynamic = self.dynamic
        libc, mark = elf_libc.of_needs(dynamic.needed, dynamic.versions, self.os)
        if libc is not None or not self.static:
            return libc, mark
        return self._static_libc()

    def _static_libc(self) -> tuple[str, str]:
        for name in elf_libc.GLIBC_SECTIONS:
            if self.section(name) is not None:
                return "glibc", f"section {name}"
        if self.marks.gnu_abi_tag and self.os == "linux":
            return "glibc", "note .note.ABI-tag of its crt1.o"
        if self.section(".init") is not None:
            # Without musl's crti.o, as in the large files that pure Go gives, don't search.
            if self._has(elf_libc.MUSL_SYMBOL, self.section(".strtab")):
                return "musl", "symbol __init_libc"
            if self._has(elf_libc.MUSL_TEXT, self.section(".rodata")):
                return "musl", "musl's error texts in .rodata"
        return "none", "no trace of a C library in a static program"

    def _has(self, needle: bytes, where: tuple[int, int, int] | None) -> bool:
        _, offset, size = where or (0, 0, 0)
        # bytes.find is many times as fast as mmap.find.
        return needle in self.data[offset : offset + min(size, _MAX_SEARCH)]

    def _highest(self, prefix: str) -> str | None:
        names = self._strong
        return elf_libc.highest(names, prefix) if names else None

    @cached_property
    def _strong(self) -> list[str]:
        """The versions that have to be there."""
        dynamic = self.dynamic
        weak = dynamic.weak
        return [name for found in dynamic.versions.values() for name in found if name not in weak]

    @property
    def glibc_min(self) -> str | None:
        """The lowest glibc that has all versions it needs, as 2.34; None without such a need.

        DT_RELR, and the version GLIBC_ABI_DT_RELR that linkers add for it, mean 2.36
        (glibc NEWS for 2.36). Weak versions (VER_FLG_WEAK) are no need.
        """
        version = self._highest("GLIBC_")
        relr = self.dynamic.relr and self.libc == "glibc" and not self.static
        if relr or any("GLIBC_ABI_DT_RELR" in found for found in self.versions.values()):
            return elf_libc.highest([version or "0", "2.36"], "")
        return version

    @property
    def glibcxx_min(self) -> str | None:
        """The highest GLIBCXX_ version it needs, as 3.4.30."""
        return self._highest("GLIBCXX_")

    @property
    def cxxabi_min(self) -> str | None:
        """The highest CXXABI_ version it needs, as 1.3.13."""
        return self._highest("CXXABI_")

    # What its notes say

    @cached_property
    def notes(self) -> tuple[elf_notes.Note, ...]:
        """All notes of its segments, then those of sections that no segment has."""
        segments, layout = self.segments, self.header.layout
        spans = [(s.offset, s.filesz, s.align) for s in segments if s.type == PT_NOTE]
        if not spans:
            spans = [(s.offset, s.filesz, s.align) for s in segments if s.type == PT_GNU_PROPERTY]
        found = elf_notes.read(self.data, layout, spans)
        more = elf_notes.read(self.data, layout, elf_sections.notes(self._rows, spans))
        # Properties that no segment has are not seen by any loader.
        return (*found, *[note for note in more if not segments or note.type != 5])

    @cached_property
    def marks(self) -> elf_notes.Marks:
        """What the notes say of system, build id, hardening and ISA level."""
        return elf_notes.marks(self.data, self.header.layout, self.isa, self.notes)

    @property
    def build_id(self) -> str | None:
        """GNU build id, hex."""
        return self.marks.build_id

    @property
    def isa_level(self) -> str | None:
        """x86-64-baseline, -v2, -v3 or -v4: what GNU_PROPERTY_X86_ISA_1_NEEDED demands."""
        return self.marks.isa_needed

    @property
    def hardening(self) -> tuple[str, ...]:
        """bti, pac, gcs, ibt, shstk, zicfilp, zicfiss."""
        return self.marks.hardening

    # How it is mapped, and where its parts lie

    @property
    def exec_stack(self) -> bool | None:
        """Asks for an executable stack; None where that is not known or makes no sense."""
        if self.type not in ("executable", "shared"):
            return None
        glibc = self.libc == "glibc" and not self.static
        return elf_segments.exec_stack(self.segments, self.isa, glibc=glibc)

    @property
    def segment_align(self) -> int | None:
        """Bytes: see `elf_segments.segment_align`; None for what is not loaded."""
        if self.header.type not in (2, 3):
            return None
        return elf_segments.segment_align(self.segments)

    @property
    def load_align(self) -> int | None:
        """Bytes: the smallest p_align, which glibc up to 2.34 checks in shared objects."""
        return elf_segments.load_align(self.segments)

    def offset_of(self, addr: int) -> int | None:
        """The file offset of what is mapped at this address; None when nothing of it is."""
        for segment in self.segments:
            if segment.type == PT_LOAD and 0 <= addr - segment.vaddr < segment.filesz:
                offset = segment.offset + addr - segment.vaddr
                return offset if offset < len(self.data) else None
        return None

    def _locate(self, addr: int, size: int) -> int:
        offset = self.offset_of(addr)
        if offset is None or offset + size > len(self.data):
            raise Malformed(f"{size} bytes at address {addr:#x} are not in the file")
        return offset

    @cached_property
    def _rows(self) -> list[tuple[int, ...]]:
        return elf_sections.read_rows(self.data, self.header)

    @property
    def stripped(self) -> bool | None:
        """No symbol table beside the dynamic one; None when not all section headers were read."""
        rows, header = self._rows, self.header
        if _SHT_SYMTAB in [row[1] for row in rows]:
            return False
        said = header.shnum or (rows[0][5] if rows else 0)
        return None if header.shoff and len(rows) < said else True

    def section(self, name: str) -> tuple[int, int, int] | None:
        """(addr, offset, size) of the first section with this name that has bytes in the file.

        None when there is none, or it is not wholly in the file.
        """
        row = self._sections.get(name)
        if row is None or not elf_sections.has_bytes(row, self.data):
            return None
        return row[3], row[4], row[5]

    def has_section(self, name: str) -> bool:
        """A section of this name is in the table, with or without bytes."""
        return name in self._sections

    def section_flags(self, name: str) -> int:
        """sh_flags of the first section with this name; 0 when there is none."""
        row = self._sections.get(name)
        return row[2] if row else 0

    @cached_property
    def _sections(self) -> dict[str, tuple[int, ...]]:
        return elf_sections.by_name(self.data, self.header, self._rows)


def read(data: Window) -> Elf:
    """An ELF file of any class, byte order and type. Raises Malformed."""
    header = read_header(data)
    return Elf(data, header, read_segments(data, header))
