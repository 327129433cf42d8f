"""Text -> findings: search, weigh, rank."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from archfit.engine.attempt import attempt
from archfit.engine.search import WHOLE, Search
from archfit.facts import log as keys
from archfit.formats.log import Log
from archfit.formats.prose import explains, of_commits
from archfit.formats.rewrap import filled, terminal_width, unbroken
from archfit.formats.secrets import values, without
from archfit.model.fact import Fact, Trust
from archfit.model.finding import Finding, NotChecked
from archfit.model.rule import Result, Rule
from archfit.model.subject import Kind, Subject
from archfit.model.text import Hit
from archfit.rules.said import said, surest

#: What is less sure than this is a guess, and no answer.
_LEAST = 0.45
#: One of them stands in every text that tells of a crash.
_CRASH_SIGNS = (
    "goroutine ",
    "panic: ",
    "fatal error: ",
    "throw: ",
    "SIG",
    "EXC_",
    "DATA RACE",
    "[signal ",
    "Exception 0x",
    "fatal: ",
    "Exception Type",
    "PC=0x",
    "#0 ",
    " in runtime.",
    "frame #0",
)
#: One of them stands in every text that shows commits with their messages.
_COMMIT_SIGNS = ("Author: ", "Change-Id: ", "Signed-off-by: ", "Reviewed-", "Co-authored-by: ")
#: Texts up to this many characters are looked at once more with broken lines joined.
_REJOINED = 1 << 20
#: Secrets are looked for in this many characters of a line that a rule saw.
_REACH = 4000


def diagnose(
    chunks: Iterable[str],
    rules: Sequence[Rule],
    context: Mapping[str, str],
    subject: str,
    whole: bool = True,
) -> tuple[Log, tuple[Finding, ...], list[NotChecked]]:
    """The log as it was read, its findings in rank order, and rules that failed on it."""
    search = Search(rules)
    found = search.over(chunks, whole)
    log = Log(found.lines, context, found.whole)
    answers, gaps = _judged(rules, found.hits, log, subject)
    if found.whole and sum(map(len, log.lines.values())) <= _REJOINED:
        # Lines that are put together no longer show which of them only speak of a message.
        lines = _rejoined(log.lines, bool(answers) or _spoken_of(found.hits))
        if lines:
            other = Log(lines, context, found.whole)
            hits = _merged(found.hits, search.again(lines), lines)
            again, more = _judged(rules, hits, other, subject)
            if again:
                return other, again, more
    return log, answers, gaps


def _spoken_of(hits: Mapping[str, Sequence[Hit]]) -> bool:
    """A sentence of the text is about a message."""
    return any(explains(hit.line, hit.text.needle) for some in hits.values() for hit in some)


def _judged(
    rules: Sequence[Rule], hits: Mapping[str, Sequence[Hit]], log: Log, subject: str
) -> tuple[tuple[Finding, ...], list[NotChecked]]:
    answers: list[Finding] = []
    gaps: list[NotChecked] = []
    told = of_commits(log.lines) if hits and log.has(*_COMMIT_SIGNS) else ()
    for rule in rules:
        own = [
            hit
            for hit in hits.get(rule.id, ())
            if hit.number not in told and not explains(hit.line, hit.text.needle)
        ]
        if not own:
            continue
        findings, failure = attempt(rule.id, subject, weighed, rule, own, log)
        if failure is not None:
            gaps.append(failure)
        answers += [
            replace(_without_secrets(f, own), rule=rule.id, subject=subject) for f in findings or ()
        ]
    return ranked(answers, rules), gaps


def _without_secrets(found: Finding, hits: Sequence[Hit]) -> Finding:
    """What is shown of pasted text names no secret whole: reports are pasted too.

    Parts of a line may stand in the words by themselves, so its secrets are told from the line.
    """
    shown = {proof.where for proof in found.evidence}
    lines = {hit.number: hit.line[:_REACH] for hit in hits if f"line {hit.number}" in shown}
    secrets = [secret for line in lines.values() for secret in values(line)]
    return replace(
        found,
        message=without(found.message, secrets),
        evidence=tuple(
            replace(proof, text=without(proof.text, secrets)) for proof in found.evidence
        ),
        remedies=tuple(
            replace(
                remedy,
                title=without(remedy.title, secrets),
                command=without(remedy.command, secrets),
                verify=without(remedy.verify, secrets),
            )
            for remedy in found.remedies
        ),
    )


def _rejoined(lines: Mapping[int, str], answered: bool) -> dict[int, str]:
    """The lines as they were before they were broken; empty when they do not look broken."""
    width = terminal_width(lines)
    if width:
        return unbroken(lines, width)
    return {} if answered else filled(lines)


def _merged(
    first: Mapping[str, Sequence[Hit]], again: Mapping[str, Sequence[Hit]], lines: Mapping[int, str]
) -> dict[str, list[Hit]]:
    """Hits of both passes; of one message in one (joined) line that of the second pass."""
    merged = {rule_id: list(hits) for rule_id, hits in again.items()}
    starts = list(lines)
    for rule_id, hits in first.items():
        own = merged.setdefault(rule_id, [])
        there = {(id(hit.text), hit.number) for hit in own}
        own += [
            hit
            for hit in hits
            if (id(hit.text), starts[bisect_right(starts, hit.number) - 1]) not in there
        ]
        own.sort(key=lambda hit: hit.number)
    return merged


def text_result(
    rules: Sequence[Rule], name: str, pieces: Iterable[str], size: int, context: Mapping[str, str]
) -> Result:
    """A text that somebody pasted, diagnosed. ``size`` decides whether it is kept whole."""
    subject = Subject(f"{Kind.LOG.value}:{name}", Kind.LOG, name)
    log, findings, gaps = diagnose(pieces, rules, context, subject.id, size <= WHOLE)
    return Result(subject, log_facts(log), findings, tuple(gaps))


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
    if not log.has(*_CRASH_SIGNS):
        return facts
    from archfit.crash.crash_facts import crash_facts

    return facts | crash_facts(log)


def weighed(rule: Rule, hits: Sequence[Hit], log: Log) -> tuple[Finding, ...]:
    """What a rule makes of its hits."""
    if rule.weigh is not None:
        return tuple(rule.weigh(hits, log))
    best = surest(hits)
    return (said(best, hits, remedies=rule.mend(best, log) if rule.mend else ()),)


def ranked(findings: Sequence[Finding], rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """The surest first, of equals the earlier in the text; what another explains is left out."""
    there = {found.rule for found in findings}
    explained = {rule.id for rule in rules if there & set(rule.yields_to) - {rule.id}}
    left = [f for f in findings if f.rule not in explained and f.confidence >= _LEAST]
    return tuple(sorted(left, key=lambda f: (-f.confidence, f.severity.rank, _first_line(f))))


def _first_line(found: Finding) -> int:
    words = found.evidence[0].where.split() if found.evidence else []
    return int(words[1]) if len(words) == 2 and words[1].isdigit() else 0
