"""Dumps of Go programs: real ones of three releases, older forms, disguised and cut ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archfit.formats.go_dump import Dump
from archfit.formats.go_traceback import read
from log_disguises import DISGUISES, UNKNOWN
from traceback_shape import shape

CORPUS = Path(__file__).parents[1] / "corpus" / "tracebacks"
REAL = sorted(CORPUS.glob("go*/*.txt"))
SYNTHETIC = CORPUS / "synthetic"
#: Cases that print nothing of Go: they exit, or C's fault ends the process at once.
SILENT = ("exit3", "osexit2", "threadnull")


def one(path: str) -> Dump:
    dumps = read((CORPUS / path).read_text())
    assert len(dumps) == 1
    return dumps[0]


def lines(path: Path) -> list[str]:
    return path.read_text().rstrip("\n").split("\n")


@pytest.mark.parametrize("path", REAL, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_goroutine_and_frame_of_real_dumps_is_there(path: Path) -> None:
    text = path.read_text()
    dumps = read(text)
    case = path.name.partition(".")[0]
    if case in SILENT or not text.strip():
        assert dumps == []
        return
    every = [d for dump in dumps for d in (dump, *dump.others)]
    stacks = [g for d in every for g in (*d.goroutines, *filter(None, [d.runtime_stack]))]
    headers = sum(line.startswith("goroutine ") and line.endswith(":") for line in text.split("\n"))
    assert sum(g.id is not None for g in stacks) == headers
    for stack in stacks:
        # Each line below a header is one of a frame, or said to be something else.
        files = sum(line.startswith("\t") and ":" in line for line in stack.block.split("\n"))
        files -= sum(a.created_by is not None for a in stack.ancestors)
        files -= sum(len(a.frames) for a in stack.ancestors)
        files -= stack.created_by is not None
        bare = sum(f.c and not f.file for f in stack.frames)
        assert len(stack.frames) == files + bare
        assert all(f.function or f.c for f in stack.frames)
        assert not stack.cut
        assert {n.kind for n in stack.notes if "qemu" not in n.text} <= {
            "memory", "unavailable", "unexpected-return-pc", "unknown-pc", "other",
        }  # fmt: skip
        if not path.name.startswith("onstack"):
            assert all(n.kind != "other" or "qemu" in n.text for n in stack.notes)


@pytest.mark.parametrize("path", REAL, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_places_are_those_of_the_text(path: Path) -> None:
    rows = path.read_text().split("\n")
    for dump in read(path.read_text()):
        line, column = dump.at
        head = rows[line - 1][column - 1 :]
        assert head.startswith(("panic: ", "fatal", "SIG", "goroutine ", "WARNING: DATA RACE"))
        for goroutine in dump.goroutines:
            assert rows[goroutine.at[0] - 1].startswith("goroutine")
            for frame in goroutine.frames:
                line, column = frame.at
                assert rows[line - 1][column - 1 :].startswith(frame.function or "non-Go")


@pytest.mark.parametrize("release", ["go1.26.8", "go1.27.3"])
@pytest.mark.parametrize("isa", ["amd64", "arm64"])
def test_a_null_pointer_in_c(release: str, isa: str) -> None:
    dump = one(f"{release}-linux-{isa}/nullwrite.system.txt")
    assert (dump.kind, dump.message) == ("signal", "segmentation violation")
    assert (dump.signal, dump.sigcode, dump.addr, dump.m) == ("SIGSEGV", 1, 0, 0)
    assert dump.in_cgo
    assert dump.isa == isa
    assert dump.first is not None
    assert dump.first.state == "syscall"
    assert [f.function for f in dump.first.frames[:3]] == [
        "runtime.cgocall",
        "main._Cfunc_null_write",
        "main.cases.func2",
    ]
    assert dict(dump.registers)["rip" if isa == "amd64" else "pc"] == dump.pc


def test_a_negative_code_is_signed() -> None:
    dump = one("go1.27.3-linux-amd64/abort.single.txt")
    assert (dump.signal, dump.sigcode) == ("SIGABRT", -6)
    assert one("go1.19.8-linux-amd64/raise.single.txt").sigcode == -6


def test_the_instruction() -> None:
    dump = one("go1.26.8-linux-amd64/ill.single.txt")
    assert dump.instruction[:2] == b"\x0f\x0b"
    assert len(dump.instruction) == 16


def test_what_c_said_before() -> None:
    dump = one("go1.26.8-linux-amd64/doublefree.single.txt")
    assert [(x.text, x.at) for x in dump.before] == [("double free or corruption (!prev)", (1, 1))]
    dump = one("go1.26.8-linux-amd64/throw.single.txt")
    assert dump.before[0].text.startswith("terminate called after throwing")
    dump = one("go1.27.3-linux-amd64/badpointer.single.txt")
    assert dump.before[0].text.startswith("runtime: pointer 0x")
    assert dump.message.startswith("found bad pointer in Go heap")


def test_chains_of_panics() -> None:
    dump = one("go1.27.3-linux-amd64/nested.single.txt")
    assert [p.message for p in dump.panics] == ["first", "while cleaning up"]
    dump = one("go1.27.3-linux-amd64/repanic.single.txt")
    assert [(p.message, p.recovered, p.repanicked) for p in dump.panics] == [
        ("failure 4\nsecond line", True, True)
    ]
    dump = one("go1.19.8-linux-amd64/repanic.single.txt")
    assert [(p.message, p.recovered, p.repanicked) for p in dump.panics] == [
        ("failure 4\nsecond line", True, False),
        ("failure 4\nsecond line", False, False),
    ]


def test_threads_of_a_crash() -> None:
    dump = one("go1.26.8-linux-amd64/abort.crash.txt")
    assert dump.signal == "SIGABRT"
    assert len(dump.others) >= 3
    assert {(d.signal, d.relayed) for d in dump.others} == {("SIGQUIT", True)}
    assert all(d.registers and d.goroutines for d in dump.others)
    assert len({d.m for d in (dump, *dump.others)}) == 1 + len(dump.others)


def test_pinned_states() -> None:
    dump = one("go1.27.3-linux-amd64/pure-labels.system.txt")
    assert dump.first is not None
    header = dump.first.header
    assert header.labels == (("request", "GET /a]b"), ("tenant", "blue"))
    assert (header.id, header.state, header.m) == (1, "running", 0)
    assert header.gp is not None
    before = one("go1.26.8-linux-amd64/pure-labels.system.txt").first
    assert before is not None
    assert before.header.labels == header.labels


def test_a_race() -> None:
    dump = one("go1.26.8-linux-amd64/race-race.single.txt")
    assert dump.race is not None
    assert dump.race.whole
    kinds = [(a.kind, a.goroutine) for a in dump.race.accesses]
    assert kinds[0][0] in ("read", "write")
    assert kinds[1][0].startswith("previous ")
    assert 0 in (kinds[0][1], kinds[1][1])
    assert dump.race.accesses[0].frames[0].function.startswith("main.cases.func")
    assert dump.race.origins[0].state in ("running", "finished")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("go1.0-deadlock", ("fatal", "", None, None, 2)),
        ("go1.2-nil", ("panic", "SIGSEGV", 1, 0, 2)),
        ("go1.2-cgo", ("fatal", "SIGSEGV", 1, 0, 2)),
        ("go1.4-sigabrt", ("signal", "SIGABRT", None, None, 2)),
        ("go1.10-abort", ("signal", "SIGABRT", -6, None, None)),
        ("go1.19-test-timeout", ("panic", "", None, None, 2)),
        ("go1.20-http-panic", ("panic", "", None, None, None)),
        ("go1.21-darwin-arm64-nil", ("panic", "SIGSEGV", 2, 8, 2)),
        ("go1.22-windows-exception", ("exception", "", None, 0, 2)),
        ("go1.25-synctest", ("panic", "", None, None, None)),
        ("go1.26-leaked", ("goroutines", "", None, None, None)),
        ("gccgo-nil", ("panic", "SIGSEGV", 1, 0, None)),
    ],
)
def test_other_generations(
    name: str, wanted: tuple[str, str, int | None, int | None, int | None]
) -> None:
    dump = one(f"synthetic/{name}.txt")
    assert (dump.kind, dump.signal, dump.sigcode, dump.addr, dump.status) == wanted
    assert dump.goroutines
    assert all(g.frames or g.notes or g.created_by for g in dump.goroutines)


def test_headers_of_other_generations() -> None:
    leaked = one("synthetic/go1.26-leaked.txt").goroutines[0].header
    assert (leaked.state, leaked.minutes, leaked.flags) == ("chan receive", 3, ("scan", "leaked"))
    assert leaked.labels == (("who", "a, b]"),)
    bubble = one("synthetic/go1.25-synctest.txt").goroutines[1].header
    assert (bubble.state, bubble.flags, bubble.bubble) == ("chan receive", ("durable",), 1)
    slow = one("synthetic/go1.19-test-timeout.txt").goroutines
    assert [(g.header.minutes, g.header.locked) for g in slow] == [
        (0, False),
        (12, False),
        (2, True),
    ]


def test_windows_stack_has_no_header() -> None:
    dump = one("synthetic/go1.22-windows-exception.txt")
    assert dump.exception == (0xC0000005, 1, 0, 0x7FF6C0FF1455)
    assert dump.in_cgo
    assert dump.goroutines[0].id is None
    assert dump.goroutines[0].frames[1].function == "main._Cfunc_poke"
    assert dump.goroutines[0].frames[1].file == "_cgo_gotypes.go"


def test_a_served_panic_is_no_death() -> None:
    dump = one("synthetic/go1.20-http-panic.txt")
    assert dump.served
    assert dump.message == "runtime error: index out of range [5] with length 3"


@pytest.mark.parametrize("name", DISGUISES)
def test_disguised_dumps_say_the_same(name: str) -> None:
    for path in [*REAL[::3], *sorted(SYNTHETIC.glob("go1.[24]*"))]:
        text = path.read_text()
        if not text.strip():
            continue
        wanted = [shape(d) for d in read(text)]
        got = [shape(d) for d in read("\n".join(DISGUISES[name](lines(path))) + "\n")]
        assert got == wanted, path


@pytest.mark.parametrize("name", UNKNOWN)
def test_fronts_that_nobody_knows(name: str) -> None:
    for path in REAL[::5]:
        text = path.read_text()
        if "\ngoroutine " not in text:
            continue
        wanted = [shape(d) for d in read(text)]
        assert [shape(d) for d in read("\n".join(UNKNOWN[name](lines(path))) + "\n")] == wanted, (
            path
        )


@pytest.mark.parametrize("width", [80, 100, 132])
def test_lines_broken_by_a_terminal(width: int) -> None:
    for path in REAL[::4]:
        text = path.read_text()
        broken = "\n".join(
            line[at : at + width]
            for line in text.split("\n")
            for at in range(0, max(len(line), 1), width)
        )
        wanted, got = read(text), read(broken)
        assert [d.kind for d in got] == [d.kind for d in wanted], path
        for one_dump, other in zip(got, wanted, strict=True):
            assert [g.header for g in one_dump.goroutines] == [g.header for g in other.goroutines]
            assert [
                [(f.function, f.args, f.file, f.line, f.pc) for f in g.frames]
                for g in one_dump.goroutines
            ] == [
                [(f.function, f.args, f.file, f.line, f.pc) for f in g.frames]
                for g in other.goroutines
            ], path


def test_a_dump_in_one_line() -> None:
    path = CORPUS / "go1.26.8-linux-amd64" / "nil.single.txt"
    flat = " ".join(line.strip() for line in lines(path))
    got, wanted = read(flat), read(path.read_text())
    assert [shape(d) for d in got] == [shape(d) for d in wanted]


def test_several_dumps_in_one_text() -> None:
    names = [
        "nil.single",
        "abort.system",
        "pure-deadlock.single",
        "race-race.single",
        "abort.crash",
    ]
    folder = CORPUS / "go1.27.3-linux-amd64"
    texts = [(folder / f"{name}.txt").read_text() for name in names]
    noise = "\n$ ./app\nstarting up ...\nlistening on :8080\n"
    dumps = read(noise + noise.join(texts))
    assert [d.kind for d in dumps] == ["panic", "signal", "fatal", "race", "signal"]
    assert [shape(d) for d in dumps] == [shape(d) for t in texts for d in read(t)]


@pytest.mark.parametrize("name", ["nil.system", "abort.crash", "stack.single", "maps.crash"])
def test_cut_anywhere(name: str) -> None:
    rows = lines(CORPUS / "go1.26.8-linux-amd64" / f"{name}.txt")
    whole = {
        (f.function, f.file, f.line)
        for d in read("\n".join(rows))
        for part in (d, *d.others)
        for g in (*part.goroutines, *filter(None, [part.runtime_stack]))
        for f in g.frames
    }
    for at in range(1, len(rows), 3):
        for text in ("\n".join(rows[at:]), "\n".join(rows[:at])):
            for dump in read(text):
                for goroutine in dump.goroutines:
                    for frame in goroutine.frames:
                        if frame.function and frame.file:
                            assert (frame.function, frame.file, frame.line) in whole


def test_a_head_behind_other_words() -> None:
    text = "Enter a name: panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:3 +0x1\n"
    (dump,) = read(text)
    assert (dump.kind, dump.message) == ("panic", "boom")


def test_frames_without_any_header() -> None:
    (dump,) = read(
        "main.f(0x1)\n\t/src/app/main.go:12 +0x1d\nmain.main()\n\t/src/app/main.go:3 +0x1\n"
    )
    assert dump.cut_start
    assert [f.function for f in dump.goroutines[0].frames] == ["main.f", "main.main"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "main.c:1:10: fatal error: 'foo.h' file not found\n",
        "fatal error: git gave up\n",
        "the word goroutine 7 and [running] apart\n",
        "thread 'main' panicked at src/main.rs:2:5:\nexplicit panic\n",
        "PC=0x12 is the address\n" * 3,
        "SIGSEGV: what a name\n",
        "exit status 2\nmake: *** [all] Error 2\n",
    ],
)
def test_what_is_no_dump_of_go(text: str) -> None:
    assert [d for d in read(text) if d.goroutines or d.kind != "signal"] == []


def test_index_names_every_text() -> None:
    for folder in {path.parent for path in REAL}:
        index = json.loads((folder / "index.json").read_text())
        assert set(index) == {path.stem for path in folder.glob("*.txt")}
