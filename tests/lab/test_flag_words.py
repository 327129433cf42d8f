"""Flags as words, and `#cgo` lines."""

from __future__ import annotations

from archfit.lab.flag_words import cgo_lines, grouped, join, split, with_cgo_lines

_GO = """package p
/*
#cgo CFLAGS: -I${SRCDIR} -DX="a b"
#cgo linux,amd64 LDFLAGS: -lm
#include <a.h>
*/
import "C"
// #cgo CXXFLAGS: -std=c++17
"""


def test_a_value_stays_with_its_flag() -> None:
    assert grouped(["-O2", "-framework", "Cocoa", "-I", "x", "-L"]) == [
        ("-O2",),
        ("-framework", "Cocoa"),
        ("-I", "x"),
        ("-L",),
    ]


def test_quotes_are_kept_where_needed() -> None:
    assert split("-DX='a b' -O2") == ["-DX=a b", "-O2"]
    assert join(["-DX=a b", "-O2"]) == '"-DX=a b" -O2'
    assert split("-DX='a") == ["-DX='a"]


def test_cgo_lines_are_found_and_replaced() -> None:
    found = cgo_lines(_GO)
    assert [words for _, words in found] == [
        ["-I${SRCDIR}", "-DX=a b"],
        ["-lm"],
        ["-std=c++17"],
    ]
    text = with_cgo_lines(_GO, [["-I${SRCDIR}"], [], ["-std=c++17"]])
    assert "#cgo CFLAGS: -I${SRCDIR}\n#include" in text
    assert "LDFLAGS" not in text
    assert "// #cgo CXXFLAGS: -std=c++17" in text
