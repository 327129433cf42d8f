"""Where a Go program died: in C, in Go, in the runtime, or at the boundary between C and Go.

Sources: `sighandler`, `sigpanic`, `sigNotOnStack` in runtime/signal_unix.go, `cgocall` and
`cgoCheckPointer` in runtime/cgocall.go, `throw` and `fatal` in runtime/panic.go of Go 1.19,
1.26 and 1.27; the real dumps of tests/corpus/tracebacks, whose truth is known.
"""

from __future__ import annotations

from dataclasses import dataclass

from archfit.formats.go_dump import Dump
from archfit.formats.go_frames import Frame
from archfit.formats.go_goroutine import Goroutine

#: Functions in which a goroutine's stack ends while its thread runs C.
INTO_C = (
    "runtime.cgocall",
    "runtime.cgocall_errno",
    "runtime.asmcgocall",
    "runtime.asmcgocall_no_g",
    "runtime.libcCall",
    "runtime.asmstdcall",
    "runtime.stdcall",
    "syscall.syscall",
)
_POINTER_RULE = (
    "cgo argument has Go pointer",
    "argument of cgo function has Go pointer",
    "cgo result",
    "result of Go function",
)
_BOUNDARY = (
    "non-Go code set up signal handler",
    "non-Go code disabled sigaltstack",
    "cgocallback",
    "bad g in signal handler",
    "runtime: cgo",
    "cgo: ",
    "needm",
)
#: What the runtime says of faults of the program, not of its own.
_PROGRAM = (
    "concurrent map",
    "all goroutines are asleep",
    "sync: ",
    "sync/atomic: ",
    "no goroutines",
    "stack overflow",
)
#: Packages whose functions find such a fault, and where goroutines wait.
_FINDERS = ("sync", "internal/sync", "internal/poll", "internal/runtime/maps")
_SIGNAL_IN_RUNTIME = "unexpected signal during runtime execution"


#: What cgo names like a C function, but writes in Go (cmd/cgo/out.go, goStringDef and others).
_WRITTEN_IN_GO = ("GoString", "GoStringN", "GoBytes", "CString", "CBytes")


@dataclass(frozen=True, slots=True)
class Place:
    """``where``: c, go, runtime, boundary, or "" when the text does not tell.

    ``function``: the innermost one that is known: a Go function, or the C function that Go
    called. ``reason``: what in the text says so.
    """

    where: str
    function: str
    reason: str


def called_c(goroutine: Goroutine | None) -> str:
    """The C function that this goroutine called last (`parse` of `main._Cfunc_parse`), or ""."""
    for frame in goroutine.frames if goroutine else ():
        name = frame.function.partition("._Cfunc_")[2]
        if name and name not in _WRITTEN_IN_GO:
            return name.removeprefix("_")
        if "_cgoexp_" in frame.function:
            return ""
    return ""


def exported_go(goroutine: Goroutine | None) -> str:
    """The Go function that C called last, or "".

    It stands above `_cgoexp_1f_name`; where the runtime's frames are hidden, above the call
    of C that led to it.
    """
    above = ""
    for frame in goroutine.frames if goroutine else ():
        if frame.c:
            continue
        if frame.function.startswith("_cgoexp_"):
            name = frame.function.split("_", 3)[-1]
            return above if above.endswith("." + name) else name
        if "._Cfunc_" in frame.function:
            return above
        above = "" if frame.runtime else frame.function
    return ""


def in_c(goroutine: Goroutine | None) -> bool:
    """The goroutine's innermost Go frame is one of those that run C."""
    own = [f for f in goroutine.frames if not f.c] if goroutine else []
    if not own:
        return False
    name = own[0].function
    return name in INTO_C or ("._Cfunc_" in name and not name.endswith(_WRITTEN_IN_GO))


def death_place(dump: Dump) -> Place:
    """Where this dump's program died."""
    if dump.kind == "race":
        return Place("go", _accessed(dump), "a report of the race detector: both sides are Go")
    if dump.kind == "goroutines":
        return Place("", "", "the text has goroutines, but not what killed the program")
    if dump.kind == "panic":
        return _of_panic(dump)
    if dump.kind == "fatal":
        return _of_fatal(dump)
    return _of_signal(dump)


def _accessed(dump: Dump) -> str:
    race = dump.race
    return race.accesses[0].frames[0].function if race and race.accesses[0].frames else ""


def _of_panic(dump: Dump) -> Place:
    culprit = _after_panic(dump.first)
    if any(rule in dump.message for rule in _POINTER_RULE):
        name = called_c(dump.first) or (culprit.function if culprit else "")
        return Place("boundary", name, "the check of pointers passed between Go and C failed")
    name = culprit.function if culprit else ""
    back = exported_go(dump.first)
    if back:
        return Place("go", name or back, f"a Go panic in {back}, which C had called")
    if dump.signal or dump.signal_number is not None:
        what = dump.signal or f"signal {dump.signal_number:#x}"
        return Place("go", name, f"{what} at a Go instruction, turned into a panic")
    return Place("go", name, "a Go panic")


def _of_fatal(dump: Dump) -> Place:
    first, message = dump.first, dump.message
    if message.startswith(_SIGNAL_IN_RUNTIME):
        if in_c(first) and not _in_runtime_stack(dump):
            name = called_c(first)
            return Place(
                "c", name, f"{dump.signal} while goroutine {_id(first)} was in a call of C"
            )
        return Place("runtime", _top(dump), f"{dump.signal} in the runtime's own code")
    if message.startswith("fault") and (dump.signal or dump.signal_number is not None):
        culprit = _after_panic(first)
        name = culprit.function if culprit else ""
        own = culprit is not None and culprit.runtime
        told = f"{dump.signal} at an instruction of {name or 'Go code'}"
        return Place("runtime" if own else "go", name, told)
    if message.startswith(_PROGRAM) or ": unlock of unlocked" in message:
        return Place("go", _program(first), "the runtime found a fault of the program")
    if message.startswith(_BOUNDARY):
        return Place("boundary", _top(dump), "the runtime found that C broke its rules")
    return Place("runtime", _top(dump), "the runtime found its own state broken and stopped")


def _in_runtime_stack(dump: Dump) -> bool:
    """The runtime's stack has functions below the machinery of the signal: the fault is theirs."""
    ends = (".throw", ".sigpanic", ".fatalthrow", ".dopanic_m", ".systemstack")
    stack = dump.runtime_stack
    names = [f.function for f in (stack.frames if stack else ()) if not f.c]
    return any(name.startswith("runtime.") and not name.endswith(ends) for name in names)


def _of_signal(dump: Dump) -> Place:
    first = dump.first
    name = dump.signal or "the exception"
    if dump.in_cgo:
        return Place("c", called_c(first), f"Go says that {name} arrived while C was running")
    if first is None:
        return Place("", "", "the dump has no stack")
    if first.id == 0:
        if any(note.kind == "unknown-pc" for note in first.notes):
            return Place("c", "", "the pc is not in Go's tables, and no goroutine was running")
        return Place("runtime", _top(dump), f"{name} met the scheduler's stack (goroutine 0)")
    if in_c(first) or any(f.c for f in first.frames[:1]):
        return Place("c", called_c(first), f"goroutine {_id(first)} was in a call of C")
    frame = next((f for f in first.frames if not f.c), None)
    if frame is None:
        return Place("", "", "the stack has no frame")
    if dump.pc is not None and frame.pc is not None and frame.pc != dump.pc:
        told = f"the pc of {name} is not that of the innermost Go frame"
        return Place("", frame.function, told)
    where = "runtime" if frame.runtime and not _system_call(frame) else "go"
    return Place(where, frame.function, f"{name} at an instruction of {frame.function}")


def _system_call(frame: Frame) -> bool:
    """A system call made by the program runs through the runtime's assembly."""
    return frame.function.endswith((".Syscall6", ".Syscall", ".RawSyscall6"))


def _after_panic(goroutine: Goroutine | None) -> Frame | None:
    """The frame that panicked or faulted: the first that is not the machinery of panics."""
    frames = [f for f in goroutine.frames if not f.c] if goroutine else []
    start = 0
    # The innermost panic is at the top; what deferred functions did stands above the first.
    for number, frame in enumerate(frames):
        if frame.function in ("panic", "runtime.gopanic", "runtime.sigpanic", "runtime.panic"):
            start = number + 1
    machinery = ("runtime.panic", "runtime.goPanic", "runtime.throw", "runtime.fatal")
    for frame in frames[start:]:
        name = frame.function
        if not name.startswith(machinery) and not name.endswith((".fatal", ".throw")):
            return frame
    return frames[0] if frames else None


def _program(goroutine: Goroutine | None) -> str:
    """The innermost function that is neither the runtime's nor of the packages that find faults."""
    frames = [f for f in goroutine.frames if not f.c] if goroutine else []
    for frame in frames:
        if not frame.runtime and frame.package not in _FINDERS:
            return frame.function
    return frames[0].function if frames else ""


def _top(dump: Dump) -> str:
    """The innermost function of the runtime's stack, or of the first goroutine."""
    for goroutine in (dump.runtime_stack, dump.first):
        for frame in goroutine.frames if goroutine else ():
            if not frame.function.startswith(("runtime.throw", "runtime.fatal")):
                return frame.function
    return ""


def _id(goroutine: Goroutine | None) -> str:
    return "?" if goroutine is None or goroutine.id is None else str(goroutine.id)
