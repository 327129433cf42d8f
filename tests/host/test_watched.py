"""Commands run under `archfit watch`: their bytes, their status, their terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from archfit.host.watched import HEAD, TAIL, Kept

PROGRAM = (
    "import sys; from archfit.host.watched import watch;"
    "done = watch(sys.argv[1:]);"
    "open({log!r}, 'wb').writelines(done.kept.pieces());"
    "sys.exit(done.status)"
)


def watched(
    tmp_path: object, *command: str, merged: bool = False
) -> tuple[subprocess.CompletedProcess[bytes], bytes]:
    log = f"{tmp_path}/kept"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(log=log), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        timeout=60,
        check=False,
    )
    with open(log, "rb") as file:
        return done, file.read()


def test_streams_stay_apart_and_bytes_untouched(tmp_path: object) -> None:
    script = r"printf 'a\r\nb\0\377'; printf 'err' >&2; exit 7"
    done, kept = watched(tmp_path, "/bin/sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"a\r\nb\0\xff", b"err")
    assert b"a\r\nb\0\xff" in kept
    assert b"err" in kept


def test_streams_that_lead_to_one_place_keep_their_order(tmp_path: object) -> None:
    script = "for i in 1 2 3; do echo out$i; echo err$i >&2; done"
    done, kept = watched(tmp_path, "/bin/sh", "-c", script, merged=True)
    assert done.stdout == b"out1\nerr1\nout2\nerr2\nout3\nerr3\n" == kept


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGILL])
def test_status_of_a_command_that_a_signal_ended(tmp_path: object, number: int) -> None:
    done, _ = watched(tmp_path, "/bin/sh", "-c", f"kill -{number} $$")
    assert done.returncode == 128 + number


def test_absent_and_unstartable(tmp_path: object) -> None:
    assert watched(tmp_path, "/no/such/program")[0].returncode == 127
    foreign = f"{tmp_path}/foreign"
    with open(foreign, "wb") as file:
        file.write(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00" + bytes(64))
    os.chmod(foreign, 0o755)
    assert watched(tmp_path, foreign)[0].returncode == 126


def test_standard_input_is_the_command_s() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(log="/dev/null"), "cat"],
        input=b"through\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == b"through\n"


def test_what_a_left_process_holds_open_is_not_waited_for(tmp_path: object) -> None:
    start = time.monotonic()
    done, _ = watched(tmp_path, "/bin/sh", "-c", "sleep 30 & echo done")
    assert done.returncode == 0
    assert done.stdout == b"done\n"
    assert time.monotonic() - start < 20


def test_sigterm_reaches_the_command(tmp_path: object) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PROGRAM.format(log="/dev/null"),
            "/bin/sh",
            "-c",
            "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done",
        ],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    out, _ = process.communicate(timeout=30)
    assert out == b"caught\n"
    assert process.returncode == 9


def test_a_terminal_stays_one() -> None:
    """Under a terminal the command sees one, of the same size; bytes are as without."""
    import fcntl
    import struct
    import termios

    script = (
        "test -t 1 && test -t 2 && stty size <&2 && printf 'x\\033[31mred\\033[0m\\n' && exit 4"
    )
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    command = [sys.executable, "-c", PROGRAM.format(log="/dev/null"), "/bin/sh", "-c", script]
    process = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner, close_fds=True)
    os.close(inner)
    seen = b""
    try:
        while chunk := os.read(outer, 4096):
            seen += chunk
    except OSError:
        pass  # EIO: the last one has closed it
    os.close(outer)
    assert process.wait(30) == 4
    assert seen == b"33 111\r\nx\x1b[31mred\x1b[0m\r\n"


def test_kept_is_bounded() -> None:
    kept = Kept()
    piece = b"0123456789abcde\n" * 4096
    for _ in range(400):
        kept.add(piece)
    whole = b"".join(kept.pieces())
    assert len(kept.head) == HEAD
    assert TAIL <= kept.in_tail <= TAIL + len(piece)
    assert kept.cut == 400 * len(piece) - HEAD - kept.in_tail
    assert b"bytes of the output were not kept" in whole
