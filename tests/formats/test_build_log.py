"""What a build's output tells beside its messages."""

from __future__ import annotations

from archfit.formats.build_log import BuildLog


def log(text: str, told: str = "") -> BuildLog:
    return BuildLog(dict(enumerate(text.splitlines(), 1)), told)


def test_symbols_of_every_linker() -> None:
    text = """\
/usr/bin/ld: a.o: in function `main':
a.c:(.text+0x5): undefined reference to `one'
b.o:b.c:function main: error: undefined reference to 'two(int)'
ld.lld: error: undefined symbol: three
>>> referenced by c.c
mold: error: undefined symbol: ns::four(char const*)
wasm-ld: error: d.o: undefined symbol: five
Undefined symbols for architecture arm64:
  "_six", referenced from:
      _main in e.o
  "seven(std::__1::basic_string<char> const&)", referenced from:
      _main in e.o
f.obj : error LNK2019: unresolved external symbol _eight referenced in function _main
main.f: relocation target main.nine not defined
a.c:(.text+0x9): undefined reference to `one'
"""
    assert [one.symbol for one in log(text).undefined] == [
        "one",
        "two(int)",
        "three",
        "ns::four(char const*)",
        "five",
        "_six",
        "seven(std::__1::basic_string<char> const&)",
        "_eight",
        "main.nine",
    ]


def test_who_uses_a_symbol() -> None:
    text = """\
/usr/bin/ld: /tmp/go-link-1/000001.o: in function `_cgo_0a_Cfunc_one':
/tmp/go-build/main.cgo2.c:52: undefined reference to `one'
"""
    assert "_Cfunc_one" in log(text).undefined[0].user


def test_packages_of_go_build() -> None:
    build = log("go: downloading x\n# runtime/cgo\ngcc: error\n# example.com/a/b [a.test]\nx: y\n")
    assert build.headings == [(2, "runtime/cgo"), (4, "example.com/a/b")]
    assert build.package(1) == ""
    assert build.package(3) == "runtime/cgo"
    assert build.package(5) == "example.com/a/b"


def test_a_heading_of_markdown_is_no_package() -> None:
    assert log("# How to build\n# Install\n").headings == []


def test_settings_of_go_env_and_of_commands() -> None:
    build = log("GOHOSTARCH='amd64'\nGOHOSTOS='linux'\n$ CGO_ENABLED=0 GOARCH=arm64 go build\n")
    assert build.host == ("linux", "amd64")
    assert build.target == ("", "arm64")
    assert build.crosses
    assert build.cgo == "0"


def test_the_users_words_count_too() -> None:
    build = log("go version go1.22.1 darwin/amd64\n", "goos: linux\nGOOS=linux")
    assert build.host == ("darwin", "amd64")
    assert build.target[0] == "linux"


def test_the_answer_to_go_env() -> None:
    assert log("$ go env CGO_ENABLED\n0\n").cgo == "0"


def test_checks_of_configure() -> None:
    build = log(
        "configure:12: checking for a.h\nconftest.c:9:10: fatal error: a.h: No\n\n\n\n\nb\n"
    )
    assert build.probe(2)
    assert not build.probe(7)


def test_what_stopped_nothing() -> None:
    ended = "No package 'x' found\n-- skipping\n[100%] Built target app\n"
    assert log(ended).went_on(1)
    assert not log(ended + "make: *** [all] Error 2\n").went_on(1)
    assert not log("[100%] Built target app\nNo package 'x' found\n").went_on(2)
    assert not log("No package 'x' found\n").went_on(1)
