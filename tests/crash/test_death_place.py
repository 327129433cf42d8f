"""Where a program died: held against cases whose programs are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archfit.crash.death_place import death_place
from archfit.formats.go_dump import Dump
from archfit.formats.go_traceback import read

CORPUS = Path(__file__).parents[1] / "corpus" / "tracebacks"
TRUTH = [
    (path.with_name(f"{case}.txt"), row["where"])
    for path in sorted(CORPUS.glob("go*/index.json"))
    for case, row in json.loads(path.read_text()).items()
]


@pytest.mark.parametrize(("path", "where"), TRUTH, ids=lambda x: getattr(x, "stem", x))
def test_agrees_with_what_the_programs_did(path: Path, where: str) -> None:
    dumps = read(path.read_text())
    if dumps:
        place = death_place(dumps[0])
        assert place.where == where
        assert place.reason


@pytest.mark.parametrize(
    ("case", "function"),
    [
        ("abort.system", "do_abort"),
        ("nullwrite.single", "null_write"),
        ("overflow.single", "recurse"),
        ("throw.system", "throw_out"),
        ("callback.single", "main.goCallback"),
        ("callbacknil.system", "main.goCallback"),
        ("nil.system", "main.(*node).rename"),
        ("index.system", "main.pick"),
        ("generic.single", "main.sum[...]"),
        ("nested.single", "main.cases.func22"),
        ("unlock.single", "main.cases.func26"),
        ("stack.system", "main.forever"),
        ("badpointer.single", "runtime.badPointer"),
        ("onstack.single", "runtime.sigNotOnStack"),
        ("pure-deadlock.system", "main.main"),
        ("symbols-fatal.system", "main.goPanics"),
    ],
)
def test_names_the_function(case: str, function: str) -> None:
    text = (CORPUS / "go1.26.8-linux-amd64" / f"{case}.txt").read_text()
    assert death_place(read(text)[0]).function == function


@pytest.mark.parametrize(
    ("name", "where", "function"),
    [
        ("go1.0-deadlock", "go", "main.main"),
        ("go1.2-nil", "go", "main.(*conn).read"),
        ("go1.2-cgo", "c", "parse"),
        ("go1.4-sigabrt", "c", "fail"),
        ("go1.10-abort", "c", ""),
        ("go1.22-windows-exception", "c", "poke"),
        ("go1.26-leaked", "", ""),
    ],
)
def test_other_generations(name: str, where: str, function: str) -> None:
    dump = read((CORPUS / "synthetic" / f"{name}.txt").read_text())[0]
    place = death_place(dump)
    assert (place.where, place.function) == (where, function)


def test_nothing_is_guessed() -> None:
    assert death_place(Dump("goroutines")).where == ""
    assert death_place(Dump("signal", signal="SIGSEGV")).where == ""
