"""A pair whose true difference is known, from real compilers, for both ISAs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from toolbox import need_tool

GO = """\
package main

import (
	"fmt"
	"os"
	"strings"
)

//go:noinline
func price(n int) int {{ {body} }}

//go:noinline
func label(s string) string {{ return strings.ToUpper(s) + "!" }}

func main() {{ fmt.Println(price(len(os.Args)), label("x")) }}
"""
GO_BODIES = ("return n*3 + 7", 'if n > 4 { fmt.Fprintln(os.Stderr, "many", n) }; return n*5 + 7')
C = """\
#include <stdio.h>
#include <string.h>
int table[64];
__attribute__((noipa)) int price(int n) {{ {body} }}
__attribute__((noipa)) int label(const char *s) {{ table[strlen(s) & 63]++; return table[3]; }}
int main(int argc, char **argv) {{ printf("%d %d", price(argc), label(argv[0])); return 0; }}
"""
C_BODIES = ("return n * 3 + 7;", 'return n > 4 ? printf("many %d", n) : n * 5 + 7;')


def _compare(one: Path, other: Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "archfit", "compare", "--code", "--format", "json", one, other],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def _just_price(one: Path, other: Path) -> None:
    status, found = _compare(one, other)
    assert status == 1
    assert [row["name"].rpartition(".")[2] for row in found["changed"]] == ["price"]
    assert not found["only_in_a"]
    assert not found["only_in_b"]
    assert not found["renamed"]
    assert any(mark == ">" for mark, _, _ in found["changed"][0]["rows"])
    assert _compare(one, one)[0] == 0


@pytest.mark.parametrize("isa", ["amd64", "arm64"])
def test_one_changed_function_of_go(tmp_path: Path, isa: str) -> None:
    go = need_tool("go")
    (tmp_path / "go.mod").write_text("module pair\n\ngo 1.20\n")
    built = []
    for number, body in enumerate(GO_BODIES):
        (tmp_path / "main.go").write_text(GO.format(body=body))
        built.append(tmp_path / f"app{number}")
        subprocess.run(
            [go, "build", "-o", built[-1], "."],
            cwd=tmp_path,
            check=True,
            env=os.environ | {"GOARCH": isa, "GOOS": "linux", "CGO_ENABLED": "0"},
        )
    _just_price(*built)


@pytest.mark.parametrize("tool", ["x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_one_changed_function_of_c(tmp_path: Path, tool: str, level: str) -> None:
    compiler = need_tool(tool)
    built = []
    for number, body in enumerate(C_BODIES):
        (tmp_path / "a.c").write_text(C.format(body=body))
        built.append(tmp_path / f"app{number}")
        subprocess.run([compiler, level, "a.c", "-o", built[-1]], cwd=tmp_path, check=True)
    _just_price(*built)
