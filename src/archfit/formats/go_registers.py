"""The register block at the end of a Go crash.

Source: `dumpregs` in runtime/signal_{386,amd64,arm,arm64,loong64,mips64x,ppc64x,riscv64}.go
of Go 1.27 and signal_mipsx.go, signal_linux_s390x.go: a name, blanks, a hexadecimal value;
one or two registers a line.
"""

from __future__ import annotations

import re

#: The line that starts a block: the first register of each port.
FIRST = re.compile(r"(?:rax|eax|r0|x0|trap|ra) {2,12}0x[0-9a-f]{1,16}(?=\s|\Z)")
_REGISTER = re.compile(
    r"([a-z][a-z0-9]{0,9})[ \t]{1,16}0x([0-9a-f]{1,16})(?=[ \t\r]|\Z)[ \t\r]{0,16}"
)
#: A register that only this port has, in the order of the tests.
_TELLING = (
    ("rip", "amd64"),
    ("eip", "386"),
    ("cpsr", "arm"),
    ("ccr", "ppc64"),
    ("fault", "arm64"),
    ("lo", "mips"),
    ("tp", "riscv64"),
    ("rax", "amd64"),
    ("eax", "386"),
)
#: Further registers which a port's block has, when the telling one was cut off.
_HAS = {"arm64": ("r29", "lr"), "riscv64": ("ra", "s0"), "arm": ("oldmask",)}


def registers_of(lines: list[str]) -> tuple[dict[str, int], int]:
    """(registers by name, how many lines they take), from the first line on.

    Blank lines inside are passed over when a register follows.
    """
    found: dict[str, int] = {}
    used = 0
    for number, line in enumerate(lines):
        text = line.strip()
        if not text:
            if number - used > 1:
                break
            continue
        pairs = _pairs(text)
        if not pairs or any(name in found for name, _ in pairs):
            break
        found.update(pairs)
        used = number + 1
    return found, used


def _pairs(text: str) -> list[tuple[str, int]]:
    """The one or two registers of a line; none when anything else stands in it."""
    pairs: list[tuple[str, int]] = []
    at = 0
    while at < len(text) and len(pairs) < 3:
        one = _REGISTER.match(text, at)
        if one is None:
            return []
        pairs.append((one[1], int(one[2], 16)))
        at = one.end()
    return pairs if at >= len(text) else []


def isa_of(registers: dict[str, int]) -> str:
    """The port whose registers these are, in Go's spelling; "" when they don't tell.

    ppc64 and mips stand for both byte orders and, for mips, both widths.
    """
    for name, isa in _TELLING:
        if name in registers:
            return isa
    if "link" in registers:
        return "loong64" if "r31" in registers else "s390x"
    for isa, names in _HAS.items():
        if all(name in registers for name in names):
            return isa
    return ""
