"""ISA levels, page sizes, macOS releases and translators' names."""

from __future__ import annotations

import re
import subprocess

import pytest

from archfit.platforms.isa_level import at_least, linux_name, needs, proven
from archfit.platforms.macos import of_darwin, of_version, runs
from archfit.platforms.page_size import possible
from archfit.platforms.translator import translator_of
from toolbox import need_tool


def _words(text: str) -> list[str]:
    return text.split()


_V2 = _words("cmov cx8 fpu fxsr mmx syscall sse sse2 cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3")
_V3 = [*_V2, *_words("avx avx2 bmi1 bmi2 f16c fma abm movbe xsave")]


def test_a_level_needs_all_its_features() -> None:
    assert proven("amd64", _V2) == "x86-64-v2"
    assert proven("amd64", _V3) == "x86-64-v3"
    assert proven("amd64", [f for f in _V3 if f != "abm"]) == "x86-64-v2"
    assert proven("amd64", []) is None
    assert proven("s390x", _V3) is None


def test_levels_of_arm64_go_as_far_as_the_flags_prove() -> None:
    graviton2 = _words(
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm "
        "lrcpc dcpop asimddp ssbs"
    )
    assert proven("arm64", graviton2) == "armv8.2-a"
    assert proven("arm64", ["fp", "asimd", "crc32"]) == "armv8.0-a"


def test_a_level_holds_those_under_it() -> None:
    assert needs("x86-64-v2") < needs("x86-64-v3") < needs("x86-64-v4")
    assert at_least("x86-64-v4", "x86-64-v2")
    assert not at_least("armv8.6-a", "armv9.0-a")


def test_names_of_macos_and_linux() -> None:
    assert linux_name("SSE3") == "pni"
    assert linux_name("hw.optional.arm.FEAT_LSE") == "atomics"
    assert linux_name("nonsense") is None


def test_levels_are_those_of_the_compiler() -> None:
    gcc = need_tool("gcc")
    for level in ("x86-64-v2", "x86-64-v3", "x86-64-v4"):
        macros = subprocess.run(
            [gcc, f"-march={level}", "-dM", "-E", "-x", "c", "/dev/null"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        defined = {word.lower() for word in re.findall(r"__([A-Z0-9_]+?)__ 1", macros)}
        ours = needs(level) - {"fpu", "cx8", "cmov", "syscall", "cx16"}
        gccs = {"pni": "sse3", "abm": "lzcnt", "bmi1": "bmi", "lahf_lm": "lahf_sahf"}
        missing = {gccs.get(f, f) for f in ours} - defined
        assert missing <= {"bmi1", "mmx"}, (level, missing)


def test_page_sizes() -> None:
    assert possible("arm64") == (4096, 16384, 65536)
    assert possible("arm64", "darwin") == (16384,)
    assert possible("amd64") == (4096,)
    assert possible("vax") == ()


@pytest.mark.parametrize(
    ("darwin", "version"),
    [("20.6.0", "11"), ("22.5.0", "13"), ("25.0.0", "26"), ("27.0.0", "27"), ("19.6.0", "10.15")],
)
def test_macos_of_a_kernel(darwin: str, version: str) -> None:
    row = of_darwin(darwin)
    assert row is not None
    assert row["version"] == version


def test_macos_of_a_version() -> None:
    assert runs("14.2.1") == ("arm64", "amd64")
    assert runs("27.0") == ("arm64",)
    assert runs("10.15.7") == ("amd64",)
    assert runs("9") == ()
    assert of_darwin("26.1.0") is None
    assert (of_version("10.14.6") or {})["i386"]


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("/usr/bin/qemu-aarch64", ("qemu-user", "arm64")),
        ("/run/rosetta/rosetta", ("rosetta-linux", "amd64")),
        ("/usr/bin/FEXInterpreter", ("fex", "amd64")),
        ("/usr/bin/python3.11", None),
    ],
)
def test_translators(program: str, found: tuple[str, str] | None) -> None:
    assert translator_of(program) == found
