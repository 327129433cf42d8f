"""Keys of anything executable: ELF, Mach-O, PE, XCOFF, Wasm, archives and scripts.

For a universal binary the facts that differ between slices stand in
`SLICES` alone; each slice is an object whose members are named like the
keys here without the prefix (``isa``, ``needed``, ``min_os`` ...).
"""

from __future__ import annotations

from typing import Any

from archfit.model.fact import Key

FOUND_IN = Key(
    "file.found_in", str, "the folder below which the file was met; absent when named itself"
)
EXECUTABLE = Key("file.executable", bool, "the file's mode lets somebody execute it")
FORMAT = Key("binary.format", str, "elf, macho, pe, xcoff, wasm, ar or script")
ISA = Key("binary.isa", str, "instruction set in Go's spelling: amd64, arm64, 386, ppc64le ...")
VARIANT = Key("binary.variant", str, "finer than the ISA: arm64e, x86_64h, arm64ec, armhf ...")
OS = Key("binary.os", str, "operating system in Go's spelling: linux, darwin, windows ...")
TYPE = Key("binary.type", str, "executable, shared, object, core, bundle, dylinker, kext, dsym ...")
PIE = Key("binary.pie", bool, "position independent executable")
STATIC = Key("binary.static", bool, "an executable without interpreter and without NEEDED")
BITS = Key("binary.bits", int, "32 or 64")
ENDIAN = Key("binary.endian", str, "little or big")
LOADER = Key("binary.loader", str, "ELF interpreter (PT_INTERP), or dyld")
LOADER_FOUND = Key(
    "binary.loader_found",
    dict,
    "where the loader was looked for: {path, isa, searched}; path null when absent",
)
NEEDED = Key(
    "binary.needed",
    list,
    "libraries asked for, in the file's order (DT_NEEDED, LC_LOAD_DYLIB, imports)",
)
SONAME = Key("binary.soname", str, "DT_SONAME, or LC_ID_DYLIB")
RPATH = Key("binary.rpath", list, "DT_RPATH or LC_RPATH, as written")
RUNPATH = Key("binary.runpath", list, "DT_RUNPATH, as written")
VERSIONS = Key("binary.versions", dict, "needed symbol versions: {library: [version, ...]}")
LIBC = Key(
    "binary.libc", str, "glibc, musl, bionic, uclibc, freebsd, libSystem, msvcrt, ucrt or none"
)
GLIBC_MIN = Key("binary.glibc_min", str, "lowest glibc which has all needed versions, as 2.34")
GLIBCXX_MIN = Key("binary.glibcxx_min", str, "highest GLIBCXX_ version needed, as 3.4.30")
CXXABI_MIN = Key("binary.cxxabi_min", str, "highest CXXABI_ version needed, as 1.3.13")
ISA_LEVEL = Key(
    "binary.isa_level",
    str,
    "level that the file says it needs: x86-64-v3, x86-64-v4, GOAMD64=v3 ...",
)
HARDENING = Key("binary.hardening", list, "notes in the file: bti, pac, gcs, ibt, shstk")
EXEC_STACK = Key(
    "binary.exec_stack",
    bool,
    "PT_GNU_STACK asks for an executable stack (or is absent where that means it)",
)
SEGMENT_ALIGN = Key(
    "binary.segment_align",
    int,
    "bytes: the largest page size the loadable segments can be mapped at",
)
BUILD_ID = Key("binary.build_id", str, "GNU build id or LC_UUID, hex")
STRIPPED = Key("binary.stripped", bool, "no symbol table beside the dynamic one")
PLATFORM = Key("binary.platform", str, "Mach-O platform: macos, ios, iossimulator, maccatalyst ...")
MIN_OS = Key("binary.min_os", str, "lowest OS version the file says it runs on, as 11.0")
SDK = Key("binary.sdk", str, "SDK it was linked against, as 14.2")
SIGNATURE = Key(
    "binary.signature",
    str,
    "none, signed (by whom is not verified); Mach-O also adhoc, linker (ad hoc by the linker), "
    "broken",
)
SLICES = Key("binary.slices", list, "one object for each slice; a thin file has one")
LIBRARIES = Key(
    "binary.libraries",
    list,
    "where each library asked for was looked for and found: {name, path, isa, by, for, searched} "
    "and, where they say something, searched_more, wrong, broken, unchecked; path null when it "
    "is not had",
)
MEMBERS = Key("archive.members", int, "members of an archive that are object files or bitcode")
MEMBER_ISAS = Key(
    "archive.isas", dict, "how many members there are of each os/isa, as {'linux/arm64': 12}"
)
ODD_MEMBERS = Key(
    "archive.odd", list, "first members whose ISA is not that of the majority: {name, isa}"
)
INTERPRETER = Key("script.interpreter", str, "program named after #!")
SCRIPT_ARGS = Key("script.args", str, "the rest of the #! line")
SCRIPT_PROGRAM = Key(
    "script.program", str, "what `env` is asked to start, or the interpreter itself"
)
SCRIPT_CRLF = Key(
    "script.crlf", bool, "the #! line ends in CR LF, so CR belongs to the interpreter's name"
)
SCRIPT_BOM = Key(
    "script.bom", bool, "a byte order mark stands before #!, so no kernel takes it for a script"
)
SCRIPT_CUT = Key(
    "script.cut", bool, "the interpreter's name is longer than what the kernel reads of the file"
)
SCRIPT_UNSPLIT = Key(
    "script.unsplit",
    bool,
    "env is given several words without -S; Linux hands them over as one name",
)
SCRIPT_RESOLVED = Key(
    "script.resolved",
    dict,
    "where the program was found: {path, format, isa, os}; path null when absent",
)

ALL: tuple[Key[Any], ...] = tuple(v for v in list(globals().values()) if isinstance(v, Key))
