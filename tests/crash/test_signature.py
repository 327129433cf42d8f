"""Signatures: noise goes, causes stay apart; the quick way says what the full readers say."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from archfit.crash.normalise import c_name, go_name
from archfit.crash.quick_dump import is_plain, quick
from archfit.crash.signature import Signature
from archfit.crash.signer import Signer, all_of
from archfit.crash.template import template
from archfit.model.errors import Malformed

CORPUS = Path(__file__).parent.parent / "corpus"
DUMPS = sorted((CORPUS / "tracebacks").glob("*/*.txt"))
#: They end otherwise each time (see the corpus' README).
_UNSURE = ("freed", "badpointer", "onstack", "maps", "coroutine", "wait")


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("main.cases.func23.1", "main.cases.func"),
        ("main.main.cases.func3", "main.cases.func"),
        ("a/b.(*T[...]).run.func2.1", "a/b.(*T[]).run.func"),
        ("a/b.Map[go.shape.map[string]int]", "a/b.Map[]"),
        ("github.com/x/y/v3/pkg.F", "github.com/x/y/pkg.F"),
        ("k8s.io/k/vendor/golang.org/x/net.(*c).g-range1", "golang.org/x/net.(*c).g"),
        ("gopkg.in/yaml%2ev3.(*d).x", "gopkg.in/yaml.(*d).x"),
        ("main.f.gowrap1", "main.f.func"),
        ("main.init.0", "main.init"),
        ("main.glob..func4", "main.glob.func"),
        ("internal/sync.(*Mutex).Unlock", "sync.(*Mutex).Unlock"),
        ("encoding/base64.f2", "encoding/base64.f2"),
        ("runtime.asmcgocall.abi0", "runtime.asmcgocall"),
    ],
)
def test_a_go_name_loses_what_builds_add(printed: str, name: str) -> None:
    assert go_name(printed) == name


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("parse.constprop.0", "parse"),
        ("f.isra.3.part.0.cold", "f"),
        ("memcpy@@GLIBC_2.14", "memcpy"),
        ("core::x::h0123456789abcdef", "core::x"),
        ("ns::T<int>::f(int, char)", "ns::T"),
        ("-[Foo bar:]", "-[Foo bar:]"),
    ],
)
def test_a_c_name_loses_what_compilers_add(printed: str, name: str) -> None:
    assert c_name(printed) == name


def test_a_message_keeps_its_words() -> None:
    assert template('user "bob" 17 at /var/lib/x/y: 0xff') == "user Q N at P: N"
    assert template("main.MyErr{Code:5, Text:x}") == "main.MyErr"
    assert template("boom [recovered, repanicked]\n more") == "boom"


def test_the_quick_way_agrees_with_the_readers() -> None:
    texts = {path: path.read_text(errors="replace") for path in DUMPS}
    plain = {p: t for p, t in texts.items() if quick(t) is not None and is_plain(t)}
    assert len(plain) > 0.75 * len(texts)
    assert [p for p, t in plain.items() if Signer().text(t) != all_of(t)[0]] == []


def test_releases_and_isas_of_one_case_have_one_signature() -> None:
    by_case: dict[str, set[Signature]] = defaultdict(set)
    for path in DUMPS:
        case, level, *_ = path.name.split(".")
        text = path.read_text(errors="replace")
        if path.parent.name == "synthetic" or level == "none" or case.startswith(_UNSURE):
            continue
        try:
            by_case[case].add(Signer().text(text))
        except Malformed:
            continue
    # Frames that one release alone prints (sync's insides, a cut recursion) may remain.
    several = {case for case, found in by_case.items() if len(found) > 1}
    assert len(by_case) > 35
    assert several <= {"stack", "symbols-fatal", "symbols-nosymbols", "unlock", "killsegv"}


def _panic(*names: str, elided: str = "") -> str:
    lines = [f"{n}(0xc000012345, 0x1)\n\t/src/a.go:{i} +0x1{i}" for i, n in enumerate(names)]
    if elided:
        lines.insert(len(lines) // 2, elided)
    return "fatal error: stack overflow\n\ngoroutine 7 [running]:\n" + "\n".join(lines) + "\n"


def test_a_recursion_is_one_whatever_its_depth_and_wherever_it_was_cut() -> None:
    one = _panic(*["m.a", "m.b", "m.c"] * 5, "m.top", "main.main")
    two = _panic(
        *["m.b", "m.c", "m.a"] * 20, "m.c", "m.a", "m.b", "m.c", "m.top", "main.main",
        elided="...23 frames elided...",
    )  # fmt: skip
    assert Signer().text(one) == Signer().text(two)


def test_what_was_deferred_is_not_the_cause() -> None:
    text = (
        "panic: a [recovered]\n\tpanic: b\n\ngoroutine 1 [running]:\n"
        "m.handler(0x1)\n\t/s/a.go:1 +0x1\npanic({0x1, 0x2})\n\t/r/panic.go:1 +0x1\n"
        "m.failed(0x1)\n\t/s/a.go:3 +0x1\nmain.main()\n\t/s/a.go:4 +0x1\n"
    )
    assert Signer().text(text).frames[0] == "m.failed"


def test_one_programs_main_is_not_anothers() -> None:
    text = _panic("main.run", "main.main")
    assert Signer().text(text, "a") != Signer().text(text, "b")


def test_reports_of_other_kinds_are_signed() -> None:
    signer = Signer()
    asan = (
        "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x6020 at pc 0x4c\n"
        "READ of size 4 at 0x6020 thread T0\n    #0 0x4c in parse_item /s/p.c:12:3\n"
        "    #1 0x4d in main /s/m.c:3\n    #2 0x7f in __libc_start_main (/lib/libc.so.6+0x2)\n"
    )
    assert signer.text(asan).frames == ("parse_item", "main")
    for name in ("debuggers/gdb-abort.txt", "debuggers/lldb-nullwrite.txt", "apple/crash-309.ips"):
        assert signer.text((CORPUS / name).read_text(errors="replace")).frames


def test_a_text_without_a_crash_is_malformed() -> None:
    for text in ("", "hello", "goroutine 1 [running]", "\0" * 100):
        with pytest.raises(Malformed):
            Signer().text(text)
