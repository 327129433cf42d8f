"""What rules about toolchains share: tools, flags, packages, ISAs as linkers spell them."""

from __future__ import annotations

import pytest

from archfit.formats.log import Log
from archfit.formats.spoken_of import Platform
from archfit.rules.absent_tools import cross_compiler, cross_tool, foreign_tool, target_of
from archfit.rules.apple_machine import apple_silicon
from archfit.rules.foreign_input import isa_named
from archfit.rules.machine_flags import for_apple, for_one_machine
from archfit.rules.providers import install, search


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ('exec: "aarch64-linux-gnu-gcc": not found', "aarch64-linux-gnu-gcc"),
        ("/opt/x/bin/x86_64-w64-mingw32-g++.exe: no", "x86_64-w64-mingw32-g++.exe"),
        ("arm-linux-gnueabihf-gcc-12 is absent", "arm-linux-gnueabihf-gcc-12"),
        ("oa64-clang", "oa64-clang"),
        ("riscv64-unknown-elf-ld: x", "riscv64-unknown-elf-ld"),
        ("gcc: error", ""),
        ("my-gcc", ""),
        ("aarch64-linux-gnu-gccgo", ""),
    ],
)
def test_cross_tool(text: str, tool: str) -> None:
    assert cross_tool(text) == tool


def test_target_of() -> None:
    assert target_of("aarch64-linux-gnu-gcc") == ("linux", "arm64")
    assert target_of("x86_64-w64-mingw32-gcc") == ("windows", "amd64")
    assert target_of("oa64-clang") == ("darwin", "arm64")
    assert target_of("arm-none-eabi-gcc") == ("", "arm")
    assert target_of("i686-linux-gnu-gcc") == ("linux", "386")


def test_pythons_own_compiler_is_not_foreign() -> None:
    pip = Log({1: "Building wheel for x (setup.py)"})
    assert not foreign_tool("x86_64-linux-gnu-gcc", pip)
    assert foreign_tool("x86_64-linux-gnu-gcc", Log({1: "go build"}))
    assert foreign_tool("x86_64-w64-mingw32-gcc", pip)


def test_cross_compiler() -> None:
    assert cross_compiler("linux", "arm64") == (
        "apt-get install gcc-aarch64-linux-gnu",
        "aarch64-linux-gnu-gcc",
    )
    assert "zig cc -target aarch64-linux-gnu" in cross_compiler("linux", "arm64", "darwin")[1]
    assert cross_compiler("linux", "wasm") == ("", "")


@pytest.mark.parametrize(
    "flag", ["-m64", "-marm", "-mavx2", "-march=armv8-a", "-arch", "-mthreads"]
)
def test_flags_of_one_machine(flag: str) -> None:
    assert for_one_machine(flag)


@pytest.mark.parametrize(
    "flag", ["-std=c++17", "-fno-rtti", "-framework", "-mllvm", "-Wall", "-MD"]
)
def test_flags_of_no_machine(flag: str) -> None:
    assert not for_one_machine(flag)


def test_flags_of_apple() -> None:
    assert for_apple("-framework")
    assert not for_apple("-fopenmp")


def test_isa_named() -> None:
    assert isa_named("macOS-arm64") == "arm64"
    assert isa_named("iOS Simulator-x86_64") == "amd64"
    assert isa_named("i386:x86-64") == "amd64"
    assert isa_named("183") == "arm64"
    assert isa_named("unknown") == ""


def test_packages() -> None:
    assert install(Platform("linux", (), "debian"), library="z") == "apt-get install zlib1g-dev"
    assert install(Platform("linux", (), "alpine"), header="openssl/ssl.h") == "apk add openssl-dev"
    assert install(Platform("darwin"), library="vips") == "brew install vips"
    assert install(Platform("linux"), library="nosuchlib") == ""
    assert "apt-file search x.h" in search(Platform("linux", (), "debian"), "x.h")
    assert "dnf provides" in search(Platform("linux", (), "fedora"), "x.h")


def test_apple_silicon() -> None:
    assert apple_silicon(Log({1: "/opt/homebrew/bin/go"}))
    assert apple_silicon(Log({1: "x"}, {"host": "MacBook Air M2"}))
    assert not apple_silicon(Log({1: "clang: error"}, {"host": "darwin/amd64"}))
    assert not apple_silicon(Log({1: "stage M1 of the plan"}))
