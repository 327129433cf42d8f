"""Text -> findings: search, weigh, rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from archfit.engine.attempt import attempt
from archfit.engine.search import Search
from archfit.facts import log as keys
from archfit.formats.log import Log
from archfit.model.fact import Fact, Trust
from archfit.model.finding import Evidence, Finding, NotChecked
from archfit.model.rule import Rule
from archfit.model.text import Hit

#: Lines shown as evidence.
_SHOWN = 4


def diagnose(
    chunks: Iterable[str],
    rules: Sequence[Rule],
    context: Mapping[str, str],
    subject: str,
    whole: bool = True,
) -> tuple[Log, tuple[Finding, ...], list[NotChecked]]:
    """The log as it was read, its findings in rank order, and rules that failed on it."""
    found = Search(rules).over(chunks, whole)
    log = Log(found.lines, context, found.whole)
    answers: list[Finding] = []
    gaps: list[NotChecked] = []
    for rule in rules:
        hits = found.hits.get(rule.id)
        if not hits:
            continue
        findings, failure = attempt(rule.id, subject, weighed, rule, hits, log)
        if failure is not None:
            gaps.append(failure)
        answers += [replace(f, rule=rule.id, subject=subject) for f in findings or ()]
    return log, ranked(answers, rules), gaps


def log_facts(log: Log) -> dict[str, Fact]:
    """What the text is and speaks of, as facts."""
    source = "the text"
    platform = log.platform
    facts = {keys.LINES.name: Fact(max(log.numbers, default=0), Trust.OBSERVED, source)}
    if platform.os:
        trust = Trust.REPORTED if platform.stated else Trust.DECLARED
        facts[keys.OS.name] = Fact(platform.os, trust, source)
    if platform.isas:
        facts[keys.ISAS.name] = Fact(list(platform.isas), Trust.DECLARED, source)
    return facts


def weighed(rule: Rule, hits: Sequence[Hit], log: Log) -> tuple[Finding, ...]:
    """What a rule makes of its hits."""
    if rule.weigh is not None:
        return tuple(rule.weigh(hits, log))
    best = max(hits, key=lambda hit: hit.text.confidence)
    return (finding(rule, best, hits, log),)


def finding(rule: Rule, best: Hit, hits: Sequence[Hit], log: Log) -> Finding:
    """A finding whose message and remedies come from ``best``, with the other hits as proof."""
    proofs = [best, *(hit for hit in hits if hit is not best)]
    return Finding(
        best.text.says.format_map(_Groups(best.groups)),
        {},
        {},
        evidence(proofs),
        tuple(rule.mend(best, log)) if rule.mend else (),
        best.text.confidence,
    )


def evidence(hits: Sequence[Hit]) -> tuple[Evidence, ...]:
    """The lines that prove it, each once."""
    seen: dict[int, Evidence] = {}
    for hit in hits:
        seen.setdefault(hit.number, Evidence(f"line {hit.number}", hit.line.strip()[:300]))
        if len(seen) == _SHOWN:
            break
    return tuple(seen.values())


def ranked(findings: Sequence[Finding], rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """The surest first, of equals the earlier in the text; what another explains is left out."""
    there = {found.rule for found in findings}
    explained = {rule.id for rule in rules if there & set(rule.yields_to) - {rule.id}}
    left = [found for found in findings if found.rule not in explained]
    return tuple(sorted(left, key=lambda f: (-f.confidence, f.severity.rank, _first_line(f))))


def _first_line(found: Finding) -> int:
    words = found.evidence[0].where.split() if found.evidence else []
    return int(words[1]) if len(words) == 2 and words[1].isdigit() else 0


class _Groups(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"
