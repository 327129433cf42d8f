"""How far stacks can be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.crash.stack_trust import StackTrust, report_trust, session_trust, stack_trust
from archfit.formats.apple_crash import read as read_crash
from archfit.formats.debugger_session import read as read_session
from archfit.formats.go_traceback import read

CORPUS = Path(__file__).parents[1] / "corpus"
RELEASES = ["go1.19.8-linux-amd64", "go1.26.8-linux-amd64", "go1.27.3-linux-amd64"]


def trust(path: str) -> StackTrust:
    return stack_trust(read((CORPUS / "tracebacks" / path).read_text())[0])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("case", "level"),
    [
        ("nil.system", "whole"),
        ("index.single", "whole"),
        ("abort.system", "go-part"),
        ("nullwrite.single", "go-part"),
        ("doublefree.single", "go-part"),
        ("callback.system", "go-part"),
        ("callback.single", "go-part"),
        ("stack.single", "cut"),
        ("badpointer.single", "damaged"),
        ("freed.single", "damaged"),
        ("callback.none", "none"),
        ("symbols-fatal.system", "whole"),
    ],
)
def test_levels(release: str, case: str, level: str) -> None:
    found = trust(f"{release}/{case}.txt")
    assert found.level == level
    assert found.reason


@pytest.mark.parametrize("release", RELEASES[1:])
def test_goroutine_and_thread(release: str) -> None:
    found = trust(f"{release}/nullwrite.system.txt")
    assert (found.goroutine, found.thread, found.c_function) == (1, 0, "null_write")
    assert [(f.function, f.source) for f in found.frames[:2]] == [
        ("runtime.cgocall", "saved"),
        ("main._Cfunc_null_write", "tables"),
    ]
    assert [(c.frame, c.kind) for c in found.cuts] == [(0, "c-hidden")]
    assert "null_write" in found.cuts[0].reason


@pytest.mark.parametrize("release", RELEASES)
def test_the_faulting_frame_comes_from_the_trap(release: str) -> None:
    found = trust(f"{release}/nil.system.txt")
    assert [f.function for f in found.frames if f.source == "trap"] == ["main.(*node).rename"]
    assert [f.function for f in found.frames if f.source == "inlined"] == ["runtime.panicmem"]


def test_frames_of_a_c_traceback() -> None:
    found = trust("go1.26.8-linux-amd64/symbols-abort.system.txt")
    assert [(f.function, f.source) for f in found.frames[:2]] == [
        ("inner", "c-traceback"),
        ("outer", "c-traceback"),
    ]
    assert "c-hidden" not in {c.kind for c in found.cuts}


def test_a_callback_hides_the_c_frames_between() -> None:
    found = trust("go1.27.3-linux-amd64/callback.system.txt")
    assert found.go_callback == "main.goCallback"
    (cut,) = found.cuts
    assert cut.kind == "c-hidden"
    assert found.frames[cut.frame - 1].function == "runtime.cgocallback"
    assert not found.c_thread
    assert trust("go1.27.3-linux-amd64/threadback.system.txt").c_thread


def test_hidden_runtime_frames_are_told() -> None:
    single, system = (trust(f"go1.27.3-linux-amd64/nil.{x}.txt") for x in ("single", "system"))
    assert "runtime-hidden" in {c.kind for c in single.cuts}
    assert "runtime-hidden" not in {c.kind for c in system.cuts}


def test_walks_that_failed() -> None:
    text = (
        "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/x.go:1 +0x1 fp=0x1 sp=0x2 pc=0x3\n"
        "runtime: g 1: unexpected return pc for main.f called from 0x7f00\n"
        "stack: frame={sp:0x1, fp:0x2} stack=[0x0,0x3)\n"
    )
    found = stack_trust(read(text)[0])
    assert (found.level, [(c.frame, c.kind) for c in found.cuts]) == ("cut", [(1, "return-pc")])
    left = "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/x.go:1 +0x1\n...\n"
    left += "main.main()\n\t/x.go:2\n"
    assert "left-out" in {c.kind for c in stack_trust(read(left)[0]).cuts}
    ends = "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/x.go:1 +0x1\nmain.main()\n"
    assert "end" in {c.kind for c in stack_trust(read(ends)[0]).cuts}


def test_every_statement_has_its_reason() -> None:
    for path in sorted((CORPUS / "tracebacks").glob("*/*.txt")):
        for dump in read(path.read_text()):
            found = stack_trust(dump)
            assert found.reason
            assert found.place.reason
            assert all(f.reason for f in found.frames)
            assert all(c.reason for c in found.cuts)
            stack = dump.first or dump.runtime_stack
            assert bool(found.frames) <= bool(stack)


def test_gdb_loses_the_way_where_stacks_switch() -> None:
    session = read_session((CORPUS / "debuggers" / "gdb-nullwrite.txt").read_text())
    assert session is not None
    frames, cuts = session_trust(session)
    sources = [f.source for f in frames]
    assert sources[:2] == ["trap", "call-frame"]
    assert set(sources[2:]) == {"guess"}
    assert cuts[0].frame == 2
    assert "runtime.asmcgocall" in cuts[0].reason


def test_lldb_keeps_it() -> None:
    session = read_session((CORPUS / "debuggers" / "lldb-nullwrite.txt").read_text())
    assert session is not None
    frames, cuts = session_trust(session)
    assert "guess" not in {f.source for f in frames}
    assert cuts == ()


def test_apple_walks_go_by_frame_pointers() -> None:
    report = read_crash((CORPUS / "apple" / "translated.crash").read_text())
    frames, cuts = report_trust(report)
    assert [f.source for f in frames][:2] == ["trap", "frame-pointer"]
    assert any("Rosetta" in c.reason for c in cuts)
    assert any("runtime.asmcgocall" in c.reason for c in cuts)
