"""A Go dump while it is being read."""

from __future__ import annotations

from collections.abc import Callable

from archfit.formats.go_dump import Dump, Line, PanicValue
from archfit.formats.go_goroutine import Goroutine
from archfit.formats.go_registers import isa_of

#: Messages of the runtime that are its own even when no goroutine is printed below.
_FATAL = (
    "all goroutines are asleep", "concurrent map", "found bad pointer", "stack overflow",
    "out of memory", "sync: ", "morestack on", "unexpected signal", "fault", "sweep increased",
    "found pointer to free object", "invalid pointer found on stack", "runtime: ", "bad g",
    "newproc: ", "no goroutines (main called runtime.Goexit)", "cgocallback", "lfstack.push",
    "non-Go code ", "systemstack called", "checkdead", "workbuf is", "bad span state", "unlock of",
)  # fmt: skip


class OpenDump:
    """A dump that is being read."""

    def __init__(self, kind: str, start: int) -> None:
        self.kind = kind
        self.start = start
        self.end = start  #: where the last thing ended that belongs to it
        self.message = ""
        self.panics: list[PanicValue] = []
        self.signal = ""
        self.number: int | None = None
        self.sigcode: int | None = None
        self.addr: int | None = None
        self.pc: int | None = None
        self.m: int | None = None
        self.in_cgo = self.served = self.relayed = self.cut_start = self.sure = False
        self.instruction = b""
        self.exception: tuple[int, ...] = ()
        self.goroutines: list[Goroutine] = []
        self.ids: set[int] = set()  #: of its goroutines, but for g0 of each thread
        self.runtime_stack: Goroutine | None = None
        self.registers: dict[str, int] = {}
        self.before: list[Line] = []
        self.others: list[Dump] = []
        self.status: int | None = None

    @property
    def has_stack(self) -> bool:
        return bool(self.goroutines or self.runtime_stack or self.registers)

    def value(self, at: Callable[[int], tuple[int, int]]) -> Dump | None:
        """The dump, or None when it is none of Go's. ``at``: places in the text as given."""
        real = self.has_stack or self.sure or self.kind in ("panic", "signal", "exception")
        if not real and not self.message.startswith(_FATAL):
            return None
        return Dump(
            kind=self.kind,
            message=self.message,
            panics=tuple(self.panics),
            signal=self.signal,
            signal_number=self.number,
            sigcode=self.sigcode,
            addr=self.addr,
            pc=self.pc,
            m=self.m,
            in_cgo=self.in_cgo,
            instruction=self.instruction,
            exception=self.exception,
            served=self.served,
            goroutines=tuple(self.goroutines),
            runtime_stack=self.runtime_stack,
            registers=tuple(self.registers.items()),
            isa=isa_of(self.registers),
            before=tuple(self.before),
            others=tuple(self.others),
            relayed=self.relayed,
            status=self.status,
            cut_start=self.cut_start,
            at=at(self.start),
            last_line=at(max(self.start, self.end - 1))[0],
        )
