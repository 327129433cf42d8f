"""DWARF expressions, as far as frame information uses them.

Source: DWARF 5 section 2.5 and 7.7.1 (operation encodings).
"""

from __future__ import annotations

from collections.abc import Callable

from archfit.model.errors import Malformed

_MASK = (1 << 64) - 1
#: Steps of one expression; a compiler's have a dozen.
_MOST_STEPS = 1000

Reader = Callable[[int, int], bytes]


def uleb(data: bytes, at: int) -> tuple[int, int]:
    """(value, offset after it). Raises Malformed where it does not end within ten bytes."""
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed("a LEB128 number does not end")


def sleb(data: bytes, at: int) -> tuple[int, int]:
    """As `uleb`, signed."""
    start = at
    value, at = uleb(data, at)
    bits = 7 * (at - start)
    return (value - (1 << bits) if value >> (bits - 1) & 1 else value), at


def evaluate(
    code: bytes, registers: dict[int, int], read: Reader, stack: list[int] | None = None
) -> int:
    """The value on top when an expression has run. ``read(address, size)`` gives memory.

    Raises Malformed for what it does not know, and where memory can't be read.
    """
    stack = list(stack or ())
    at = steps = 0
    try:
        while at < len(code):
            steps += 1
            if steps > _MOST_STEPS:
                raise Malformed("a DWARF expression does not end")
            at = _step(code, at, stack, registers, read)
        return stack[-1]
    except IndexError:
        raise Malformed("a DWARF expression is cut off") from None


_SIZES = {0x08: 1, 0x09: -1, 0x0A: 2, 0x0B: -2, 0x0C: 4, 0x0D: -4, 0x0E: 8, 0x0F: -8, 0x03: 8}
_TWO: dict[int, Callable[[int, int], int]] = {
    0x1A: lambda a, b: a & b,
    0x1C: lambda a, b: a - b,
    0x1E: lambda a, b: a * b,
    0x21: lambda a, b: a | b,
    0x22: lambda a, b: a + b,
    0x24: lambda a, b: a << min(b, 64),
    0x25: lambda a, b: a >> min(b, 64),
    0x26: lambda a, b: _signed(a) >> min(b, 64),
    0x27: lambda a, b: a ^ b,
    0x29: lambda a, b: int(a == b),
    0x2A: lambda a, b: int(_signed(a) >= _signed(b)),
    0x2B: lambda a, b: int(_signed(a) > _signed(b)),
    0x2C: lambda a, b: int(_signed(a) <= _signed(b)),
    0x2D: lambda a, b: int(_signed(a) < _signed(b)),
    0x2E: lambda a, b: int(a != b),
}


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _memory(read: Reader, address: int, size: int) -> int:
    found = read(address, size)
    if len(found) < size:
        raise Malformed(f"no memory at {address:#x}")
    return int.from_bytes(found, "little")


def _step(code: bytes, at: int, stack: list[int], registers: dict[int, int], read: Reader) -> int:
    op = code[at]
    at += 1
    if size := _SIZES.get(op):
        end = at + abs(size)
        if end > len(code):
            raise IndexError
        stack.append(int.from_bytes(code[at:end], "little", signed=size < 0) & _MASK)
        return end
    if 0x30 <= op <= 0x4F:
        stack.append(op - 0x30)
    elif 0x70 <= op <= 0x8F or op == 0x92:
        number = op - 0x70
        if op == 0x92:
            number, at = uleb(code, at)
        offset, at = sleb(code, at)
        if number not in registers:
            raise Malformed(f"register {number} is not known")
        stack.append(registers[number] + offset & _MASK)
    elif op in _TWO:
        right, left = stack.pop(), stack.pop()
        stack.append(_TWO[op](left, right) & _MASK)
    elif op == 0x10:
        value, at = uleb(code, at)
        stack.append(value & _MASK)
    elif op == 0x11:
        value, at = sleb(code, at)
        stack.append(value & _MASK)
    elif op == 0x23:
        value, at = uleb(code, at)
        stack.append(stack.pop() + value & _MASK)
    elif op == 0x06:
        stack.append(_memory(read, stack.pop(), 8))
    elif op == 0x94:
        stack.append(_memory(read, stack.pop(), min(code[at], 8)))
        at += 1
    elif op == 0x12:
        stack.append(stack[-1])
    elif op == 0x13:
        stack.pop()
    elif op == 0x14:
        stack.append(stack[-2])
    elif op == 0x16:
        stack[-1], stack[-2] = stack[-2], stack[-1]
    elif op == 0x1F:
        stack.append(-stack.pop() & _MASK)
    elif op == 0x20:
        stack.append(~stack.pop() & _MASK)
    elif op in (0x28, 0x2F):
        jump = int.from_bytes(code[at : at + 2], "little", signed=True)
        at += 2
        if op == 0x2F or stack.pop():
            at += jump
        if at < 0:
            raise Malformed("a DWARF expression jumps out of itself")
    elif op != 0x96:
        raise Malformed(f"operation {op:#x} of a DWARF expression is not known")
    return at
