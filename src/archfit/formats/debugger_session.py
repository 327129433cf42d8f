"""What people paste from gdb, lldb and delve: backtraces, threads, goroutines.

Sources: GDB manual 8.2 "Backtraces" and 4.10 "Debugging Programs with Multiple Threads",
LLDB's default `frame-format` and `thread-format` (lldb.llvm.org, "Frame and Thread Format"),
delve Documentation/cli (`stack`, `goroutines`). Real sessions of gdb 13, lldb 14 and delve
1.20 stand in tests/corpus/debuggers. Every line is looked at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archfit.formats.log_decoration import undecorate

_LONGEST, _MOST = 4000, 100_000
_PROMPTS = {"gdb": "(gdb)", "lldb": "(lldb)", "delve": "(dlv)"}
_GDB_FRAME = re.compile(r"#(\d{1,6}) {1,4}(?:0x([0-9a-f]{1,16}) in )?(\S.*)")
_GDB_LISTED = re.compile(r"(\*)? {0,4}(\d{1,6}) {1,6}Thread 0x[0-9a-f]{1,16} \(LWP (\d{1,9})\)(.*)")
_GDB_EACH = re.compile(r"Thread (\d{1,6}) \((?:Thread 0x[0-9a-f]{1,16} \()?LWP (\d{1,9})\)?(.*)")
_QUOTED = re.compile(r" \"([^\"]{0,64})\" ?")
_GDB_SIGNAL = re.compile(
    r"(?:Thread (\d{1,6}) \"([^\"]{0,64})\"|Program) (?:received|terminated with) signal"
    r" (SIG\w{2,10})"
)
_AT = re.compile(r"\A(.*) at (\S.{0,1000}):(\d{1,9})\Z")
_FROM = re.compile(r"\A(.*) from (\S{1,1000})\Z")
_LLDB_THREAD = re.compile(r"(\* )?thread #(\d{1,6})(?:[:,] (.*))?\Z")
_LLDB_FRAME = re.compile(r"(\* )?frame #(\d{1,6}): 0x([0-9a-f]{1,16})(?: (.*))?\Z")
_LLDB_AT = re.compile(r"\A(.*) at ([^\s:]{1,400}):(\d{1,9})(?::\d{1,6})?\Z")
_DLV_FRAME = re.compile(r"(\d{1,6}) {1,4}0x([0-9a-f]{8,16}) in (\S.*)")
_DLV_AT = re.compile(r"at (\S.{0,1000}):(-?\d{1,9})\Z")
_DLV_GOROUTINE = re.compile(
    r"(\* )?Goroutine (\d{1,12}) - (?:User|Runtime|Go|Start): (\S{1,1000}):(\d{1,9}) (\S{1,1000})"
    r" \(0x([0-9a-f]{1,16})\)(?: \(thread (\d{1,9})\))?(?: \[(.{1,100})\])?"
)
_DLV_STOP = re.compile(r"> (?:\[([^\]]{1,80})\] )?(\S{1,1000})\(\) (\S{1,1000}):(\d{1,9}) \(")
_OFFSET = re.compile(r"\A(.*) \+ (\d{1,12})\Z")
_SIGNAL = re.compile(r"\b(SIG[A-Z]{2,8})\b")
#: Lines that say how far a backtrace goes.
_NOTES = {
    "Backtrace stopped: ": "stopped",
    "(More stack frames follow": "more",
    "(truncated)": "truncated",
    "error: input/output error": "truncated",
    "No stack.": "none",
    "warning: Unable to find": "no symbols",
    "No symbol table": "no symbols",
    "(No debugging symbols found": "no symbols",
}


@dataclass(frozen=True, slots=True)
class DebugFrame:
    """One frame. ``function``: "" where the debugger has no name (`??`, `???`).

    ``module``: library or program, as gdb's `from` and lldb's backquote give it. ``handler``:
    gdb's `<signal handler called>`. ``at``: line and column in the text as given.
    """

    number: int
    function: str
    args: str = ""
    pc: int | None = None
    module: str = ""
    file: str = ""
    line: int = 0
    offset: int | None = None
    handler: bool = False
    at: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class DebugThread:
    """A thread, or for delve the goroutine of a backtrace. ``number`` 0: none was named."""

    number: int
    tid: int | None = None
    name: str = ""
    stop: str = ""
    current: bool = False
    frames: tuple[DebugFrame, ...] = ()


@dataclass(frozen=True, slots=True)
class DebugGoroutine:
    """A line of delve's `goroutines`. ``state``: the reason of waiting, "" when it has none."""

    id: int
    function: str
    file: str
    line: int
    pc: int
    state: str = ""
    tid: int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """``tool``: gdb, lldb or delve. ``notes``: (kind, line of the text, its words) of lines that
    say how far a backtrace goes: stopped, more, truncated, none, no symbols."""

    tool: str
    signal: str
    reason: str
    threads: tuple[DebugThread, ...]
    goroutines: tuple[DebugGoroutine, ...]
    notes: tuple[tuple[str, int, str], ...]

    @property
    def stopped(self) -> DebugThread | None:
        """The thread which the debugger stopped in."""
        named = next((t for t in self.threads if t.current and t.frames), None)
        return named or next((t for t in self.threads if t.frames), None)


def read(text: str) -> Session | None:
    """The session in a text, None when it has no frame, thread or goroutine of a debugger."""
    if not any(sign in text for sign in ("#0", "frame #", "Goroutine ", " in ", "thread #")):
        return None
    plain = undecorate(text)
    reader = _Reader()
    reader.tools = {tool: n for tool, prompt in _PROMPTS.items() if (n := text.count(prompt))}
    lines = plain.text.split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) <= _LONGEST and reader.count < _MOST:
            reader.take(line, number, plain.origin(number)[0])
    return reader.session()


class _Thread:
    def __init__(self, number: int) -> None:
        self.number = number
        self.tid: int | None = None
        self.name = self.stop = ""
        self.current = False
        self.frames: dict[int, DebugFrame] = {}


class _Reader:
    def __init__(self) -> None:
        self.tools: dict[str, int] = {}
        self.signal = self.reason = ""
        self.threads: dict[int, _Thread] = {}
        self.thread: _Thread | None = None
        self.goroutines: dict[int, DebugGoroutine] = {}
        self.notes: list[tuple[str, int, str]] = []
        self.open: tuple[int, str, tuple[int, int]] | None = None  #: a frame that may go on
        self.count = 0

    def take(self, raw: str, number: int, source: int) -> None:
        line = raw.strip()
        # gdb breaks a frame's line before "at" and "from", delve has `at` in the next line.
        if self.open is not None and raw[:1] in " \t" and self._goes_on(line):
            return
        self.open = None
        where = (source, len(raw) - len(raw.lstrip()) + 1)
        for start, kind in _NOTES.items():
            if line.startswith(start):
                self.notes.append((kind, source, line))
                return
        for handler in (self._gdb, self._lldb, self._delve):
            if handler(line, where):
                self.count += 1
                return

    def _votes(self, tool: str) -> None:
        self.tools[tool] = self.tools.get(tool, 0) + 1

    def _goes_on(self, line: str) -> bool:
        assert self.open is not None
        number, text, where = self.open
        thread = self.thread
        if thread is None or number not in thread.frames:
            return False
        old = thread.frames[number]
        if self.tools and max(self.tools, key=lambda t: self.tools[t]) == "delve":
            found = _DLV_AT.match(line)
            if found is None:
                return False
            file, row = found[1], max(int(found[2]), 0)
            thread.frames[number] = DebugFrame(
                number, old.function, "", old.pc, "", "" if file == "?" else file, row, at=where
            )
            self.open = None
            return True
        if not line or line[0] == "#" or len(text) > _LONGEST:
            return False
        thread.frames[number] = _gdb_frame(number, old.pc, f"{text} {line}", where)
        self.open = (number, f"{text} {line}", where)
        return True

    # gdb

    def _gdb(self, line: str, where: tuple[int, int]) -> bool:
        if line.startswith("#") and (found := _GDB_FRAME.match(line)):
            self._votes("gdb")
            number = int(found[1])
            thread = self._frames_of(number)
            pc = int(found[2], 16) if found[2] else None
            thread.frames.setdefault(number, _gdb_frame(number, pc, found[3], where))
            self.open = (number, found[3], where)
            return True
        if found := _GDB_LISTED.match(line):
            self._votes("gdb")
            thread = self._named(int(found[2]))
            thread.current |= found[1] is not None
            self._describe(thread, found[3], found[4])
            rest = _QUOTED.sub("", found[4], count=1).strip()
            if rest and 0 not in thread.frames and (one := _GDB_FRAME.match("#0  " + rest)):
                pc = int(one[2], 16) if one[2] else None
                thread.frames[0] = _gdb_frame(0, pc, one[3], where)
            return True
        if found := _GDB_EACH.match(line):
            self._votes("gdb")
            self.thread = self._named(int(found[1]))
            self._describe(self.thread, found[2], found[3])
            return True
        if found := _GDB_SIGNAL.match(line):
            self._votes("gdb")
            self.signal = self.signal or found[3]
            self.reason = self.reason or line
            thread = self._named(int(found[1] or 1))
            thread.current, thread.stop = True, line
            thread.name = found[2] or thread.name
            self.thread = thread
            return True
        return False

    def _describe(self, thread: _Thread, tid: str, rest: str) -> None:
        thread.tid = int(tid)
        name = _QUOTED.search(rest)
        thread.name = name[1] if name else thread.name

    # lldb

    def _lldb(self, line: str, where: tuple[int, int]) -> bool:
        if found := _LLDB_FRAME.match(line):
            self._votes("lldb")
            number = int(found[2])
            thread = self._frames_of(number)
            frame = _lldb_frame(number, int(found[3], 16), found[4] or "", where)
            thread.frames.setdefault(number, frame)
            return True
        if found := _LLDB_THREAD.match(line):
            self._votes("lldb")
            thread = self.thread = self._named(int(found[2]))
            thread.current |= found[1] is not None
            rest = found[3] or ""
            stop = rest.partition("stop reason = ")[2]
            thread.stop = stop or thread.stop
            for key in ("name = '", "queue = '"):
                name = rest.partition(key)[2].partition("'")[0]
                thread.name = thread.name or name
            tid = re.match(r"tid = (?:0x([0-9a-f]{1,12})|(\d{1,9}))", rest)
            if tid:
                thread.tid = int(tid[1], 16) if tid[1] else int(tid[2])
            if stop and thread.current:
                signal = _SIGNAL.search(stop)
                self.signal = signal[1] if signal else self.signal
                self.reason = stop
            return True
        return False

    # delve

    def _delve(self, line: str, where: tuple[int, int]) -> bool:
        if found := _DLV_FRAME.match(line):
            self._votes("delve")
            number = int(found[1])
            thread = self._frames_of(number)
            name = "" if found[3] == "???" else found[3]
            made = DebugFrame(number, name, pc=int(found[2], 16), at=where)
            thread.frames.setdefault(number, made)
            self.open = (number, found[3], where)
            return True
        if found := _DLV_GOROUTINE.match(line):
            self._votes("delve")
            self.goroutines[int(found[2])] = DebugGoroutine(
                int(found[2]),
                found[5],
                found[3],
                int(found[4]),
                int(found[6], 16),
                found[8] or "",
                int(found[7]) if found[7] else None,
                found[1] is not None,
            )
            return True
        if found := _DLV_STOP.match(line):
            self._votes("delve")
            self.reason = self.reason or found[1] or line
            return True
        return False

    def _named(self, number: int) -> _Thread:
        return self.threads.setdefault(number, _Thread(number))

    def _frames_of(self, number: int) -> _Thread:
        """The thread that the next frame belongs to; frame 0 again starts another backtrace."""
        if self.thread is None:
            self.thread = self._named(0)
        if number == 0 and len(self.thread.frames) > 1:
            self.thread = self._named(-len(self.threads))
        return self.thread

    def session(self) -> Session | None:
        if not self.threads and not self.goroutines:
            return None
        tool = max(self.tools, key=lambda t: self.tools[t]) if self.tools else "gdb"
        return Session(
            tool,
            self.signal,
            self.reason,
            tuple(
                DebugThread(
                    max(t.number, 0),
                    t.tid,
                    t.name,
                    t.stop,
                    t.current,
                    tuple(t.frames[number] for number in sorted(t.frames)),
                )
                for t in self.threads.values()
            ),
            tuple(self.goroutines.values()),
            tuple(self.notes),
        )


def _gdb_frame(number: int, pc: int | None, text: str, where: tuple[int, int]) -> DebugFrame:
    """`name (arguments) at file:line`, `name (arguments) from library`."""
    if text.startswith("<signal handler called>"):
        return DebugFrame(number, "", pc=pc, handler=True, at=where)
    module = file = ""
    row = 0
    if found := _AT.match(text):
        text, file, row = found[1], found[2], int(found[3])
    elif found := _FROM.match(text):
        text, module = found[1], found[2]
    name, _, args = text.partition(" (")
    name = "" if name.startswith("??") else name.strip()
    return DebugFrame(number, name, args.removesuffix(")"), pc, module, file, row, at=where)


def _lldb_frame(number: int, pc: int, text: str, where: tuple[int, int]) -> DebugFrame:
    """`module`name(arguments) at file:line:column`, `module`name + offset`."""
    module, tick, rest = text.partition("`")
    if not tick:
        return DebugFrame(number, "", pc=pc, module=text.strip(), at=where)
    file, row, offset = "", 0, None
    if found := _LLDB_AT.match(rest):
        rest, file, row = found[1], found[2], int(found[3])
    if found := _OFFSET.match(rest):
        rest, offset = found[1], int(found[2])
    name, _, args = rest.partition("(")
    if name.endswith((".", "::")) or not name:
        name, args = rest, ""
    name = "" if name.startswith("___lldb_unnamed_symbol") else name.removesuffix(".abi0")
    return DebugFrame(number, name, args.removesuffix(")"), pc, module, file, row, offset, at=where)
