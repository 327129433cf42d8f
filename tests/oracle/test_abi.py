"""The table of calling conventions against compilers: what their assembly does.

arm64ec is not here: the clang of Debian 12 (14) has no such target.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

import pytest

from archfit.platforms.calling_conventions import Convention, find
from toolbox import need_tool


@dataclass(frozen=True)
class Target:
    """``fp``: constraint of a floating-point operand. ``flags`` name the ABI where needed."""

    convention: str
    fp: str
    flags: tuple[str, ...] = ()


TARGETS = {
    "x86_64-linux-gnu": Target("sysv-amd64", "x"),
    "x86_64-apple-macos11": Target("apple-amd64", "x"),
    "x86_64-pc-windows-msvc": Target("windows-amd64", "x"),
    "aarch64-linux-gnu": Target("aapcs64", "w"),
    "arm64-apple-macos11": Target("apple-arm64", "w"),
    "aarch64-pc-windows-msvc": Target("windows-arm64", "w"),
    "riscv64-linux-gnu": Target("riscv-lp64d", "f", ("-march=rv64gc", "-mabi=lp64d")),
    "s390x-linux-gnu": Target("s390x-elf", "f"),
    "powerpc64le-linux-gnu": Target("ppc64le-elfv2", "f"),
}


def _assembly(triple: str, source: str, *flags: str) -> str:
    quiet = ["-fomit-frame-pointer", "-fno-asynchronous-unwind-tables"]
    wanted = ["-target", triple, *TARGETS[triple].flags, *flags, *quiet]
    ran = subprocess.run(
        [need_tool("clang"), *wanted, "-O1", "-S", "-o", "-", "-x", "c", "-"],
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _bodies(assembly: str) -> dict[str, list[str]]:
    """Instructions of each function, without directives, comments and the asm markers."""
    bodies: dict[str, list[str]] = {}
    body: list[str] = []
    for raw in assembly.splitlines():
        label = re.match(r'"?_?(f_\w+)"?:', raw)
        if label:
            body = bodies[label[1]] = []
        elif raw[:1].isspace() and not re.match(r"\s*(\.|#|//|;|$)", raw):
            body.append(" ".join(raw.split()))
    return bodies


def _convention(triple: str) -> Convention:
    found = find(TARGETS[triple].convention)
    assert found is not None
    return found


def _plain(register: str) -> str:
    """`%rdi`, `r3`, `3`, `d0` and `v0` in one form: family letters away where they vary."""
    name = register.strip("%").lower()
    return re.sub(r"^(?:[rdvf])?(\d+)$", r"\1", name)


def _said(triple: str, key: str) -> list[str]:
    said = _convention(triple).facts[key].said
    assert not isinstance(said, str)
    return list(said)


@pytest.mark.parametrize("triple", TARGETS)
@pytest.mark.parametrize(("key", "kind"), [("int_args", "long long"), ("fp_args", "double")])
def test_each_argument_arrives_in_its_register_and_the_next_on_the_stack(
    triple: str, key: str, kind: str
) -> None:
    registers = _said(triple, key)
    constraint = "r" if kind == "long long" else TARGETS[triple].fp
    source = "\n".join(
        f"void f_{last}({', '.join(f'{kind} a{n}' for n in range(last + 1))})"
        f' {{ __asm__ volatile("nop @%0@" :: "{constraint}"(a{last})); }}'
        for last in range(len(registers) + 1)
    )
    # An assembler would refuse the marks: the text is only read.
    bodies = _bodies(_assembly(triple, source, "-fno-integrated-as").replace("@", " @ "))
    seen = []
    for last in range(len(registers) + 1):
        body = bodies[f"f_{last}"]
        place = next(n for n, line in enumerate(body) if line.startswith("nop"))
        register = body[place].split("@")[1].strip()
        seen.append(_plain(register) if not place else "memory")
    assert seen == [_plain(register) for register in registers] + ["memory"]


@pytest.mark.parametrize("triple", TARGETS)
@pytest.mark.parametrize("key", ["callee_saved", "fp_callee_saved"])
def test_the_callee_saves_just_these(triple: str, key: str) -> None:
    kept = {said.split()[-1] for said in _said(triple, key)}
    candidates = _candidates(triple, key)
    source = 'void f_none(void) { __asm__ volatile("nop"); }\n' + "\n".join(
        f'void f_{name}(void) {{ __asm__ volatile("nop" ::: "{name}"); }}' for name in candidates
    )
    bodies = _bodies(_assembly(triple, source))
    saved = {name for name in candidates if len(bodies[f"f_{name}"]) > len(bodies["f_none"])}
    assert saved == kept & set(candidates)
    assert len(kept - saved) <= 1  # the stack pointer can't be clobbered


def _candidates(triple: str, key: str) -> list[str]:
    """Every register that may be named as clobbered, save stack pointer and reserved ones."""
    whole = key == "callee_saved"
    isa = _convention(triple).isa
    if isa == "amd64":
        names = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", *(f"r{n}" for n in range(8, 16))]
        return names if whole else [f"xmm{n}" for n in range(16)]
    if isa == "arm64":
        # x18 is the platform's.
        names = [f"x{n}" for n in range(30) if n != 18]
        return names if whole else [f"v{n}" for n in range(32)]
    if isa == "riscv64":
        names = [f"{c}{n}" for c, count in (("a", 8), ("t", 7), ("s", 12)) for n in range(count)]
        floats = [f"f{c}{n}" for c, count in (("a", 8), ("t", 12), ("s", 12)) for n in range(count)]
        return names if whole else floats
    if isa == "s390x":
        # r14 is saved as the return address; r15 is the stack pointer.
        return [f"r{n}" for n in range(14)] if whole else [f"f{n}" for n in range(16)]
    # r1 stack pointer, r2 TOC, r13 thread pointer
    names = [f"r{n}" for n in range(32) if n not in (1, 2, 13)]
    return names if whole else [f"f{n}" for n in range(32)]


@pytest.mark.parametrize("triple", TARGETS)
def test_the_types_are_what_the_compiler_says(triple: str) -> None:
    need_tool("clang")
    facts = _convention(triple).facts
    source = """
    int size = __SIZEOF_SIZE_T__; int wide = sizeof(__WCHAR_TYPE__);
    int list = sizeof(__builtin_va_list); int ld = sizeof(long double);
    int mant = __LDBL_MANT_DIG__; int sign = (char)-1 < 0; int wsign = (__WCHAR_TYPE__)-1 < 0;
    """
    text = _assembly(triple, source)
    values = {
        name: _value(text, name) for name in ("size", "wide", "list", "ld", "mant", "sign", "wsign")
    }
    assert facts["size_t"].said == f"{values['size']} bytes" == "8 bytes"
    assert facts["char"].said == ("signed" if values["sign"] else "unsigned")
    sign = "signed" if values["wsign"] else "unsigned"
    assert facts["wchar_t"].said == f"{values['wide']} bytes, {sign}"
    assert str(facts["va_list"].said).split("(")[-1].find(str(values["list"])) >= 0
    means = {53: "binary64", 64: "x87 80-bit", 106: "pair of doubles", 113: "binary128"}
    said = str(facts["long_double"].said)
    assert said.startswith(f"{values['ld']} bytes, {means[values['mant']]}")


def _value(assembly: str, name: str) -> int:
    """What a global variable is initialised with; .zero, .zerofill and .comm mean 0."""
    found = re.search(
        rf"^_?{name}:.*\n(?:\s*[#/;].*\n)?\s*\.(?:long|word|int)\s+(\d+)", assembly, re.M
    )
    return int(found[1]) if found else 0


@pytest.mark.parametrize("triple", ["aarch64-linux-gnu", "x86_64-linux-gnu", "arm64-apple-macos11"])
def test_size_t_has_eight_bytes_on_both_isas(triple: str) -> None:
    """A wrong size would not compile: the claim that the two differ is not so."""
    _assembly(triple, "typedef char eight[sizeof(__SIZE_TYPE__) == 8 ? 1 : -1];")
    with pytest.raises(AssertionError):
        _assembly(triple, "typedef char four[sizeof(__SIZE_TYPE__) == 4 ? 1 : -1];")


@pytest.mark.parametrize(
    ("triple", "on_stack"), [("arm64-apple-macos11", True), ("aarch64-linux-gnu", False)]
)
def test_variadic_arguments_go_to_the_stack_on_apple_arm64_only(
    triple: str, on_stack: bool
) -> None:
    source = "int g(int, ...); int f_call(long v) { return g(1, v) + 1; }"
    body = _bodies(_assembly(triple, source))["f_call"]
    stored = any(re.match(r"str x\d+, \[sp\]", line) for line in body)
    assert stored == on_stack
    assert any(line.startswith("mov x1,") for line in body) != on_stack


@pytest.mark.parametrize(
    ("triple", "uses"),
    [
        ("x86_64-linux-gnu", True),
        ("x86_64-apple-macos11", True),
        ("x86_64-pc-windows-msvc", False),
        ("powerpc64le-linux-gnu", True),
        ("s390x-linux-gnu", False),
        ("riscv64-linux-gnu", False),
        ("aarch64-linux-gnu", False),
    ],
)
def test_a_leaf_leaves_its_stack_pointer_alone_where_there_is_a_red_zone(
    triple: str, uses: bool
) -> None:
    source = "void f_leaf(long v) { volatile long long a[8]; a[0] = v; a[1] = v; }"
    body = _bodies(_assembly(triple, source))["f_leaf"]
    moves = any(
        re.match(r"(sub|subq|add|addi|aghi|lay|pushq|addq|sub)\b.*(sp|%r15)", line) for line in body
    )
    assert moves != uses
    assert str(_convention(triple).facts["red_zone"].said).startswith("none") != uses
