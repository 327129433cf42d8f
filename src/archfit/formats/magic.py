"""What a file is, by its first bytes alone.

Sources: ELF gABI 4.1 (e_ident), <mach-o/loader.h> and <mach-o/fat.h>,
PE/COFF specification section 2 and 3.3, <ar.h>, execve(2) for `#!`,
WebAssembly core specification 5.5.16, AIX <filehdr.h> for XCOFF.
"""

from __future__ import annotations

#: How many bytes `recognise` wants to see at the most.
HEAD = 64

#: COFF machine numbers that an object file without MZ may start with
#: (PE/COFF specification 3.3.1); two bytes are little proof, so `recognise`
#: also asks for a plausible section count and an empty optional header.
_COFF_MACHINES = {0x014C, 0x8664, 0xAA64, 0xA641, 0xA64E, 0x01C4}

#: ClassID of an object file with more than 65,279 sections (`cl /bigobj`,
#: ANON_OBJECT_HEADER_BIGOBJ in winnt.h), which has no magic number of its own.
_BIGOBJ = bytes.fromhex("c7a1bad1eebaa94baf20faf66aa4dcb8")

#: Sizes of the optional header in XCOFF: none, objects, modules.
_XCOFF_OPTIONAL = {b"\x01\xdf": (0, 28, 72), b"\x01\xf7": (0, 110, 120)}

_BY_FOUR = {
    b"\x7fELF": "elf",
    b"\xfe\xed\xfa\xce": "macho",
    b"\xce\xfa\xed\xfe": "macho",
    b"\xfe\xed\xfa\xcf": "macho",
    b"\xcf\xfa\xed\xfe": "macho",
    b"\xca\xfe\xba\xbe": "fat",
    b"\xca\xfe\xba\xbf": "fat",
    b"\xbe\xba\xfe\xca": "fat",
    b"\xbf\xba\xfe\xca": "fat",
    b"\x00asm": "wasm",
    b"!<ar": "ar",
    b"!<th": "ar",
}


def recognise(head: bytes) -> str:
    """elf, macho, fat, pe, coff, ar, script, wasm, xcoff, or "" for none of these.

    ``head`` is the start of the file, `HEAD` bytes or fewer.
    """
    name = _BY_FOUR.get(head[:4])
    if name is not None:
        if name == "fat":
            return _fat_or_class(head)
        if name == "ar" and head[:8] not in (b"!<arch>\n", b"!<thin>\n"):
            return ""
        return name
    two = head[:2]
    if two == b"#!" or head[:5] == b"\xef\xbb\xbf#!":
        # `#![` opens an attribute of Rust. With a byte order mark no kernel sees a script;
        # it was meant as one, and that is the fault to be told.
        return "" if head[head.find(b"!") + 1 :][:1] == b"[" else "script"
    if two == b"MZ":
        # Text may start with MZ; the offset of the PE header, below 16 MiB, tells it apart.
        header = int.from_bytes(head[60:64], "little")
        return "pe" if len(head) >= 64 and 0 < header < 1 << 24 else ""
    if two in _XCOFF_OPTIONAL:
        optional = int.from_bytes(head[16:18], "big")
        some = head[2:4] != b"\0\0"  # sections
        return "xcoff" if some and optional in _XCOFF_OPTIONAL[two] else ""
    if head[:4] == b"\0\0\xff\xff":
        return "coff" if head[12:28] == _BIGOBJ else ""
    if len(head) > 20 and int.from_bytes(two, "little") in _COFF_MACHINES:
        sections = int.from_bytes(head[2:4], "little")
        optional = int.from_bytes(head[16:18], "little")
        if 0 < sections < 4096 and optional == 0 and 0x20 <= head[20] < 0x7F:
            return "coff"
    return ""


def _fat_or_class(head: bytes) -> str:
    # A Java class file has the same magic; its next word is minor/major version
    # (major >= 45), where a universal header has its number of slices, which is small.
    big = head[0] == 0xCA
    count = int.from_bytes(head[4:8], "big" if big else "little")
    return "fat" if 0 < count < 43 else ""


#: The first two bytes of everything that `recognise` knows: a cheap first sieve.
FIRST_TWO: frozenset[bytes] = frozenset(
    {magic[:2] for magic in _BY_FOUR}
    | {b"#!", b"\xef\xbb", b"MZ", b"\x01\xdf", b"\x01\xf7", b"\0\0"}
    | {machine.to_bytes(2, "little") for machine in _COFF_MACHINES}
)
