"""What the lab found, read by `check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import archfit
from archfit.engine.lab_result import result_of
from archfit.model.errors import Malformed
from archfit.model.fact import Trust

SEEN = Path(__file__).parents[1] / "lab" / "matrix_seen.json"


def test_a_result_folder_is_one_subject(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(SEEN.read_bytes())
    (tmp_path / "outputs").mkdir()
    for subject in (tmp_path, tmp_path / "result.json"):
        (result,) = archfit.check(subject)
        found = {finding.rule: finding for finding in result.findings}
        assert "abort" in found["crash.c-abort"].message
        # The recipe made it, so it knows better than the text's diagnosis.
        assert "c-trap" in found["crash.c-abort"].message
        assert "run.cpu-feature" not in found
        assert {fact.trust for fact in result.facts.values()} == {Trust.REPRODUCED}
        assert any("go1.15 is not on this machine" in gap.reason for gap in result.not_checked)


def test_another_folder_with_such_a_name_is_a_tree(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"schema": "something/1"}')
    assert list(archfit.check(tmp_path)) == []


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"schema": "archfit.lab/1"},
        {"schema": "archfit.lab/1", "cells": [1]},
        {"schema": "archfit.lab/1", "cells": [], "facts": 1},
    ],
)
def test_what_is_no_result_is_malformed(document: object) -> None:
    with pytest.raises(Malformed):
        result_of(document, "x")


def test_odd_values_do_no_harm() -> None:
    cell = {"cause": 1, "died": True, "case": None, "state": "not run", "confidence": "x"}
    document = {"schema": "archfit.lab/1", "cells": [cell], "recipe": {"cases": [3, {}]}}
    result = result_of(json.loads(json.dumps(document)), "x")
    assert result.findings == ()
    assert len(result.not_checked) == 1
