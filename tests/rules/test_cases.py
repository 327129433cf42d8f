"""Every case of every rule: the finding that is expected comes first over all rules, or none does.

A case is a Markdown page: a title, a story, a ```json block with what is judged, and an
```expect block with a rule's id or `nothing`. The JSON holds ``subject`` ({kind, facts},
fact values plain) and ``host``: the name of a recorded machine in tests/recorded, or
facts; ``host_facts`` adds to or, with null, takes from them.

A case with a ```text block is what somebody pastes: it is diagnosed over all rules, with the
``context`` of the JSON block if there is one. It says by which tool it was printed (`Output
of:`) or after which one's message it was written (`Written after:`).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archfit.engine.diagnose import diagnose
from archfit.engine.examiner import Examiner
from archfit.engine.host_facts import gather
from archfit.engine.registry import rules
from archfit.host.recorded import Recorded
from archfit.model.fact import Fact, Trust
from archfit.model.scene import Scene
from archfit.model.subject import Kind, Subject

HERE = Path(__file__).parent
RECORDED = HERE.parent / "recorded"
CASES = sorted(HERE.rglob("*.md"))
_ORIGIN = re.compile(r"^(?:Output of|Written after): \S", re.MULTILINE)
_BLOCK = re.compile(r"^```(json|text|expect)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path) -> dict[str, str]:
    return dict(_BLOCK.findall(path.read_text()))


def plain(table: dict[str, Any]) -> dict[str, Fact]:
    return {key: Fact(value, Trust.HEADER, "case") for key, value in table.items()}


@cache
def recorded(name: str) -> dict[str, Fact]:
    facts, _ = gather(Recorded(json.loads((RECORDED / f"{name}.json").read_text())), costly=True)
    return facts


def host_of(case: dict[str, Any]) -> dict[str, Fact]:
    named = case.get("host", {})
    facts = dict(recorded(named)) if isinstance(named, str) else plain(named)
    for key, value in case.get("host_facts", {}).items():
        facts.pop(key, None)
        if value is not None:
            facts[key] = Fact(value, Trust.OBSERVED, "case")
    return facts


TEXTS = [path for path in CASES if "\n```text\n" in path.read_text()]


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: "/".join(p.parts[-3:]))
def test_text_case(path: Path) -> None:
    parts = blocks(path)
    assert _ORIGIN.search(path.read_text()), f"{path} does not say where its text comes from"
    context = json.loads(parts.get("json", "{}")).get("context", {})
    log, findings, failed = diagnose([parts["text"]], rules(), context, "text")
    assert not failed
    said = [(f.rule, f.confidence, f.message, f.evidence) for f in findings]
    expected = parts["expect"].strip()
    assert (findings[0].rule if findings else "nothing") == expected, (said, log.platform)


@pytest.mark.parametrize(
    "path", [p for p in CASES if p not in TEXTS], ids=lambda p: "/".join(p.parts[-3:])
)
def test_case(path: Path) -> None:
    parts = blocks(path)
    case = json.loads(parts["json"])
    host = host_of(case)
    kind = Kind(case["subject"].get("kind", "binary"))
    facts = plain(case["subject"].get("facts", {}))
    if kind is Kind.HOST:
        facts = {**host, **facts}
    examiner = Examiner(Scene(None, host, None), (), ())
    result = examiner.judge(Subject("case", kind, path.stem), facts)
    failed = [n for n in result.not_checked if n.reason.startswith("it failed")]
    assert not failed
    found = [finding.rule for finding in result.findings]
    expected = parts["expect"].strip()
    assert (found[0] if found else "nothing") == expected, result.findings


@pytest.mark.parametrize("rule", rules(), ids=lambda r: r.id)
def test_rule_has_a_positive_and_a_lookalike(rule: Any) -> None:
    family, _, name = rule.id.partition(".")
    expected = [
        blocks(path)["expect"].strip()
        for path in sorted((HERE / family / name.replace("-", "_")).glob("*.md"))
    ]
    assert rule.id in expected, f"{rule.id} has no case that it must find"
    assert any(e != rule.id for e in expected), f"{rule.id} has no look-alike"


def test_every_case_belongs_to_a_rule() -> None:
    known = {rule.id for rule in rules()}
    for path in CASES:
        owner = f"{path.parts[-3]}.{path.parts[-2].replace('_', '-')}"
        assert owner in known, path
