"""Sessions of gdb, lldb and delve, as tools/make_debugger_sessions.py records them."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.formats.debugger_session import Session, read

CORPUS = Path(__file__).parents[1] / "corpus" / "debuggers"


def session(name: str) -> Session:
    found = read((CORPUS / f"{name}.txt").read_text())
    assert found is not None
    return found


def test_gdb() -> None:
    found = session("gdb-nullwrite")
    assert (found.tool, found.signal) == ("gdb", "SIGSEGV")
    thread = found.stopped
    assert thread is not None
    assert (thread.number, thread.current, thread.name) == (1, True, "app-go")
    assert thread.tid is not None
    first, second = thread.frames[:2]
    assert (first.function, first.args, first.file) == ("null_write", "p=0x0", "lib.c")
    assert (second.function, second.pc is not None) == ("runtime.asmcgocall", True)
    assert len(found.threads) > 3
    assert all(t.frames for t in found.threads if t.number > 1)


def test_lldb() -> None:
    found = session("lldb-abort")
    assert (found.tool, found.signal, found.reason) == ("lldb", "SIGABRT", "signal SIGABRT")
    thread = found.stopped
    assert thread is not None
    names = [f.function for f in thread.frames]
    assert names[2:6] == ["__GI_abort", "do_abort", "runtime.asmcgocall", "runtime.cgocall"]
    assert thread.frames[2].module == "libc.so.6"
    assert names[-1] == "runtime.goexit"
    assert len({t.tid for t in found.threads}) == len(found.threads)


def test_delve() -> None:
    found = session("delve-callback")
    assert (found.tool, found.reason) == ("delve", "unrecovered-panic")
    thread = found.stopped
    assert thread is not None
    assert [f.function for f in thread.frames[:3]] == [
        "runtime.fatalpanic",
        "runtime.gopanic",
        "main.goCallback",
    ]
    assert thread.frames[2].file == "/src/app/main.go"
    assert thread.frames[2].line > 0
    assert found.goroutines[0].current
    assert {g.state for g in found.goroutines} >= {"force gc (idle)", "GC sweep wait"}
    assert "truncated" in {kind for kind, _, _ in found.notes}


def test_places() -> None:
    for name in ("gdb-abort", "lldb-nullwrite", "delve-nullwrite"):
        rows = (CORPUS / f"{name}.txt").read_text().split("\n")
        for thread in session(name).threads:
            for frame in thread.frames:
                if frame.function and frame.at[0]:
                    assert frame.function in rows[frame.at[0] - 1]


GDB = """\
Program received signal SIGBUS, Bus error.
#0  0x00007ffff7df1a5b in memcpy_erms () from /lib/x86_64-linux-gnu/libc.so.6
#1  <signal handler called>
#2  std::vector<int, std::allocator<int> >::at (this=0x7ffe, n=7)
    at /usr/include/c++/12/bits/stl_vector.h:1179
#3  0x0000000000481234 in ?? ()
Backtrace stopped: previous frame inner to this frame (corrupt stack?)
"""


def test_gdb_by_hand() -> None:
    found = read(GDB)
    assert found is not None
    assert found.signal == "SIGBUS"
    frames = found.threads[0].frames
    assert frames[0].module == "/lib/x86_64-linux-gnu/libc.so.6"
    assert frames[1].handler
    assert frames[2].function == "std::vector<int, std::allocator<int> >::at"
    assert (frames[2].args, frames[2].line) == ("this=0x7ffe, n=7", 1179)
    assert (frames[3].function, frames[3].pc) == ("", 0x481234)
    assert [kind for kind, _, _ in found.notes] == ["stopped"]


LLDB = """\
* thread #1, queue = 'com.apple.main-thread', stop reason = EXC_BAD_ACCESS (code=1, address=0x0)
  * frame #0: 0x0000000104a1c2d8 app`runtime.raise + 24 at sys_darwin.go:513
    frame #1: 0x000000019b2b4cec libsystem_kernel.dylib`__pthread_kill + 8
    frame #2: 0x0000000104a1c000 app`main.(*T).method + 16
    frame #3: 0x0000000000000000
"""


def test_lldb_on_a_mac() -> None:
    found = read(LLDB)
    assert found is not None
    assert found.reason == "EXC_BAD_ACCESS (code=1, address=0x0)"
    assert found.threads[0].name == "com.apple.main-thread"
    frames = found.threads[0].frames
    assert (frames[0].function, frames[0].offset, frames[0].line) == ("runtime.raise", 24, 513)
    assert (frames[1].module, frames[1].offset) == ("libsystem_kernel.dylib", 8)
    assert frames[2].function == "main.(*T).method"
    assert (frames[3].function, frames[3].pc) == ("", 0)


@pytest.mark.parametrize(
    "text", ["", "#include <stdio.h>\n#0 is first\n", "in the end", "goroutine"]
)
def test_no_session(text: str) -> None:
    found = read(text)
    assert found is None or not any(f.pc for t in found.threads for f in t.frames)
