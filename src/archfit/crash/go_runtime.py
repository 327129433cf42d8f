"""Goroutines and threads as Go's runtime keeps them in memory.

Source: runtime/runtime2.go (struct g, gobuf, m, the waitReason strings and the _G states) of
Go 1.19.8, 1.26.8 and 1.27.3. Between them a g has three shapes: to Go 1.22; with
syscallbp (1.23 to 1.25); without gobuf.ret (1.26 and later). Which one holds is
checked against the memory itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.crash.process_image import Module, ProcessImage

_M, _SCHED_SP, _SCHED_PC, _SCHED_LR = 48, 56, 64, 88
#: Bytes of a gobuf, and from them: offset of goid in a g, of procid and curg in an m.
_SHAPES = ((48, 152, 64, 184), (56, 160, 72, 192), (56, 152, 72, 192))
_STATES = (
    "idle",
    "runnable",
    "running",
    "syscall",
    "waiting",
    "moribund_unused",
    "dead",
    "enqueue_unused",
    "copystack",
    "preempted",
    "leaked",
    "deadextra",
)
_SCAN = 0x1000
_MOST_GOROUTINES = 1 << 17


@dataclass(frozen=True, slots=True)
class Goroutine:
    """``address`` of its g; ``sp``, ``pc``: where it left off, when it does not run;
    ``thread``: the id of the thread that it sits on, 0 = none; ``m``: that thread's m."""

    address: int
    id: int
    state: str
    wait_reason: int
    low: int
    high: int
    sp: int
    pc: int
    thread: int
    m: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Offsets in bytes: of goid in a g, of procid and curg in an m."""

    goid: int
    procid: int
    curg: int


def shape(image: ProcessImage, g: int, minor: int | None) -> Shape | None:
    """Which of the shapes a g has; ``minor``: 26 for Go 1.26, None = not known."""
    order = [_SHAPES[0], _SHAPES[2], _SHAPES[1]]
    if minor is not None:
        order = [_SHAPES[2] if minor < 23 else _SHAPES[1] if minor < 26 else _SHAPES[0]]
    for _, goid, procid, curg in order:
        if _state(image, g, goid) is not None:
            return Shape(goid, procid, curg)
    return None


def _state(image: ProcessImage, g: int, goid: int) -> int | None:
    word = image.read(g + goid - 8, 4)
    if len(word) < 4:
        return None
    state = int.from_bytes(word, "little") & ~_SCAN
    return state if state < len(_STATES) else None


def is_g(image: ProcessImage, g: int) -> bool:
    """A g could stand at this address: its stack has bounds, and its m a g0 with bounds."""
    if g < 4096 or g % 8:
        return False
    low, high, m = image.word(g), image.word(g + 8), image.word(g + _M)
    if not low or not high or not 0 < high - low <= 1 << 33:
        return False
    if m is None or (m and not image.word(m)):
        return False
    guard = image.word(g + 16)
    return guard is not None and (low <= guard <= high or guard >= 1 << 63)


def goroutine(image: ProcessImage, g: int, known: Shape) -> Goroutine | None:
    """What a g says; None when it can't be read."""
    words = image.read(g, known.goid + 40)
    if len(words) < known.goid + 40:
        return None
    state = _state(image, g, known.goid)
    if state is None:
        return None

    def word(at: int) -> int:
        return int.from_bytes(words[at : at + 8], "little")

    m = word(_M)
    thread = image.word(m + known.procid) if m else None
    reason = words[known.goid + 24]
    return Goroutine(
        *(g, word(known.goid), _STATES[state], reason, word(0), word(8)),
        *(word(_SCHED_SP), word(_SCHED_PC), thread or 0, m),
    )


def all_goroutines(
    image: ProcessImage, module: Module, symbols: dict[str, int], known: Shape
) -> list[Goroutine] | None:
    """Those which are not dead, in the runtime's order; None without `runtime.allgs`."""
    at = symbols.get("runtime.allgs")
    if at is None:
        return None
    first, count = image.word(at + module.bias), image.word(at + module.bias + 8)
    if not first or count is None or count > _MOST_GOROUTINES:
        return None
    table = image.read(first, 8 * count)
    found = []
    for n in range(len(table) // 8):
        one = goroutine(image, int.from_bytes(table[8 * n : 8 * n + 8], "little"), known)
        if one is not None and one.state not in ("dead", "deadextra", "idle"):
            found.append(one)
    return found


def current(image: ProcessImage, thread: int, known: Shape, ms: dict[int, int]) -> int:
    """The g that a thread runs for (`m.curg`), 0 = none. ``ms``: thread id -> m."""
    m = ms.get(thread)
    return (image.word(m + known.curg) or 0) if m else 0
