"""ELF core files of Linux: threads with their registers, mapped files, and memory.

Sources: Linux 6.x fs/binfmt_elf.c (elf_core_dump, fill_note_info, fill_files_note),
include/linux/elfcore.h (struct elf_prstatus), arch/x86/include/uapi/asm/ptrace-abi.h and
arch/x86/include/asm/user_64.h (struct user_regs_struct), arch/arm64/include/uapi/asm/ptrace.h
(struct user_pt_regs); qemu 7.2 linux-user/elfload.c (elf_core_dump), which writes the same
notes for its guest but no NT_FILE.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field

from archfit.formats.elf_header import PT_LOAD, PT_NOTE, Segment, read_header, read_segments
from archfit.model.errors import Malformed
from archfit.model.image import Window

_ET_CORE = 4
_NT_PRSTATUS, _NT_PRPSINFO, _NT_AUXV = 1, 3, 6
_NT_SIGINFO, _NT_FILE, _NT_ARM_TLS = 0x53494749, 0x46494C45, 0x401
#: Notes, threads and mapped files that are looked at, at the most.
_MOST_NOTES, _MOST_FILES = 1 << 16, 1 << 15

#: DWARF numbers of the registers in the order of NT_PRSTATUS; None: it has no such number.
#: amd64: System V psABI 1.0 figure 3.36; arm64: AADWARF64 section 4.1.
_AMD64 = (15, 14, 13, 12, 6, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5, None, 16, None, 49, 7, None, 58, 59)
_ARM64 = (*range(32), 32, None)
REGISTERS = {"amd64": _AMD64, "arm64": _ARM64}
#: Where pr_reg stands in struct elf_prstatus of a 64-bit system, in bytes.
_PR_REG = 112


@dataclass(frozen=True, slots=True)
class CoreThread:
    """``registers``: by DWARF number (amd64: 16 = rip, 58 = fs base; arm64: 31 = sp,
    32 = pc); ``signal``: that which it was about to take, 0 = none; ``tls``: the
    thread pointer, None where the core does not say it."""

    id: int
    signal: int
    registers: dict[int, int] = field(repr=False)
    tls: int | None


@dataclass(frozen=True, slots=True)
class CoreMapping:
    """A mapped file: addresses and the offset in the file, in bytes."""

    start: int
    end: int
    offset: int
    path: str


@dataclass(frozen=True, slots=True)
class Core:
    """``loads``: (first address, last + 1 in the file, offset in the file), sorted by address;
    ``auxv``: type -> value; ``fault``: si_addr of the signal, None when there is none."""

    isa: str
    program: str
    threads: tuple[CoreThread, ...]
    mappings: tuple[CoreMapping, ...]
    auxv: dict[int, int]
    fault: int | None
    loads: tuple[tuple[int, int, int], ...] = field(repr=False)
    data: Window = field(repr=False)

    def read(self, address: int, size: int) -> bytes:
        """The bytes of memory that the core holds from an address on, at most ``size``."""
        at = bisect_right(self.loads, (address, 1 << 64, 0)) - 1
        if at < 0:
            return b""
        start, end, offset = self.loads[at]
        if not start <= address < end:
            return b""
        first = offset + address - start
        found = bytes(self.data[first : first + min(size, end - address)])
        short = len(found) < size and address + len(found) == end
        if found and short and at + 1 < len(self.loads) and self.loads[at + 1][0] == end:
            found += self.read(end, size - len(found))
        return found


def read(data: Window) -> Core:
    """A core file of a 64-bit little-endian Linux process, amd64 or arm64.

    Raises Malformed when it is none; what is cut off at its end is merely not there.
    """
    header = read_header(data)
    if header.type != _ET_CORE:
        raise Malformed("not a core file")
    if header.isa not in REGISTERS or header.bits != 64:
        raise Malformed(f"core files of {header.isa} are not read, only amd64 and arm64")
    segments = read_segments(data, header)
    threads: list[CoreThread] = []
    mappings: tuple[CoreMapping, ...] = ()
    auxv: dict[int, int] = {}
    program, fault = "", None
    for kind, start, end in _notes(data, segments):
        body = bytes(data[start : min(end, start + (1 << 22))])
        if kind == _NT_PRSTATUS:
            threads.append(_thread(body, header.isa))
        elif kind == _NT_ARM_TLS and threads and len(body) >= 8:
            last = threads[-1]
            tls = int.from_bytes(body[:8], "little")
            threads[-1] = CoreThread(last.id, last.signal, last.registers, tls)
        elif kind == _NT_PRPSINFO:
            program = body[40:56].split(b"\0")[0].decode("utf-8", "replace")
        elif kind == _NT_AUXV:
            auxv = dict(struct.iter_unpack("<QQ", body[: len(body) // 16 * 16]))
        elif kind == _NT_SIGINFO and len(body) >= 24 and fault is None:
            number = struct.unpack_from("<i", body)[0]
            fault = struct.unpack_from("<Q", body, 16)[0] if number in (4, 5, 7, 8, 11) else None
        elif kind == _NT_FILE:
            mappings = _files(body)
    if not threads:
        raise Malformed("the core file has no thread")
    return Core(
        header.isa, program, tuple(threads), mappings, auxv, fault, _loads(data, segments), data
    )


def _loads(data: Window, segments: tuple[Segment, ...]) -> tuple[tuple[int, int, int], ...]:
    size = len(data)
    rows = []
    for one in segments:
        held = min(one.filesz, size - one.offset)
        if one.type == PT_LOAD and held > 0:
            rows.append((one.vaddr, one.vaddr + held, one.offset))
    return tuple(sorted(rows))


def _notes(data: Window, segments: tuple[Segment, ...]) -> list[tuple[int, int, int]]:
    """(type, start, end) of the body of every note, in the file's order."""
    found: list[tuple[int, int, int]] = []
    for segment in segments:
        if segment.type != PT_NOTE:
            continue
        at, end = segment.offset, min(segment.offset + segment.filesz, len(data))
        while at + 12 <= end and len(found) < _MOST_NOTES:
            name, body, kind = struct.unpack_from("<III", data, at)
            start = at + 12 + (name + 3 & ~3)
            if start + body > end:
                break
            found.append((kind, start, start + body))
            at = start + (body + 3 & ~3)
    return found


def _thread(body: bytes, isa: str) -> CoreThread:
    numbers = REGISTERS[isa]
    if len(body) < _PR_REG + 8 * len(numbers):
        raise Malformed("the state of a thread is cut off")
    signal, number = struct.unpack_from("<h", body, 12)[0], struct.unpack_from("<i", body, 32)[0]
    values = struct.unpack_from(f"<{len(numbers)}Q", body, _PR_REG)
    registers = {n: v for n, v in zip(numbers, values, strict=True) if n is not None}
    return CoreThread(number, signal, registers, registers.get(58) if isa == "amd64" else None)


def _files(body: bytes) -> tuple[CoreMapping, ...]:
    if len(body) < 16:
        return ()
    count, page = struct.unpack_from("<QQ", body)
    names_at = 16 + 24 * count
    if count > _MOST_FILES or names_at > len(body):
        return ()
    names = body[names_at:].split(b"\0")
    rows = struct.iter_unpack("<QQQ", body[16:names_at])
    return tuple(
        CoreMapping(start, end, offset * page, name.decode("utf-8", "replace"))
        for (start, end, offset), name in zip(rows, names, strict=False)
    )
