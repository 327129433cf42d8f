"""Names of ISAs, from anyone's spelling to Go's."""

from __future__ import annotations

import subprocess

import pytest

from archfit.formats.elf_machines import identify
from archfit.platforms.isa import bits, normalise, of_qemu, rows
from toolbox import need_tool


@pytest.mark.parametrize(
    ("name", "isa"),
    [
        ("x86_64", "amd64"),
        ("AArch64", "arm64"),
        ("arm64e", "arm64"),
        ("linux/arm64/v8", "arm64"),
        ("linux/arm/v7", "arm"),
        ("x86_64-linux-gnu", "amd64"),
        ("arm64-apple-darwin22.5.0", "arm64"),
        ("powerpc64le-linux-gnu", "ppc64le"),
        ("ppc64el", "ppc64le"),
        ("i686", "386"),
        ("armv7l", "arm"),
        ("loongarch64", "loong64"),
        ("s390x", "s390x"),
        ("mips64el-linux-gnuabi64", "mips64le"),
        ("", None),
        ("vax", None),
        ("linux/vax", None),
    ],
)
def test_normalise(name: str, isa: str | None) -> None:
    assert normalise(name) == isa


@pytest.mark.parametrize(
    ("program", "isa"),
    [
        ("/usr/bin/qemu-aarch64-static", "arm64"),
        ("qemu-x86_64", "amd64"),
        ("/usr/libexec/qemu-binfmt/mips64el-binfmt-P", None),
        ("/usr/bin/qemu-arm-binfmt-P", "arm"),
        ("/usr/bin/qemu-img", None),
        ("/usr/bin/python3", None),
    ],
)
def test_the_isa_of_a_qemu_program(program: str, isa: str | None) -> None:
    assert of_qemu(program) == isa


def test_ports_are_those_of_the_go_tool() -> None:
    go = need_tool("go")
    listed = subprocess.run(
        [go, "tool", "dist", "list"], capture_output=True, text=True, check=True
    )
    arches = {line.split("/")[1] for line in listed.stdout.split()}
    assert arches <= {name for name, row in rows().items() if row["port"]}


def test_elf_numbers_are_those_of_the_elf_reader() -> None:
    for name, row in rows().items():
        if row["elf"]:
            found, _ = identify(row["elf"], row["bits"], row["endian"] == "little", 0)
            assert found == ("sh" if name == "sh4" else name)


def test_bits() -> None:
    assert bits("arm64") == 64
    assert bits("386") == 32
    assert bits("vax") is None
