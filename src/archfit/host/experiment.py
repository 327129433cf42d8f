"""Programs that an experiment starts: they may crash, hang, flood and leave children behind.

Each gets its own session, no terminal, bounded output and a time limit; what it started is
killed with it, also when it ended well, and also when the one who asked is killed.
"""

from __future__ import annotations

import ctypes
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from archfit.host.files import reason
from archfit.model.errors import Unavailable

_CHUNK = 1 << 16
#: prctl(2), linux/prctl.h.
_PR_SET_PDEATHSIG = 1
#: getrusage(2): ru_maxrss is in KiB on Linux, in bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a program.

    ``status``: exit status, or the negative number of the signal that killed it.
    ``out``, ``err``: at most ``limit`` bytes each, ``whole`` tells whether that was all.
    ``seconds`` of wall time. ``peak``: the largest resident set of it and of the children
    it waited for, in bytes. ``timed_out``: it was ended by its time limit; ``status`` is
    then that of the kill. ``core``: the kernel says that it wrote a core file.
    """

    status: int
    out: bytes
    err: bytes
    seconds: float
    timed_out: bool
    peak: int
    core: bool = False
    whole: bool = True


def run(
    argv: Sequence[str],
    *,
    cwd: str,
    env: Mapping[str, str],
    timeout: float,
    stdin: bytes = b"",
    limit: int = 4 << 20,
    merge: bool = False,
    core_limit: bool = False,
    tick: Callable[[], None] | None = None,
) -> Done:
    """Run a program to its end, or to the end of its time (``timeout`` in seconds).

    ``env`` is the whole environment. ``stdin`` is what it can read (kept under 64 KiB: it
    is put in the pipe at once). ``merge``: standard error goes into ``out``, in order.
    ``core_limit``: True lifts the limit of core files as far as this user may, so that
    the kernel writes one into ``cwd`` where its pattern says so; False: none is written.
    Output beyond ``limit`` is read and dropped. ``tick`` is called some times a second, to
    show progress. ``peak`` can't be lower than what this process itself held. Raises
    Unavailable with the kernel's reason when it can't be started.
    """
    if len(stdin) > _CHUNK:
        raise ValueError("stdin of an experiment is at most 64 KiB")
    begin = time.monotonic()
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_before(core_limit),  # noqa: PLW1509 - two calls of the kernel, no lock
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise Unavailable(f"{argv[0]}: {why}") from None
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(stdin)
        with suppress(BrokenPipeError):
            process.stdin.close()
    reader = _Reader(process, limit)
    try:
        ended = reader.drain(begin + timeout, tick)
    finally:
        # Also after a good end: nothing that it left behind may keep running.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if reader.waited is None:
            reader.wait(0)
    reader.rest()
    assert reader.waited is not None
    raw, usage = reader.waited
    return Done(
        os.waitstatus_to_exitcode(raw),
        bytes(reader.out),
        bytes(reader.err),
        time.monotonic() - begin,
        not ended,
        usage.ru_maxrss * _RSS_UNIT,
        os.WIFSIGNALED(raw) and os.WCOREDUMP(raw),
        reader.whole,
    )


def _before(core_limit: bool) -> Callable[[], None]:
    """What the child does before it becomes the program: all is looked up before the fork."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    limits = (hard if core_limit else 0, hard)
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def child() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, limits)
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)

    return child


class _Reader:
    """Both streams of a process and its end."""

    def __init__(self, process: subprocess.Popen[bytes], limit: int) -> None:
        self._process, self._limit = process, limit
        self.out, self.err = bytearray(), bytearray()
        self.whole = True
        self.waited: tuple[int, resource.struct_rusage] | None = None
        self._open: dict[int, bytearray] = {}
        for stream, kept in ((process.stdout, self.out), (process.stderr, self.err)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._open[stream.fileno()] = kept

    def drain(self, end: float, tick: Callable[[], None] | None) -> bool:
        """Read until the process has ended; False when its time ended first."""
        with selectors.DefaultSelector() as selector:
            for fd in self._open:
                selector.register(fd, selectors.EVENT_READ)
            while True:
                left = end - time.monotonic()
                # A grandchild may keep the pipe open after the program has ended.
                ready = selector.select(min(max(left, 0.0), 0.02)) if self._open else []
                for key, _ in ready:
                    if not self._take(key.fd):
                        selector.unregister(key.fd)
                        del self._open[key.fd]
                if (not ready or not self._open) and self.wait(os.WNOHANG):
                    return True
                if left <= 0:
                    return False
                if tick is not None:
                    tick()
                if not self._open:
                    time.sleep(0.005)

    def wait(self, flags: int) -> bool:
        """True when it has ended; `wait4` is the only call that tells its memory."""
        pid, raw, usage = os.wait4(self._process.pid, flags)
        if pid == 0:
            return False
        self.waited = raw, usage
        self._process.returncode = os.waitstatus_to_exitcode(raw)
        return True

    def rest(self) -> None:
        """What was still in the pipes when it ended."""
        for fd in list(self._open):
            while self._take(fd):
                pass
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _take(self, fd: int) -> bool:
        """False at the end of a stream, or when nothing is there now."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        kept = self._open[fd]
        room = self._limit - len(kept)
        if len(data) > room:
            self.whole = False
        kept += data[: max(room, 0)]
        return bool(data)
