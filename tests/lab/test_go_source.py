"""Sources taken apart without a compiler."""

from __future__ import annotations

from archfit.lab import go_source as go

_TEXT = """package p

import (
\t"fmt"
\tstr "strings"
\t_ "embed"
\t"example.com/m/go-thing/v2"
)

/*
int f(void) { return '}'; }
*/
import "C"

type pair struct{ a, b int }

func (p pair) sum() int { return p.a + p.b }

func plain(s string) {
\tfmt.Println(s, "}")
}

func two(f func(int) error) (int, error) {
\tif f != nil {
\t\treturn 1, nil
\t}
\treturn 0, nil
}

func made() struct{ x int } { return struct{ x int }{} }

func empty() {}
"""


def test_bodies_of_functions_are_found_and_emptied() -> None:
    found = go.bodies(_TEXT)
    assert [(_TEXT[b.start : b.end].split(maxsplit=1)[0], b.results) for b in found] == [
        ("return", True),
        ("fmt.Println(s,", False),
        ("if", True),
    ]
    text = go.without_bodies(_TEXT, found, {1})
    assert 'func (p pair) sum() int { panic("") }' in text
    assert 'fmt.Println(s, "}")' in text
    assert 'func two(f func(int) error) (int, error) { panic("") }' in text
    assert go.bodies(go.without_bodies(_TEXT, found, set())) == []


def test_unused_imports_go_and_those_for_effects_stay() -> None:
    text = go.without_unused_imports(_TEXT)
    assert '"fmt"' in text
    assert "strings" not in text
    assert '_ "embed"' in text
    assert "go-thing" not in text
    assert 'import "C"' in text


def test_chunks_are_whole_declarations() -> None:
    parts = go.chunks(_TEXT)
    assert "".join(parts) == _TEXT
    assert any(p.startswith("func two(") and p.rstrip().endswith("}") for p in parts)
    assert "int f(void) { return '}'; }\n" in parts


def test_imports_come_apart_with_the_preamble_of_c() -> None:
    heads, rest = go.imports_apart(_TEXT)
    assert heads[0] == 'import "fmt"\n'
    assert 'import str "strings"\n' in heads
    assert heads[-1].startswith("/*\nint f(void)")
    assert heads[-1].endswith('import "C"\n')
    assert "import" not in rest
    assert "package" not in rest
    assert go.imported(_TEXT) == ["fmt", "strings", "embed", "example.com/m/go-thing/v2", "C"]
