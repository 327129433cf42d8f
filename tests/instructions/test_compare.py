"""Normal forms and matching on code written here; real compilers in tests/oracle."""

from __future__ import annotations

import struct

import pytest

from archfit.instructions.code import Code, cut
from archfit.instructions.compare import compare

RET = 0xD65F03C0


def _code(isa: str, base: int, functions: dict[str, bytes]) -> Code:
    raw, rows, at = b"", [], base
    for name, body in functions.items():
        rows.append((at, at + len(body), name))
        raw += body
        at += len(body)
    parts = ((base, memoryview(raw)),)
    return Code(isa, parts, ((base, at), (0x800000, 0x900000)), cut(rows, parts))


def _arm(*words: int) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def _bl(start: int, target: int) -> int:
    return 0x94000000 | ((target - start) >> 2 & 0x3FFFFFF)


def _call(start: int, target: int) -> bytes:
    return b"\xe8" + struct.pack("<i", target - start - 5) + b"\xc3"


def test_a_call_of_a_function_that_moved_is_the_same_on_arm64() -> None:
    one = _code("arm64", 0x1000, {"f": _arm(_bl(0x1000, 0x1008), RET), "g": _arm(0x52800020, RET)})
    other = _code(
        "arm64", 0x1000, {"g": _arm(0x52800020, RET), "f": _arm(_bl(0x1008, 0x1000), RET)}
    )
    found = compare(one, other)
    assert [a.name for a, _ in found.moved] == ["f", "g"]
    assert not found.changed


@pytest.mark.parametrize("isa", ["arm64", "amd64"])
def test_a_call_of_another_function_is_a_change(isa: str) -> None:
    codes = []
    for target in (0x1010, 0x1020):
        call = _arm(_bl(0x1000, target), RET) if isa == "arm64" else _call(0x1000, target)
        pad = b"\0" if isa == "arm64" else b"\xcc"
        leaf = _arm(0x52800020, RET) if isa == "arm64" else b"\xb8\x01\0\0\0\xc3"
        bodies = {"f": call, "g": leaf, "h": leaf}
        codes.append(_code(isa, 0x1000, {k: v.ljust(16, pad) for k, v in bodies.items()}))
    found = compare(*codes)
    assert [a.name for a, _ in found.changed] == ["f"]
    assert [a.name for a, _ in found.same] == ["g", "h"]


def test_where_data_lies_says_nothing_and_a_constant_does() -> None:
    def lea(target: int, constant: int) -> bytes:
        return (
            b"\x48\x8d\x05"
            + struct.pack("<i", target - 0x1007)
            + b"\xbb"
            + bytes([constant, 0, 0, 0])
            + b"\xc3"
        )

    one = _code("amd64", 0x1000, {"f": lea(0x800010, 1)})
    assert not compare(one, _code("amd64", 0x1000, {"f": lea(0x800990, 1)})).changed
    assert compare(one, _code("amd64", 0x1000, {"f": lea(0x800990, 2)})).changed


def test_adrp_and_its_low_bits_are_emptied_and_other_adds_are_not() -> None:
    def body(page: int, low: int, plain: int) -> bytes:
        adrp = 0x90000000 | page << 5  # adrp x0
        return _arm(adrp, 0x91000000 | low << 10, 0x91000000 | plain << 10 | 1 << 5 | 1, RET)

    one = _code("arm64", 0x1000, {"f": body(0x1FF, 0x10, 4)})
    assert not compare(one, _code("arm64", 0x1000, {"f": body(0x200, 0x30, 4)})).changed
    assert compare(one, _code("arm64", 0x1000, {"f": body(0x200, 0x30, 8)})).changed


def test_a_function_is_found_again_under_another_name() -> None:
    body = _arm(0x52800020, 0x52800041, 0x8B010000, RET)
    found = compare(
        _code("arm64", 0x1000, {"old": body, "gone": _arm(*[0x52800020] * 5, RET)}),
        _code("arm64", 0x1000, {"new": body}),
    )
    assert [(a.name, b.name) for a, b in found.renamed] == [("old", "new")]
    assert [f.name for f in found.only_a] == ["gone"]
    assert not found.only_b


def test_bytes_that_are_no_instruction_are_counted_and_never_the_same() -> None:
    one = _code("arm64", 0x1000, {"f": _arm(0xFFFFFFF1, RET)})
    found = compare(one, _code("arm64", 0x1000, {"f": _arm(0xFFFFFFF2, RET)}))
    assert len(found.changed) == 1
    assert found.opaque == 1


def test_names_of_one_address_are_the_same_in_both_and_ends_are_cut() -> None:
    parts = ((0x1000, memoryview(b"\0" * 32)),)
    found = cut([(0x1010, 0, "z"), (0x1000, 0x1018, "b"), (0x1000, 0, "a"), (9, 0, "x")], parts)
    assert [(f.start, f.end, f.name) for f in found] == [
        (0x1000, 0x1010, "a"),
        (0x1010, 0x1020, "z"),
    ]
