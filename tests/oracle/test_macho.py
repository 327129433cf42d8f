"""Mach-O files at hand, slice by slice, against llvm-objdump and llvm-otool."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archfit.formats import ar, macho
from archfit.formats.macho_names import PLATFORMS
from real_files import fetched, made_macho, run
from toolbox import need_tool

ISA = {
    "X86_64": "amd64",
    "ARM64": "arm64",
    "I386": "386",
    "ARM": "arm",
    "PPC": "ppc",
    "ARM64_32": "arm64_32",
    "16777234": "ppc64",
}
TYPE = {
    "OBJECT": "object",
    "EXECUTE": "executable",
    "DYLIB": "shared",
    "BUNDLE": "bundle",
    "DYLINKER": "dylinker",
    "DSYM": "dsym",
}
DYLIB = {
    "LC_LOAD_DYLIB": "load",
    "LC_LOAD_WEAK_DYLIB": "weak",
    "LC_REEXPORT_DYLIB": "reexport",
    "LC_LOAD_UPWARD_DYLIB": "upward",
    "LC_LAZY_LOAD_DYLIB": "lazy",
}
MINIMUM = {
    "LC_VERSION_MIN_MACOSX": "macos",
    "LC_VERSION_MIN_IPHONEOS": "ios",
    "LC_VERSION_MIN_TVOS": "tvos",
    "LC_VERSION_MIN_WATCHOS": "watchos",
}


def told(tool: str, path: Path) -> list[dict[str, Any]]:
    """What llvm-objdump says of each slice; an archive's slice is left out."""
    slices = []
    text = run(tool, "--macho", "--private-headers", "--arch=all", path)
    for part in re.split(r"^Mach header$", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        words = lines[2].split()
        slices.append(_slice(words, re.split(r"^Load command \d+$", part, flags=re.MULTILINE)[1:]))
    return slices


def _slice(words: list[str], commands: list[str]) -> dict[str, Any]:
    # MH_MAGIC_64  X86_64  ALL  0x00  DYLIB  14  2088  NOUNDEFS ...
    filetype = words[4]
    out: dict[str, Any] = {
        "isa": ISA.get(words[1], words[1]),
        "bits": 64 if words[0].endswith("_64") else 32,
        "type": TYPE.get(filetype, filetype),
        "pie": "PIE" in words[7:],
        "needed": [],
        "rpaths": [],
        "platforms": [],
        "sections": 0,
    }
    for command in commands:
        rows = [line.split(None, 1) for line in command.splitlines() if line.strip()]
        fields: dict[str, str] = {}
        for row in rows:
            fields.setdefault(row[0], row[1] if len(row) > 1 else "")
        _command(fields, command, out)
    return out


def _three(text: str) -> str:
    """`version 1.2.0` -> `1.2`."""
    return text.split()[1].removesuffix(".0")


def _version(text: str) -> str:
    return "" if text.startswith("n/a") else text


def _command(fields: dict[str, str], command: str, out: dict[str, Any]) -> None:
    name = fields["cmd"]
    if name in DYLIB:
        title = fields["name"].rsplit(" (offset", 1)[0]
        out["needed"].append(
            (title, DYLIB[name], _three(fields["current"]), _three(fields["compatibility"]))
        )
    elif name == "LC_ID_DYLIB":
        out["id"] = fields["name"].rsplit(" (offset", 1)[0]
    elif name == "LC_RPATH":
        out["rpaths"].append(fields["path"].rsplit(" (offset", 1)[0])
    elif name == "LC_LOAD_DYLINKER":
        out["dylinker"] = fields["name"].rsplit(" (offset", 1)[0]
    elif name == "LC_UUID":
        out["uuid"] = fields["uuid"].replace("-", "").lower()
    elif name == "LC_BUILD_VERSION":
        out["platforms"].append(
            (fields["platform"], _version(fields["minos"]), _version(fields["sdk"]))
        )
    elif name in MINIMUM:
        out["platforms"].append(
            (MINIMUM[name], _version(fields["version"]), _version(fields["sdk"]))
        )
    elif name == "LC_CODE_SIGNATURE":
        out["signature"] = (int(fields["dataoff"]), int(fields["datasize"]))
    elif name == "LC_DYLD_CHAINED_FIXUPS":
        out["fixups"] = "chained"
    elif name.startswith("LC_DYLD_INFO"):
        out.setdefault("fixups", "dyld-info")
    elif name == "LC_MAIN":
        out["entry"] = "main"
    elif name == "LC_UNIXTHREAD":
        out["entry"] = "unixthread"
    elif name.startswith("LC_SEGMENT"):
        out["sections"] += command.count("sectname ")


def read(part: macho.Slice) -> dict[str, Any]:
    """The same of this project's reader."""
    out: dict[str, Any] = {
        "isa": part.isa,
        "bits": part.bits,
        "type": part.type,
        "pie": part.pie,
        "needed": [(d.name, d.kind, d.current, d.compatible) for d in part.needed],
        "rpaths": list(part.rpaths),
        "platforms": list(part.platforms),
        "sections": len(list(part.sections())),
    }
    commands = part.commands
    assert commands is not None
    optional = {
        "id": part.id,
        "dylinker": part.dylinker,
        "uuid": part.uuid,
        "signature": commands.signature,
        "fixups": part.fixups,
        "entry": part.entry,
    }
    return out | {name: value for name, value in optional.items() if value is not None}


def parts(path: Path) -> Iterator[macho.Slice]:
    """The slices of a file, and for a slice that is an archive its members."""
    raw = path.read_bytes()
    for part in macho.read(raw).slices:
        if part.kind == "ar":
            for member in ar.members(raw, part.offset, part.offset + part.size):
                yield from macho.read(raw[member.offset : member.offset + member.size]).slices
        else:
            yield part


def normal(one: dict[str, Any]) -> dict[str, Any]:
    """llvm 14 knows no names of platforms after driverkit, and prints versions as written."""
    names = {str(number): name for number, name in PLATFORMS.items()} | {
        "macCatalyst": "maccatalyst"
    }
    return one | {"platforms": [(names.get(p, p), low, sdk) for p, low, sdk in one["platforms"]]}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return fetched("macho", "fat") + list(made_macho(tmp_path_factory.mktemp("macho")))


def test_every_slice_agrees_with_objdump(files: list[Path]) -> None:
    tool = need_tool("llvm-objdump", "llvm-objdump-14")
    differences = []
    count: Counter[str] = Counter()
    for path in files:
        ours = [read(part) for part in parts(path)]
        theirs = [normal(one) for one in told(tool, path)]
        count.update(f"{one['type']} {one['isa']}" for one in ours)
        if ours != theirs:
            differences.append((path.name, ours, theirs))
    assert not differences
    assert sum(count.values()) >= 150, count
    assert len(count) >= 12, count


def test_variants_agree_with_lipo(files: list[Path]) -> None:
    tool = need_tool("llvm-lipo", "llvm-lipo-14")
    names = {("amd64", ""): "x86_64", ("386", ""): "i386", ("amd64", "x86_64h"): "x86_64h"}
    for path in files:
        slices = macho.read(path.read_bytes()).slices
        if any(s.isa in ("ppc", "ppc64") for s in slices):
            continue  # llvm-lipo can't read them
        ours = [names.get((s.isa, s.variant)) or s.variant or s.isa for s in slices]
        assert run(tool, "-archs", path).split() == ours, path


def test_signatures_of_published_files_hold() -> None:
    """Whatever was published runs somewhere, so no signature of it may seem broken."""
    kinds: Counter[str] = Counter()
    for path in fetched("macho", "fat"):
        for part in macho.read(path.read_bytes()).slices:
            kinds[part.signature] += 1
            if part.signature not in ("none", "broken"):
                assert macho.verify_pages(part) == (), path
            assert part.signature != "broken", (path, part.code_signature)
    assert min(kinds["linker"], kinds["adhoc"], kinds["signed"], kinds["none"]) > 0, kinds


def test_a_signature_breaks_when_a_name_is_changed(tmp_path: Path) -> None:
    """By hand it breaks; llvm's tool signs what it changes anew, and that holds."""
    tool = need_tool("llvm-install-name-tool", "llvm-install-name-tool-14")
    changed = 0
    for path in fetched("macho"):
        raw = path.read_bytes()
        part = macho.read(raw).slices[0]
        if part.signature != "linker" or part.type != "shared" or not part.id:
            continue
        name = part.id.encode() + b"\0"
        by_hand = raw.replace(name, part.id[:-1].encode() + b"x\0", 1)
        again = macho.read(by_hand).slices[0]
        assert again.signature == "broken", path
        copy = tmp_path / "copy.dylib"
        copy.write_bytes(raw)
        run(tool, "-id", part.id[:-1] + "x", copy)
        again = macho.read(copy.read_bytes()).slices[0]
        assert (again.id, again.signature) == (part.id[:-1] + "x", "linker")
        assert macho.verify_pages(again) == ()
        changed += 1
        if changed == 5:
            break
    assert changed
