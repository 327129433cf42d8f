"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import archfit
from archfit.cli.main import every_verb, module
from archfit.engine.registry import card, rules
from archfit.model.rule import Rule

HERE = Path(__file__).resolve().parents[2]
SOURCES = sorted((HERE / "src").rglob("*.py"))
HEADINGS = ["What is wrong", "Why it happens", "Remedy", "References", "Limits"]


def test_files_are_short() -> None:
    long = [
        f"{path.name}: {len(path.read_text().splitlines())}"
        for path in SOURCES
        if len(path.read_text().splitlines()) > 400
    ]
    assert not long


def test_rooms_have_no_code_in_init() -> None:
    for path in SOURCES:
        if path.name == "__init__.py" and path.parent.name != "archfit":
            assert not path.read_text().strip(), path


def test_names_that_say_nothing_are_not_used() -> None:
    bad = {"utils", "helpers", "common", "misc"}
    assert not [p for p in SOURCES if p.stem in bad or p.parent.name in bad]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: "/".join(p.parts[-2:]))
def test_only_host_opens_files_and_starts_processes(path: Path) -> None:
    room = path.relative_to(HERE / "src" / "archfit").parts[0]
    if room in ("host", "lab", "kit", "fleet", "s3proxy", "edge"):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open", f"{path.name}:{node.lineno} opens a file"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: "/".join(p.parts[-2:]))
def test_broad_catches_stand_in_two_places(path: Path) -> None:
    allowed = {"attempt.py", "main.py"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler) and path.name not in allowed:
            names = ast.unparse(node.type) if node.type else "everything"
            assert names not in ("Exception", "BaseException", "everything"), path


@pytest.mark.parametrize("rule", rules(), ids=lambda r: r.id)
def test_cards_have_the_fixed_headings(rule: Rule) -> None:
    text = card(rule.id)
    lines = text.splitlines()
    found = [
        line
        for line, under in pairwise(lines)
        if under and set(under) == {"-"} and len(under) == len(line)
    ]
    assert found == HEADINGS
    assert len(lines[0]) <= 100


@pytest.mark.parametrize("verb", every_verb())
def test_verbs_have_help_with_examples(verb: str) -> None:
    file = module(verb)
    assert "archfit " + verb in file.EXAMPLES
    assert file.DESCRIPTION.strip()


def imported_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_version_imports_next_to_nothing() -> None:
    loaded = imported_by(
        "from archfit.cli.main import main\n"
        "import io, contextlib\n"
        "with contextlib.redirect_stdout(io.StringIO()): main(['--version'])"
    )
    ours = {name for name in loaded if name.startswith("archfit.")}
    assert ours <= {"archfit.cli", "archfit.cli.main", "archfit.model", "archfit.model.errors"}
    assert not loaded & {"dataclasses", "json", "tomllib", "subprocess"}


HEAVY = {"numpy", "rich", "yaml", "capstone", "sqlite3", "lief", "elftools", "concurrent.futures"}


def test_check_of_one_file_imports_nothing_heavy() -> None:
    loaded = imported_by(
        "from archfit.cli.main import main\n"
        "import io, contextlib\n"
        "with contextlib.redirect_stdout(io.StringIO()): main(['check', sys.executable])"
    )
    assert not loaded & HEAVY


def test_public_names_are_there() -> None:
    for name in archfit.__all__:
        assert hasattr(archfit, name), name


def test_agents_map_is_short() -> None:
    assert len((HERE / "AGENTS.md").read_text().splitlines()) <= 60
