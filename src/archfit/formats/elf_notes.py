"""Notes in an ELF file: what its builder wrote beside the code.

Sources: System V gABI 4.1 chapter 5, "Note Section"; LSB 5.0 Core, 11.8
(NT_GNU_ABI_TAG); Linux Extensions to gABI draft 2021, 2.1.7 (program properties
and the 8-byte alignment of their section in 64-bit files); x86-64 psABI 1.0,
"x86 ISA levels" (GNU_PROPERTY_X86_ISA_1_NEEDED); AAELF64 2024Q3, 6.2
(GNU_PROPERTY_AARCH64_FEATURE_1_AND); RISC-V ELF psABI 1.0, program properties;
numbers as in glibc 2.42 elf/elf.h.
"""

from __future__ import annotations

from typing import NamedTuple

from archfit.formats.elf_header import Layout
from archfit.model.image import Window

#: More notes than a core of a program with a thousand threads has, in all spans together.
_MAX_NOTES = 1 << 14
_MAX_SPANS = 256
_MAX_PROPERTIES = 1024

_ABI_TAG_OS = {
    0: "linux", 1: "hurd", 2: "solaris", 3: "kfreebsd", 4: "knetbsd", 5: "syllable", 6: "nacl",
}  # fmt: skip
#: Owners whose mere name says the system. A note of type 1 is the system's version.
_OWNER_OS = {
    b"FreeBSD": "freebsd",
    b"NetBSD": "netbsd",
    b"NetBSD-CORE": "netbsd",
    b"OpenBSD": "openbsd",
    b"DragonFly": "dragonfly",
    b"Android": "android",
    b"LINUX": "linux",
}
_X86 = ("386", "amd64")
_X86_LEVELS = ("x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4")
_FEATURES = {
    "386": ("ibt", "shstk"),
    "amd64": ("ibt", "shstk"),
    "arm64": ("bti", "pac", "gcs"),
    "riscv64": ("zicfilp", "zicfiss"),
    "riscv": ("zicfilp", "zicfiss"),
}


class Note(NamedTuple):
    """A note; its text lies at ``offset`` of the file, ``size`` bytes long."""

    owner: bytes
    type: int
    offset: int
    size: int


class Marks(NamedTuple):
    """What the notes say. ``isa_needed`` and ``isa_used``: the highest level named."""

    os: str | None = None
    os_note: str = ""
    gnu_abi_tag: bool = False
    build_id: str | None = None
    hardening: tuple[str, ...] = ()
    isa_needed: str | None = None
    isa_used: str | None = None


def read(data: Window, layout: Layout, spans: list[tuple[int, int, int]]) -> list[Note]:
    """The notes of segments or sections: (offset, size, align) of each."""
    found: list[Note] = []
    for start, size, align in spans[:_MAX_SPANS]:
        _read(data, layout, start, min(start + size, len(data)), 7 if align == 8 else 3, found)
    return found


def _read(data: Window, layout: Layout, at: int, end: int, pad: int, found: list[Note]) -> None:
    # Ends where the notes stop making sense. Names and texts are padded to 4 bytes, or to 8.
    unpack = layout.note.unpack_from
    while at + 12 <= end and len(found) < _MAX_NOTES:
        name_size, text_size, kind = unpack(data, at)
        name = at + 12
        text = name + name_size + (-(12 + name_size) & pad)
        if name_size > 64 or text + text_size > end:
            return
        owner = data[name : name + name_size].rstrip(b"\0")
        found.append(Note(owner, kind, text, text_size))
        at = text + text_size + (-text_size & pad)


def marks(data: Window, layout: Layout, isa: str, notes: tuple[Note, ...]) -> Marks:
    """The marks among these notes of a file of this ISA."""
    system, where = None, ""
    build_id = None
    tag = False
    hardening: tuple[str, ...] = ()
    needed = used = None
    for note in notes:
        owner = note.owner
        if owner == b"GNU":
            if note.type == 1 and note.size >= 16:
                tag = True
                number = layout.word.unpack_from(data, note.offset)[0]
                system, where = _ABI_TAG_OS.get(number, system), "note .note.ABI-tag"
            elif note.type == 3 and note.size <= 64:
                build_id = data[note.offset : note.offset + note.size].hex()
            elif note.type == 5:
                hardening, needed, used = _properties(data, layout, isa, note)
        elif system is None and owner in _OWNER_OS:
            system, where = _OWNER_OS[owner], f"note of {owner.decode()}"
    return Marks(system, where if system else "", tag, build_id, hardening, needed, used)


def _properties(
    data: Window, layout: Layout, isa: str, note: Note
) -> tuple[tuple[str, ...], str | None, str | None]:
    # Each property: type, size, then its bytes padded to the word size of the class.
    hardening: tuple[str, ...] = ()
    needed = used = None
    at, end = note.offset, note.offset + note.size
    pad = layout.dynamic.size // 2 - 1
    for _ in range(_MAX_PROPERTIES):
        if at + 8 > end:
            break
        kind, size = layout.word.unpack_from(data, at)[0], layout.word.unpack_from(data, at + 4)[0]
        at += 8
        if at + size > end:
            break
        if size == 4:
            value = layout.word.unpack_from(data, at)[0]
            # The processor's feature word has another number on x86 than elsewhere.
            if kind == (0xC0000002 if isa in _X86 else 0xC0000000) and isa in _FEATURES:
                hardening = tuple(
                    [name for bit, name in enumerate(_FEATURES[isa]) if value >> bit & 1]
                )
            elif kind == 0xC0008002 and isa in _X86:
                needed = _level(value)
            elif kind == 0xC0010002 and isa in _X86:
                used = _level(value)
        at += size + (-size & pad)
    return hardening, needed, used


def _level(value: int) -> str | None:
    known = (value & 15).bit_length()
    return _X86_LEVELS[known - 1] if known else None
