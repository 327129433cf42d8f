"""One stack of a thread, through C and Go: each step says how it was made.

C frames are left by call frame information, Go frames by the table of stack pointer
deltas (pcsp) of the Go program itself, and where the runtime changes stacks
(asmcgocall, cgocallback, systemstack, mcall, a signal) by what it saved when it did
(`archfit.crash.go_switch`). A step that is none of these is a guess and says so.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from archfit.crash.machine_frames import MACHINES, Machine
from archfit.crash.process_image import Module, ProcessImage
from archfit.formats.cfi_rules import caller
from archfit.model.errors import Malformed

#: Frames of one stack that are kept, innermost and outermost; a C stack overflow has hundreds
#: of thousands between.
KEPT = 2048
_MOST_FRAMES = 1 << 19


#: DWARF numbers of the registers that 0x58 to 0x5f pop.
_POPPED = (0, 2, 1, 3, 7, 6, 4, 5)


class GoCode(Protocol):
    """What the unwinder asks of a Go program's own tables; addresses are the file's own."""

    def name(self, pc: int) -> str | None:
        """The function at an address, None outside of Go's text."""
        ...

    def entry(self, pc: int) -> int | None:
        """Where that function starts."""
        ...

    def frame_size(self, pc: int) -> int | None:
        """Bytes between the stack pointer at an address and the return address (amd64)
        or the end of the frame (arm64); None when the table does not say it."""
        ...


@dataclass(slots=True)
class Frame:
    """``pc`` as in the register or on the stack; ``sp``: the stack pointer in it.

    ``call``: the pc is a return address, so what is named is the call before it.
    ``how``: by what its caller was found or why none was. ``guess``: the step to this frame
    is one. ``name``: the real function, "" unknown.
    """

    pc: int
    sp: int
    kind: str  #: go, c, signal, unknown
    call: bool
    module: Module | None = field(repr=False, default=None)
    name: str = ""
    how: str = ""
    guess: str = ""


@dataclass(slots=True)
class Stack:
    """Innermost frame first. ``end``: why it ends there; ``whole``: it reached its start.

    ``goroutine``: address of the g that it runs, 0 = none; ``cut``: frames left out."""

    frames: list[Frame]
    end: str = ""
    whole: bool = False
    goroutine: int = 0
    #: So many frames are left out after the first `KEPT`.
    cut: int = 0


class Step(NamedTuple):
    """How a frame was left. ``call``: the next pc is a return address; ``elsewhere``: the next
    frame is on another stack."""

    how: str
    guess: str = ""
    call: bool = True
    elsewhere: bool = False


class Switch(Protocol):
    """Knows how Go's runtime changes stacks; see `archfit.crash.go_switch.GoSwitch`."""

    def leave(self, unwinder: Unwinder, frame: Frame) -> str | None:
        """Puts the registers of the frame below a stack change in place, and says how;
        None: the frame is none of these; "" = the stack ends here."""
        ...


#: Functions in which a stack has its first frame: nothing called them.
_FIRST = {
    "runtime.goexit",
    "runtime.rt0_go",
    "runtime.rt0_go.abi0",
    "runtime.mstart",
    "runtime.clone",  # a new thread comes out of it
    "_rt0_amd64_linux",
    "_rt0_arm64_linux",
}


#: Why a stack ends that is whole.
_FIRSTS = (
    "the first frame",
    "the thread's first",
    "the goroutine that called it is not on this thread any more",
)


class Unwinder:
    """Walks one thread's or goroutine's stack. ``registers``: by DWARF number."""

    def __init__(
        self,
        image: ProcessImage,
        registers: dict[int, int],
        go: dict[int, GoCode],
        switch: Switch | None,
    ) -> None:
        self.image = image
        self.machine: Machine = MACHINES[image.isa]
        self.registers = dict(registers)
        self.go = go
        self.switch = switch
        self.frames: list[Frame] = []

    def walk(self, *, call: bool = False) -> Stack:
        """All frames from the registers on; ``call``: the first pc is a return address."""
        machine, guess = self.machine, ""
        end, whole, count = "", False, 0
        outermost: deque[Frame] = deque(maxlen=KEPT)
        while True:
            pc = self.registers.get(machine.pc, 0) & machine.address
            sp = self.registers.get(machine.sp, 0)
            frame = self._frame(pc, sp, call, guess)
            if frame.kind == "unknown" and call:
                end = f"{pc:#x} is in no file that is mapped" if pc else "a return address of 0"
                whole = pc == 0
                break
            (self.frames if count < KEPT else outermost).append(frame)
            count += 1
            if count > _MOST_FRAMES:
                end = "there are more frames than are counted"
                break
            step = self._leave(frame)
            if step is None:
                end, whole = frame.how, self._is_first(frame)
                break
            frame.how, guess = step.how, step.guess
            now = self.registers.get(machine.sp, 0)
            # Stacks grow down: only a function that has not called anything may have no frame.
            if not step.elsewhere and (now < sp or (now == sp and call)):
                end = "the stack does not go on upwards"
                break
            call = step.call
        cut = count - len(self.frames) - len(outermost)
        return Stack([*self.frames, *outermost], end, whole, 0, cut)

    def _frame(self, pc: int, sp: int, call: bool, guess: str) -> Frame:
        module = self.image.find(pc)
        if module is None:
            kind = "signal" if self._is_trampoline(pc) else "unknown"
            return Frame(pc, sp, kind, call, None, "", "", guess)
        code = self.go.get(module.low)
        if call and code is not None and code.entry(pc - module.bias) == pc - module.bias:
            # No call returns to a function's start: the runtime put this address there
            # (g.sched.pc of Go 1.19 is the start of systemstack_switch).
            call = False
        at = pc - module.bias - (1 if call else 0)
        name = code.name(at) if code else None
        if name is None and self._is_trampoline(pc):
            return Frame(pc, sp, "signal", call, module, "", "", guess)
        if name is not None and self._is_trampoline(pc):
            return Frame(pc, sp, "signal", call, module, name, "", guess)
        return Frame(pc, sp, "c" if name is None else "go", call, module, name or "", "", guess)

    def _is_trampoline(self, pc: int) -> bool:
        found = self.image.read(pc, 16)
        return any(found.startswith(one) for one in self.machine.trampolines)

    def _is_first(self, frame: Frame) -> bool:
        return frame.name in _FIRST or frame.how in _FIRSTS

    def _leave(self, frame: Frame) -> Step | None:
        """None: the stack ends, see ``how`` of the frame."""
        if frame.kind == "signal":
            return self._leave_signal(frame)
        if frame.kind == "go":
            return self._leave_go(frame)
        if frame.kind == "unknown":
            return self._leave_unknown(frame)
        return self._leave_c(frame)

    def _leave_signal(self, frame: Frame) -> Step | None:
        machine, at = self.machine, frame.sp + self.machine.context
        words = [self.image.word(at + 8 * n) for n in range(len(machine.saved))]
        if any(word is None for word in words):
            frame.how = "the signal's frame is not in memory"
            return None
        for number, word in zip(machine.saved, words, strict=True):
            assert word is not None
            self.registers[number] = word
        return Step("signal context", "", call=False, elsewhere=True)

    def _leave_go(self, frame: Frame) -> Step | None:
        assert frame.module is not None
        if self.switch is not None and (how := self.switch.leave(self, frame)) is not None:
            if not how:
                frame.how = frame.how or "the first frame"
                return None
            how, _, guess = how.partition(", ")
            return Step(how, guess, elsewhere=True)
        # In clone itself a thread waits for the kernel; a return to it is a new one's start.
        in_clone = frame.name == "runtime.clone" and not frame.call
        if frame.name in _FIRST and not in_clone and not self._has_caller(frame):
            frame.how = "the first frame"
            return None
        code = self.go[frame.module.low]
        at = frame.pc - frame.module.bias - (1 if frame.call else 0)
        size = code.frame_size(at)
        if size is None:
            frame.how = "Go's table does not give the size of the frame"
            return None
        return self.pop(frame, size)

    def _has_caller(self, frame: Frame) -> bool:
        """mstart of a thread that C started was called by C; all else here by nobody."""
        if frame.name != "runtime.mstart" or frame.module is None:
            return False
        size = self.go[frame.module.low].frame_size(frame.pc - frame.module.bias - 1)
        if size is None:
            return False
        back = self.image.word(frame.sp + (size if self.machine.lr is None else 0)) or 0
        module = self.image.find(back)
        return module is not None and module.executable(back - module.bias - 1)

    def pop(self, frame: Frame, size: int) -> Step | None:
        """Leaves a Go frame of this size, in bytes."""
        machine, sp = self.machine, frame.sp
        if machine.lr is None:
            back = self.image.word(sp + size)
            if back is None:
                frame.how = f"no memory at {sp + size:#x}"
                return None
            # A function with a frame keeps its caller's frame pointer just below the return.
            if size >= 8 and (kept := self.image.word(sp + size - 8)) is not None:
                self.registers[machine.fp] = kept
            self.registers[machine.sp] = sp + size + 8
        else:
            back = self.image.word(sp) if size else self.registers.get(machine.lr)
            if back is None or (size == 0 and frame.call):
                frame.how = "its return address is not known"
                return None
            if size and (kept := self.image.word(sp - 8)) is not None:
                self.registers[machine.fp] = kept
            self.registers[machine.sp] = sp + size
            self.registers[machine.lr] = back
            if frame.name == "runtime.sigpanic":
                # Its caller did not call: the signal handler kept the link register in 16
                # bytes of its own (runtime/signal_arm64.go, preparePanic).
                self.registers[machine.lr] = self.image.word(sp + size) or 0
                self.registers[machine.sp] += 16
        self.registers[machine.pc] = back
        # sigpanic is made to look called by the very instruction that faulted.
        return Step("pcsp", call=frame.name != "runtime.sigpanic")

    def _leave_c(self, frame: Frame) -> Step | None:
        machine, module = self.machine, frame.module
        assert module is not None
        at = frame.pc - module.bias - (1 if frame.call else 0)
        entry = module.entry(at)
        if entry is None:
            return self._by_frame_pointer(frame, "no frame information")
        try:
            _, found = caller(entry, at, self.registers, self.image.read, machine.sp)
        except Malformed as error:
            return self._by_frame_pointer(frame, error.why)
        back = found.get(entry.return_column)
        if back is None:
            frame.how = "the thread's first"
            return None
        # A frame that called something has its return address on the stack; one that has not
        # is the first one of a thread.
        stayed = frame.call and found.get(machine.sp) == frame.sp
        if machine.lr is not None and stayed and back == self.registers.get(machine.lr):
            frame.how = "the thread's first"
            return None
        found[machine.pc] = back & machine.address
        self.registers = found
        return Step("CFI", call=not entry.signal)

    def _by_frame_pointer(self, frame: Frame, why: str) -> Step | None:
        machine = self.machine
        if machine.lr is None and self._by_epilogue(frame):
            return Step("epilogue")
        base = self.registers.get(machine.fp, 0)
        back, kept = self.image.word(base + 8), self.image.word(base)
        back = back & machine.address if back is not None else None
        if base < frame.sp or base - frame.sp > 1 << 20 or not back or kept is None:
            frame.how = why
            return None
        module = self.image.find(back)
        if module is None or not module.executable(back - module.bias - 1):
            frame.how = why
            return None
        self.registers[machine.pc], self.registers[machine.fp] = back, kept
        self.registers[machine.sp] = base + 16
        return Step("frame pointer", f"by the frame pointer: {why}")

    def _by_epilogue(self, frame: Frame) -> bool:
        """Leaves an amd64 function whose next instructions are pops and a return (crosscall1)."""
        code, at, sp = self.image.read(frame.pc, 32), 0, frame.sp
        found: dict[int, int] = {}
        while at < len(code):
            wide = code[at] == 0x41
            at += wide
            if at >= len(code) or not (code[at] == 0xC3 or 0x58 <= code[at] <= 0x5F):
                return False
            value = self.image.word(sp)
            if value is None:
                return False
            sp += 8
            if code[at] == 0xC3:
                break
            number = _POPPED[code[at] - 0x58] if not wide else 8 + code[at] - 0x58
            found[number] = value
            at += 1
        else:
            return False
        module = self.image.find(value)
        if module is None or not module.executable(value - module.bias - 1):
            return False
        self.registers |= found | {self.machine.sp: sp, self.machine.pc: value}
        return True

    def _leave_unknown(self, frame: Frame) -> Step | None:
        """A jump to where no code is: the call before it left its return address."""
        machine = self.machine
        if machine.lr is None:
            back = self.image.word(frame.sp)
            after = frame.sp + 8
        else:
            back, after = self.registers.get(machine.lr), frame.sp
        module = self.image.find(back) if back else None
        if back is None or module is None or not module.executable(back - module.bias - 1):
            frame.how = f"{frame.pc:#x} is in no file that is mapped"
            return None
        self.registers[machine.pc], self.registers[machine.sp] = back, after
        return Step("return address", "a call to where no code is")
