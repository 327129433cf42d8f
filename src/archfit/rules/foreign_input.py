"""Link inputs of another ISA: what linkers print of them, and the two sides of the misfit.

``path`` is the input, ``have`` the ISA it is for, ``need`` the ISA of the link, each as the
linker spells it.
"""

from __future__ import annotations

from archfit.model.text import Hit, Text

_MISFIT = "{path} is for {have}, the link is for {need}"
_OTHER = "{path} is for another target than the link"
_FILE = r" {0,4}['\"]?(?P<path>(?:[A-Za-z]:)?[^\s'\",:][^'\",:\n]{0,300}?)['\"]?"
#: The go command's own object: the linker is of another target, not the input.
_GO_O = ("/go.o", "\\go.o", "rcgu.o")

#: Inputs that are passed over with a warning; the link fails for what was in them.
WARNINGS: tuple[Text, ...] = (
    Text(
        "attempting to link with file built for",
        _MISFIT,
        "ld64 609 and later (Xcode 12 to 14), src/ld/parsers/macho_*_file.cpp",
        rf"[Ii]gnoring file {_FILE}, building for (?P<need>[\w .]{{1,40}}-[\w]{{1,20}}) but"
        rf" attempting to "
        r"link with file built for (?P<have>[\w .]{1,40}-[\w]{1,20})",
        0.9,
        ("/go.o,",),
    ),
    Text(
        "which is not the architecture being linked",
        "{path} is for {have}, the link is for {need}",
        "ld64 before 609 (file was built for X which is not the architecture being linked)",
        rf"[Ii]gnoring file {_FILE}, file was built for (?P<have>[\w ]{{1,40}}?)[^\n]{{0,160}}"
        rf" which is not "
        r"the architecture being linked \((?P<need>\w{1,20})\)",
        0.9,
        ("/go.o,",),
    ),
    Text(
        "missing required architecture",
        "{path} has no slice for {need}",
        "ld64 before 609 (missing required architecture X in file)",
        rf"(?:[Ii]gnoring file {_FILE}, )?missing required architecture (?P<need>\w{{1,20}}) in"
        rf" file",
        0.9,
    ),
    Text(
        "required architecture",
        _MISFIT,
        "ld-prime (Xcode 15 and later): found architecture 'X', required architecture 'Y'",
        rf"(?:[Ii]gnoring file {_FILE}: )?found architecture '(?P<have>[^'\n]{{1,40}})', required "
        r"architecture '(?P<need>[^'\n]{1,20})'",
        0.9,
    ),
    Text(
        "fat file missing arch",
        "{path} has no slice for {need}, only {have}",
        "ld-prime (Xcode 15 and later): fat file missing arch 'X', file has 'Y'",
        rf"(?:[Ii]gnoring file {_FILE}: )?fat file missing arch '(?P<need>[^'\n]{{1,20}})',"
        rf" file has "
        r"'(?P<have>[^'\n]{1,60})'",
        0.9,
    ),
    Text(
        "file is universal",
        "{path} has no slice for {need}",
        "ld64 609 and later (file is universal (N slices) but does not contain a(n) X slice)",
        rf"(?:[Ii]gnoring file {_FILE}, )?file is universal [^\n]{{0,60}}does not contain "
        r"(?:a\(n\) |the |an? )?(?P<need>\w{1,20})",
        0.9,
    ),
    Text(
        "which is incompatible with target architecture",
        _MISFIT,
        "lld MachO/InputFiles.cpp (has architecture X which is incompatible with)",
        rf"(?:warning|error): {_FILE} has architecture (?P<have>\w{{1,20}}) which is"
        rf" incompatible with "
        r"target architecture (?P<need>\w{1,20})",
        0.9,
    ),
    Text(
        "skipping incompatible",
        _OTHER,
        "GNU ld ldfile.c (skipping incompatible F when searching for -lX), gold",
        rf"skipping incompatible {_FILE} (?:when|while) searching for (?P<library>\S{{1,80}})",
        0.88,
    ),
    Text(
        "skipping incompatible file",
        "{path} is for {have}",
        "mold input-files.cc (skipping incompatible file)",
        rf"(?:warning: )?{_FILE}: skipping incompatible file(?::)? ?(?P<have>\w{{0,20}})",
        0.88,
    ),
    Text(
        "conflicts with target machine type",
        _MISFIT,
        "MSVC link, LNK4272",
        r"LNK4272: library machine type '(?P<have>\w{1,20})' conflicts with target machine type "
        r"'(?P<need>\w{1,20})'",
        0.85,
    ),
)
TEXTS: tuple[Text, ...] = (
    *WARNINGS,
    Text(
        "file in wrong format",
        _OTHER,
        "GNU ld, bfd/bfd.c (bfd_error_wrong_format)",
        rf"(?:^|\s){_FILE}: (?:error adding symbols: |could not read symbols: )?file in wrong"
        rf" format",
        0.92,
        _GO_O,
    ),
    Text(
        "File format is ambiguous",
        _OTHER,
        "GNU ld, bfd/format.c (matching formats: coff-x86-64 pe-x86-64)",
        rf"(?:^|\s){_FILE}: (?:file not recognized: )?[Ff]ile format is ambiguous",
        0.88,
    ),
    Text(
        "File in wrong format",
        _OTHER,
        "GNU ld before 2.35, bfd/bfd.c",
        rf"(?:^|\s){_FILE}: (?:error adding symbols: |could not read symbols: )?File in wrong"
        rf" format",
        0.92,
        _GO_O,
    ),
    Text(
        "Relocations in generic ELF",
        "{path} is for ELF machine {have}, which this linker does not know",
        "GNU ld bfd/elf64-gen.c, elf32-gen.c (Relocations in generic ELF (EM: N))",
        rf"(?:^|\s){_FILE}: Relocations in generic ELF \(EM: (?P<have>\d{{1,5}})\)",
        0.92,
        _GO_O,
    ),
    Text(
        "architecture of input file",
        _MISFIT,
        "GNU ld ldlang.c (X architecture of input file F is incompatible with Y output)",
        r"(?P<have>[\w:.-]{1,40}) architecture of input file [`'‘](?P<path>[^'’\n]{1,300})['’] is "
        r"incompatible with (?P<need>\S{1,40}) output",
        0.95,
    ),
    Text(
        "file format not recognized",
        "{path} has a format that this linker does not know",
        "GNU ld, bfd/bfd.c (bfd_error_file_not_recognized)",
        rf"(?:^|\s){_FILE}: (?:file not recognized|error adding symbols): file format not"
        rf" recognized",
        0.85,
        _GO_O,
    ),
    Text(
        "File format not recognized",
        "{path} has a format that this linker does not know",
        "GNU ld before 2.35, bfd/bfd.c",
        rf"(?:^|\s){_FILE}: (?:file not recognized|could not read symbols): File format not"
        rf" recognized",
        0.85,
        _GO_O,
    ),
    Text(
        "is incompatible with",
        "{path} is for another target than {need}",
        "lld ELF/InputFiles.cpp (F is incompatible with elf64-x86-64)",
        rf"(?:error|fatal): {_FILE} is incompatible with (?P<need>(?:elf|arm|aarch|/|"
        rf"[^\s]{{0,200}}\.o)\S{{0,200}})",
        0.93,
        _GO_O,
    ),
    Text(
        "incompatible file type",
        _MISFIT,
        "mold input-files.cc (incompatible file type: X is expected but got Y)",
        rf"{_FILE}: incompatible file type: (?P<need>\w{{1,20}}) is expected but got "
        rf"(?P<have>\w{{1,20}})",
        0.95,
    ),
    Text(
        "unsupported ELF machine number",
        "{path} is for ELF machine {have}, which this linker does not know",
        "gold target-select.cc, object.cc",
        rf"(?:error|fatal): {_FILE}: unsupported ELF machine number (?P<have>\d{{1,5}})",
        0.93,
    ),
    Text(
        "incompatible target",
        _OTHER,
        "gold object.cc (incompatible target)",
        rf"error: {_FILE}: incompatible target",
        0.93,
    ),
    Text(
        "invalid cpu architecture",
        "a link input is for {have}",
        "Zig's Mach-O linker, src/link/MachO.zig",
        r"error: invalid cpu architecture: (?P<have>\w{1,20})",
        0.92,
    ),
    Text(
        "conflicts with target machine type",
        _MISFIT,
        "MSVC link, LNK1112",
        r"LNK1112: module machine type '(?P<have>\w{1,20})' conflicts with target machine type "
        r"'(?P<need>\w{1,20})'",
        0.95,
    ),
    Text(
        "uses VFP register arguments",
        "{path} uses the hard-float calling convention, the link does not",
        "GNU ld bfd/elf32-arm.c (X uses VFP register arguments, Y does not)",
        rf"error: {_FILE} uses VFP register arguments, \S{{1,300}} does not",
        0.9,
    ),
    Text(
        "does not match",
        "the link is told to write for another target than its inputs",
        "GNU ld ldfile.c, ldemul (target emulation X does not match Y)",
        r"target emulation [`'](?P<have>[^'\n]{1,40})' does not match [`'](?P<need>[^'\n]{1,40})'",
        0.9,
    ),
    Text(
        "is incompatible with that of the selected emulation",
        _OTHER,
        "GNU ld bfd/elfxx-mips.c, elfnn-riscv.c (ABI is incompatible with that of the selected)",
        rf"(?:^|\s){_FILE}: (?:ABI|endianness)[^\n]{{0,20}} is? ?incompatible with",
        0.9,
    ),
    Text(
        "endian system and target is",
        _OTHER,
        "GNU ld bfd/bfd.c (compiled for a big endian system and target is little endian)",
        rf"(?:^|\s){_FILE}: compiled for a (?P<have>big|little) endian system and target is "
        r"(?P<need>big|little) endian",
        0.93,
    ),
    Text(
        "modules with",
        _OTHER,
        "GNU ld bfd/elfnn-riscv.c (can't link soft-float modules with double-float modules)",
        rf"(?:^|\s){_FILE}: can't link (?P<have>[\w-]{{1,20}}) modules with "
        rf"(?P<need>[\w-]{{1,20}}) modules",
        0.9,
    ),
    Text(
        "but linking in",
        _MISFIT,
        "ld64 and ld-prime (building for X, but linking in object file built for Y)",
        r"building for '?(?P<need>[\w -]{1,30})'?, but linking in (?:object file|dylib|dylib file)"
        rf"(?: \({_FILE}\))?[^\n]{{0,300}}? ?built for '?(?P<have>[\w ]{{1,30}})",
        0.88,
    ),
    Text(
        "but attempting to link with file built for",
        _MISFIT,
        "ld64 609 and later, as an error",
        rf"error: (?:in )?{_FILE},? building for (?P<need>[\w -]{{1,40}}) but attempting to"
        rf" link with "
        r"file built for (?P<have>[\w -]{1,40})",
        0.9,
        ("ignoring file", "/go.o,"),
    ),
    Text(
        "not a mach",
        "{path} has members that are no Mach-O: it was made for another system",
        "ld64 and ld-prime (archive member 'M' not a mach-o file in 'F')",
        r"archive member '(?P<member>[^'\n]{0,200})' not a mach-o file(?: in)? '?(?P<path>"
        r"[^'\n]{1,300})'?",
        0.85,
    ),
    Text(
        "elf object but not",
        "an object that cgo gave Go's linker is not for {need}",
        "cmd/link/internal/loadelf/ldelf.go",
        r"elf object but not (?P<need>\w{1,20})",
        0.93,
    ),
    Text(
        "mach-o object but not",
        "an object that cgo gave Go's linker is not for {need}",
        "cmd/link/internal/loadmacho/ldmacho.go",
        r"mach-o object but not (?P<need>\w{1,20})",
        0.93,
    ),
    Text(
        "can't be in the same fat output file",
        "two inputs of lipo are for the same ISA",
        "lipo (have the same architectures (X) and can't be in the same fat output file)",
        r"(?P<path>\S{1,300}) and \S{1,300} have the same architectures \((?P<have>\w{1,20})\)",
        0.7,
    ),
)

_NAMES = {
    "arm64": "arm64",
    "arm64e": "arm64",
    "aarch64": "arm64",
    "183": "arm64",
    "x86_64": "amd64",
    "x64": "amd64",
    "x86-64": "amd64",
    "i386:x86-64": "amd64",
    "62": "amd64",
    "i386": "386",
    "x86": "386",
    "3": "386",
    "arm32": "arm",
    "40": "arm",
    "arm": "arm",
    "243": "riscv64",
}


def isa_named(spelled: str) -> str:
    """The ISA in Go's spelling of what a linker calls it; "" when not known."""
    word = spelled.strip().rsplit("-", 1)[-1] if "macOS" in spelled or "iOS" in spelled else spelled
    return _NAMES.get(word.strip(), "")


def side(hit: Hit, name: str) -> str:
    """``have`` or ``need`` of a hit; a number of the ELF header becomes a name."""
    word = hit.group(name)
    return isa_named(word) or word if word.isdigit() else word
