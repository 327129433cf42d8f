"""A file that is written takes its place whole, or leaves the old one and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archfit.host.files import replace_with
from archfit.model.errors import Unavailable


def test_the_new_takes_the_old_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    replace_with(str(path), "new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(Unavailable):
        replace_with(str(target), "text")
    with pytest.raises(UnicodeEncodeError):
        replace_with(str(tmp_path / "b"), "\ud800")
    with pytest.raises(Unavailable):
        replace_with(str(tmp_path / "absent" / "c"), "text")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
