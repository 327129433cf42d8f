"""Passes and moves: what they leave, without running anything."""

from __future__ import annotations

from archfit.lab import case as c
from archfit.lab import restructure
from archfit.lab.case import Case

_FILES = {
    "go.mod": b"module example.com/m\n\ngo 1.19\n",
    "main.go": b'package main\n\nimport "example.com/m/in"\n\nfunc main() { in.Run(1) }\n',
    "in/in.go": b'package in\n\n/*\n#cgo CFLAGS: -DA -DB\n#include "in.h"\n*/\nimport "C"\n\n'
    b"// Run runs.\nfunc Run(n int) int { return int(C.run(C.int(n))) }\n",
    "in/more.go": b'package in\n\nimport "fmt"\n\nfunc More() { fmt.Println(Run(2)) }\n',
    "in/in.h": b"#pragma once\nint run(int n); // runs\n",
    "in/in.c": b'#include "in.h"\nint run(int n) { return n; }\n',
    "in/data.bin": b"\0\1",
}
_CASE = Case(
    _FILES, (("CGO_CFLAGS", ("-O2", "-I", "x")),), ("go", "build", "-tags", "t", "-x", "./...")
)


def test_all_pieces_kept_is_the_case_itself() -> None:
    for step in (c.BODIES, c.FOLDERS, c.FILES, c.FLAGS, c.DECLARATIONS):
        whole = step.build(_CASE, frozenset(range(len(step.pieces(_CASE)))))
        assert whole.key() == _CASE.key(), step.name


def test_a_file_takes_its_include_along() -> None:
    names = list(c.FILES.pieces(_CASE))
    kept = {number for number, name in enumerate(names) if name != "in/in.h"}
    small = c.FILES.build(_CASE, kept)
    assert "in/in.h" not in small.files
    assert b"include" not in small.files["in/in.c"] + small.files["in/in.go"]
    assert _CASE.files["in/in.c"].startswith(b"#include")


def test_flags_go_one_by_one_with_their_values() -> None:
    flags = _CASE.flags()
    assert flags == [
        "CGO_CFLAGS -O2",
        "CGO_CFLAGS -I x",
        "in/in.go #cgo CFLAGS: -DA",
        "in/in.go #cgo CFLAGS: -DB",
        "go -tags t",
        "go -x",
    ]
    small = c.FLAGS.build(_CASE, {1, 3})
    assert small.env == (("CGO_CFLAGS", ("-I", "x")),)
    assert small.argv == ("go", "build", "./...")
    assert b"#cgo CFLAGS: -DB\n" in small.files["in/in.go"]
    assert c.FLAGS.build(_CASE, frozenset()).env == ()


def test_emptied_bodies_take_unused_imports_along() -> None:
    assert list(c.BODIES.pieces(_CASE)) == ["in/in.go", "in/more.go", "main.go"]
    small = c.BODIES.build(_CASE, {0})
    assert small.files["in/more.go"] == b"package in\n\n\nfunc More() {}\n"
    assert b"in.Run" not in small.files["main.go"]
    assert b"C.run" in small.files["in/in.go"]


def test_a_package_becomes_the_program() -> None:
    small = next(restructure.PROMOTE.candidates(_CASE))
    assert sorted(small.files) == ["data.bin", "go.mod", "in.c", "in.go", "in.h", "more.go"]
    assert small.files["in.go"].startswith(b"package main")
    assert b"func main() {}" in small.files["in.go"]


def test_a_package_is_put_into_its_only_user() -> None:
    small = next(restructure.FOLD.candidates(_CASE))
    assert b"func main() { Run(1) }" in small.files["main.go"]
    assert b"import" not in small.files["main.go"]
    assert small.files["in.go"].startswith(b"package main")
    assert not any(path.startswith("in/") for path in small.files)


def test_files_of_a_package_become_one_and_headers_go_in_place() -> None:
    merged = next(restructure.MERGE.candidates(_CASE))
    assert "in/more.go" not in merged.files
    text = merged.files["in/in.go"].decode()
    assert text.index("import") < text.index("func Run")
    assert text.count("package ") == 1
    inlined = next(restructure.INLINE.candidates(_CASE))
    assert "in/in.h" not in inlined.files
    assert inlined.files["in/in.c"] == b"int run(int n); \nint run(int n) { return n; }\n"
