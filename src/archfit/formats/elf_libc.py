"""Which C library and system an ELF file was linked for, from what it names.

Loader names: glibc 2.42 sysdeps/**/shlib-versions (``ld=``), musl 1.2.5
arch/*/reloc.h with Makefile (``ld-musl-ARCH.so.1``), uClibc-ng 1.0.50
Makefile.in, Android bionic linker/Android.bp, and rtld(1) or ld.so(1) of the BSDs
and illumos. What glibc puts into a static program: csu/abi-note.c (the ABI tag) and
include/libc-symbols.h, libio/libioP.h (sections ``__libc_*``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

#: Start of the loader's path -> (libc, system), the first that fits.
_LOADERS = (
    ("/lib64/ld-linux-x86-64.so", "glibc", "linux"),
    ("/lib/ld-linux-aarch64.so", "glibc", "linux"),
    ("/system/bin/linker", "bionic", "android"),
    ("/system/bin/bootstrap/linker", "bionic", "android"),
    ("/apex/com.android.runtime/bin/linker", "bionic", "android"),
    ("/libexec/ld-elf", "freebsd", "freebsd"),
    ("/usr/libexec/ld-elf.so.2", "dragonfly", "dragonfly"),
    ("/usr/libexec/ld-elf.so.1", "freebsd", "freebsd"),
    ("/usr/libexec/ld.elf_so", "netbsd", "netbsd"),
    ("/libexec/ld.elf_so", "netbsd", "netbsd"),
    ("/usr/libexec/ld.so", "openbsd", "openbsd"),
    ("/usr/lib/ld.so.1", "solaris", "solaris"),
    ("/usr/lib/64/ld.so.1", "solaris", "solaris"),
    ("/usr/lib/amd64/ld.so.1", "solaris", "solaris"),
    ("/lib/64/ld.so.1", "solaris", "solaris"),
    ("/lib/amd64/ld.so.1", "solaris", "solaris"),
    ("/lib/sparcv9/ld.so.1", "solaris", "solaris"),
    ("/lib/ld-x86-64.so.1", "glibc", "hurd"),
    ("/system/runtime_loader", "haiku", "haiku"),
)
#: Start of the loader's file name -> (libc, system), the first that fits.
_LOADER_NAMES = (
    ("ld-linux", "glibc", "linux"),
    ("ld64.so.", "glibc", "linux"),
    ("ld-lsb", "glibc", "linux"),
    ("ld-musl-", "musl", "linux"),
    ("ld-uClibc", "uclibc", "linux"),
    ("ld64-uClibc", "uclibc", "linux"),
)
#: ``/lib/ld.so.1`` is glibc's on these, and illumos' on 386 and sparc.
_LD_SO_1 = frozenset(["mips", "mipsle", "mips64", "mips64le", "ppc", "hppa", "s390", "m68k"])


def of_loader(path: str, isa: str) -> tuple[str | None, str | None]:
    """(libc, system) that this loader belongs to; (None, None) when it is not known."""
    for start, libc, system in _LOADERS:
        if path.startswith(start):
            return libc, system
    folder, _, name = path.rpartition("/")
    for start, libc, system in _LOADER_NAMES:
        if name.startswith(start):
            return libc, system
    if name in ("ld.so.1", "ld.so"):
        if isa in _LD_SO_1:
            return "glibc", "linux"
        if folder == "/lib" and name == "ld.so" and isa == "386":
            return "glibc", "hurd"
        if folder == "/lib" and name == "ld.so.1":
            return "solaris", "solaris"
    return None, None


def of_needs(
    needed: Sequence[str], versions: dict[str, list[str]], system: str | None
) -> tuple[str | None, str]:
    """(libc, the name that gives it away) by libraries and symbol versions asked for."""
    for names in versions.values():
        for name in names:
            if name.startswith("GLIBC_"):
                return "glibc", f"version {name}"
            if name.startswith("FBSD_1."):
                return "freebsd", f"version {name}"
            if name == "LIBC" or name.startswith("LIBC_"):
                return "bionic", f"version {name}"
    for name in needed:
        if name.startswith("libc."):
            libc = _of_libc(name, needed, system)
            if libc is not None:
                return libc, f"NEEDED {name}"
    return None, ""


def _of_libc(name: str, needed: Sequence[str], system: str | None) -> str | None:
    if name.startswith("libc.musl-"):
        return "musl"
    if name in ("libc.so.6", "libc.so.6.1", "libc.so.0.1", "libc.so.0.3"):
        # 6.1: alpha and ia64; 0.1 and 0.3: kfreebsd and hurd.
        return "glibc"
    if system in ("freebsd", "netbsd", "openbsd", "dragonfly", "solaris"):
        return system
    if name == "libc.so":
        # musl has all in one file; bionic has these beside it.
        split = {"libm.so", "libdl.so", "liblog.so"} & set(needed)
        return "bionic" if system == "android" or split else "musl"
    if name in ("libc.so.0", "libc.so.1"):
        return "uclibc"
    return {"libc.so.7": "freebsd", "libc.so.12": "netbsd"}.get(name)


#: Sections that only glibc's libc.a brings into a program.
GLIBC_SECTIONS = ("__libc_IO_vtables", "__libc_freeres_fn", "__libc_atexit", "__libc_subfreeres")
#: A function of musl's src/env/__libc_start_main.c, seen in symbol tables.
MUSL_SYMBOL = b"\0__init_libc\0"
#: The start of the error texts in musl's src/errno/__strerror.h, which no other libc has.
MUSL_TEXT = b"No error information\0Illegal byte sequence\0Domain error\0"


def highest(names: Iterable[str], prefix: str) -> str | None:
    """The highest version, by its numbers, of those named ``<prefix>1.2.3``; None without."""
    best: tuple[int, ...] = ()
    text = None
    for name in names:
        if name.startswith(prefix):
            number = _numbers(name[len(prefix) :])
            if number > best:
                best, text = number, name[len(prefix) :]
    return text


@lru_cache(maxsize=4096)
def _numbers(text: str) -> tuple[int, ...]:
    """1.2.3 as numbers; empty for what is no version, as PRIVATE."""
    parts = text.split(".")
    if all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return tuple([int(part) for part in parts])
    return ()
