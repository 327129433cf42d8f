"""Frames of a stack: all forms of lines, whole, broken and lost."""

from __future__ import annotations

import pytest

from archfit.formats.go_frames import Frame, Stack, call_of, package_of, parse_stack


def read(block: str) -> Stack:
    return parse_stack(block, 1, lambda line, column: (line, column))


@pytest.mark.parametrize(
    ("function", "package"),
    [
        ("main.main", "main"),
        ("net/http.(*conn).serve", "net/http"),
        ("gopkg.in/yaml%2ev3.(*Decoder).Decode", "gopkg.in/yaml%2ev3"),
        ("example.com/app/store.(*Store[...]).Get", "example.com/app/store"),
        ("main.sum[go.shape.int]", "main"),
        ("main.glob..func1", "main"),
        ("internal/runtime/syscall/linux.Syscall6", "internal/runtime/syscall/linux"),
        ("indexbytebody", ""),
        ("_cgoexp_22ae_goCallback", ""),
        ("panic", ""),
    ],
)
def test_package_of_a_symbol(function: str, package: str) -> None:
    assert package_of(function) == package


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("main.main()", ("main.main", "")),
        ("main.f(0xc000?, {0x1, _, ...}, 0x3)", ("main.f", "0xc000?, {0x1, _, ...}, 0x3")),
        ("main.(*T).f(...)", ("main.(*T).f", "...")),
        ("type:.eq.struct { main.a int }(0x1)", ("type:.eq.struct { main.a int }", "0x1")),
        ("std::vector<int>::at(unsigned long)", None),
        ("connected to 1.2.3.4 (0x12)", None),
        ("main.main", None),
        (")", None),
        ("(0x1)", None),
    ],
)
def test_a_call(line: str, call: tuple[str, str] | None) -> None:
    assert call_of(line) == call


def test_all_parts_of_a_frame() -> None:
    stack = read(
        "main.f(0x1)\n\t/src/app/main.go:12 +0x1d fp=0xc0 sp=0xb0 pc=0x4a0\n"
        "main.inlined(...)\n\t/src/app/main.go:8\n"
        "runtime.goexit({})\n\t/usr/local/go/src/runtime/asm_amd64.s:1771 +0x1\n"
        "created by main.main in goroutine 1\n\t/src/app/main.go:3 +0x25\n"
    )
    wanted = Frame("main.f", "0x1", "/src/app/main.go", 12, 0x1D, 0xC0, 0xB0, 0x4A0, at=(1, 1))
    assert stack.frames[0] == wanted
    assert [f.inlined for f in stack.frames] == [False, True, False]
    assert [f.runtime for f in stack.frames] == [False, False, True]
    assert stack.created_by is not None
    assert (stack.created_by.function, stack.created_by.line, stack.creator) == ("main.main", 3, 1)


def test_c_frames() -> None:
    stack = read(
        "inner\n\tlib.c:42 pc=0x48b8e8\n"
        "std::vector<int>::at(unsigned long)\n\t/usr/include/vector:12 pc=0x1\n"
        "non-Go function\n\tpc=0x99\n"
        "non-Go function\n\tx.c:3 pc=0x98\n"
        "non-Go function at pc=0x48ba28\n"
        "nameless\n\tpc=0x7\n"
        "runtime.cgocall(0x1)\n\t/usr/local/go/src/runtime/cgocall.go:167 +0x4b\n"
    )
    assert [(f.function, f.file, f.line, f.pc, f.c) for f in stack.frames] == [
        ("inner", "lib.c", 42, 0x48B8E8, True),
        ("std::vector<int>::at(unsigned long)", "/usr/include/vector", 12, 1, True),
        ("", "", 0, 0x99, True),
        ("", "x.c", 3, 0x98, True),
        ("", "", 0, 0x48BA28, True),
        ("nameless", "", 0, 7, True),
        ("runtime.cgocall", "/usr/local/go/src/runtime/cgocall.go", 167, None, False),
    ]


def test_gccgo_writes_no_parentheses() -> None:
    stack = read("main.f\n\t/src/app/main.go:12\nmain.main\n\t/src/app/main.go:3\n")
    assert [(f.function, f.line, f.c) for f in stack.frames] == [
        ("main.f", 12, False),
        ("main.main", 3, False),
    ]


@pytest.mark.parametrize(
    ("line", "elided"),
    [("...additional frames elided...", -1), ("...23 frames elided...", 23)],
)
def test_elided_frames(line: str, elided: int) -> None:
    stack = read(f"main.f()\n\t/x.go:1 +0x1\n{line}\nmain.g()\n\t/x.go:2 +0x1\n")
    assert stack.elided == elided
    assert [f.function for f in stack.frames] == ["main.f", "main.g"]


def test_ancestors() -> None:
    stack = read(
        "main.c()\n\t/x.go:1 +0x1\ncreated by main.b in goroutine 6\n\t/x.go:2 +0x25\n"
        "[originating from goroutine 6]:\nmain.b(...)\n\t/x.go:3 +0x1\n"
        "created by main.a\n\t/x.go:4 +0x1\n"
        "[originating from goroutine 1]:\nmain.a(...)\n\t/x.go:5 +0x1\n"
    )
    assert stack.creator == 6
    assert [(a.id, a.frames[0].function) for a in stack.ancestors] == [(6, "main.b"), (1, "main.a")]
    assert stack.ancestors[0].created_by is not None
    assert stack.ancestors[1].created_by is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("runtime: g 22: unexpected return pc for main.f called from 0x32270134c010", 1),
        ("runtime: unexpected return pc for runtime.sigpanic called from 0x401144", 1),
        ("runtime: g 0 gp=0x5886a0: unknown pc 0x7f3d5e2a7e97", 2),
        ("runtime: unknown pc 0x7f3d5e2a7e97", 2),
        ("runtime: traceback stuck. pc=0x1 sp=0x2", 3),
        ("\tgoroutine running on other thread; stack unavailable", 4),
        ("stack: frame={sp:0x1, fp:0x2} stack=[0x0,0x3)", 5),
        ("00007ffd21d0c0f0: <0000000000000000  000000000044cb6c <runtime.copystack+780> ", 5),
        ("000032270134bef0: 00003227 0134bf18  00000000 0045a8a5  ..4.'2....E.....", 5),
        ("                                     ^ <runtime.writeErrData+0x25>", 5),
        ("[...]", 6),
        ("...", 6),
        ("< truncated lines 3-8 >", 6),
        ("some other program says hello", 7),
    ],
)
def test_notes_on_the_walk(line: str, kind: int) -> None:
    kinds = ["", "unexpected-return-pc", "unknown-pc", "stuck", "unavailable"]
    kinds += ["memory", "left-out", "other"]
    stack = read(f"main.f()\n\t/x.go:1 +0x1\n{line}\nmain.g()\n\t/x.go:2 +0x1\n")
    assert [note.kind for note in stack.notes] == [kinds[kind]]
    assert [f.function for f in stack.frames] == ["main.f", "main.g"]
    assert stack.notes[0].at[0] == 3


LONG = (
    "github.com/example/very/long/import/path/of/a/package.(*Type).Method(0xc000012345, {0x1, 0x2})"
    "\n\t/home/user/go/pkg/mod/github.com/example/very@v1.2.3/long/file_name.go:1234 +0x1d"
    " fp=0xc00004de28 sp=0xc00004ddf8 pc=0x433e7d"
)


@pytest.mark.parametrize("width", range(60, 140))
def test_a_line_broken_anywhere(width: int) -> None:
    whole = read(LONG).frames
    broken = "\n".join(
        line[at : at + width] for line in LONG.split("\n") for at in range(0, len(line), width)
    )
    assert read(broken).frames == whole


def test_function_and_file_in_one_line() -> None:
    stack = read("main.f(0x1) /src/app/main.go:12 +0x1d\nmain.main()  C:/src/app/main.go:3 +0x1")
    assert [(f.function, f.file, f.line) for f in stack.frames] == [
        ("main.f", "/src/app/main.go", 12),
        ("main.main", "C:/src/app/main.go", 3),
    ]


def test_cut_at_either_end() -> None:
    stack = read("\t/src/app/main.go:12 +0x1d\nmain.main()\n")
    assert [(f.function, f.line) for f in stack.frames] == [("", 12), ("main.main", 0)]
    assert stack.cut
    assert not read("main.main()\n\t/src/app/main.go:12\n").cut
