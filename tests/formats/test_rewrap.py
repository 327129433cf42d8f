"""Lines that were broken at a fixed column are joined, others are left alone."""

from __future__ import annotations

from archfit.formats.rewrap import filled, terminal_width, unbroken


def numbered(text: str) -> dict[int, str]:
    return dict(enumerate(text.split("\n"), 1))


LONG = (
    "error: the quick brown fox can not jump over the lazy dog because it is mapped read only now"
)


def broken(text: str, width: int) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def test_terminal() -> None:
    lines = numbered(f"$ make\n{broken(LONG, 40)}\nshort\n{broken(LONG[::-1], 40)}")
    assert terminal_width(lines) == 40
    joined = unbroken(lines, 40)
    assert joined[2] == LONG
    assert LONG[::-1] in joined.values()
    assert joined[5] == "short"


def test_lines_of_any_length_are_not_broken() -> None:
    assert terminal_width(numbered("a\nbb\nccc")) == 0
    assert terminal_width(numbered(f"{LONG}\nshort\nother")) == 0


def test_a_table_is_not_broken() -> None:
    table = "\n".join([f"{'=' * 50}", f"{'-' * 50}", "| a | b |"])
    assert terminal_width(numbered(table)) == 0


def test_mail() -> None:
    lines = numbered("error: the quick brown fox can not jump over\nthe lazy dog because it is\nit")
    assert filled(lines)[1].startswith("error: the quick brown fox can not jump over the lazy dog")


def test_nobody_wraps_so_wide() -> None:
    assert filled(numbered("x" * 500 + "\nyes")) == {}
