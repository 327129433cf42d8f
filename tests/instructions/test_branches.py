"""Indirect branches of code written here; encodings by GNU as."""

from __future__ import annotations

import struct

from archfit.instructions.branches import branches, counts_arm64
from archfit.instructions.code import Code, Function


def _of(isa: str, raw: bytes) -> Code:
    parts = ((0x1000, memoryview(raw)),)
    return Code(isa, parts, ((0x1000, 0x2000),), [Function(0x1000, 0x1000 + len(raw), "f")])


def test_arm64_says_what_feeds_each() -> None:
    words = (
        0xF9400340,  # ldr x0, [x26]
        0xD63F0000,  # blr x0
        0xAA0103E2,  # mov x2, x1
        0xD61F0040,  # br x2
        0xD63F0060,  # blr x3: the br before ends nothing that writes x3
        0xD71F0801,  # braa x0, x1
        0xD65F03C0,  # ret
        0xD65F0BFF,  # retaa
    )
    code = _of("arm64", struct.pack("<8I", *words))
    found, unknown = branches(code, code.functions)
    assert [(b.kind, b.source) for b in found] == [
        ("call", "memory"),
        ("jump", "register"),
        ("call", "unknown"),
        ("jump", "unknown"),
        ("return", "unknown"),
        ("return", "unknown"),
    ]
    assert found[0].feeds == "ldr x0, [x26]"
    assert unknown == 0
    assert counts_arm64(code) == {
        "br": 1,
        "blr": 2,
        "ret": 1,
        "bra (authenticated)": 1,
        "blra (authenticated)": 0,
        "reta (authenticated)": 1,
    }


def test_amd64_sees_narrow_writes_and_memory() -> None:
    raw = bytes.fromhex(
        "488b02"  # mov rax, [rdx]
        "ffd0"  # call rax
        "31c0"  # xor eax, eax
        "ffe0"  # jmp rax
        "ff15 10000000"  # call [rip+0x10]
        "ffd3"  # call rbx, after a call
    )
    code = _of("amd64", raw)
    found, _ = branches(code, code.functions)
    assert [(b.kind, b.source, b.feeds) for b in found[:2]] == [
        ("call", "memory", "mov rax, qword ptr [rdx]"),
        ("jump", "register", "xor eax, eax"),
    ]
    assert [(b.kind, b.source) for b in found[2:]] == [("call", "memory"), ("call", "unknown")]
