"""`archfit crash cluster`, end to end, in one process tree; bad input is named, not fatal."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from make_crashes import write

import archfit
from archfit.cli.main import main

CORPUS = Path(__file__).parent.parent / "corpus" / "tracebacks"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("crashes")
    write(900, folder / "c.jsonl", folder / "t.tsv", seed=5, bugs=40, stacks=300)
    return folder / "c.jsonl", folder / "t.tsv"


def _run(capsys: pytest.CaptureFixture[str], *args: object) -> Any:
    status = main(["crash", "cluster", "--format", "json", "--top", "0", *map(str, args)])
    return status, json.loads(capsys.readouterr().out)


def test_the_document_fits_its_schema(
    made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = _run(capsys, made[0])
    schema = Path(archfit.__file__).parent / "report/schema/archfit.crash-clusters-1.json"
    Draft202012Validator(json.loads(schema.read_text())).validate(found)
    assert status == 0
    assert found["crashes"] == 900
    assert sum(c["count"] for c in found["clusters"]) == 900
    assert any(c["causes"] for c in found["clusters"])


@pytest.mark.slow
def test_ids_stay_and_nothing_moves(
    made: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = made[0].read_text().splitlines(keepends=True)
    first, second, state = tmp_path / "1.jsonl", tmp_path / "2.jsonl", tmp_path / "state.json"
    first.write_text("".join(lines[:600]))
    second.write_text("".join(lines[600:]))
    _, old = _run(capsys, "--no-causes", "--into", state, "--members", tmp_path / "m1", first)
    _, new = _run(capsys, "--no-causes", "--into", state, "--members", tmp_path / "m2", second)
    assert {c["id"] for c in old["clusters"]} <= {c["id"] for c in new["clusters"]}
    assert sum(c["count"] for c in new["clusters"]) == 900
    again = tmp_path / "m3"
    _run(capsys, "--no-causes", "--into", state, "--members", again, first)
    assert again.read_text() == (tmp_path / "m1").read_text()


@pytest.mark.slow
def test_the_order_of_lines_is_no_matter(
    made: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = made[0].read_text().splitlines(keepends=True)
    turned = tmp_path / "turned.jsonl"
    turned.write_text("".join(reversed(lines)))
    one, two = (_run(capsys, "--no-causes", path)[1] for path in (made[0], turned))
    for cluster in one["clusters"] + two["clusters"]:
        del cluster["example"]
    assert one == two


@pytest.mark.slow
def test_archives_hold_what_files_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], made: tuple[Path, Path]
) -> None:
    folder = CORPUS / "go1.26.8-linux-amd64"
    with tarfile.open(tmp_path / "d.tar.gz", "w:gz") as archive:
        archive.add(folder, "go1.26.8-linux-amd64")
    packed = tmp_path / "c.jsonl.gz"
    packed.write_bytes(gzip.compress(made[0].read_bytes()))
    plain = _run(capsys, "--no-causes", folder, made[0])[1]
    inside = _run(capsys, "--no-causes", tmp_path / "d.tar.gz", packed)[1]
    for cluster in plain["clusters"] + inside["clusters"]:
        del cluster["example"]
    assert plain["clusters"] == inside["clusters"]


@pytest.mark.slow
def test_what_is_no_crash_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = (CORPUS / "go1.26.8-linux-amd64" / "nil.single.txt").read_bytes()
    bomb = gzip.compress(b"\0" * (80 << 20), 9)
    hostile = io.BytesIO()
    with tarfile.open(fileobj=hostile, mode="w") as archive:
        info = tarfile.TarInfo("../../etc/evil.txt")
        info.size = len(good)
        archive.addfile(info, io.BytesIO(good))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    files = {
        "good.txt": good,
        "empty": b"",
        "binary": bytes(range(256)) * 300,
        "bomb.gz": bomb,
        "cut.gz": gzip.compress(good * 50)[:-20],
        "cut.tar": hostile.getvalue()[:700],
        "evil.tar": hostile.getvalue(),
        "words.txt": b"nothing happened\n",
        "x.zst": b"\x28\xb5\x2f\xfd" + b"x" * 50,
        "lines.jsonl": b'{"text": 1}\n{"text": "no crash"}\n{"stack": ["f"], \nnot json\n',
        "deep.jsonl": b'{"text":' + b"[" * 100000 + b"\n",
        "long.jsonl": b'{"text": "' + b"a" * (33 << 20) + b'"}\n{"stack": ["g", "f"]}\n',
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    status, found = _run(capsys, "--no-causes", tmp_path, tmp_path / "missing")
    named = " ".join(row["subject"] for row in found["not_checked"])
    assert status == 0
    assert all(name in named for name in set(files) - {"good.txt"})
    assert "missing" in named
    assert found["crashes"] == 4  # good.txt, the two members cut and whole, a line's stack


def test_nothing_at_all_is_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert _run(capsys, tmp_path)[0] == 3


def test_a_state_of_another_kind_is_refused(
    made: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.json"
    for text in ("", "{}", "[1]", '{"schema": "archfit.crash-state/1", "known": [{}]}'):
        state.write_text(text)
        assert main(["crash", "cluster", "--into", str(state), str(made[0])]) == 3
        assert state.read_text() == text
    capsys.readouterr()


@pytest.mark.slow
def test_text_and_page(made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crash", "cluster", str(made[0])]) == 0
    text = capsys.readouterr().out
    assert text.startswith("900 crashes, ")
    assert "  since    v1." in text
    assert main(["crash", "cluster", "--format", "html", "--no-causes", str(made[0])]) == 0
    page = capsys.readouterr().out
    assert "<svg" in page
    assert "http" not in page.replace("net/http", "").replace("httpd", "")[:2500]


@pytest.mark.slow
def test_dask_gives_the_same(
    made: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real cluster of dask.distributed on loopback, several partitions, ended by itself."""
    pytest.importorskip("distributed")
    parts = []
    lines = made[0].read_text().splitlines(keepends=True)
    for number in range(6):
        parts.append(tmp_path / f"{number}.jsonl")
        parts[-1].write_text("".join(lines[number * 150 : number * 150 + 150]))
    one = _run(capsys, "--no-causes", "--members", tmp_path / "a", *parts)
    two = _run(capsys, "--no-causes", "--engine", "dask", "--members", tmp_path / "b", *parts)
    assert one == two
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()
