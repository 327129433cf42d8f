"""Go's ABIInternal in the table against the Go compiler: the register of each argument."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from archfit.platforms.calling_conventions import find
from toolbox import need_tool


def _assembler_name(goarch: str, register: str) -> str:
    """How Go's assembler calls a register of the table."""
    letter, number = register.rstrip("0123456789"), register.lstrip("abcdefghijklmnopqrstuvwxyz")
    if goarch == "amd64":
        return register.upper() if number else register[1:].upper()
    if goarch == "riscv64":
        index = int(number)
        return f"X{index + (10 if letter == 'a' else 8 if index < 2 else 16)}"
    return f"R{number}"


@pytest.mark.parametrize("goarch", ["amd64", "arm64", "riscv64", "ppc64le"])
def test_each_integer_argument_arrives_in_its_register(goarch: str, tmp_path: Path) -> None:
    convention = find(f"go-internal/{goarch}")
    assert convention is not None
    registers = [_assembler_name(goarch, one) for one in convention.facts["int_args"].said]
    functions = [
        f"func f{last}({', '.join(f'a{n}' for n in range(last + 1))} int) int {{ return a{last} }}"
        for last in range(len(registers) + 1)
    ]
    source = tmp_path / "p.go"
    source.write_text("package p\n\n" + "\n".join(functions) + "\n")
    ran = subprocess.run(
        [need_tool("go"), "tool", "compile", "-p", "p", "-S", "-o", os.devnull, str(source)],
        env=os.environ | {"GOARCH": goarch},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    seen = []
    for last in range(len(registers) + 1):
        body = re.split(rf"^p\.f{last} STEXT", ran.stdout + ran.stderr, flags=re.MULTILINE)[1]
        body = re.split(r"^(?:p\.f|go:)", body, flags=re.MULTILINE)[0]
        move = re.search(r"\tMOV[DQ]?\t([^,\n]+), ", body)
        seen.append(move[1] if move else registers[0])
    assert seen[:-1] == registers
    assert re.search(r"\((SP|RSP|FP|R1|X2)\)$", seen[-1]), seen[-1]
