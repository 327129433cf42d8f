"""How far the stack of a dead Go program can be trusted, and why.

Go prints its own frames from its own tables (pclntab: the size of each frame at each pc), so
they hold as long as the memory of the stack does. It prints no C frames, but those which a C
traceback function of the program gives it. Debuggers and Apple's reporter walk Go code by
call frame information or by the chain of frame pointers, and lose it where the runtime
switches stacks.

Sources: `unwinder`, `traceback1`, `traceback2`, `printCgoTraceback` in runtime/traceback.go,
`cgocall` and `cgocallbackg` in runtime/cgocall.go, `asmcgocall` and `cgocallback` in
runtime/asm_amd64.s and asm_arm64.s (Go 1.19, 1.26, 1.27); GDB manual 8.2; the sessions of
tests/corpus/debuggers.
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.crash.death_place import Place, called_c, death_place, exported_go
from archfit.crash.signal_origin import SignalOrigin, signal_origin
from archfit.formats.apple_report import Report
from archfit.formats.debugger_session import Session
from archfit.formats.go_dump import Dump
from archfit.formats.go_goroutine import Goroutine

#: Damage of memory: the frames are read from the stack that may be damaged too.
_DAMAGED = (
    "found bad pointer", "found pointer to free", "invalid pointer found on stack", "bad span",
    "sweep increased", "unknown caller pc", "traceback stuck", "traceback did not unwind",
    "unexpected return pc", "marked free object", "workbuf is", "mspan.",
)  # fmt: skip
_C_DAMAGED = ("double free", "corrupted", "invalid pointer", "invalid size", "stack smashing")
_BOTTOM = ("runtime.goexit", "runtime.mstart", "runtime.rt0_go", "runtime.mcall", "runtime.main")


@dataclass(frozen=True, slots=True)
class FrameTrust:
    """``source``: where the frame comes from.

    tables (Go's own), inlined (Go's inline tree), trap (tables, at the pc of the signal),
    saved (tables, from the pc that Go saved when it called C), c-traceback (the program's C
    function gave the pc), call-frame (a debugger by the compiler's unwind tables),
    frame-pointer (a walk along saved frame pointers), guess.
    """

    function: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cut:
    """``frame``: after how many frames something is missing. ``kind``: elided, left-out,
    c-hidden, return-pc, unknown-pc, stuck, unavailable, end, runtime-hidden, debugger."""

    frame: int
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class StackTrust:
    """``level``: whole (down to the start of the goroutine), go-part (the Go frames are whole,
    C is not shown), cut (frames are missing), damaged (what is printed may be wrong), none.

    ``goroutine`` and ``thread`` (Go's number of the M): of the stack that died, None where the
    text does not tell. ``c_thread``: C called Go from a thread which Go had not made.
    """

    place: Place
    signal: SignalOrigin | None
    goroutine: int | None
    thread: int | None
    c_function: str
    go_callback: str
    c_thread: bool
    level: str
    reason: str
    frames: tuple[FrameTrust, ...]
    cuts: tuple[Cut, ...]


def stack_trust(dump: Dump) -> StackTrust:
    """What can be said of the stack that tells of the death: the goroutine's, or the runtime's."""
    place, origin, first = death_place(dump), signal_origin(dump), dump.first
    # When the runtime gave up, its own stack is the one which says why.
    own = dump.runtime_stack is not None and place.where in ("runtime", "boundary")
    stack = dump.runtime_stack if own or first is None else first
    frames = _frames(dump, stack) if stack else []
    cuts = _cuts(dump, stack, place) if stack else []
    level, reason = _level(dump, stack, place, cuts)
    thread = first.header.m if first else None
    thread = dump.m if thread is None else thread
    return StackTrust(
        place,
        origin,
        first.id if first else None,
        thread,
        called_c(first),
        exported_go(first),
        _from_c_thread(first),
        level,
        reason,
        tuple(frames),
        tuple(cuts),
    )


def _frames(dump: Dump, stack: Goroutine) -> list[FrameTrust]:
    out: list[FrameTrust] = []
    after_panic = False
    for number, frame in enumerate(stack.frames):
        if frame.c:
            source, why = "c-traceback", "the C traceback function of the program gave its pc"
        elif frame.inlined:
            source, why = "inlined", "Go's inline tree; it has no frame of its own on the stack"
        elif after_panic:
            source, why = "trap", "runtime.sigpanic was put on top of the pc of the signal"
        elif number == 0 and frame.pc is not None and frame.pc == dump.pc:
            source, why = "trap", "its pc is the one in the signal's context"
        elif not out and dump.in_cgo:
            source, why = "saved", "the pc that Go saved when it called C"
        else:
            source, why = "tables", "Go's pclntab has the size of its caller's frame"
        if not frame.inlined:
            after_panic = frame.function == "runtime.sigpanic"
        out.append(FrameTrust(frame.function, source, why))
    return out


def _cuts(dump: Dump, stack: Goroutine, place: Place) -> list[Cut]:
    count = len(stack.frames)
    cuts: list[Cut] = []
    if place.where == "c" and not any(frame.c for frame in stack.frames[:1]):
        name = called_c(stack)
        told = f" below {name}" if name else ""
        cuts.append(Cut(0, "c-hidden", f"Go prints no C frames: the calls{told} are not shown"))
    for number, frame in enumerate(stack.frames[1:], 1):
        above = stack.frames[number - 1]
        back = above.function == "runtime.cgocallback" and frame.function != "runtime.goexit"
        # With the runtime's frames hidden, the call of C stands right below what C called.
        hidden = "._Cfunc_" in frame.function and not above.runtime
        if (back or hidden) and not above.c and not frame.c:
            why = "C's frames between Go's call and its callback are not shown"
            cuts.append(Cut(number, "c-hidden", why))
    if stack.elided:
        how = f"{stack.elided} frames" if stack.elided > 0 else "frames"
        cuts.append(Cut(min(50, count), "elided", f"Go left out {how} in the middle"))
    kinds = {
        "unexpected-return-pc": ("return-pc", "a return address is not in Go's tables: its caller"
                                 " is C, or the stack is damaged"),
        "unknown-pc": ("unknown-pc", "the pc is not in Go's tables: C, or a jump into nowhere"),
        "stuck": ("stuck", "the walk found the same frame again: the stack is damaged"),
        "incomplete": ("stuck", "the walk ended before the bottom of the stack"),
        "unavailable": ("unavailable", "the goroutine ran on another thread, whose registers Go"
                        " can't read"),
        "left-out": ("left-out", "somebody left out lines of the text"),
    }  # fmt: skip
    for note in stack.notes:
        if note.kind in kinds:
            kind, why = kinds[note.kind]
            before = sum(1 for frame in stack.frames if frame.at < note.at)
            cuts.append(Cut(before, kind, why))
    if stack.cut:
        cuts.append(Cut(count, "end", "the text ends inside the stack"))
    if dump.cut_start:
        cuts.append(Cut(0, "end", "the text starts inside the dump"))
    shown = any(f.fp is not None or f.function in _BOTTOM for f in stack.frames)
    if count and not shown:
        cuts.append(
            Cut(count, "runtime-hidden", "frames of the runtime are hidden (GOTRACEBACK=system)")
        )
    return cuts


def _level(dump: Dump, stack: Goroutine | None, place: Place, cuts: list[Cut]) -> tuple[str, str]:
    if stack is None or not (stack.frames or stack.notes):
        if dump.kind == "race" and dump.race:
            return "whole", "the race detector keeps its own stacks, of Go frames alone"
        return "none", "no stack is printed (GOTRACEBACK=none, or the text is cut)"
    said = "\n".join([dump.message, *(line.text for line in dump.before)])
    if any(words in said for words in _DAMAGED) or any(c.kind == "stuck" for c in cuts):
        why = "memory was damaged before this: the stack shows who found it, not who did it"
        return "damaged", why
    kinds = {cut.kind for cut in cuts}
    if kinds & {"return-pc", "unknown-pc", "unavailable", "left-out", "end", "elided"}:
        first = next(c for c in cuts if c.kind not in ("c-hidden", "runtime-hidden"))
        return "cut", first.reason
    if place.where == "c" or "c-hidden" in kinds:
        if any(words in said for words in _C_DAMAGED):
            why = "C's heap was damaged before this: this call found it, another may have done it"
            return "go-part", why
        return "go-part", "the Go frames are whole; what C did is not shown"
    return "whole", "all frames come from Go's tables"


def _from_c_thread(goroutine: Goroutine | None) -> bool:
    """Below cgocallback the stack ends: C called from a thread of its own."""
    names = [frame.function for frame in goroutine.frames if not frame.c] if goroutine else []
    if not any(name.startswith("_cgoexp_") for name in names):
        return False
    return not any(name == "runtime.cgocall" or "._Cfunc_" in name for name in names)


def session_trust(session: Session) -> tuple[tuple[FrameTrust, ...], tuple[Cut, ...]]:
    """The frames of the thread where a debugger stopped, and where they can't be believed.

    gdb has no rule for the stack switch in runtime.asmcgocall, so what it shows behind that is
    what its guess finds on the system stack; lldb and delve follow the switch back.
    """
    thread = session.stopped
    frames: list[FrameTrust] = []
    cuts: list[Cut] = []
    lost = False
    for number, frame in enumerate(thread.frames if thread else ()):
        if lost:
            frames.append(FrameTrust(frame.function, "guess", "behind a switch of stacks"))
        elif number == 0:
            frames.append(FrameTrust(frame.function, "trap", "the registers of the thread"))
        elif not frame.function and not frame.handler:
            frames.append(FrameTrust("", "guess", "no function has this address"))
        else:
            why = "the compiler's unwind tables, or the frame pointer where there are none"
            frames.append(FrameTrust(frame.function, "call-frame", why))
        switch = frame.function in ("runtime.asmcgocall", "runtime.systemstack", "runtime.mcall")
        if switch and not lost and session.tool == "gdb":
            lost = True
            why = f"gdb does not follow the switch of stacks in {frame.function}"
            cuts.append(Cut(number + 1, "debugger", why))
    for kind, _, words in session.notes:
        if kind in ("stopped", "truncated", "more", "none"):
            cuts.append(Cut(len(frames), "debugger", words))
    return tuple(frames), tuple(cuts)


def report_trust(report: Report) -> tuple[tuple[FrameTrust, ...], tuple[Cut, ...]]:
    """The frames of an Apple report's crashed thread.

    Its unwinder uses the compact unwind tables of a Mach-O file and falls back to the frame
    pointer; Go writes no such tables for Go code.
    """
    thread = report.crashed
    frames: list[FrameTrust] = []
    cuts: list[Cut] = []
    for number, frame in enumerate(thread.frames if thread else ()):
        go = "." in frame.symbol and not frame.symbol.startswith(("-[", "+[", "_Z", "std::"))
        if number == 0:
            frames.append(FrameTrust(frame.symbol, "trap", "the registers of the thread"))
        elif go:
            why = "Go code has no compact unwind tables: the chain of frame pointers"
            frames.append(FrameTrust(frame.symbol, "frame-pointer", why))
        else:
            frames.append(FrameTrust(frame.symbol, "call-frame", "compact unwind tables"))
        if frame.symbol.startswith(("runtime.asmcgocall", "runtime.systemstack", "runtime.mcall")):
            why = f"{frame.symbol} switches stacks: the goroutine's frames are not on this one"
            cuts.append(Cut(number + 1, "debugger", why))
    if report.translated:
        cuts.append(Cut(0, "debugger", "translated: addresses may lie in Rosetta's code"))
    if not report.complete:
        cuts.append(Cut(len(frames), "end", "the report is cut"))
    return tuple(frames), tuple(cuts)
