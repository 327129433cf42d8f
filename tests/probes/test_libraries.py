"""The facts that the library search gives, and when it gives none."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.host.libraries import Libraries
from archfit.host.live import Live
from archfit.host.rooted import Rooted
from archfit.model.errors import Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes import elf as elf_probe
from archfit.probes.libraries import PROBE
from elf_bytes import elf

GLIBC = "/lib64/ld-linux-x86-64.so.2"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lib64").mkdir()
    (tmp_path / GLIBC[1:]).write_bytes(elf(type=3) + b"\0/lib64/\0")
    (tmp_path / "lib64/libc.so.6").write_bytes(elf(type=3, soname="libc.so.6"))
    return tmp_path


def facts_of(raw: bytes, root: Path) -> dict[str, Fact]:
    door = Rooted(Live({}), str(root))
    host = {"host.runs": Fact(["amd64"], Trust.OBSERVED, "")}
    scene = Scene(door, host, Libraries(door, host))
    facts: dict[str, Fact] = {}
    image = Image("/app", "elf", raw)
    elf_probe.PROBE.run(image, facts, scene)
    PROBE.run(image, facts, scene)
    return facts


def test_a_program(root: Path) -> None:
    facts = facts_of(elf(interp=GLIBC, needed=["libc.so.6", "libno.so"]), root)
    fact = facts["binary.libraries"]
    assert (fact.trust, fact.source) == (Trust.OBSERVED, "files of the host")
    assert isinstance(fact.value, list)
    assert [(row["name"], row["path"]) for row in fact.value] == [
        ("libc.so.6", "/lib64/libc.so.6"),
        ("libno.so", None),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        elf(),
        elf(type=1),
        elf(type=3, needed=["libc.so.7"], osabi=9),
        elf(type=3, machine=183, needed=["libc.so.6"]),
    ],
)
def test_nothing_to_look_for_or_nothing_that_looks(raw: bytes, root: Path) -> None:
    assert "binary.libraries" not in facts_of(raw, root)


def test_a_program_whose_loader_is_not_there(root: Path) -> None:
    with pytest.raises(Unavailable, match="ld-musl"):
        facts_of(elf(interp="/lib/ld-musl-x86_64.so.1", needed=["libc.so"]), root)
