"""A live process, stopped for as long as it takes to copy what an unwinder needs.

Linux ptrace(2): PTRACE_SEIZE and PTRACE_INTERRUPT for every thread (no signal is sent, so
the process sees nothing), registers by PTRACE_GETREGSET (NT_PRSTATUS), memory through
/proc/PID/mem, then PTRACE_DETACH. The files that are mapped are read before.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from archfit.formats.elf_core import REGISTERS, CoreMapping, CoreThread
from archfit.host.files import unavailable
from archfit.model.errors import Unavailable

_SEIZE, _INTERRUPT, _DETACH, _GETREGSET = 0x4206, 0x4207, 17, 0x4204
_NT_PRSTATUS, _NT_ARM_TLS = 1, 0x401
#: waitpid(2): threads too (__WALL).
_WALL = 0x40000000
#: Bytes of stack that are copied of each thread while it stands.
_STACK = 1 << 20
_PAGE = 4096
_PATIENCE = 2.0
_ISAS = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(slots=True)
class Stopped:
    """What was copied. ``milliseconds``: how long the process stood still.

    ``errors``: threads that could not be stopped, id -> why.
    """

    isa: str
    pid: int
    threads: tuple[CoreThread, ...]
    mappings: tuple[CoreMapping, ...]
    milliseconds: float
    errors: dict[int, str]
    pages: dict[int, bytes] = field(default_factory=dict, repr=False)

    def read(self, address: int, size: int) -> bytes:
        """What was copied from an address on, at most ``size`` bytes; b"" when nothing was."""
        return _from_pages(address, size, self.pages.get)


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


#: Called while the process stands, with its threads and a reader of its memory; every page
#: that it reads is kept.
Look = Callable[[tuple[CoreThread, ...], Callable[[int, int], bytes]], None]


def _from_pages(address: int, size: int, page: Callable[[int], bytes | None]) -> bytes:
    offset = address % _PAGE
    found = (page(address // _PAGE) or b"")[offset : offset + size]
    if len(found) == size or not found:
        return found
    parts, have = [found], len(found)
    while have < size and (more := page((address + have) // _PAGE)):
        parts.append(more[: size - have])
        have += len(parts[-1])
    return b"".join(parts)


def mapped(pid: int) -> tuple[CoreMapping, ...]:
    """The files that a process has mapped. Raises Unavailable, also Denied."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise unavailable(f"process {pid}", error) from None
    found = []
    for line in lines:
        words = line.split(None, 5)
        if len(words) == 6 and words[5].startswith("/") and not words[5].endswith(" (deleted)"):
            start, _, end = words[0].partition("-")
            found.append(CoreMapping(int(start, 16), int(end, 16), int(words[2], 16), words[5]))
    return tuple(found)


def this_isa() -> str:
    """Of this machine, in Go's spelling. Raises Unavailable where no process can be stopped."""
    isa = _ISAS.get(platform.machine(), "")
    if sys.platform != "linux" or not isa:
        raise Unavailable(
            "a live process can be stopped on Linux alone, on amd64 and arm64",
            "lldb -p PID -o 'process save-core core' -o detach -o quit",
        )
    return isa


def stop(pid: int, look: Look) -> Stopped:
    """Stops a process, copies registers, stacks and what ``look`` reads, and lets it go.

    Raises Unavailable where there is no ptrace for this system, no such process, or no right.
    """
    isa = this_isa()
    mappings = mapped(pid)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.restype = ctypes.c_long
    errors: dict[int, str] = {}
    held: list[int] = []
    began = time.perf_counter()
    try:
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise unavailable(f"process {pid}", error) from None
    pages: dict[int, bytes] = {}

    def page(number: int) -> bytes:
        found = pages.get(number)
        if found is None:
            found = b""
            with suppress(OSError, ValueError, OverflowError):
                found = os.pread(memory, _PAGE, number * _PAGE)
            pages[number] = found
        return found

    try:
        _hold(libc, pid, held, errors)
        if not held:
            raise Unavailable(f"process {pid}: {next(iter(errors.values()), 'no thread')}")
        threads = tuple(_registers(libc, one, isa) for one in held)

        stack_pointer = 7 if isa == "amd64" else 31
        for thread in threads:
            start = thread.registers[stack_pointer] // _PAGE
            with suppress(OSError, ValueError, OverflowError):
                # Where the stack ends sooner less is read, not nothing.
                stack = os.pread(memory, _STACK, start * _PAGE)
                for n in range(len(stack) // _PAGE):
                    pages[start + n] = stack[n * _PAGE : (n + 1) * _PAGE]
        look(threads, lambda address, size: _from_pages(address, size, page))
    finally:
        for one in held:
            libc.ptrace(_DETACH, one, None, None)
        milliseconds = (time.perf_counter() - began) * 1000
        os.close(memory)
    return Stopped(isa, pid, threads, mappings, milliseconds, errors, pages)


def _hold(libc: ctypes.CDLL, pid: int, held: list[int], errors: dict[int, str]) -> None:
    """Stops every thread, those too that are made meanwhile."""
    while True:
        try:
            names = os.listdir(f"/proc/{pid}/task")
        except OSError as error:
            raise unavailable(f"process {pid}", error) from None
        new = [int(n) for n in names if int(n) not in held and int(n) not in errors]
        if not new:
            return
        for one in new:
            ok = libc.ptrace(_SEIZE, one, None, None) != -1
            if ok and libc.ptrace(_INTERRUPT, one, None, None) != -1:
                held.append(one)
            else:
                errors[one] = os.strerror(ctypes.get_errno()).lower()
        for one in new:
            if one in held and not _waited(one):
                errors[one] = "did not stop in time"


def _waited(thread: int) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with suppress(ChildProcessError):
            done, _ = os.waitpid(thread, _WALL | os.WNOHANG)
            if done == thread:
                return True
        time.sleep(0.0001)
    return False


def _registers(libc: ctypes.CDLL, thread: int, isa: str) -> CoreThread:
    numbers = REGISTERS[isa]
    values = struct.unpack(f"<{len(numbers)}Q", _regset(libc, thread, _NT_PRSTATUS, len(numbers)))
    found = {n: v for n, v in zip(numbers, values, strict=True) if n is not None}
    if isa == "amd64":
        return CoreThread(thread, 0, found, found[58])
    tls = _regset(libc, thread, _NT_ARM_TLS, 1)
    return CoreThread(thread, 0, found, int.from_bytes(tls, "little"))


def _regset(libc: ctypes.CDLL, thread: int, kind: int, words: int) -> bytes:
    """The first words of a register set; zeros where the kernel has fewer."""
    buffer = ctypes.create_string_buffer(8 * max(words, 64))
    vector = _Iovec(ctypes.cast(buffer, ctypes.c_void_p), len(buffer))
    libc.ptrace(_GETREGSET, thread, ctypes.c_void_p(kind), ctypes.byref(vector))
    return buffer.raw[: 8 * words]
