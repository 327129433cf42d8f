"""How Go's runtime changes stacks, and how to go back over each change.

Sources, of Go 1.19.8, 1.26.8 and 1.27.3: runtime/asm_amd64.s and asm_arm64.s (asmcgocall,
cgocallback, systemstack, mcall, morestack, gosave_systemstack_switch), runtime/cgo/
asm_amd64.s, asm_arm64.s, abi_amd64.h and abi_arm64.h (crosscall2), runtime/runtime2.go
(struct g, gobuf, m). The first words of a g, in bytes: stack.lo 0, stack.hi 8, m 48,
sched.sp 56, sched.pc 64; of an m: g0 0.
"""

from __future__ import annotations

from archfit.crash.process_image import ProcessImage
from archfit.crash.unwind import Frame, Unwinder

_LO, _HI, _M, _SCHED_SP, _SCHED_PC = 0, 8, 48, 56, 64

#: (where asmcgocall keeps the g, where the depth in its stack), from the stack pointer.
_KEPT = {"amd64": ((8, 0), (48, 40)), "arm64": ((0, 8),)}
#: Where crosscall2 keeps C's registers: (number, offset), from the end of its frame downwards.
_CROSSCALL2 = {
    "amd64": ((3, -48), (12, -40), (13, -32), (14, -24), (15, -16), (6, -8)),
    "arm64": (*((19 + n, -160 + 8 * n) for n in range(10)), (29, -16), (30, -8)),
}
_CROSSCALL2_SIZE = 192
_PUSH_RBP = 0x55
#: Bytes of a stack that are searched for a return address.
_SEARCHED = 1 << 16


class GoSwitch:
    """The changes of stack of one thread. ``g``: the goroutine it runs, 0 = not known."""

    def __init__(self, image: ProcessImage, g: int) -> None:
        self.image = image
        self.g = g
        #: The stack pointers of g0 that callbacks have saved, innermost last taken.
        self.callback: int | None = None

    def leave(self, unwinder: Unwinder, frame: Frame) -> str | None:
        name = frame.name.removesuffix(".abi0")
        if name == "runtime.asmcgocall" and frame.call:
            return self._asmcgocall(unwinder, frame)
        if name == "runtime.cgocallback" and frame.call:
            return self._cgocallback(unwinder, frame)
        if name in ("runtime.systemstack", "runtime.mcall", "runtime.morestack") and frame.call:
            return self._saved(unwinder, frame)
        if name == "crosscall2":
            return self._crosscall2(unwinder, frame)
        return None

    def _bounds(self, g: int) -> tuple[int, int] | None:
        low, high = self.image.word(g + _LO), self.image.word(g + _HI)
        if not low or not high or not low < high or high - low > 1 << 32:
            return None
        return low, high

    def _asmcgocall(self, unwinder: Unwinder, frame: Frame) -> str | None:
        """From the stack of g0 to that of the goroutine which called C."""
        bounds = self._bounds(self.g) if self.g else None
        if bounds and bounds[0] <= frame.sp < bounds[1] and not self._is_g0(self.g):
            return None  # it has not changed stacks yet
        for at_g, at_depth in _KEPT[self.image.isa]:
            g, depth = self.image.word(frame.sp + at_g), self.image.word(frame.sp + at_depth)
            if g is None or depth is None:
                continue
            if g == 0 and depth > frame.sp and depth - frame.sp < 4096:
                return self._within_asmcgocall(unwinder, frame, depth, "asmcgocall on g0")
            bounds = self._bounds(g) if g else None
            if bounds and 0 < depth <= bounds[1] - bounds[0]:
                self.g = g
                return self._within_asmcgocall(
                    unwinder, frame, bounds[1] - depth, "asmcgocall: from g0 to the goroutine"
                )
        frame.how = "what asmcgocall saved is not on the stack"
        return ""

    def _within_asmcgocall(self, unwinder: Unwinder, frame: Frame, sp: int, how: str) -> str | None:
        """asmcgocall's own frame on the stack it came from, as large as before the change.

        amd64: the assembler of Go 1.21 and later has it keep the frame pointer; arm64: the
        link register is at its end, and the frame pointer below.
        """
        machine = unwinder.machine
        fp, end = sp - 8, sp + 16
        if machine.lr is None:
            pushes = self._first_byte(unwinder, frame) == _PUSH_RBP
            fp, end = (sp, sp + 16) if pushes else (-1, sp + 8)
        back = self.image.word(end - 8 if machine.lr is None else sp)
        kept = self.image.word(fp) if fp >= 0 else None
        if back is None:
            frame.how = f"no memory at {sp:#x}"
            return ""
        if kept is not None:
            unwinder.registers[machine.fp] = kept
        unwinder.registers[machine.pc], unwinder.registers[machine.sp] = back, end
        return how

    def _first_byte(self, unwinder: Unwinder, frame: Frame) -> int | None:
        module = frame.module
        entry = unwinder.go[module.low].entry(frame.pc - module.bias - 1) if module else None
        found = module.read(entry, 1) if module and entry is not None else b""
        return found[0] if found else None

    def _is_g0(self, g: int) -> bool:
        m = self.image.word(g + _M)
        return bool(m) and self.image.word(m or 0) == g

    def _g0(self) -> int:
        m = self.image.word(self.g + _M) if self.g else None
        return (self.image.word(m) or 0) if m else 0

    def _cgocallback(self, unwinder: Unwinder, frame: Frame) -> str | None:
        """From the goroutine's stack to that of g0, on which C called Go."""
        machine = unwinder.machine
        if self.callback is None:
            g0 = self._g0()
            sp = self.image.word(g0 + _SCHED_SP) if g0 else None
        else:
            sp = self.callback
        if not sp or frame.module is None:
            frame.how = "the stack from which C called Go is not known"
            return ""
        code = unwinder.go[frame.module.low]
        size = code.frame_size(frame.pc - frame.module.bias - 1)
        entry = code.entry(frame.pc - frame.module.bias - 1)
        if size is None or entry is None:
            frame.how = "Go's table does not give the frame of cgocallback"
            return ""
        guess = ""
        if not self._returns_to_crosscall2(unwinder, sp, size):
            # A panic has run unwindm, which sets g0.sched.sp back before the stack is left.
            found = self._below(unwinder, sp, size)
            if found is None:
                return self._without_c(unwinder, frame, size)
            sp, guess = found, ", found by its return address: a panic has set g0.sched back"
        # What g0.sched.sp was before: on amd64 at 0(SP), on arm64 the second local.
        older = self.image.word(sp if machine.lr is None else sp + size - 24)
        self.callback = older or None
        unwinder.registers[machine.sp] = sp
        inner = Frame(frame.pc, sp, "go", True, frame.module, frame.name)
        if unwinder.pop(inner, size) is None:
            frame.how = inner.how
            return ""
        return f"cgocallback: from the goroutine to g0{guess}"

    def _without_c(self, unwinder: Unwinder, frame: Frame, size: int) -> str:
        """Back to the Go code that had called C: cgocallback left its pc on this stack too."""
        if unwinder.pop(frame, size) is None:
            return ""
        return (
            "pcsp, C's frames between are lost: a panic has set g0.sched back, and what ran"
            " since has written over them"
        )

    def _returns_to_crosscall2(self, unwinder: Unwinder, sp: int, size: int) -> bool:
        back = self.image.word(sp + size if unwinder.machine.lr is None else sp)
        module = self.image.find(back) if back else None
        if back is None or module is None or module.low not in unwinder.go:
            return False
        return unwinder.go[module.low].name(back - module.bias - 1) == "crosscall2"

    def _below(self, unwinder: Unwinder, sp: int, size: int) -> int | None:
        """The nearest frame of cgocallback on this stack below an address."""
        for at in range(sp - 8, max(sp - _SEARCHED, 0), -8):
            if self._returns_to_crosscall2(unwinder, at, size):
                return at
        return None

    def _saved(self, unwinder: Unwinder, frame: Frame) -> str | None:
        """From the stack of g0 to where the goroutine left its own."""
        bounds = self._bounds(self.g) if self.g else None
        if bounds is None or self._is_g0(self.g):
            frame.how = "the goroutine that called it is not on this thread any more"
            return ""
        if bounds[0] <= frame.sp < bounds[1]:
            return None  # systemstack called on g0 or before the change: an ordinary frame
        m = self.image.word(self.g + _M)
        sp, pc = self.image.word(self.g + _SCHED_SP), self.image.word(self.g + _SCHED_PC)
        if not m or not sp or not pc or not bounds[0] <= sp <= bounds[1]:
            return None
        unwinder.registers[unwinder.machine.sp] = sp
        unwinder.registers[unwinder.machine.pc] = pc
        return "g.sched: from g0 to the goroutine"

    def _crosscall2(self, unwinder: Unwinder, frame: Frame) -> str | None:
        """Out of Go's entry from C: it keeps all registers that C wants kept."""
        machine = unwinder.machine
        if machine.lr is None:
            if frame.module is None:
                return None
            code = unwinder.go[frame.module.low]
            size = code.frame_size(frame.pc - frame.module.bias - 1)
            if size is None:
                return None
            end = frame.sp + size
            back, after = self.image.word(end), end + 8
        else:
            end = after = frame.sp + _CROSSCALL2_SIZE
            back = self.image.word(end - 8)
        if back is None:
            frame.how = "what crosscall2 saved is not in memory"
            return ""
        for number, offset in _CROSSCALL2[self.image.isa]:
            if (value := self.image.word(end + offset)) is not None:
                unwinder.registers[number] = value
        unwinder.registers[machine.pc], unwinder.registers[machine.sp] = back, after
        return "crosscall2: from Go to C"
