"""Identity and needs of a PE image or a COFF object file, as facts."""

from __future__ import annotations

from typing import Any

from archfit.facts import binary as b
from archfit.formats import pe
from archfit.model.fact import Fact, Key, Trust
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene

#: Member of a slice's object -> its key, trust, and where it comes from.
_FLAT: tuple[tuple[str, Key[Any], Trust, str], ...] = (
    ("isa", b.ISA, Trust.HEADER, "COFF header Machine"),
    ("variant", b.VARIANT, Trust.HEADER, "COFF header Machine, load configuration, CLI header"),
    ("os", b.OS, Trust.HEADER, "COFF header Machine, optional header Subsystem"),
    ("type", b.TYPE, Trust.HEADER, "COFF header Characteristics"),
    ("bits", b.BITS, Trust.HEADER, "optional header Magic"),
    ("endian", b.ENDIAN, Trust.HEADER, "PE is little endian"),
    ("needed", b.NEEDED, Trust.STORED, "import table"),
    ("soname", b.SONAME, Trust.STORED, "export table Name"),
    ("libc", b.LIBC, Trust.STORED, "import table"),
    ("min_os", b.MIN_OS, Trust.HEADER, "optional header SubsystemVersion"),
    ("signature", b.SIGNATURE, Trust.STORED, "certificate table"),
    ("segment_align", b.SEGMENT_ALIGN, Trust.HEADER, "optional header SectionAlignment"),
    ("stripped", b.STRIPPED, Trust.STORED, "COFF header NumberOfSymbols"),
)

#: Starts of the names of C runtimes, lower case. vcruntime and msvcp140 go with the ucrt.
_UCRT = ("api-ms-win-crt-", "ucrtbase", "vcruntime", "msvcp140")
_MSVCRT = ("msvcrt", "msvcr", "crtdll")


def _run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    if image.format == "coff":
        _add(pe.read_coff(image.data), "coff", facts)
    elif pe.has_header(image.data):  # else a program of DOS or 16-bit Windows
        found = pe.read(image.data)
        scene.parsed["pe"] = found
        _add(found, "pe", facts)


def _add(found: pe.Pe, form: str, facts: dict[str, Fact]) -> None:
    one = _describe(found)
    facts["binary.format"] = Fact(form, Trust.HEADER, "magic number")
    for name, key, trust, source in _FLAT:
        if name in one:
            facts[key.name] = Fact(one[name], trust, source)
    facts["binary.slices"] = Fact([one], Trust.HEADER, "the file has one slice")


def _describe(found: pe.Pe) -> dict[str, Any]:
    out: dict[str, Any] = {"type": found.type, "bits": found.bits, "endian": "little"}
    if not found.any_cpu:
        out["isa"] = found.isa
    if found.variant:
        out["variant"] = found.variant
    if found.system:
        out["os"] = found.system
    if found.kind == "coff":
        return out
    out["needed"] = list(found.needed)
    if found.delayed:
        out["delayed"] = list(found.delayed)
    if found.own_name:
        out["soname"] = found.own_name
    if found.system == "windows":
        out["libc"] = _libc(found)
        out["min_os"] = found.subsystem_version
        out["signature"] = "signed" if found.certificate else "none"
    if found.subsystem:
        out["subsystem"] = found.subsystem
    if found.section_align >= 4096:
        out["segment_align"] = found.section_align
    out["stripped"] = found.symbols == 0
    return out


def _libc(found: pe.Pe) -> str:
    names = [name.lower() for name in (*found.needed, *found.delayed)]
    if any(name.startswith(_UCRT) for name in names):
        return "ucrt"
    return "msvcrt" if any(name.startswith(_MSVCRT) for name in names) else "none"


PROBE = FileProbe(
    "pe", ("pe", "coff"), (b.FORMAT, *(key for _, key, _, _ in _FLAT), b.SLICES), _run
)
