"""Messages are found in text of any size, in its place, whatever decorates the lines."""

from __future__ import annotations

import pytest

from archfit.engine import search
from archfit.engine.search import Search, words_of
from archfit.formats.text_pieces import pieces
from archfit.model.rule import Rule
from archfit.model.text import Text

NOT_FOUND = Text(
    "cannot open shared object file",
    "{library} is not found",
    "glibc",
    r"(?P<library>[\w.+-]{1,80}): cannot open shared object file",
    unless=("(optional)",),
)
TOO_OLD = Text("kernel too old", "too old", "glibc")
RULES = (Rule("x.missing", texts=(NOT_FOUND,)), Rule("x.old", texts=(TOO_OLD,)))
LINE = "app: libq.so.9: cannot open shared object file: No such file or directory"


def places(text: str, whole: bool = True) -> list[tuple[str, int, int]]:
    found = Search(RULES).over([text], whole)
    return [(rule, hit.number, hit.column) for rule, hits in found.hits.items() for hit in hits]


def test_line_column_and_groups() -> None:
    found = Search(RULES).over([f"one\ntwo\n{LINE}\nFATAL: kernel too old"], True)
    (hit,) = found.hits["x.missing"]
    assert (hit.number, hit.column) == (3, LINE.index("cannot") + 1)
    assert hit.group("library") == "libq.so.9"
    assert hit.group("other", "?") == "?"
    assert found.hits["x.old"][0].number == 4
    assert list(found.lines) == [1, 2, 3, 4]
    assert found.last == 4


def test_unless_and_pattern_decide() -> None:
    assert not places(f"(optional) {LINE}")
    assert not places("cannot open shared object file")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"\x1b[31m{LINE}\x1b[0m", (1, 22)),
        ("libq.so.9: cannot \x1b[1mopen\x1b[0m shared object file", (1, 1)),
        (f"2024-05-06T10:00:00.1234567Z a\n2024-05-06T10:00:01.1234567Z {LINE}", (2, 46)),
        (f"#7 0.123 a\n#7 0.456 {LINE}", (2, 26)),
        (f"web-1  | a\nweb-1  | b\nweb-1  | {LINE}", (3, 26)),
        (f"> a\n> b\n> c\n> {LINE}", (4, 19)),
        ('{"log":"a\\n"}\n{"log":"' + LINE + '\\n","stream":"stderr"}', (2, 25)),
        (f"a\r\nb\r\n{LINE}\r\n", (3, 17)),
    ],
    ids=["colour", "colour inside", "actions", "buildkit", "compose", "quoted", "json", "crlf"],
)
def test_decorated_lines_keep_their_place(text: str, place: tuple[int, int]) -> None:
    ((_, number, column),) = places(text)
    assert number == place[0]
    assert column in (place[1], 1), "the column of the needle, or 1 where it can't be told"


def test_a_line_that_holds_several_is_kept_whole() -> None:
    record = '{"msg":"first\\nsecond: libq.so.9: cannot open shared object file"}'
    found = Search(RULES).over([record], True)
    assert found.lines == {1: "first\nsecond: libq.so.9: cannot open shared object file"}


def test_large_text_keeps_what_stands_around_hits_and_both_ends() -> None:
    data = ("filler line\n" * 300_000 + LINE + "\n" + "after\n" * 300_000).encode()
    found = Search(RULES).over(pieces(data), False)
    (hit,) = found.hits["x.missing"]
    assert hit.number == 300_001
    assert found.lines[300_001] == LINE
    assert found.lines[300_000] == "filler line"
    assert found.lines[300_101] == "after"
    assert {1, 2, 600_001} <= set(found.lines)
    assert found.last == 600_001
    assert len(found.lines) < 1000
    assert list(found.lines) == sorted(found.lines)


def test_lines_before_a_hit_come_from_the_chunk_before() -> None:
    found = Search(RULES).over(["a\n" * 500 + "last of the first\n", f"{LINE}\n"], False)
    assert found.lines[501] == "last of the first"
    assert found.hits["x.missing"][0].number == 502


def test_hits_of_one_message_are_bounded() -> None:
    assert len(places(f"{LINE}\n" * 1000)) == search._HITS


def test_a_long_line_is_searched_to_its_end() -> None:
    line = "cannot open shared object file " * 200 + "x" * 5000 + LINE
    ((_, number, column),) = places(line)
    assert (number, column) == (1, len(line) - len(LINE) + LINE.index("cannot") + 1)


def test_again_looks_at_plain_lines() -> None:
    hits = Search(RULES).again({7: "x", 9: LINE})
    assert [hit.number for hit in hits["x.missing"]] == [9]


def test_words_of() -> None:
    assert words_of("GLIBC_2.34 not found") == {b"GLIBC", b"2", b"34", b"not", b"found"}
    assert words_of("可执行文件格式错误") == frozenset()


def test_needles_that_are_not_latin_are_found() -> None:
    rules = (Rule("x.zh", texts=(Text("可执行文件格式错误", "", "glibc"),)),)
    found = Search(rules).over(["bash: ./a: 无法执行: 可执行文件格式错误\n"], True)
    assert found.hits["x.zh"][0].number == 1
