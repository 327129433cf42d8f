"""The signature of a crash: what is alike in all crashes of one cause, and nothing else.

Kind of death, message as a template, and the calls of the goroutine (or thread) that died,
innermost first: without Go's runtime, the machinery of signals and threads, arguments,
addresses, lines, and the number of rounds of a recursion. The call into C (`_Cfunc_name`) is
a call as any other; it stands first when C failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

from archfit.crash.normalise import c_name, go_name, is_machinery, is_runtime
from archfit.crash.template import kind_of

#: Calls that are kept; those beyond stand near the start of the program.
MOST_FRAMES = 48
#: Calls looked at of a stack without end.
_REACH = 400
_STARTS = ("main.main", "testing.tRunner", "testing.tRunner.func")


class Raw(NamedTuple):
    """A crash as a reader found it.

    ``kind``: as of a Dump, or native. ``said``: the message's template. ``spoken``: see
    `archfit.crash.template.spoken`. ``names``: functions as printed, innermost first.
    ``creator``: the function with the go statement, "". ``go``: the names are Go's.
    """

    kind: str
    said: str
    signal: str
    spoken: str
    names: tuple[str, ...]
    creator: str = ""
    go: bool = True


@dataclass(frozen=True)
class Signature:
    """``kind`` must be equal in crashes of one cause; ``said`` and ``frames`` be alike."""

    kind: str
    said: str
    frames: tuple[str, ...]

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that only depend on the content, the same on each machine and run."""
        text = "\n".join((self.kind, self.said, *self.frames))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    @property
    def title(self) -> str:
        """The kind and the innermost call, for people."""
        at = f" in {self.frames[0]}" if self.frames else ""
        said = f": {self.said}" if self.said and self.said not in self.kind else ""
        return f"{self.kind}{said}{at}"


def signature(raw: Raw, program: str = "") -> Signature:
    """The signature of a crash; ``program`` tells one program's `main.run` from another's."""
    kind, said = kind_of(raw.kind, raw.said, raw.signal)
    frames = go_frames(raw.names) if raw.go else native_frames(raw.names)
    if raw.creator:
        by = go_name(raw.creator)
        if not is_runtime(by):
            frames.append(f"go {by}")
    if program:
        frames = [_of(program, frame) for frame in frames] or [f"({program})"]
    return Signature(kind, raw.spoken or said, tuple(frames[:MOST_FRAMES]))


def _of(program: str, frame: str) -> str:
    return f"{program}:{frame}" if frame.startswith(("main.", "go main.")) else frame


def go_frames(names: Sequence[str]) -> list[str]:
    """The calls of a Go stack that tell of the cause."""
    names = names[:_REACH]
    # Below the outermost panic stands what failed first; above it, what was deferred.
    for place in range(len(names) - 1, -1, -1):
        if names[place] in ("panic", "runtime.gopanic", "runtime.sigpanic"):
            names = names[place + 1 :]
            break
    plain = [go_name(name) for name in names if name]
    own = [name for name in plain if not is_runtime(name) and not is_machinery(name)]
    if not own and not _WAITS.intersection(plain):
        own = [n for n in plain if n not in _ENDS][:6]
    return without_rounds(own)


_ENDS = frozenset((
    "runtime.goexit", "runtime.main", "runtime.throw", "runtime.fatal", "runtime.fatalthrow",
    "runtime.mcall", "runtime.systemstack", "runtime.systemstack_switch", "runtime.mstart",
    "runtime.mstart0", "runtime.mstart1", "runtime.gopark", "runtime.goparkunlock",
))  # fmt: skip
#: What idle threads and the collector's workers stand in: of the cause they tell nothing.
_WAITS = frozenset((
    "runtime.findRunnable", "runtime.findrunnable", "runtime.mPark", "runtime.stopm",
    "runtime.notesleep", "runtime.netpoll", "runtime.schedule", "runtime.gcBgMarkWorker",
    "runtime.bgsweep", "runtime.bgscavenge", "runtime.forcegchelper", "runtime.sysmon",
))  # fmt: skip


def native_frames(names: Sequence[str]) -> list[str]:
    """The calls of a thread, C and Go mixed."""
    out = []
    for name in names[:_REACH]:
        # Go's names have a dot behind the package, C's have none, C++'s and Rust's have `::`.
        plain = go_name(name) if "." in name and "::" not in name and "(" not in name[:1] else ""
        plain = plain or c_name(name)
        if plain and not is_machinery(plain) and not is_runtime(plain):
            out.append(plain)
    if not out:
        out = [c_name(name) for name in names[:6] if name]
    return without_rounds(out)


def without_rounds(names: list[str]) -> list[str]:
    """A recursion as the sorted set of its functions: it may be cut at any of them."""
    if len(set(names)) == len(names):
        return names
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    out: list[str] = []
    run: list[str] = []
    for name in [*names, ""]:
        if counts.get(name, 0) > 1:
            run.append(name)
            continue
        # A function that only comes back in another run (middleware) keeps its places.
        out += sorted(set(run)) if len(run) > 1 else run
        run = []
        if name:
            out.append(name)
    return out
