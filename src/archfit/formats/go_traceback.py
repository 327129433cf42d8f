"""Find the dumps of dying Go programs in a text, of Go 1.2 to 1.27.

The text may be decorated (see `archfit.formats.log_decoration`), hold several dumps and much
else, and be cut at either end. Stacks are read when they are asked for; for the thousands of
goroutines of a big dump see `archfit.formats.goroutine_summary`.

Sources: runtime/panic.go (`printpanics`, `fatalthrow`, `dopanic_m`), runtime/signal_unix.go
(`sighandler`, `fatalsignal`), runtime/signal_windows.go (`winthrow`) and runtime/traceback.go
of Go 1.19, 1.26 and 1.27; `conn.serve` in net/http/server.go. Earlier forms, from the history
of those files: `throw: ` before `fatal error: `; `[signal 0xb code=` without the signal's name
before Go 1.8; `PC=` without `m=` before 1.5 and without `sigcode=` before 1.10; `addr=` behind
it since 1.20; `[recovered, repanicked]` since 1.25.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from heapq import merge
from itertools import accumulate, islice

from archfit.formats.go_collapsed import is_collapsed, unfolded
from archfit.formats.go_dump import Dump, Line, PanicValue
from archfit.formats.go_frames import call_of
from archfit.formats.go_goroutine import HEADER, Goroutine, Header, header_of
from archfit.formats.go_heads import (
    Fault,
    exception_line,
    instruction_line,
    message,
    panic_value,
    pc_line,
    said_before,
    signal_line,
    signal_name,
)
from archfit.formats.go_open_dump import OpenDump
from archfit.formats.go_race import SIGN, race_of
from archfit.formats.go_registers import registers_of
from archfit.formats.log_decoration import Plain, undecorate

#: No text of one program has more; what follows is not read.
MOST_DUMPS = 2000
_WORDS = ("goroutine ", "panic: ", "fatal error: ", "throw: ", "PC=0x", "DATA RACE", "[signal ")
_EVENT = re.compile(
    r"\n[ \t]{0,16}(?:(?P<panic>panic: )|(?P<fatal>fatal error: |throw: )"
    r"|(?P<fatal2>fatal: (?=morestack on|systemstack called|bad g in))"
    r"|(?P<signal>(?:SIG[A-Z0-9]{2,10}|[Ss]ignal \d{1,3})(?=[^\n]{0,80}\n\s{0,8}PC=0x))"
    r"|(?P<pc>PC=0x)|(?P<sigline>\[signal )|(?P<exception>Exception 0x)"
    r"|(?P<incgo>signal arrived during (?:cgo|external code) execution)"
    r"|(?P<bytes>instruction bytes:)|(?P<race>WARNING: DATA RACE)|(?P<rstack>runtime stack:)"
    r"|(?P<dashes>-----(?=[ \t]*\n))|(?P<exit>exit status (?=\d))|(?P<served>http: panic serving )"
    r"|(?P<regs>(?:rax|eax|r0|x0|trap|ra) {2,12}0x(?=[0-9a-f])))"
)
_TEXT = re.compile(r"[^\s][^\n]*")
_BLANK = re.compile(r"\n[ \t\r]*\n")
_FRAME_FILE = re.compile(r"\S:\d{1,9}(?: \+0x[0-9a-f]{1,16})?(?: fp=0x[^\n]{1,100})?\s*\Z")
_PAIR = re.compile(
    r"\)[ \t]*\n[ \t]*(?:[A-Za-z]:)?[^\n:]{1,400}\.(?:go|s|c):\d{1,9} \+0x[0-9a-f]{1,16}"
)


def read(text: str) -> list[Dump]:
    """All dumps of a text, in its order; none when there is none."""
    if not any(word in text for word in _WORDS) and _PAIR.search(text) is None:
        return []
    unfold = unfolded if is_collapsed(text) else None
    return _Reader(undecorate(text, HEADER, unfold)).dumps()


class _Reader:
    def __init__(self, plain: Plain) -> None:
        self.plain = plain
        self.text = "\n" + plain.text + "\n"
        lengths = (len(x) + 1 for x in self.text.split("\n"))
        self.starts = [0, *accumulate(lengths)]
        self.found: list[Dump] = []
        self.open: OpenDump | None = None
        self.above: OpenDump | None = None  #: the dump of which the open one is a part
        self.after_dashes = False
        self.floor = 0  #: where the dump before ended
        self.limit = 0  #: where the next event starts

    # places

    def line(self, pos: int) -> int:
        """Number in the undecorated text; its text starts one character later here."""
        return bisect_right(self.starts, min(pos, len(self.text) - 2)) - 1

    def place(self, line: int, column: int) -> tuple[int, int]:
        return self.plain.origin(line, column)

    def at(self, pos: int) -> tuple[int, int]:
        line = self.line(pos)
        return self.place(line, pos - self.starts[line] + 1)

    def line_end(self, pos: int) -> int:
        return self.text.find("\n", pos)

    def gap(self, pos: int, most: int = 5) -> int:
        """Lines with text between what the open dump has and this place; at most ``most`` + 1."""
        if self.open is None:
            return 0
        if pos - self.open.end > 4000 * most:
            return most + 1
        between = _TEXT.finditer(self.text, self.open.end, pos)
        return sum(1 for _ in islice(between, most + 1))

    # the walk

    def dumps(self) -> list[Dump]:
        events = merge(
            _EVENT.finditer(self.text), HEADER.finditer(self.text), key=lambda m: m.start()
        )
        skip = 0
        found = next(events, None)
        while found is not None and len(self.found) < MOST_DUMPS:
            after = next(events, None)
            if found.start() >= skip:
                self.limit = after.start() if after else len(self.text)
                kind = "header" if found.re is HEADER else found.lastgroup or ""
                skip = getattr(self, "_" + kind)(found) or 0
                self.after_dashes = kind == "dashes"
            found = after
        self._close_all()
        if not self.found and _PAIR.search(self.text):
            self._headless(len(self.text))
            self._close_all()
        return self.found

    def _begin(self, kind: str, start: int) -> OpenDump:
        self._close_all()
        self.open = OpenDump(kind, start)
        said = said_before(self.text, max(self.floor, 1), self.starts[self.line(start)])
        self.open.before = [Line(line, self.at(pos)) for pos, line in said]
        return self.open

    def _close(self) -> None:
        if self.open is None:
            return
        dump = self.open.value(self.at)
        self.floor = max(self.floor, self.open.end)
        self.open = None
        if dump is not None and self.above is not None:
            self.above.others.append(dump)
            self.above.end = self.floor
        elif dump is not None:
            self.found.append(dump)

    def _close_all(self) -> None:
        self._close()
        if self.above is not None:
            self.open, self.above = self.above, None
            self._close()

    # what is in a text; each takes the match and may give the place to go on at

    def _panic(self, found: re.Match[str]) -> None:
        start, o = found.start("panic"), self.open
        indent = self.text[found.start() + 1 : start].rstrip("\t")
        value, end = message(self.text, found.end(), self.limit, indent)
        text, recovered, repanicked = panic_value(value)
        chained = o is not None and o.kind == "panic" and not o.has_stack and not self.gap(start)
        if o is None or not chained:
            o = self._begin("panic", start)
            o.message = text
        o.panics.append(PanicValue(text, recovered, repanicked, self.at(start)))
        o.end = end

    def _served(self, found: re.Match[str]) -> None:
        o = self._begin("panic", found.start("served"))
        o.end = self.line_end(found.end())
        o.served = True
        o.message = self.text[found.end() : o.end].partition(": ")[2].rstrip()
        o.panics.append(PanicValue(o.message, True, False, self.at(o.start)))

    def _fatal(self, found: re.Match[str]) -> None:
        start, o = found.start(found.lastgroup or 0), self.open
        if o is None or o.kind != "fatal" or o.has_stack or self.gap(start) > 2:
            o = self._begin("fatal", start)
        value, o.end = message(self.text, found.end(), self.limit, one=True)
        o.message = o.message or value

    _fatal2 = _fatal

    def _signal(self, found: re.Match[str]) -> None:
        start, o = found.start("signal"), self.open
        if o is not None and self.after_dashes and o.has_stack:
            if self.above is None:
                self.above, self.open = o, None
            self._close()
            self.open = o = OpenDump("signal", start)
            o.relayed = True
        elif o is None or o.has_stack or o.kind != "fatal" or self.gap(start) > 3:
            o = self._begin("signal", start)
        fault = signal_name(self.text[start : self.line_end(start)])
        o.signal, o.number = fault.signal, fault.number
        o.message = o.message or fault.text
        o.end = self.line_end(start)

    def _pc(self, found: re.Match[str]) -> None:
        start, o = found.start("pc"), self.open
        if o is None or o.has_stack or o.pc is not None or self.gap(start) > 3:
            o = self._begin("signal", start)
            above = o.before[-1].text if o.before else ""
            fault = signal_name(above[max(above.find("SIG"), 0) :])
            o.signal, o.message, o.cut_start = fault.signal, fault.text, not fault.signal
        self._take(o, pc_line(self.text[start : self.line_end(start)]))
        o.end = self.line_end(start)

    def _sigline(self, found: re.Match[str]) -> None:
        start, o = found.start("sigline"), self.open
        fault = signal_line(self.text[start : start + 300])
        if fault.pc is None:
            return
        if o is None or o.has_stack or self.gap(start) > 3:
            o = self._begin("panic", start)
            self._read_above(o, start)
            o.cut_start = not o.panics
        o.signal, o.number, o.sure = fault.signal, fault.number, True
        self._take(o, fault)
        o.end = self.line_end(start)

    @staticmethod
    def _take(o: OpenDump, fault: Fault) -> None:
        o.pc, o.m = fault.pc, fault.m
        o.sigcode = o.sigcode if fault.sigcode is None else fault.sigcode
        o.addr = o.addr if fault.addr is None else fault.addr

    def _exception(self, found: re.Match[str]) -> None:
        start = found.start("exception")
        words = exception_line(self.text[start : self.line_end(start)])
        if len(words) < 4:
            return
        o = self._begin("exception", start)
        o.exception = words
        # Access violation: the second parameter is the address.
        o.addr = words[2] if words[0] == 0xC0000005 else None
        o.end = self.line_end(start)

    def _incgo(self, found: re.Match[str]) -> None:
        if self.open is not None and self.gap(found.start("incgo")) < 3:
            self.open.in_cgo = True
            self.open.end = self.line_end(found.end())

    def _bytes(self, found: re.Match[str]) -> None:
        if self.open is not None and self.gap(found.start("bytes")) < 3:
            blank = _BLANK.search(self.text, found.end(), found.end() + 400)
            self.open.end = blank.start() if blank else self.line_end(found.end())
            self.open.instruction = instruction_line(self.text[found.end() : self.open.end])

    def _race(self, found: re.Match[str]) -> int:
        start, after = found.start("race"), self.line_end(found.end()) + 1
        if SIGN.search(self.text, after, after + 200) is None:
            return 0
        lines = self.text[after : after + 65536].split("\n")
        race, used = race_of(lines, self.line(after), self.place)
        if not race.accesses:
            return 0
        self._close_all()
        end = after + sum(len(x) + 1 for x in lines[:used])
        last = self.at(max(start, end - 1))[0]
        self.found.append(Dump("race", "DATA RACE", race=race, at=self.at(start), last_line=last))
        self.floor = end
        return end

    def _dashes(self, found: re.Match[str]) -> None:
        if self.open is not None and self.open.has_stack and self.gap(found.start()) < 2:
            self.open.end = found.end()

    def _exit(self, found: re.Match[str]) -> None:
        if self.open is None or self.gap(found.start()) > 3:
            return
        top = self.above or self.open
        digits = re.match(r"\d{1,9}", self.text[found.end() : found.end() + 9])
        top.status = int(digits[0]) if digits else None
        top.sure = True
        self.open.end = top.end = self.line_end(found.end())
        self._close_all()

    def _regs(self, found: re.Match[str]) -> int:
        start = found.start("regs")
        self._headerless(start)
        registers, used = registers_of(self.text[start : start + 8192].split("\n"))
        if len(registers) < 8:
            return 0
        if self.open is None or self.gap(start) > 5 or self.open.registers:
            self._begin("signal", start).cut_start = True
        assert self.open is not None
        self.open.registers = registers
        self.open.end = self.starts[min(self.line(start) + used, len(self.starts) - 1)] - 1
        return self.open.end

    def _rstack(self, found: re.Match[str]) -> None:
        start = found.start("rstack")
        if self.open is None or self.open.runtime_stack or self.gap(start, 200) > 200:
            self._begin("goroutines", start)
        assert self.open is not None
        self.open.runtime_stack = self._stack(Header(None, "runtime stack"), start, found.end())

    def _header(self, found: re.Match[str]) -> None:
        header, end = header_of(found), found.end()
        if header is None:
            header, end = self._broken_header(found)
        if header is None:
            return
        start = found.start()
        self._headerless(start)
        o = self.open
        most = 3 if o is not None and (o.has_stack or o.served) else 200
        if o is None or header.id in o.ids or self.gap(start, most) > most:
            o = self._headed(start)
        if header.id:
            o.ids.add(header.id)
        o.goroutines.append(self._stack(header, start, end))

    def _broken_header(self, found: re.Match[str]) -> tuple[Header | None, int]:
        """The header that a terminal broke, and where its second line ends."""
        after = self.line_end(found.end())
        end = self.line_end(after + 1)
        if after - found.start() < 40 or end < 0 or end - after > 200:
            return None, 0
        whole = HEADER.match(self.text[found.start() : after] + self.text[after + 1 : end])
        return (header_of(whole) if whole else None), end

    def _stack(self, header: Header, start: int, end: int) -> Goroutine:
        """The goroutine whose header starts at ``start`` and ends in the line of ``end``."""
        assert self.open is not None
        first = min(self.line_end(end) + 1, len(self.text))
        last = self._block_end(first)
        self.open.end = last
        return Goroutine(
            header, self.at(start), self.text[first:last], self.line(first), self.place
        )

    def _block_end(self, first: int) -> int:
        """Where the frames from ``first`` on end: at a blank line with no frame behind it."""
        pos = first - 1
        while (blank := _BLANK.search(self.text, pos, self.limit + 1)) is not None:
            below = self.text[blank.end() : min(self.line_end(blank.end()), self.limit)].strip()
            above = self.text[self.text.rfind("\n", 0, blank.start()) + 1 : blank.start()]
            goes_on = _FRAME_FILE.search(below) or (_FRAME_FILE.search(above) and call_of(below))
            if not goes_on and not below.startswith("created by "):
                return blank.start()
            pos = blank.end() - 1
        return self.limit

    def _headed(self, start: int) -> OpenDump:
        """A new dump whose first goroutine starts here; its head may stand in front or be cut."""
        line = self.starts[self.line(start)]
        front = self.text[line:start].strip()
        frames = self._headless(line)
        if frames is not None:
            return frames
        o = self._begin("goroutines", line)
        self._read_above(o, line, front)
        if front and o.kind == "goroutines":
            o.message = front
        return o

    def _read_above(self, o: OpenDump, line: int, front: str = "") -> None:
        """The head of a dump, when something stands before it in its line."""
        near = self.text[max(self.floor, line - 2000) : line].rstrip().split("\n")[-6:]
        for text in [front] if front else near:
            for mark, kind in (("panic: ", "panic"), ("fatal error: ", "fatal")):
                if mark in text:
                    o.kind, o.message = kind, text.partition(mark)[2].strip()
        if o.kind == "panic" and o.message:
            o.panics.append(PanicValue(*panic_value(o.message), self.at(line)))
            o.message = o.panics[0].message

    def _headerless(self, pos: int) -> None:
        """On Windows the stack that died stands below the exception without a header."""
        o = self.open
        if o is None or o.kind != "exception" or o.has_stack:
            return
        pair = _PAIR.search(self.text, o.end, pos)
        if pair is not None:
            first = self.text.rfind("\n", 0, pair.start()) + 1
            block = self.text[first:pos].rstrip()
            line, o.end = self.line(first), first + len(block)
            o.goroutines.append(Goroutine(Header(None), self.at(first), block, line, self.place))

    def _headless(self, end: int) -> OpenDump | None:
        """The frames that end here and whose header was cut off, as a dump; None if none do."""
        low = max(self.floor, end - 65536, 1)
        pair = _PAIR.search(self.text, low, end)
        if pair is None or (self.open is not None and self.gap(pair.start()) < 3):
            return None
        first = self.text.rfind("\n", 0, pair.start()) + 1
        o = self._begin("goroutines", first)
        o.cut_start = True
        line = self.line(first)
        block = self.text[first:end].rstrip()
        o.end = first + len(block)
        header = Header(None)
        o.goroutines.append(Goroutine(header, self.at(first), block, line, self.place))
        return o
