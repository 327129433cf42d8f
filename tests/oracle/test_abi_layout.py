"""`archfit abi layout` against gcc: every size and offset as an assertion it must accept."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from archfit.cli.main import main
from archfit.lab.type_layouts import layouts
from toolbox import need_tool

ROOT = Path(__file__).parents[2]
HEADER = """
#include <stddef.h>
struct plain { char c; long l; unsigned b : 3; unsigned d : 30; };
typedef struct { char c; struct plain x; long double v; wchar_t w; } named;
enum level { LOW, HIGH };
union either { int i; double d[3]; };
#pragma pack(push, 1)
struct packed { char c; long l; };
#pragma pack(pop)
struct inner { int k; union { int i; double d; }; int : 3; int tail[]; };
typedef struct opaque opaque;
typedef int function(int);
typedef function *pointer;
typedef long double wide;
"""


@pytest.fixture(name="header")
def _header(tmp_path: Path) -> Path:
    path = tmp_path / "api.h"
    path.write_text(HEADER)
    return path


@pytest.mark.parametrize(
    ("target", "compiler"),
    [
        ("linux/amd64", "x86_64-linux-gnu-gcc"),
        ("linux/arm64", "aarch64-linux-gnu-gcc"),
        ("linux/riscv64", "riscv64-linux-gnu-gcc"),
        ("linux/arm", "arm-linux-gnueabihf-gcc"),
    ],
)
def test_gcc_has_the_same_sizes_and_offsets(header: Path, target: str, compiler: str) -> None:
    need_tool("clang")
    gcc = need_tool(compiler)
    found = layouts(str(header), target)
    wanted = {"struct plain", "named", "enum level", "union either", "struct packed", "pointer"}
    assert wanted <= set(found)
    assert not {"opaque", "function", "struct opaque"} & set(found)
    claims = [f'#include "{header}"']
    for spelling, one in found.items():
        if one.kind == "basic":
            continue
        claims.append(f'_Static_assert(sizeof({spelling}) == {one.size}, "");')
        claims.append(f'_Static_assert(_Alignof({spelling}) == {one.alignment}, "");')
        claims += [
            f'_Static_assert(offsetof({spelling}, {field}) * 8 == {offset}, "");'
            for field, offset in one.offsets.items()
            if field not in one.bit_fields
        ]
    ran = subprocess.run(
        [gcc, "-x", "c", "-fsyntax-only", "-"],
        input="\n".join(claims),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert len(claims) > 20


def test_the_differences_are_marked(header: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need_tool("clang")
    targets = ["--target", "linux/arm64", "--target", "linux/amd64"]
    assert main(["abi", "layout", str(header), *targets]) == 0
    out = capsys.readouterr().out
    assert "! char\n" in out
    assert "! wide  _Ctype_wide" in out  # the same size, another format
    assert "size_t" not in out
    assert main(["abi", "layout", str(header), *targets, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    schema = ROOT / "src/archfit/report/schema/archfit.abi-layout-1.json"
    Draft202012Validator(json.loads(schema.read_text())).validate(document)


def test_what_clang_refuses_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need_tool("clang")
    path = tmp_path / "bad.h"
    path.write_text("struct {")
    assert main(["abi", "layout", str(path), "--target", "linux/arm64"]) == 3
    assert "error:" in capsys.readouterr().err
    assert main(["abi", "layout", str(path), "--target", "linux/vax"]) == 2


@pytest.mark.parametrize("target", ["linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64"])
def test_the_standard_integers_are_there_without_the_hosts_headers(
    tmp_path: Path, target: str
) -> None:
    need_tool("clang")
    path = tmp_path / "api.h"
    path.write_text("#include <stdint.h>\nstruct s { char c; int64_t wide; };\n")
    found = layouts(str(path), target)["struct s"]
    assert (found.size, found.offsets) == (16, {"c": 0, "wide": 64})
