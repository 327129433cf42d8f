"""A tree judged by several processes: order, and a reader that dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from archfit.engine.run import Run
from archfit.engine.settings import Settings
from archfit.host.live import Live
from archfit.model.rule import Result
from archfit.platforms.tiny_elf import tiny_elf


def _each(result: Result) -> tuple[str, str]:
    """A reader that dies at one file, each time."""
    if result.subject.name.endswith("/deadly") and result.facts:
        os.kill(os.getpid(), signal.SIGKILL)
    return result.subject.name, result.not_checked[0].reason if result.not_checked else ""


def test_a_reader_that_dies_costs_one_file(tmp_path: Path) -> None:
    names = []
    for folder in ("a", "b", "b/c"):
        (tmp_path / folder).mkdir()
        for name in ("1", "deadly", "x") if folder == "b" else ("1", "2"):
            path = tmp_path / folder / name
            path.write_bytes(tiny_elf("amd64"))
            names.append(str(path))
    run: Run[tuple[str, str]] = Run(Settings(), Live(), each=_each)
    answers = list(run.over([str(tmp_path)]))
    assert [name for name, _ in answers] == names
    dead = [name for name, why in answers if "died" in why]
    assert dead == [f"{tmp_path}/b/deadly"]
    assert run.tally.files == len(names)
