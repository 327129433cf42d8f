"""Frames of Go stacks as text.

Sources: `traceback2`, `printcreatedby1`, `printAncestorTraceback`, `printOneCgoTraceback` in
Go 1.26 and 1.27 runtime/traceback.go; the same file of Go 1.19; `printcreatedby` without a
goroutine before Go 1.21; `fp=` and `sp=` without `pc=` before Go 1.9; libgo's printing of
gccgo, which writes names without parentheses.

A frame is a function's line and its file's line. Both are known again when the indent was
lost, when both stand in one line, and when a terminal broke them (up to `PIECES` pieces).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Lines longer than this are no frames; the longest that Go prints are much shorter.
LONGEST = 8192
#: Of how many pieces a broken line may be put together.
PIECES = 4
_ARGS = re.compile(r"[0-9a-fx{}, ?._]*")
_FILE = re.compile(
    r":(\d{1,9})(?: ?\+0x([0-9a-f]{1,16}))?(?: ?fp=0x([0-9a-f]{1,16}))?"
    r"(?: ?sp=0x([0-9a-f]{1,16}))?(?: ?pc=0x([0-9a-f]{1,16}))?\Z"
)
#: What the rest of a broken file's line is made of.
_TAIL = re.compile(r"[0-9a-fxspc=+ ]{1,120}\Z")
#: A line as long as this may have been broken by a terminal.
_FULL = 40
_RECEIVER = re.compile(r"\.\(\*[\w.\[\]]{1,200}\)\Z")
_PC_ONLY = re.compile(r"pc=0x([0-9a-f]{1,16})\Z")
_NOT_GO = re.compile(r"non-Go function(?: at pc=0x([0-9a-f]{1,16}))?\Z")
_ELIDED = re.compile(r"\.\.\.(?:additional|(\d{1,9})) frames elided\.\.\.\Z")
_CREATED = re.compile(r"created by (\S.*?)(?: in goroutine (\d{1,20}))?\Z")
_ORIGIN = re.compile(r"\[originating from goroutine (\d{1,20})\]:\Z")
_NAME = re.compile(r"[^\s(){}\[\],;=\"']\S{0,4000}\Z")
_NOTES = (
    (
        "unknown-pc",
        re.compile(r"runtime: (?:g \S+ (?:gp=\S+ ?)?: ?)?unknown pc |runtime: g .*unknown pc "),
    ),
    ("unexpected-return-pc", re.compile(r"runtime: .*unexpected return pc for ")),
    ("stuck", re.compile(r"runtime: traceback stuck")),
    ("incomplete", re.compile(r"runtime: g.*frame\.sp=|traceback: unexpected SPWRITE")),
    ("unavailable", re.compile(r"goroutine running on other thread; stack unavailable")),
    ("left-out", re.compile(r"(?:\.{3,5}|…|[\[(<]\s?(?:\.{3}|…|snip|truncated))[^:]{0,60}\Z")),
    (
        "memory",
        re.compile(r"stack: frame=\{sp:|[0-9a-f]{8,16}: {1,2}[<>!*]?[0-9a-f ]{8}|\^ |7 6 5 4 "),
    ),
)

Place = Callable[[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Frame:
    """One call.

    ``function`` as printed; "" when only its file's line or its pc is there. ``args``: what
    stands between the parentheses. ``line`` is that of the source, 0 when unknown;
    ``offset``, ``fp``, ``sp`` and ``pc`` are None when not printed. ``c``: the frame is
    not Go's, it comes from the C traceback function that the program set. ``at``: line and
    column in the text, from 1.
    """

    function: str
    args: str = ""
    file: str = ""
    line: int = 0
    offset: int | None = None
    fp: int | None = None
    sp: int | None = None
    pc: int | None = None
    c: bool = False
    at: tuple[int, int] = (0, 0)

    @property
    def package(self) -> str:
        """Import path as in the symbol (`net/http`, `gopkg.in/yaml%2ev3`); "" when it has none."""
        return package_of(self.function)

    @property
    def inlined(self) -> bool:
        """Go prints `(...)` for calls that it inlined; they have no frame of their own."""
        return self.args == "..." and self.offset is None

    @property
    def runtime(self) -> bool:
        """A function of Go's own runtime; `panic` is how it prints runtime.gopanic."""
        package = self.package
        return (
            self.function == "panic"
            or package in ("runtime", "runtime/cgo", "internal/runtime")
            or package.startswith(("runtime/internal/", "internal/runtime/"))
        )


@dataclass(frozen=True, slots=True)
class Note:
    """A line between frames that says something of the stack walk.

    ``kind``: unknown-pc, unexpected-return-pc, stuck, incomplete, unavailable, memory (a dump
    of the stack's words), left-out (somebody wrote `...` for lines), or other.
    """

    kind: str
    text: str
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ancestor:
    """What created a goroutine, and who created that (GODEBUG=tracebackancestors)."""

    id: int
    frames: tuple[Frame, ...]
    created_by: Frame | None


@dataclass(frozen=True, slots=True)
class Stack:
    """``elided``: frames left out, -1 when Go did not say how many, 0 for none.

    ``cut``: the last function stands without its file, so the text ends in the middle.
    """

    frames: tuple[Frame, ...]
    created_by: Frame | None = None
    creator: int | None = None
    ancestors: tuple[Ancestor, ...] = ()
    elided: int = 0
    notes: tuple[Note, ...] = ()
    cut: bool = False


def package_of(function: str) -> str:
    """`net/http` of `net/http.(*conn).serve`; "" for `indexbytebody` or `_cgoexp_1_cb`."""
    name = function.partition("[")[0]
    slash = name.rfind("/")
    dot = name.find(".", slash + 1)
    return name[:dot] if dot > 0 else ""


def call_of(line: str) -> tuple[str, str] | None:
    """(function, arguments) of a function's line without blanks around it, else None."""
    if not line.endswith(")") or len(line) > LONGEST:
        return None
    start = line.rfind("(")
    name, args = line[:start], line[start + 1 : -1]
    if start <= 0 or not _ARGS.fullmatch(args) or name[0] in "([{\"' ":
        return None
    if " " in name and "{" not in name and "[" not in name:
        return None
    return name, args


def parse_stack(block: str, line: int, place: Place) -> Stack:
    """The frames of a goroutine, without its header.

    ``line``: the number of the block's first line; ``place`` turns (line, column) of the text
    that was parsed into those of the text as it was given.
    """
    return _Walk(block, line, place).stack()


class _Walk:
    """Goes through the lines of one block."""

    def __init__(self, block: str, line: int, place: Place) -> None:
        self.raw = block.split("\n")
        self.lines = [x.strip() for x in self.raw]
        self.first = line
        self.place = place
        self.at = 0
        self.frames: list[Frame] = []
        self.notes: list[Note] = []
        self.cut = False

    def stack(self) -> Stack:
        created: Frame | None = None
        creator: int | None = None
        elided = 0
        origins: list[tuple[int, list[Frame], Frame | None]] = []
        while self.at < len(self.lines):
            text = self.lines[self.at]
            if not text:
                self.at += 1
            elif found := _ELIDED.match(text):
                elided = int(found[1] or -1)
                self.at += 1
            elif text.startswith("created by ") and (found := _CREATED.match(text[:LONGEST])):
                by = self._with_file(found[1], "", 1)
                if origins:
                    origins[-1] = (*origins[-1][:2], by)
                else:
                    created, creator = by, int(found[2]) if found[2] else None
            elif found := _ORIGIN.match(text):
                origins.append((int(found[1]), [], None))
                self.at += 1
            else:
                frame = self._frame(text)
                if frame is not None:
                    (origins[-1][1] if origins else self.frames).append(frame)
        return Stack(
            tuple(self.frames),
            created,
            creator,
            tuple(Ancestor(number, tuple(frames), by) for number, frames, by in origins),
            elided,
            tuple(self.notes),
            self.cut,
        )

    def _where(self) -> tuple[int, int]:
        raw = self.raw[self.at]
        return self.place(self.first + self.at, len(raw) - len(raw.lstrip()) + 1)

    def _pieces(self, start: int, count: int) -> str:
        return "".join(self.lines[start : start + count])

    def _frame(self, text: str) -> Frame | None:
        """The frame that starts in this line; goes on by as many lines as it has."""
        if found := _NOT_GO.match(text):
            return self._foreign(found)
        for count in range(1, PIECES + 1):
            whole = self._pieces(self.at, count)
            call = call_of(whole)
            if call is not None:
                # A blank at the break is lost.
                args = call[1] if count == 1 else re.sub(r",(?! )", ", ", call[1])
                return self._with_file(call[0], args, count)
            # A terminal breaks long lines only, and a line which ends in ")" is whole, but
            # for that of a receiver.
            last = self.at + count
            whole_call = whole.endswith(")") and not _RECEIVER.search(whole)
            if whole_call or last >= len(self.lines) or " " in text.partition("(")[0]:
                break
            if len(self.raw[last - 1]) < _FULL:
                break
        one = text.rfind(") ")
        if one > 0 and (call := call_of(text[: one + 1])):
            made = _file_line(text[one + 2 :].strip(), *call, self._where())
            if made is not None:
                self.at += 1
                return made
        return self._odd(text)

    def _with_file(self, name: str, args: str, count: int) -> Frame:
        """A function's frame; its file's line follows, maybe in pieces."""
        where = self._where()
        start = self.at = self.at + count
        for more in range(1, PIECES + 1):
            whole = self._pieces(start, more)
            made = _file_line(whole, name, args, where)
            if made is not None:
                # `x.go:12` may be the first piece of `x.go:123 +0x4`.
                after = self.lines[start + more] if start + more < len(self.lines) else ""
                longer = None
                if after and _TAIL.match(after):
                    longer = _file_line(whole + after, name, args, where)
                self.at = start + more + (longer is not None)
                return longer or made
            if start + more >= len(self.lines) or len(self.raw[start + more - 1]) < _FULL:
                break
            if call_of(whole):
                break
        self.cut = not any(self.lines[start:])
        return Frame(name, args, at=where)

    def _foreign(self, found: re.Match[str]) -> Frame:
        """`non-Go function at pc=`, or `non-Go function` and the pc in the next line."""
        where = self._where()
        self.at += 1
        if found[1]:
            return Frame("", pc=int(found[1], 16), c=True, at=where)
        text = self.lines[self.at] if self.at < len(self.lines) else ""
        if pc := _PC_ONLY.match(text):
            self.at += 1
            return Frame("", pc=int(pc[1], 16), c=True, at=where)
        made = _file_line(text, "", "", where, c=True)
        if made is None:
            return Frame("", c=True, at=where)
        self.at += 1
        return made

    def _odd(self, text: str) -> Frame | None:
        """A C function with its symbol, gccgo's plain names, a file without its function."""
        where = self._where()
        after = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
        if len(text) <= LONGEST:
            for kind, pattern in _NOTES:
                if pattern.match(text):
                    self.at += 1
                    self.notes.append(Note(kind, text, where))
                    return None
            below = _file_line(after, text, "", where, c=True)
            if below is None and (pc := _PC_ONLY.match(after)) and _NAME.match(text):
                below = Frame(text, pc=int(pc[1], 16), c=True, at=where)
            if below is not None and below.pc is not None and below.offset is None:
                self.at += 2
                return below
            if below is not None and _NAME.match(text) and "." in text:
                self.at += 2
                return _file_line(after, text, "", where)
            alone = _file_line(text, "", "", where)
            if alone is not None and ("/" in alone.file or alone.offset is not None):
                self.at += 1
                return alone
        self.at += 1
        self.notes.append(Note("other", text[:200], where))
        return None


def _file_line(
    text: str, name: str, args: str, at: tuple[int, int], c: bool = False
) -> Frame | None:
    """A frame whose file's line is ``text``, or None when it is no such line."""
    if len(text) > LONGEST:
        return None
    found = _FILE.search(text)
    file = text[: found.start()] if found else ""
    if (
        found is None
        or not file
        or (" " in file and file[0] != "/" and file[1:3] not in (":/", ":\\"))
    ):
        return None
    number, *rest = found.groups()
    offset, fp, sp, pc = (None if x is None else int(x, 16) for x in rest)
    return Frame(name, args, file, int(number), offset, fp, sp, pc, c, at)
