"""Identity and needs of a Mach-O file, thin or universal, as facts."""

from __future__ import annotations

from typing import Any

from archfit.facts import binary as b
from archfit.formats import ar, macho
from archfit.formats.macho_names import os_of
from archfit.model.fact import Fact, Key, Trust
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene

_FORMAT = Fact("macho", Trust.HEADER, "magic number")

#: Types that the kernel or dyld asks a signature of.
_SIGNED = frozenset(("executable", "shared", "bundle", "dylinker", "kext"))

#: Member of a slice's object -> its key, trust, and where it comes from.
_FLAT: tuple[tuple[str, Key[Any], Trust, str], ...] = (
    ("isa", b.ISA, Trust.HEADER, "Mach-O header cputype"),
    ("variant", b.VARIANT, Trust.HEADER, "Mach-O header cpusubtype"),
    ("os", b.OS, Trust.HEADER, "Mach-O magic and platform"),
    ("type", b.TYPE, Trust.HEADER, "Mach-O header filetype"),
    ("bits", b.BITS, Trust.HEADER, "Mach-O magic"),
    ("endian", b.ENDIAN, Trust.HEADER, "Mach-O magic"),
    ("pie", b.PIE, Trust.HEADER, "Mach-O header flags MH_PIE"),
    ("static", b.STATIC, Trust.STORED, "LC_LOAD_DYLINKER and LC_LOAD_DYLIB"),
    ("loader", b.LOADER, Trust.STORED, "LC_LOAD_DYLINKER"),
    ("needed", b.NEEDED, Trust.STORED, "LC_LOAD_DYLIB and its kin"),
    ("soname", b.SONAME, Trust.STORED, "LC_ID_DYLIB"),
    ("rpath", b.RPATH, Trust.STORED, "LC_RPATH"),
    ("libc", b.LIBC, Trust.STORED, "LC_LOAD_DYLIB"),
    ("platform", b.PLATFORM, Trust.STORED, ""),
    ("min_os", b.MIN_OS, Trust.STORED, ""),
    ("sdk", b.SDK, Trust.STORED, ""),
    ("build_id", b.BUILD_ID, Trust.STORED, "LC_UUID"),
    ("signature", b.SIGNATURE, Trust.STORED, "LC_CODE_SIGNATURE"),
    ("segment_align", b.SEGMENT_ALIGN, Trust.HEADER, "LC_SEGMENT addresses and offsets"),
    ("stripped", b.STRIPPED, Trust.STORED, "LC_DYSYMTAB"),
)


def _run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    facts["binary.format"] = _FORMAT
    found = macho.read(image.data)
    scene.parsed["macho"] = found
    described = [_describe(part) for part in found.slices]
    first = found.slices[0].commands
    version = first.version_command if first is not None else ""
    one = described[0]
    others = described[1:]
    for name, key, trust, source in _FLAT:
        if name in one and all(name in other and other[name] == one[name] for other in others):
            facts[key.name] = Fact(one[name], trust, source or version)
    source = "universal header" if found.universal else "the file has one slice"
    facts["binary.slices"] = Fact(described, Trust.HEADER, source)


def _describe(part: macho.Slice) -> dict[str, Any]:
    """A slice as the object that stands in `binary.slices`; what it does not have is left out."""
    out: dict[str, Any] = {"isa": part.isa, "offset": part.offset, "size": part.size}
    if part.variant:
        out["variant"] = part.variant
    commands = part.commands
    if commands is None:
        return _alien(part, out)
    needed = [dylib.name for dylib in commands.needed]
    platform = part.platform
    out |= {"os": os_of(platform), "type": part.type, "bits": part.bits, "endian": part.endian}
    optional = {
        "ptrauth_abi": part.abi,
        "platform": platform,
        "min_os": part.min_os,
        "sdk": part.sdk,
        "build_id": part.uuid,
        "loader": part.dylinker,
        "soname": part.id,
        "rpath": list(commands.rpaths) or None,
        "segment_align": part.segment_align,
        "stripped": part.stripped,
        "fixups": part.fixups,
        "entry": part.entry,
    }
    out |= {name: value for name, value in optional.items() if value is not None}
    if part.type != "object":
        out["needed"] = needed
        if any(name.startswith("/usr/lib/libSystem.") for name in needed):
            out["libc"] = "libSystem"
    if part.type == "executable":
        out["pie"] = part.pie
        out["static"] = part.dylinker is None and not needed
        if out["static"]:
            out["libc"] = "none"
    if part.type in _SIGNED:
        _signed(part, out)
    weak = [dylib.name for dylib in commands.needed if dylib.kind == "weak"]
    if weak:
        out["weak"] = weak
    return out


def _signed(part: macho.Slice, out: dict[str, Any]) -> None:
    out["signature"] = part.signature
    signature = part.code_signature
    if signature is not None:
        if signature.fault:
            out["signature_fault"] = signature.fault
        if signature.hardened:
            out["hardened_runtime"] = True


def _alien(part: macho.Slice, out: dict[str, Any]) -> dict[str, Any]:
    """A slice that is a static archive, or bitcode, or nothing known."""
    if part.kind == "ar":
        out |= {"os": "darwin", "type": "archive"}
        census = ar.census(part.data, part.offset, part.offset + part.size)
        out |= {"members": census.objects, "isas": dict(census.isas)}
        if census.odd:
            out["odd"] = [{"name": name, "isa": isa} for name, isa in census.odd]
    elif part.kind:
        out["type"] = part.kind
    return out


PROBE = FileProbe(
    "macho",
    ("macho", "fat"),
    (b.FORMAT, *(key for _, key, _, _ in _FLAT), b.SLICES),
    _run,
)
