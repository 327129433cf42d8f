"""What is made of cells: patterns, changes, the document and its pages, from a real matrix.

``matrix_seen.json`` is the result.json of nine cases on three releases and one that was not
there, as a machine wrote it.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from archfit.lab import clusters
from archfit.lab.matrix_document import digest
from archfit.report.matrix_html import page
from archfit.report.matrix_lines import matrix_lines

HERE = Path(__file__).parent
SCHEMAS = HERE.parents[1] / "src" / "archfit" / "report" / "schema"


@pytest.fixture
def seen() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((HERE / "matrix_seen.json").read_text())
    return document


def test_it_follows_its_schema(seen: dict[str, Any]) -> None:
    jsonschema.validate(seen, json.loads((SCHEMAS / "archfit.lab-1.json").read_text()))


def test_patterns_are_drawn_again_from_the_cells(seen: dict[str, Any]) -> None:
    assert clusters.clusters(seen["cells"]) == seen["clusters"]
    assert clusters.differences(seen["cells"]) == seen["differences"]
    assert seen["clusters"]["purity"] == 1.0
    assert seen["clusters"]["silent"] > 0


def test_what_was_mixed_up_lowers_purity_and_what_was_torn_apart_completeness(
    seen: dict[str, Any],
) -> None:
    rows = [row for row in seen["cells"] if row["died"] and row["trust"] != "none"]
    mixed = [{**row, "signature": "one and the same"} for row in rows]
    torn = [{**row, "signature": f"{number}"} for number, row in enumerate(rows)]
    assert clusters.clusters(mixed)["purity"] < 0.5
    assert clusters.clusters(mixed)["completeness"] == 1.0
    assert clusters.clusters(torn)["purity"] == 1.0
    assert clusters.clusters(torn)["completeness"] < 0.5


def test_changes_between_releases(seen: dict[str, Any]) -> None:
    changes = {(c["case"], c["what"]): c for c in seen["differences"] if c["after"] == "1.19.8"}
    assert changes["c-stack", "ending"]["from"] == "SIGSEGV"
    assert changes["c-stack", "ending"]["to"] == "exit 2"
    assert "unpinned" in changes["pointer-nested", "words"]["to"]
    assert not [case for case, _ in changes if case == "abort"]
    # One that goes now this way, now that, tells nothing but its verdict.
    assert not [case for case, what in changes if case == "pointer-kept" and what != "verdict"]


def test_what_is_absent_is_not_run_and_never_passed(seen: dict[str, Any]) -> None:
    absent = [row for row in seen["cells"] if row["go"] == "1.15"]
    assert {row["state"] for row in absent} == {"not run"}
    assert {row["expected"] for row in absent} == {None}
    text = "\n".join(matrix_lines(seen))
    assert "go1.15" in text.splitlines()[3]
    assert "cells: go1.15 is not on this machine" in text
    assert seen["totals"]["expected"] + seen["totals"]["unexpected"] <= seen["totals"]["ran"]


def test_the_digest_forgets_what_fleets(seen: dict[str, Any]) -> None:
    assert digest(seen) == seen["digest"]
    other = copy.deepcopy(seen)
    for row in other["cells"]:
        row["seconds"] += 1
        if not row["steady"]:
            row["how"], row["signature"] = "lives", ""
    assert digest(other) == seen["digest"]
    next(row for row in other["cells"] if row["case"] == "abort" and row["died"])["how"] = "lives"
    assert digest(other) != seen["digest"]


def test_text_marks_what_is_not_as_it_should_be(seen: dict[str, Any]) -> None:
    text = "\n".join(matrix_lines(seen))
    assert "hangs" in text
    trap = [line for line in text.splitlines() if line.startswith("c-trap")]
    assert not trap[0].endswith("?")  # natively
    assert trap[1].endswith("?")  # under qemu
    odd = copy.deepcopy(seen)
    next(row for row in odd["cells"] if row["case"] == "c-exit" and row["how"])["expected"] = False
    assert "exit 3 !" in "\n".join(matrix_lines(odd))


def test_a_page_needs_nothing_from_outside(seen: dict[str, Any]) -> None:
    seen["recipe"]["cases"][0]["about"] = "<script>alert(1)</script>"
    text = page(seen)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "http" not in text.replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in text
    assert text.count("<table>") == 4
    assert text.count('class="absent"') > 10
