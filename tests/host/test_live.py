"""This machine through its door: it answers as the field's own tools do, and never hangs."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from archfit.host.live import Live
from archfit.host.sysctl import sysctl
from archfit.model.errors import Unavailable
from archfit.platforms.tiny_elf import STATUS, tiny_elf
from toolbox import need_tool

LIVE = Live()


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_uname_page_size_and_pid() -> None:
    assert LIVE.uname()[0] == _said(need_tool("uname"), "-s")
    assert LIVE.uname()[4] == _said(need_tool("uname"), "-m")
    assert LIVE.page_size() == int(_said(need_tool("getconf"), "PAGESIZE"))
    assert LIVE.pid() == os.getpid()


def test_read_takes_windows_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)))
    assert LIVE.read(str(path)) == bytes(range(256))
    assert LIVE.read(str(path), 4, 16) == bytes([16, 17, 18, 19])
    assert LIVE.read(str(path), 4, 1000) == b""
    assert LIVE.read(str(path), 0) == b""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_files_that_say_they_are_empty_are_read() -> None:
    assert b"Pid:" in LIVE.read("/proc/self/status")
    assert LIVE.read("/proc/self/status", 5) == b"Name:"


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    fifo, sock = tmp_path / "fifo", tmp_path / "sock"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(sock))
        for path in (str(fifo), str(sock), str(tmp_path), "/dev/zero", "/dev/tty", "a\0b"):
            with pytest.raises(Unavailable):
                LIVE.read(path)
            with pytest.raises(Unavailable):
                LIVE.find(path, b"x")
    with pytest.raises(Unavailable, match="no such file"):
        LIVE.read(str(tmp_path / "absent"))


def test_find(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abXabYab")
    assert LIVE.find(str(path), b"ab", 3) == [b"abX", b"abY", b"ab"]
    assert LIVE.find(str(path), b"ab", 3, 1) == [b"abX"]
    assert LIVE.find(str(path), b"no") == []
    path.write_bytes(b"")
    assert LIVE.find(str(path), b"ab") == []


def test_folders_and_links(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert LIVE.listdir(str(tmp_path)) == ["a", "b", "dangling"]
    assert LIVE.listdir(str(tmp_path / "absent")) == []
    assert LIVE.exists(str(tmp_path / "a"))
    assert not LIVE.exists(str(tmp_path / "dangling"))
    assert LIVE.is_dir(str(tmp_path))
    assert not LIVE.is_dir(str(tmp_path / "a"))
    assert LIVE.realpath(str(tmp_path / "a")) == str((tmp_path / "b").resolve())
    assert not LIVE.exists("a\0b")
    assert LIVE.realpath("a\0b") == "a\0b"


def test_which_finds_all_in_order(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tool").touch(0o755)
    (tmp_path / "two" / "not-executable").touch(0o644)
    door = Live({"PATH": f"{tmp_path}/one:{tmp_path}/two:{tmp_path}/one"})
    assert door.which("tool") == [f"{tmp_path}/one/tool", f"{tmp_path}/two/tool"]
    if os.getuid() != 0:
        assert door.which("not-executable") == []


def test_a_command_answers_in_the_c_locale_without_input() -> None:
    answer = LIVE.run(["sh", "-c", "cat; echo $LC_ALL; echo err >&2; exit 3"])
    assert (answer.status, answer.out, answer.err) == (3, "C\n", "err\n")


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    answer = LIVE.run(["sh", "-c", f"(sleep 2; touch {mark}) & sleep 60"], 0.2)
    assert answer.status == -1
    assert LIVE.run(["sleep", "2.2"]).status == 0
    assert not mark.exists()


def test_a_flood_is_ended() -> None:
    answer = LIVE.run(["sh", "-c", "yes"], 20.0)
    assert answer.status == -1
    assert len(answer.out) < 8 << 20


def test_a_program_that_leaves_a_child_behind_is_not_waited_for() -> None:
    assert LIVE.run(["sh", "-c", "sleep 20 & echo done"], 15.0).out == "done\n"


def test_a_command_that_can_not_start() -> None:
    with pytest.raises(Unavailable, match="no such file"):
        LIVE.run(["archfit-no-such-program"])


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs memfd_create")
def test_programs_from_memory() -> None:
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    isa = names.get(os.uname().machine)
    if isa is None:
        pytest.skip("no tiny program for this machine")
    assert LIVE.execute(isa, tiny_elf(isa)) == STATUS
    assert LIVE.execute("nonsense", b"\x7fELF" + bytes(200)) is None


def test_sysctl_is_macos_only() -> None:
    if os.uname().sysname == "Darwin":
        assert LIVE.sysctl("hw.machine")
        return
    with pytest.raises(Unavailable, match="only macOS"):
        LIVE.sysctl("hw.machine")


#: sysctlbyname(3) of a machine that is not at hand: the same signature, sizes and errors.
SYSCTL_C = r"""
#include <errno.h>
#include <string.h>
int sysctlbyname(const char *name, void *old, size_t *len, const void *new, size_t newlen) {
    int one = 1, arm = 16777228;
    const void *from = "arm64"; size_t size = 6;
    if (!strcmp(name, "sysctl.proc_translated")) { from = &one; size = sizeof one; }
    else if (!strcmp(name, "hw.cputype")) { from = &arm; size = sizeof arm; }
    else if (strcmp(name, "hw.machine")) { errno = ENOENT; return -1; }
    if (old) memcpy(old, from, size);
    *len = size;
    return 0;
}
"""


def test_sysctl_calls_as_the_manual_says(tmp_path: Path) -> None:
    source, library = tmp_path / "s.c", tmp_path / "s.so"
    source.write_text(SYSCTL_C)
    _said(need_tool("cc", "gcc"), "-shared", "-fPIC", "-w", "-o", str(library), str(source))
    assert sysctl("sysctl.proc_translated", str(library)) == "1"
    assert sysctl("hw.cputype", str(library)) == "16777228"
    assert sysctl("hw.machine", str(library)) == "arm64"
    with pytest.raises(Unavailable, match="no such name"):
        sysctl("hw.optional.nonsense", str(library))
