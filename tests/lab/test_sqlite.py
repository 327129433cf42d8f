"""The bench of SQLite drivers, without building one: pins, programs, words, the page."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from archfit.lab import sqlite_drivers, sqlite_page, sqlite_report
from archfit.lab.catalogue import GoToolchain
from archfit.lab.sqlite_bench import QUICK, Bench
from archfit.model.errors import Misuse, Unavailable

TOOL = GoToolchain("1.26.8", "/go", "/go/bin/go", "linux/amd64", "PATH")
PHASES = (
    "insert, one transaction",
    "insert, a transaction each",
    "point reads",
    "range scans of 100 rows",
    "4 readers beside a writer",
    "the writer beside them",
)


def document(*stages: str) -> dict[str, Any]:
    return sqlite_report.gather(Bench(TOOL, QUICK), sqlite_drivers.DRIVERS, stages)


def measured() -> dict[str, Any]:
    numbers = dict.fromkeys(("per_second", "p50_us", "p95_us", "p99_us", "max_us", "seconds"), 1.5)
    samples = [
        {"at": n / 10, "phase": PHASES[n // 2], "heap": 1 << 20, "go_total": 1 << 22}
        | {
            "resident": (20 + n) << 20,
            "cycles": n,
            "pauses": n % 2,
            "longest_pause_us": n % 2 * 9.0,
        }
        for n in range(6)
    ]
    return {
        "settings": {
            "journal_mode": "wal", "synchronous": "1", "cache_size": "-2000",
            "page_size": "4096", "mmap_size": "0", "sqlite": "3.54.1",
        },
        "phases": [{"name": name, "count": 10, "errors": 0, **numbers} for name in PHASES],
        "samples": samples,
        "gc": {"cycles": 5, "pauses": 3, "pause_p50_us": 9.0, "pause_p99_us": 9.0}
        | {"pause_max_us": 9.0, "allocated": 1 << 20},
        "peak": 25 << 20,
        "load": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize("driver", sqlite_drivers.DRIVERS, ids=lambda d: d.name)
def test_each_program_is_pinned(driver: sqlite_drivers.Driver) -> None:
    sources = sqlite_drivers.sources(driver)
    assert {"go.mod", "go.sum", "main.go", "driver.go"} <= set(sources)
    pinned = f"{driver.module} {sqlite_drivers.version(driver)} h1:"
    assert pinned in sources["go.sum"].decode()


def test_a_driver_without_a_name_is_misuse() -> None:
    with pytest.raises(Misuse):
        sqlite_drivers.chosen(("velox",))
    assert len(sqlite_drivers.chosen(())) == 5


def test_the_digest_follows_the_program_and_the_tools() -> None:
    one, two = sqlite_drivers.DRIVERS[:2]
    assert sqlite_drivers.digest(one) != sqlite_drivers.digest(two)
    assert sqlite_drivers.digest(one, "go1.26") != sqlite_drivers.digest(one, "go1.27")


def test_an_old_toolchain_is_not_taken() -> None:
    old = GoToolchain("1.19.8", "/go", "/go/bin/go", "linux/amd64", "PATH")
    assert sqlite_report.newest_here([old, TOOL]) is TOOL
    with pytest.raises(Unavailable):
        sqlite_report.newest_here([old])


def test_what_is_measured_reads_as_words_json_and_page() -> None:
    found = document()
    found["drivers"][0] |= {
        "measure": measured(),
        "kill": {"kills": 3, "sound": True, "lost": 0, "writing": 3, "runs": []},
        "safety": {"race": {"found": False, "said": "9 calls"}, "asan": None},
        "cross": {"darwin/arm64": {"ok": False, "said": "no C compiler <here>"}},
        "without_cgo": {"builds": True, "status": 3, "said": "a stub"},
    }
    schema = files("archfit.report").joinpath("schema", "archfit.lab-sqlite-1.json").read_text()
    jsonschema.validate(json.loads(json.dumps(found)), json.loads(schema))
    text = "\n".join(sqlite_report.lines(found))
    assert "synchronous=NORMAL" in text
    assert "kill -9 3 times in mid-write: integrity ok, 0 committed rows lost" in text
    assert "not for darwin/arm64: no C compiler <here>" in text
    page = sqlite_page.page(found)
    assert "<here>" not in page
    assert "prefers-color-scheme: dark" in page
    assert "polyline" in page
    assert "src=" not in page
    assert "href=" not in page
