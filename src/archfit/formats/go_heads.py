"""The lines at the head of a Go dump: signal, exception, panic value, what came before.

Sources: `fatalsignal` in runtime/signal_unix.go, `dopanic_m` and `printpanics` in
runtime/panic.go, `winthrow` in runtime/signal_windows.go (Go 1.19, 1.26, 1.27). Go prints
si_code as an unsigned 64-bit number, so a negative one comes as 18446744073709551610.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PC = re.compile(
    r"PC=0x([0-9a-f]{1,16})(?: m=(\d{1,9}))?(?: sigcode=(-?\d{1,20}))?(?: addr=0x([0-9a-f]{1,16}))?"
)
_SIGLINE = re.compile(
    r"\[signal (?:0x([0-9a-f]{1,8})|(?:(SIG[A-Z0-9]{2,10}): )?([^\n\]]{1,60}?))"
    r" code=(?:0x([0-9a-f]{1,16})|(-?\d{1,20})) addr=(0x[0-9a-f]{1,16}|[1-9]\d{0,19}|0)"
    # gccgo prints all three in decimal.
    r" pc=(0x[0-9a-f]{1,16}|[1-9]\d{0,19}|0)\]"
)
_NAME = re.compile(r"(SIG[A-Z0-9]{2,10})(?:: ([^\n]{0,80}))?|[Ss]ignal (\d{1,3})")
_BYTE = re.compile(r"0x([0-9a-f]{1,2})(?= |\Z)")
_WORD = re.compile(r"0x([0-9a-f]{1,16})(?= |\Z)")
_RECOVERED = re.compile(r" \[recovered(, repanicked)?\]\Z")
#: Signal numbers on which Linux and the BSDs (macOS) agree.
_SIGNALS = {1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT"}
_SIGNALS |= {8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM"}
#: How many characters before a dump are looked through for what was said there.
_BACK = 65536


@dataclass(frozen=True, slots=True)
class Fault:
    """What a head says of a signal; None and "" for what it does not say."""

    signal: str = ""
    number: int | None = None
    text: str = ""
    sigcode: int | None = None
    addr: int | None = None
    pc: int | None = None
    m: int | None = None


def signed(code: int) -> int:
    """si_code is a signed 32-bit number, however it was printed."""
    code &= 0xFFFFFFFF
    return code - (1 << 32) if code >> 31 else code


def signal_name(line: str) -> Fault:
    """`SIGSEGV: segmentation violation`, `Signal 34`."""
    found = _NAME.match(line)
    if found is None:
        return Fault()
    if found[3]:
        number = int(found[3])
        return Fault(_SIGNALS.get(number, ""), number)
    return Fault(found[1], text=(found[2] or "").strip())


def pc_line(line: str) -> Fault:
    """`PC=0x4a6080 m=0 sigcode=1 addr=0x0`."""
    found = _PC.match(line)
    if found is None:
        return Fault()
    return Fault(
        pc=int(found[1], 16),
        m=int(found[2]) if found[2] else None,
        sigcode=signed(int(found[3])) if found[3] else None,
        addr=int(found[4], 16) if found[4] else None,
    )


def signal_line(line: str) -> Fault:
    """`[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a570d]`.

    Lines that follow may be in ``line``, as a terminal may have broken it.
    """
    found = _SIGLINE.match(line.partition("]")[0].replace("\n", "") + "]")
    if found is None:
        return Fault()
    number = int(found[1], 16) if found[1] else None
    # On Windows the number is that of the exception, which has 32 bits.
    name = _SIGNALS.get(number, "") if number is not None else found[2] or ""
    code = int(found[4], 16) if found[4] else int(found[5])
    return Fault(name, number, found[3] or "", signed(code), int(found[6], 0), int(found[7], 0))


def exception_line(line: str) -> tuple[int, ...]:
    """`Exception 0xc0000005 0x1 0x0 0x7ff6c0ffee00`: code, its first two parameters, pc."""
    return tuple(int(x, 16) for x in _WORD.findall(line[:120]))


def instruction_line(line: str) -> bytes:
    """`instruction bytes: 0xf 0xb ...`: up to 16 bytes from the pc on; the line may be broken."""
    return bytes(int(x, 16) for x in _BYTE.findall(line[:200].replace("\n", "")))[:16]


def panic_value(text: str) -> tuple[str, bool, bool]:
    """(message, recovered, repanicked) of what stands behind `panic: `."""
    text = text.rstrip()
    found = _RECOVERED.search(text)
    if found is None:
        return text, False, False
    return text[: found.start()], True, found[1] is not None


def message(
    text: str, start: int, limit: int, indent: str = "", one: bool = False
) -> tuple[str, int]:
    """(what a head says from ``start`` on, where it ends): at a blank line, or at ``limit``.

    Go puts a tab before the further lines of a panic's text (since 1.18), so a blank line
    followed by an indented one does not end it. ``indent``: what stands before each line.
    ``one``: lines without the tab are not its own.
    """
    lines: list[str] = []
    end = start
    stretch = text[start : min(limit, start + 16384)].split("\n")
    for number, raw in enumerate(stretch[:200]):
        line = raw.removeprefix(indent)
        if not line.strip() and number:
            after = stretch[number + 1] if number + 1 < len(stretch) else ""
            after = after.removeprefix(indent)
            if not (after.startswith("\t") and after.strip()):
                break
        if number and one and not line.startswith("\t"):
            break
        lines.append(line.rstrip() if not number else line.removeprefix("\t").rstrip())
        end += len(raw) + 1
    return "\n".join(lines).rstrip(), min(end - 1, limit)


def said_before(text: str, floor: int, start: int) -> list[tuple[int, str]]:
    """(where, line) of what the runtime, C or C++ said right before a head.

    The lines without a blank one between (12 at most), and lines of the runtime among those
    further up (20 at most), in the order of the text.
    """
    low = max(floor, start - _BACK)
    low = text.find("\n", low) + 1 if low > floor else low
    kept: list[tuple[int, str]] = []
    pos = start
    blanks = near = far = 0
    while pos > low and len(kept) < 32:
        begin = max(text.rfind("\n", low, pos - 1) + 1, low)
        line = text[begin:pos].strip()
        if not line:
            blanks += 1
        own = line.startswith(("runtime: ", "runtime/cgo: ", "fatal: "))
        if line and (own or (not blanks and near < 12)):
            kept.append((begin, line))
            near += 1
        elif line:
            far += 1
            if far > 700 or (blanks and far > 60):
                break
        pos = begin if begin < pos else low
    kept.reverse()
    return kept
