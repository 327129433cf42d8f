"""Other programs, started so that none can hang, flood or outlive the one who asks."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from archfit.host.door import Answer
from archfit.host.files import reason
from archfit.model.errors import Unavailable

#: How long a program of ours may take; under a translator it takes some milliseconds.
_PATIENCE = 5.0

#: Bytes of each stream that are kept; a program that writes more is ended.
LIMIT = 4 << 20

_CHUNK = 1 << 16


def run(argv: Sequence[str], timeout: float, env: Mapping[str, str]) -> Answer:
    """The answer of a program that gets no input, no terminal and its own process group.

    The group is killed when the time is over or too much was written; status is then -1.
    Raises Unavailable when it is absent or can't be started (another ISA's program, no
    right), with the reason that the kernel gave.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env, LC_ALL="C"),
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise Unavailable(f"{argv[0]}: {why}") from None
    streams, whole = _drain(process, time.monotonic() + timeout)
    with suppress(ProcessLookupError, PermissionError):
        # Also after a good end: nothing that it left behind may keep running.
        os.killpg(process.pid, signal.SIGKILL)
    status = process.wait()
    out, err = (stream.decode("utf-8", "replace") for stream in streams)
    return Answer(status if whole else -1, out, err)


def execute(image: bytes, env: Mapping[str, str]) -> int | None:
    """Has the kernel run an executable from memory; its status, or None for ENOEXEC.

    Raises Unavailable with the kernel's reason when it fails otherwise, and where there
    is no memfd_create(2).
    """
    if not hasattr(os, "memfd_create"):
        raise Unavailable("programs can't be run from memory on this system")
    try:
        fd = os.memfd_create("archfit", 0)
    except OSError as error:
        raise Unavailable(f"memfd_create: {reason(error)}") from None
    try:
        os.write(fd, image)
        process = subprocess.Popen(
            [f"/proc/self/fd/{fd}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            pass_fds=(fd,),
            start_new_session=True,
        )
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            return None
        raise Unavailable(f"execve: {reason(error)}") from None
    finally:
        os.close(fd)
    try:
        return process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Unavailable("it did not end") from None


def _drain(process: subprocess.Popen[bytes], end: float) -> tuple[tuple[bytes, bytes], bool]:
    """Both streams until the program ended, and whether it did so by itself in time."""
    assert process.stdout is not None
    assert process.stderr is not None
    kept = {process.stdout: bytearray(), process.stderr: bytearray()}
    whole = True
    with process.stdout, process.stderr, selectors.DefaultSelector() as selector:
        for stream in kept:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0 or max(map(len, kept.values())) > LIMIT:
                whole = False
                break
            # A grandchild may keep the pipe open after the program has ended.
            if not (ready := selector.select(min(left, 0.05))) and process.poll() is not None:
                break
            for key, _ in ready:
                stream = process.stdout if key.fileobj is process.stdout else process.stderr
                data = os.read(stream.fileno(), _CHUNK)
                if data:
                    kept[stream] += data
                else:
                    selector.unregister(stream)
        if whole:
            try:
                process.wait(max(end - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                whole = False
    return (bytes(kept[process.stdout]), bytes(kept[process.stderr])), whole
