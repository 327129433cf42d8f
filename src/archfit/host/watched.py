"""A command run in the user's place: what it writes passes through as it is, and is kept."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from archfit.host.files import reason

#: Bytes of the output that are kept: its start and its end.
HEAD, TAIL = 4 << 20, 8 << 20
_CHUNK = 1 << 16
#: A shell's status of a command that is not there, and of one that can't be started.
_ABSENT, _NOT_STARTED = 127, 126

_Handler = Callable[[int, FrameType | None], object] | int | None


@dataclass(slots=True)
class Kept:
    """The first `HEAD` and the last `TAIL` bytes of what was written, in its order."""

    head: bytearray = field(default_factory=bytearray)
    tail: deque[bytes] = field(default_factory=deque)
    in_tail: int = 0
    cut: int = 0  #: bytes between the two that were not kept

    def add(self, data: bytes) -> None:
        """Take what was written next."""
        room = HEAD - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        if not data:
            return
        self.tail.append(data)
        self.in_tail += len(data)
        while self.in_tail - len(self.tail[0]) >= TAIL:
            gone = self.tail.popleft()
            self.in_tail -= len(gone)
            self.cut += len(gone)

    def pieces(self) -> Iterator[bytes]:
        """Start and end; between them a line that says how much is missing."""
        yield bytes(self.head)
        if self.cut:
            yield f"\n[{self.cut} bytes of the output were not kept]\n".encode()
        yield from self.tail


@dataclass(frozen=True, slots=True)
class Watched:
    """How a command ended. ``status``: as a shell gives it (128 + N for signal N, 127 for
    absent, 126 for what can't be started); ``signal``: N, or 0; ``error``: the kernel's
    reason why it could not be started, or ""."""

    status: int
    signal: int
    kept: Kept
    error: str = ""


def watch(argv: Sequence[str]) -> Watched:
    """Run a command with this process's standard streams and wait for its end.

    Where stdout or stderr is a terminal the command gets one too (of the same size), so
    that it colours and buffers as it would by itself. The streams are kept apart unless
    both lead to the same place. SIGTERM and SIGHUP are passed on; SIGINT and SIGQUIT of
    the terminal reach the command by themselves.
    """
    same = _same(1, 2)
    streams = [_Stream(1)] if same else [_Stream(1), _Stream(2)]
    kept = Kept()
    try:
        process = subprocess.Popen(
            list(argv), stdout=streams[0].inner, stderr=streams[-1].inner, close_fds=True
        )
    except (OSError, ValueError) as error:
        for stream in streams:
            stream.close()
        why = reason(error) if isinstance(error, OSError) else str(error)
        there = isinstance(error, OSError) and error.errno not in (errno.ENOENT, errno.ENOTDIR)
        return Watched(_NOT_STARTED if there else _ABSENT, 0, kept, why)
    with _passed_on(process, streams):
        _pump(process, streams, kept)
        code = process.wait()
    for stream in streams:
        stream.close()
    return Watched(128 - code if code < 0 else code, max(-code, 0), kept)


class _Stream:
    """One of this process's streams, and what the command writes to in its place."""

    def __init__(self, outer: int) -> None:
        self.outer = outer
        self.terminal = os.isatty(outer)
        if self.terminal:
            self.source, self.inner = _terminal(outer)
        else:
            self.source, self.inner = os.pipe()

    def started(self) -> None:
        """The command has its end now: this process's copy is closed."""
        if self.inner >= 0:
            os.close(self.inner)
            self.inner = -1

    def resize(self) -> None:
        """Give the inner terminal the size of the outer one."""
        if self.terminal:
            _copy_size(self.outer, self.source)

    def close(self) -> None:
        self.started()
        if self.source >= 0:
            os.close(self.source)
            self.source = -1


def _same(one: int, other: int) -> bool:
    a, b = os.fstat(one), os.fstat(other)
    return (a.st_dev, a.st_ino, a.st_rdev) == (b.st_dev, b.st_ino, b.st_rdev)


def _terminal(outer: int) -> tuple[int, int]:
    """A terminal that changes nothing in what is written to it."""
    import pty
    import termios

    source, inner = pty.openpty()
    mode = termios.tcgetattr(inner)
    # The outer terminal turns line ends into CR LF; twice would be a change.
    mode[1] &= ~termios.OPOST
    termios.tcsetattr(inner, termios.TCSANOW, mode)
    _copy_size(outer, source)
    return source, inner


def _copy_size(outer: int, to: int) -> None:
    import fcntl
    import termios

    with suppress(OSError):
        size = fcntl.ioctl(outer, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(to, termios.TIOCSWINSZ, size)


@contextmanager
def _passed_on(process: subprocess.Popen[bytes], streams: Sequence[_Stream]) -> Iterator[None]:
    """While the block lasts signals go to the command, and the terminal's size follows."""

    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        with suppress(ProcessLookupError):
            process.send_signal(number)

    def stay(number: int, frame: FrameType | None) -> None:
        """The command gets it from the terminal; its end is waited for."""

    def resized(number: int, frame: FrameType | None) -> None:
        for stream in streams:
            stream.resize()
        forward(number, frame)

    wanted: dict[int, _Handler] = {
        signal.SIGTERM: forward,
        signal.SIGHUP: forward,
        signal.SIGINT: stay,
        signal.SIGQUIT: stay,
        signal.SIGWINCH: resized,
    }
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pump(process: subprocess.Popen[bytes], streams: Sequence[_Stream], kept: Kept) -> None:
    """Pass on what is written until the command has ended and nothing more comes."""
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            stream.started()
            selector.register(stream.source, selectors.EVENT_READ, stream)
        while selector.get_map():
            ready = selector.select(0.1)
            if not ready and process.poll() is not None:
                # A process that it left behind may hold the streams for ever.
                break
            for key, _ in ready:
                data = _read(key.fd)
                if data:
                    _write(key.data.outer, data)
                    kept.add(data)
                else:
                    selector.unregister(key.fd)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _CHUNK)
    except OSError as error:
        # Linux says EIO when nobody has the terminal open any more.
        if error.errno == errno.EIO:
            return b""
        raise


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            with selectors.DefaultSelector() as selector:
                selector.register(fd, selectors.EVENT_WRITE)
                selector.select()
        except BrokenPipeError:
            return  # whoever read has gone; the command is run to its end all the same


def flush() -> None:
    """What Python still holds for these streams is written before the command writes."""
    sys.stdout.flush()
    sys.stderr.flush()
