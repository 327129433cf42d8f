"""Facts of archives made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import macho_bytes
from archfit.formats import ar
from archfit.host.live import Live
from archfit.model.errors import Malformed, Unavailable
from archfit.model.fact import Fact
from archfit.model.image import Image
from archfit.model.scene import Scene
from archfit.probes.ar import PROBE

ARM = macho_bytes.thin(filetype=macho_bytes.OBJECT, flags=0)
AMD = macho_bytes.thin(cpu=macho_bytes.AMD64, filetype=macho_bytes.OBJECT, flags=0)


def header(name: bytes, size: int) -> bytes:
    return name.ljust(16) + b"0           0     0     644     " + b"%-10d`\n" % size


def run(raw: bytes, path: str = "/x.a", door: Any = None) -> dict[str, Any]:
    facts: dict[str, Fact] = {}
    try:
        PROBE.run(Image(path, "ar", raw), facts, Scene(door, {}, None))
    finally:
        assert set(facts) <= {key.name for key in PROBE.gives}
    return {name: fact.value for name, fact in facts.items()}


def test_one_isa() -> None:
    found = run(ar.REGULAR + header(b"a.o/", len(ARM)) + ARM)
    assert found == {
        "binary.format": "ar",
        "binary.isa": "arm64",
        "binary.os": "darwin",
        "archive.members": 1,
        "archive.isas": {"darwin/arm64": 1},
    }


def test_mixed() -> None:
    raw = ar.REGULAR + (header(b"a.o/", len(ARM)) + ARM) * 2 + header(b"odd.o/", len(AMD)) + AMD
    found = run(raw)
    assert "binary.isa" not in found
    assert found["archive.isas"] == {"darwin/arm64": 2, "darwin/amd64": 1}
    assert found["archive.odd"] == [{"name": "odd.o", "isa": "darwin/amd64"}]


def test_no_code_in_it() -> None:
    found = run(ar.REGULAR + header(b"debian-binary", 4) + b"2.0\n")
    assert found == {"binary.format": "ar", "archive.members": 0}


def test_cut_off() -> None:
    with pytest.raises(Malformed):
        run(ar.REGULAR + header(b"a.o/", 999) + ARM)


def test_thin(tmp_path: Path) -> None:
    raw = ar.THIN + header(b"//", 12) + b"obj/one.o/\n\n" + header(b"/0", 5) + header(b"two.o/", 5)
    with pytest.raises(Unavailable):
        run(raw)
    (tmp_path / "obj").mkdir()
    (tmp_path / "obj" / "one.o").write_bytes(ARM)
    path = str(tmp_path / "x.a")
    with pytest.raises(Unavailable, match=r"two\.o"):
        run(raw, path, Live())
    (tmp_path / "two.o").write_bytes(ARM)
    assert run(raw, path, Live())["archive.isas"] == {"darwin/arm64": 2}
