"""The joined stacks of a process: every thread, and every goroutine that is on none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from archfit.crash import go_runtime
from archfit.crash.go_runtime import Goroutine, Shape
from archfit.crash.go_switch import GoSwitch
from archfit.crash.machine_frames import MACHINES
from archfit.crash.process_image import Module, ProcessImage
from archfit.crash.process_image import Thread as ImageThread
from archfit.crash.unwind import Frame, GoCode, Stack, Unwinder
from archfit.formats import symbols
from archfit.formats.elf import read as read_elf
from archfit.formats.go_functions import Function, Functions, Place
from archfit.formats.go_program import read_elf as read_go
from archfit.formats.symbols import Symbols
from archfit.model.errors import Malformed

_PT_TLS = 7
_WANTED = ("runtime.allgs", "runtime.tlsg", "runtime.tls_g")
#: Bytes of a g or m, at the least, and of a goroutine's stack, at the most, that are looked at.
_STRUCT, _MOST_STACK = 512, 1 << 20


class GoTables:
    """`archfit.crash.unwind.GoCode` from a program's own tables."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions

    def _find(self, pc: int) -> Function | None:
        try:
            return self.functions.find(pc)
        except Malformed:
            return None

    def name(self, pc: int) -> str | None:
        found = self._find(pc)
        return found.name if found else None

    def entry(self, pc: int) -> int | None:
        found = self._find(pc)
        return found.entry if found else None

    def frame_size(self, pc: int) -> int | None:
        found = self._find(pc)
        try:
            return self.functions.sp_delta(found, pc) if found else None
        except Malformed:
            return None

    def places(self, pc: int) -> list[Place]:
        """Innermost inlined call first, the real function last."""
        try:
            return self.functions.frames(pc)
        except Malformed:
            return []


@dataclass(slots=True)
class ThreadStack:
    """A thread; ``goroutine``: that which it runs for, None: none, or not known."""

    id: int
    signal: int
    goroutine: Goroutine | None
    stack: Stack


@dataclass(slots=True)
class Joined:
    """``threads`` in the order given (a core's first is the one that died); ``parked``: the
    goroutines that are on no thread, None: the list of goroutines could not be found."""

    image: ProcessImage
    version: str
    threads: list[ThreadStack]
    parked: list[tuple[Goroutine, Stack]] | None
    notes: list[str]
    go: dict[int, GoTables] = field(repr=False)


class Joiner:
    """Unwinds a process. ``minor``: of the Go release, as 26 for Go 1.26; None: not known."""

    def __init__(self, image: ProcessImage, minor: int | None) -> None:
        self.image = image
        self.minor = minor
        self.machine = MACHINES[image.isa]
        self.go: dict[int, GoTables] = {}
        self._symbols: dict[int, Symbols | None] = {}
        self.notes: list[str] = []
        self.places: dict[str, int] = {}
        self.runtime: Module | None = None
        self.shape: Shape | None = None
        for module in image.modules:
            self._go_of(module)

    def look(self) -> None:
        """Reads all memory that `run` will need beside the threads' own stacks."""
        for thread in self.image.threads:
            g = self._goroutine_of(thread)
            m = self.image.word(g + 48) if g else None
            for struct in (g, m, self.image.word(m) if m else None):
                if struct:
                    self.image.read(struct, _STRUCT)
            self._look_at_stack(g)
        for one in self._every() or ():
            self._look_at_stack(one.address)

    def _look_at_stack(self, g: int) -> None:
        words = self.image.read(g, 64) if g else b""
        if len(words) == 64:
            high, sp = (int.from_bytes(words[at : at + 8], "little") for at in (8, 56))
            if 0 < high - sp < _MOST_STACK:
                self.image.read(sp, high - sp)

    def run(self, *, goroutines: bool = True) -> Joined:
        """Every thread's stack, then that of each goroutine which is on none."""
        states = [self._thread(thread) for thread in self.image.threads]
        parked = None
        if goroutines and self.runtime and self.shape:
            parked = self._parked({one.goroutine.address for one in states if one.goroutine})
        if self.runtime and parked is None and goroutines:
            self.notes.append(
                "goroutines that are on no thread are not shown: the symbol runtime.allgs,"
                " by which they are found, was stripped"
            )
        version = f"go1.{self.minor}" if self.minor is not None else ""
        return Joined(self.image, version, states, parked, self.notes, self.go)

    def _go_of(self, module: Module) -> None:
        try:
            elf = read_elf(module.data)
            program = read_go(elf, symbols.address_elf(elf, b"runtime.text"))
        except Malformed as error:
            self.notes.append(f"{module.path}: Go's tables: {error.why}")
            return
        if program is None:
            return
        self.go[module.low] = GoTables(program.functions)
        if self.runtime is None:
            self.runtime = module
            found = {name: symbols.address_elf(elf, name.encode()) for name in _WANTED}
            self.places = {name: at for name, at in found.items() if at is not None}

    def _thread(self, thread: ImageThread) -> ThreadStack:
        g = self._goroutine_of(thread)
        tables: dict[int, GoCode] = dict(self.go)
        switch = GoSwitch(self.image, g)
        unwinder = Unwinder(self.image, thread.registers, tables, switch if self.go else None)
        stack = unwinder.walk()
        self._name(stack)
        g = g or switch.g
        stack.goroutine = g
        known = self.shape
        found = None
        if g and known is None and go_runtime.is_g(self.image, g):
            known = self.shape = go_runtime.shape(self.image, g, self.minor)
        if g and known and not self._is_g0(g):
            found = go_runtime.goroutine(self.image, g, known)
            found = found if found and found.id else None
        return ThreadStack(thread.id, thread.signal, found, stack)

    def _is_g0(self, g: int) -> bool:
        m = self.image.word(g + 48)
        return bool(m) and self.image.word(m or 0) == g

    def _goroutine_of(self, thread: ImageThread) -> int:
        """`m.curg` of the thread: by thread-local storage, else by the g register."""
        for g in self._candidates(thread):
            if not go_runtime.is_g(self.image, g):
                continue
            if self.shape is None:
                self.shape = go_runtime.shape(self.image, g, self.minor)
            m = self.image.word(g + 48)
            if not m or self.shape is None:
                continue
            procid = self.image.word(m + self.shape.procid)
            if procid and procid != thread.id:
                continue
            return self.image.word(m + self.shape.curg) or 0
        return 0

    def _candidates(self, thread: ImageThread) -> list[int]:
        found = []
        if thread.tls and self.runtime:
            segment = next((s for s in self.runtime.segments if s.type == _PT_TLS), None)
            size = segment.memsz if segment else 8
            align = max(segment.align if segment else 8, 1)
            # An offset in the thread-local segment; without cgo tls_g is an ordinary variable.
            named = (self.places.get("runtime.tlsg"), self.places.get("runtime.tls_g"))
            offset = next((at for at in named if at is not None and at < max(size, 8)), None)
            offsets = range(0, min(size, 4096), 8) if offset is None else (offset,)
            if self.machine.lr is None:
                start = thread.tls - (size + align - 1) // align * align
            else:
                start = thread.tls + max(16, align)
            words = [self.image.word(start + at) for at in offsets]
            found += [word for word in words if word]
        register = 14 if self.machine.lr is None else 28
        found.append(thread.registers.get(register, 0))
        return found

    def _every(self) -> list[Goroutine] | None:
        if self.runtime is None or self.shape is None:
            return None
        return go_runtime.all_goroutines(self.image, self.runtime, self.places, self.shape)

    def _parked(self, seen: set[int]) -> list[tuple[Goroutine, Stack]] | None:
        every = self._every()
        if every is None:
            return None
        found = []
        for one in every:
            if one.address in seen or one.state == "running" or not one.sp:
                continue
            registers = {self.machine.sp: one.sp, self.machine.pc: one.pc}
            tables: dict[int, GoCode] = dict(self.go)
            switch = GoSwitch(self.image, one.address)
            stack = Unwinder(self.image, registers, tables, switch).walk(call=True)
            stack.goroutine = one.address
            self._name(stack)
            found.append((one, stack))
        return found

    def _name(self, stack: Stack) -> None:
        for frame in stack.frames:
            if frame.module is not None and not frame.name:
                table = self._table(frame.module)
                found = table.find(address(frame)) if table else None
                frame.name = found[0] if found else ""

    def _table(self, module: Module) -> Symbols | None:
        if module.low not in self._symbols:
            try:
                self._symbols[module.low] = symbols.of_elf(read_elf(module.data))
            except Malformed:
                self._symbols[module.low] = None
        return self._symbols[module.low]


#: What a thread does that has nothing to do, or that Go's dying runtime made wait.
_IDLE = ("runtime.futex", "runtime.usleep", "runtime.epollwait", "runtime.raise", "runtime.pause")
_DYING = ("runtime.fatalpanic", "runtime.fatalthrow", "runtime.throw", "runtime.sigpanic")


def culprit(threads: Sequence[ThreadStack]) -> int:
    """Which of the threads died first: its place in the sequence.

    A core names the thread that raised the last signal. With GOTRACEBACK=crash Go's runtime
    has every thread raise it in turn, and the one that began comes first or last.
    """
    for place, one in enumerate(threads):
        names = [frame.name for frame in one.stack.frames]
        if any(name in _DYING for name in names):
            return place
    best = (0, 0)
    for place, one in enumerate(threads):
        frames = one.stack.frames
        kinds = [frame.kind for frame in frames]
        last = len(kinds) - 1 - kinds[::-1].index("signal") if "signal" in kinds else None
        if last is None or last + 1 >= len(frames):
            continue
        interrupted = frames[last + 1]
        if interrupted.kind != "go":
            rank = 3
        elif interrupted.name.startswith(_IDLE):
            rank = 0
        else:
            rank = 2 if one.goroutine else 1
        if rank > best[0]:
            best = (rank, place)
    return best[1]


def address(frame: Frame) -> int:
    """Where a frame is in its file: for a return address, in the call before it."""
    bias = frame.module.bias if frame.module else 0
    return frame.pc - bias - (1 if frame.call else 0)
