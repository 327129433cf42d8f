"""System and ISA of a dump, from the names in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.crash.dump_target import dump_target
from archfit.formats.go_traceback import read

CORPUS = Path(__file__).parents[1] / "corpus" / "tracebacks"


def test_never_wrong_on_real_dumps() -> None:
    told = 0
    for path in sorted(CORPUS.glob("go*/*.txt")):
        system, isa = path.parent.name.split("-")[1:]
        for dump in read(path.read_text()):
            found = dump_target(dump)
            assert found[0] in ("", system)
            assert found[1] in ("", isa)
            told += bool(found[1])
    assert told > 200


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("go1.22-windows-exception", ("windows", "amd64")),
        ("go1.4-sigabrt", ("", "amd64")),
        ("go1.2-nil", ("", "")),
    ],
)
def test_synthetic(name: str, target: tuple[str, str]) -> None:
    assert dump_target(read((CORPUS / "synthetic" / f"{name}.txt").read_text())[0]) == target


def test_names_of_the_program_prove_nothing() -> None:
    text = "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/src/app/port_windows_arm64.go:1 +0x1\n"
    assert dump_target(read(text)[0]) == ("", "")
    text = text.replace("/src/app/port", "/usr/local/go/src/syscall/dll")
    assert dump_target(read(text)[0]) == ("windows", "arm64")
