"""How the segments of an ELF file may be mapped.

What each loader does with a PT_LOAD segment at a page size of P:

* Linux, fs/binfmt_elf.c, ``elf_map``: maps file offset ``p_offset - p_vaddr % P`` at
  ``p_vaddr`` rounded down to P. mmap refuses an offset that is no multiple of P
  (EINVAL), so exec fails where ``p_offset`` and ``p_vaddr`` differ modulo P.
  Segments after the first are mapped with MAP_FIXED: one which shares a page with
  an earlier one takes that page over, with its own permissions. ``p_align`` is not
  checked; it only picks the load address of an ET_DYN.
* glibc, elf/dl-load.c, ``_dl_map_object_from_fd`` (shared objects, and programs when
  the loader is run by hand): since 2.35 "ELF load command address/offset not
  page-aligned" when ``(p_vaddr - p_offset) % P`` is not 0. Up to 2.34 also "ELF load
  command alignment not page-aligned" when ``p_align % P`` is not 0, and "... not
  properly aligned" when ``(p_vaddr - p_offset) % p_align`` is not 0.
* musl 1.2.5, ldso/dynlink.c, ``map_library``: checks nothing and rounds both down,
  so that what differs modulo P ends up at wrong addresses.
"""

from __future__ import annotations

from collections.abc import Sequence

from archfit.formats.elf_header import PT_GNU_STACK, PT_LOAD, Segment

#: No kernel has larger base pages; "more than this" is not told apart.
MAX_PAGE = 1 << 20

#: glibc 2.42 sysdeps/*/stackinfo.h: where DEFAULT_STACK_PROT_PERMS has PROT_EXEC.
_GLIBC_EXEC = frozenset((
    "alpha", "arm", "armbe", "hppa", "386", "m68k", "microblaze", "mips", "mipsle", "mips64",
    "mips64le", "or1k", "ppc", "s390", "s390x", "sh", "sparc", "sparc64", "amd64",
))  # fmt: skip
#: Linux 5.8 and later, without PT_GNU_STACK: arch/x86/include/asm/elf.h and
#: arch/arm64/include/asm/elf.h (all of a 32-bit program's memory is executable, a
#: 64-bit one's is not); arch/powerpc/include/asm/elf.h has the same split.
_KERNEL_EXEC = {
    "386": True,
    "arm": True,
    "ppc": True,
    "amd64": False,
    "arm64": False,
    "ppc64": False,
    "ppc64le": False,
}


def segment_align(segments: Sequence[Segment]) -> int | None:
    """Bytes: the largest page size at which all PT_LOAD segments can be mapped.

    A power of two, at most `MAX_PAGE`. None without a PT_LOAD, and for segments
    that overlap by their addresses, which no page size mends.
    """
    loads = sorted([s for s in segments if s.type == PT_LOAD and s.memsz], key=_vaddr)
    if not loads:
        return None
    size = MAX_PAGE
    last = None
    for load in loads:
        if load.filesz:
            shift = load.vaddr - load.offset
            if shift % size:
                size = shift & -shift
        if last is not None:
            end = last.vaddr + last.memsz - 1
            if end >= load.vaddr:
                return None
            # They share pages of every size above the highest bit in which they differ.
            apart = 1 << ((end ^ load.vaddr).bit_length() - 1)
            if apart < size and not _may_share(last, load):
                size = apart
        last = load
    return size


def _vaddr(segment: Segment) -> int:
    return segment.vaddr


def _may_share(first: Segment, second: Segment) -> bool:
    # The second takes the shared page over. That does no harm when the same bytes of
    # the file land there and everything the first was allowed still is.
    same_bytes = first.vaddr - first.offset == second.vaddr - second.offset
    return same_bytes and first.memsz == first.filesz and not first.flags & ~second.flags


def load_align(segments: Sequence[Segment]) -> int | None:
    """Bytes: the smallest p_align of the PT_LOAD segments, which glibc up to 2.34 checks."""
    return min([s.align for s in segments if s.type == PT_LOAD], default=None)


def exec_stack(segments: Sequence[Segment], isa: str, *, glibc: bool) -> bool | None:
    """Whether the file asks for an executable stack; None where nobody has said.

    Without PT_GNU_STACK the default of the loader counts: glibc's for what glibc
    loads, else the kernel's.
    """
    for segment in segments:
        if segment.type == PT_GNU_STACK:
            return bool(segment.flags & 1)
    if glibc:
        return isa in _GLIBC_EXEC
    return _KERNEL_EXEC.get(isa)
