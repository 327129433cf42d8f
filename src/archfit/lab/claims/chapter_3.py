"""Chapter 3.1: two calling conventions, seen in compiled code and in running programs."""

from __future__ import annotations

import re

from archfit.lab.claim import Claim, Judged, Seen, Verdict
from archfit.model.errors import Unavailable

_SAVED_ARM64 = {f"x{n}" for n in range(19, 29)} | {f"d{n}" for n in range(8, 16)}
_SAVED_AMD64 = {"rbx", "rbp", "r12", "r13", "r14", "r15"}


def _compared(said: set[str], found: set[str], told: str) -> Judged:
    """`true` for equal sets, `partly` when they share some."""
    if not found:
        raise Unavailable("the compiler's output shows no register that is saved")
    if said == found:
        return Judged(Verdict.TRUE, told)
    missing, more = (", ".join(sorted(group)) or "none" for group in (said - found, found - said))
    verdict = Verdict.PARTLY if said & found else Verdict.FALSE
    return Judged(verdict, f"{told}; not saved: {missing}; saved beside them: {more}")


def _saved_arm64(seen: Seen) -> Judged:
    """Stores to the frame before the body; x29 and x30 are the frame record."""
    text = seen.step("claims/callee-saved", "arm64").out
    stores = re.findall(r"^\s*(?:stp|str)\s+(\w+)(?:,\s*(\w+))?,\s*\[", text, re.M)
    found = {name for pair in stores for name in pair if name} - {"x29", "x30"}
    return _compared(
        _SAVED_ARM64, found, f"a function that changes all saves {_ranges(found)} (and x29, x30)"
    )


def _saved_amd64(seen: Seen) -> Judged:
    text = seen.step("claims/callee-saved", "amd64").out
    found = set(re.findall(r"^\s*pushq\s+%(\w+)", text, re.M))
    return _compared(_SAVED_AMD64, found, f"a function that changes all saves {_ranges(found)}")


def _ranges(names: set[str]) -> str:
    """``d8-d15, x19-x28``."""
    kinds: dict[str, list[int]] = {}
    rest = []
    for name in names:
        match = re.fullmatch(r"([a-z]+)(\d+)", name)
        if match:
            kinds.setdefault(match[1], []).append(int(match[2]))
        else:
            rest.append(name)
    parts = []
    for kind, numbers in sorted(kinds.items()):
        low, high = min(numbers), max(numbers)
        whole = high - low + 1 == len(numbers) and low < high
        parts.append(
            f"{kind}{low}-{kind}{high}" if whole else ", ".join(f"{kind}{n}" for n in numbers)
        )
    return ", ".join(sorted(rest) + parts) or "nothing"


def _rests(text: str, word: str) -> set[int]:
    return {
        int(n) for line in text.splitlines() if word in line for n in line.split(":")[1].split()
    }


def _alignment(seen: Seen) -> Judged:
    """0 at every entry on arm64; 8 on amd64, where the call has pushed 8 bytes."""
    rests = {}
    for isa in ("arm64", "amd64"):
        rests[isa] = _rests(seen.step("claims/stack-alignment", isa).out, "at entry:")
        if not rests[isa]:
            raise Unavailable(f"the program for {isa} said nothing")
    told = "; ".join(
        f"{isa}: sp mod 16 at entry is {', '.join(map(str, sorted(found)))}"
        for isa, found in rests.items()
    )
    good = [rests["arm64"] == {0}, rests["amd64"] == {8}]
    verdict = Verdict.TRUE if all(good) else Verdict.PARTLY if any(good) else Verdict.FALSE
    return Judged(verdict, f"{told} (8 callers with frames of many sizes)")


def _misaligned(seen: Seen) -> Judged:
    """The claim is of an 8-aligned store; less aligned ones and an atomic stand beside it."""
    trial = seen.run("claims/misaligned")[0]
    names = ("store 8", "store 1", "store 62", "atomic 8", "atomic 62", "sp 8")
    said = {name: trial.of(name).out.strip() or "no answer" for name in names}
    told = "; ".join(f"{name}: {answer}" for name, answer in said.items())
    faults = "SIGBUS" in said["store 8"]
    return Judged(Verdict.TRUE if faults else Verdict.FALSE, f"{told} (offsets from 64)")


def _cgocall(seen: Seen) -> Judged:
    """Two statements: no instruction aligns SP; so C gets one that is not aligned."""
    trial = seen.run("claims/stack-switch")[0]
    code = {isa: trial.of(f"code {isa}").out for isa in ("arm64", "amd64")}
    if any("asmcgocall" not in text for text in code.values()):
        raise Unavailable("go tool objdump shows no runtime.asmcgocall")
    masks = {isa: re.findall(r"\b(?:ANDQ|AND|BIC)\s+\$[^\t]*", text) for isa, text in code.items()}
    rests = {int(n) for n in re.findall(r"sp mod 16 in C: (\d+)", trial.of("arm64").text)}
    if not rests:
        raise Unavailable("the program for arm64 said nothing")
    told = (
        f"asmcgocall masks SP in {len(masks['arm64'])} places on arm64, {len(masks['amd64'])} on"
        f" amd64; sp mod 16 in C on arm64 is {', '.join(map(str, sorted(rests)))} (64 goroutines)"
    )
    if rests != {0}:
        return Judged(Verdict.FALSE if masks["arm64"] else Verdict.TRUE, told)
    return Judged(Verdict.FALSE if masks["arm64"] else Verdict.PARTLY, told)


def _parameters(seen: Seen) -> Judged:
    """The register that each function returns its parameter from."""
    said = {
        "arm64": [f"x{n}" for n in range(8)] + [f"v{n}" for n in range(8)],
        "amd64": ["rdi", "rsi", "rdx", "rcx", "r8", "r9"] + [f"xmm{n}" for n in range(8)],
    }
    found = {
        isa: _taken(seen.step("claims/parameters", isa).out, isa) for isa in ("arm64", "amd64")
    }
    told = "; ".join(f"{isa}: {' '.join(registers)}" for isa, registers in found.items())
    if not all(found.values()):
        raise Unavailable("the compiler's output shows no parameter")
    good = [found[isa] == said[isa] for isa in said]
    verdict = Verdict.TRUE if all(good) else Verdict.PARTLY if any(good) else Verdict.FALSE
    return Judged(verdict, told)


def _taken(text: str, isa: str) -> list[str]:
    """Registers in the order of the parameters; those that come on the stack are left out."""
    bodies = re.split(r"^(whole|real)(\d):\n", text, flags=re.M)[1:]
    first = {"arm64": ("x0", "v0"), "amd64": ("", "xmm0")}[isa]
    found: dict[str, list[str]] = {"whole": [], "real": []}
    for kind, _, body in zip(bodies[::3], bodies[1::3], bodies[2::3], strict=False):
        code = body.partition("\tret")[0]
        if re.search(r"\[sp|\(%rsp\)", code):
            continue
        if isa == "arm64":
            match = re.search(r"\b(?:mov|fneg)\s+[xd]0, ([xd]\d+)", code)
            name = match[1].replace("d", "v") if match else first[kind == "real"]
        else:
            match = re.search(r"\b(?:movq|movapd|movsd)\s+%(\w+), %(?:rax|xmm0)\b", code)
            name = match[1] if match else first[kind == "real"]
        found[kind].append(name)
    return found["whole"] + found["real"]


_AAPCS = "AAPCS64 6.1"
_PSABI = "System V psABI 3.2.1"

CLAIMS = (
    Claim(
        "ch3.1.saved-arm64",
        "3.1",
        "AAPCS64: x19 to x29 and d8 to d15 are callee-saved",
        ("claims/callee-saved",),
        Verdict.TRUE,
        "of v8 to v15 the low 64 bits alone",
        _AAPCS,
        _saved_arm64,
    ),
    Claim(
        "ch3.1.saved-amd64",
        "3.1",
        "System V: rbx, rbp, r12 to r15 are callee-saved",
        ("claims/callee-saved",),
        Verdict.TRUE,
        "and no vector register",
        _PSABI,
        _saved_amd64,
    ),
    Claim(
        "ch3.1.stack-alignment",
        "3.1",
        "SP is always aligned to 16 on arm64, on x86-64 at a call",
        ("claims/stack-alignment",),
        Verdict.TRUE,
        "(rsp+8) mod 16 = 0 at entry; arm64's hardware checks SP as a base, qemu 7.2 does not",
        "AAPCS64, Universal stack constraints; psABI 3.2.2",
        _alignment,
    ),
    Claim(
        "ch3.1.misaligned-store",
        "3.1",
        "on arm64 a store through an int* that is only 8-aligned raises SIGBUS",
        ("claims/misaligned",),
        Verdict.FALSE,
        "scalar stores need no alignment; atomics and accesses with SP as base do",
        "Arm ARM, Alignment of data accesses",
        _misaligned,
    ),
    Claim(
        "ch3.1.cgocall-alignment",
        "3.1",
        "cgocall does not align SP on arm64, so C gets a stack that is not aligned",
        ("claims/stack-switch",),
        Verdict.PARTLY,
        "no instruction aligns it there, and none has to: Go keeps SP aligned to 16 on arm64",
        "src/runtime/asm_arm64.s of 1.26.8",
        _cgocall,
    ),
    Claim(
        "ch3.1.parameters",
        "3.1",
        "parameters come in x0-x7/v0-v7, and in rdi rsi rdx rcx r8 r9/xmm0-7",
        ("claims/parameters",),
        Verdict.TRUE,
        "Apple's arm64 differs: variadic ones always come on the stack",
        f"{_AAPCS}; psABI 3.2.3",
        _parameters,
    ),
)
