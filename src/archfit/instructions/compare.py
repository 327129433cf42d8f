"""Which functions of two binaries are the same code, by name first and then by content."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from archfit.instructions import listing
from archfit.instructions.code import Code, Function
from archfit.instructions.normal_form import normal

#: So much of code (bytes of both) is disassembled to see whether only addresses differ.
BUDGET = 4 << 20

Pair = tuple[Function, Function]


@dataclass(slots=True)
class Comparison:
    """Functions of one name: ``same`` code and address, ``moved``: same code elsewhere,
    ``changed``. ``renamed``: same code under another name. ``unread``: their bytes are not in
    the files, nothing is said of them. ``undecided``: of ``changed``, those of equal length that
    were not disassembled (`BUDGET`), so that only addresses may differ.
    """

    same: list[Pair] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)
    renamed: list[Pair] = field(default_factory=list)
    only_a: list[Function] = field(default_factory=list)
    only_b: list[Function] = field(default_factory=list)
    unread: list[Pair] = field(default_factory=list)
    undecided: int = 0
    opaque: int = 0  #: of ``changed``, those with bytes that are no known instruction


def compare(a: Code, b: Code) -> Comparison:
    """Compares; both must be of one ISA, arm64 or amd64."""
    numbers: dict[str, int] = {}
    forms = [_Forms(code, normal(code, numbers)) for code in (a, b)]
    found = Comparison()
    by_name: dict[str, list[Function]] = defaultdict(list)
    for function in b.functions:
        by_name[function.name].append(function)
    differing: list[Pair] = []
    for function in a.functions:
        others = by_name.get(function.name)
        if not others:
            found.only_a.append(function)
            continue
        mine = forms[0].of(function)
        index = 0
        if len(others) > 1:  # several of one name: the one with the same code
            index = next((i for i, o in enumerate(others) if forms[1].of(o) == mine), 0)
        other = others.pop(index)
        theirs = forms[1].of(other)
        if not mine or not theirs:
            found.unread.append((function, other))
        elif mine == theirs:
            (found.same if function.start == other.start else found.moved).append((function, other))
        else:
            differing.append((function, other))
    found.only_b = [f for rest in by_name.values() for f in rest]
    _look_closer(a, b, forms, differing, found)
    _by_content(forms, found)
    found.only_b.sort()
    return found


class _Forms:
    def __init__(self, code: Code, forms: list[bytearray]) -> None:
        self._parts = [
            (address, address + len(form), bytes(form))
            for (address, _), form in zip(code.parts, forms, strict=True)
        ]
        self._pad = b"\0" if code.isa == "arm64" else b"\xcc"

    def of(self, function: Function) -> bytes:
        """The form of a function without the padding after it."""
        for start, end, form in self._parts:
            if start <= function.start < end:
                raw = form[function.start - start : function.end - start]
                short = raw.rstrip(self._pad)
                if self._pad == b"\0":  # whole instructions
                    return raw[: -(-len(short) // 4) * 4]
                return short
        return b""


def _look_closer(
    a: Code, b: Code, forms: list[_Forms], differing: list[Pair], found: Comparison
) -> None:
    """Disassembles what differs in bytes at equal length: it may still be addresses alone."""
    machine = listing.engine(a.isa)
    spent = 0
    for one, other in differing:
        mine = forms[0].of(one)
        if len(mine) == len(forms[1].of(other)):
            spent += 2 * len(mine)
            if spent > BUDGET:
                found.undecided += 1
            else:
                left, bad = listing.lines(machine, a, one)
                right, worse = listing.lines(machine, b, other)
                if bad or worse:
                    found.opaque += 1
                elif [x.plain for x in left] == [x.plain for x in right]:
                    place = found.same if one.start == other.start else found.moved
                    place.append((one, other))
                    continue
        found.changed.append((one, other))


def _by_content(forms: list[_Forms], found: Comparison) -> None:
    """Joins what is left by its code, where that code stands once on each side."""
    left: dict[bytes, list[Function]] = defaultdict(list)
    right: dict[bytes, list[Function]] = defaultdict(list)
    for side, functions, form in (
        (left, found.only_a, forms[0]),
        (right, found.only_b, forms[1]),
    ):
        for function in functions:
            content = form.of(function)
            if len(content) >= 16:  # shorter ones are alike by chance
                side[content].append(function)
    for content, ones in left.items():
        others = right.get(content, [])
        if len(ones) == len(others) == 1:
            found.renamed.append((ones[0], others[0]))
    gone = {one for one, _ in found.renamed}
    come = {other for _, other in found.renamed}
    found.only_a = [f for f in found.only_a if f not in gone]
    found.only_b = [f for f in found.only_b if f not in come]
