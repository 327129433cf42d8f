"""The flags experiment with one real Go release and gcc."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from archfit.lab.flags import flags
from archfit.lab.flags_report import calls, claims, document, html, lines
from toolbox import need_tool

pytestmark = pytest.mark.slow
_SCHEMA = Path(__file__).parents[2] / "src/archfit/report/schema/archfit.lab-flags-1.json"


def test_whom_flags_reach_and_what_they_break() -> None:
    need_tool("go")
    need_tool("g++")
    found = flags(("1.27",), ("gcc",), jobs=2, offline=True)
    reach = found.reach()
    assert "user .cc" in reach["ENV_CPPFLAGS"]
    assert "user .c" in reach["ENV_CPPFLAGS"]
    assert "runtime/cgo C" in reach["ENV_CFLAGS"]
    assert "runtime/cgo C" not in reach["LINE_CFLAGS"]
    assert list(reach["ENV_CXXFLAGS"]) == ["user .cc"]
    assert {"trial link", "final link"} <= set(reach["ENV_LDFLAGS"])
    # Every compile step that -x shows was recorded; cgo's own calls it does not show.
    seen = {role: (recorded, shown) for role, recorded, shown in calls(found)}
    for role in ("user .c", "user .cc", "user .S", "_cgo_export.c", "*.cgo2.c", "runtime/cgo C"):
        assert seen[role][0] == seen[role][1] > 0
    assert seen["cgo's types"][1] == 0 < seen["cgo's types"][0]
    verdicts = {claim: verdict for claim, verdict, _ in claims(found)}
    assert list(verdicts.values()) == ["false", "partly", "true", "partly"]
    twins = [one.twins[0][:2] for _, one in found.of("library") if one.twins]
    assert twins == [["say_hello", "_Z9say_hellov"]]
    data = document(found)
    jsonschema.validate(data, json.loads(_SCHEMA.read_text()))
    assert any("-Werror" in row["text"] for row in data["breaks"] if row["where"] == "CGO_CFLAGS")
    assert any("CGO_CPPFLAGS" in line for line in lines(found))
    assert "<table>" in html(found)
    again = flags(("1.27",), ("gcc",), jobs=2, offline=True)
    assert all(one.cached for _, one in again.cells)
