"""Texts that a Linux host tells of itself: binfmt_misc entries, os-release, cpuinfo."""

from __future__ import annotations

import random

import pytest

from archfit.formats.binfmt import entry
from archfit.formats.cpuinfo import family, features, first_cpu
from archfit.formats.os_release import os_release
from archfit.model.errors import Malformed

QEMU = """enabled
interpreter /usr/bin/qemu-aarch64
flags: POCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
"""


def test_an_entry_for_one_machine() -> None:
    found = entry(QEMU)
    assert (found.enabled, found.interpreter, found.flags, found.isa) == (
        True,
        "/usr/bin/qemu-aarch64",
        "POCF",
        "arm64",
    )


@pytest.mark.parametrize(
    ("old", "new", "isa"),
    [
        ("ffffffffffffff00", "fffffffffffefe00", "arm64"),  # as Apple documents for Rosetta
        ("0200b700", "02003e00", "amd64"),
        ("7f454c460201", "7f454c460101", "arm64"),  # AArch64 ILP32
        ("feffffff", "fe0000ff", None),
        ("7f454c46", "4d5a0000", None),
        ("offset 0", "offset 4", None),
        ("0200b700", "0200", None),
    ],
)
def test_the_isa_is_what_magic_and_mask_let_through(old: str, new: str, isa: str | None) -> None:
    assert old in QEMU
    assert entry(QEMU.replace(old, new)).isa == isa


def test_an_entry_by_extension_and_one_switched_off() -> None:
    found = entry("disabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n")
    assert (found.enabled, found.extension, found.isa, found.flags) == (False, ".exe", None, "")


@pytest.mark.parametrize("text", ["", "enabled\n", "interpreter /x\n", QEMU.replace("7f", "zz")])
def test_a_bad_entry(text: str) -> None:
    with pytest.raises(Malformed):
        entry(text)


def test_mutated_entries_never_fail_otherwise() -> None:
    rng = random.Random(3)
    for _ in range(2000):
        text = list(QEMU)
        for _ in range(rng.randrange(1, 6)):
            text[rng.randrange(len(text))] = chr(rng.randrange(256))
        try:
            entry("".join(text))
        except Malformed:
            continue


def test_os_release() -> None:
    text = '# c\nNAME=Fedora\nPRETTY_NAME="A \\"B\\" \\$1"\nVERSION_ID=\'39\'\nbad line\n=x\n'
    assert os_release(text) == {"NAME": "Fedora", "PRETTY_NAME": 'A "B" $1', "VERSION_ID": "39"}


@pytest.mark.parametrize(
    ("text", "isa", "words"),
    [
        ("processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu sse2\n\nflags: x", "amd64", 2),
        ("processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n\n", "arm64", 2),
        ("processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc\n", "riscv64", 1),
        (
            "vendor_id       : IBM/S390\nfeatures\t: esan3 zarch\nprocessor 0: version = FF\n",
            "s390x",
            2,
        ),
        ("", None, 0),
    ],
)
def test_cpuinfo(text: str, isa: str | None, words: int) -> None:
    fields = first_cpu(text)
    assert family(fields) == isa
    assert len(features(fields)) == words
