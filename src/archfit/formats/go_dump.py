"""What a Go program prints when it dies, as values; `archfit.formats.go_traceback` reads them."""

from __future__ import annotations

from dataclasses import dataclass

from archfit.formats.go_goroutine import Goroutine
from archfit.formats.go_race import Race


@dataclass(frozen=True, slots=True)
class Line:
    """A line beside a dump; ``at``: line and column in the text as given."""

    text: str
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PanicValue:
    """One `panic: ` of a chain. ``repanicked``: recovered, and thrown again with this value."""

    message: str
    recovered: bool
    repanicked: bool
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Dump:
    """One death of a Go program, or one list of goroutines.

    ``kind``: panic, fatal (the runtime gave up), signal, exception (Windows), race, or
    goroutines (a profile, debug.Stack, or a dump whose head was cut off).
    ``message``: what stands behind `panic: ` (of the first panic of a chain), `fatal error: `;
    for a signal its description. ``signal``: name, as SIGSEGV; "" when only its number
    ``signal_number`` is printed and the systems don't agree on it. ``sigcode``: si_code as
    signed 32-bit number. ``m``, ``pc``, ``addr``: None when not printed. ``in_cgo``: Go says
    that the signal arrived while C was running. ``served``: net/http recovered the panic, the
    program lives on. ``before``: what the runtime, C library or C++ said directly before.
    ``others``: what the other threads printed (GOTRACEBACK=crash). ``relayed``: this is such
    a part; the signal in it was sent by the runtime itself. ``status``: exit status, if the
    go command printed it. ``at``: line and column of the head, or of what stands first.
    ``first_line``, ``last_line``: in the text as given.
    """

    kind: str
    message: str = ""
    panics: tuple[PanicValue, ...] = ()
    signal: str = ""
    signal_number: int | None = None
    sigcode: int | None = None
    addr: int | None = None
    pc: int | None = None
    m: int | None = None
    in_cgo: bool = False
    instruction: bytes = b""
    exception: tuple[int, ...] = ()
    served: bool = False
    goroutines: tuple[Goroutine, ...] = ()
    runtime_stack: Goroutine | None = None
    registers: tuple[tuple[str, int], ...] = ()
    isa: str = ""
    race: Race | None = None
    before: tuple[Line, ...] = ()
    others: tuple[Dump, ...] = ()
    relayed: bool = False
    status: int | None = None
    cut_start: bool = False
    at: tuple[int, int] = (0, 0)
    last_line: int = 0

    @property
    def first_line(self) -> int:
        """The line of ``at``."""
        return self.at[0]

    @property
    def elided(self) -> bool:
        """Go left out frames of some goroutine."""
        return any(" frames elided..." in g.block for g in self.goroutines)

    @property
    def cut_end(self) -> bool:
        """The text ends inside the last stack."""
        return bool(self.goroutines) and self.goroutines[-1].cut

    @property
    def first(self) -> Goroutine | None:
        """The goroutine that Go printed first: the one which died, if it was one."""
        return self.goroutines[0] if self.goroutines else None
