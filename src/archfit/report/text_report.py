"""`--format text`: for people. The finding first, then its two sides, then the remedy."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from archfit.facts import lab
from archfit.model.fact import Facts
from archfit.model.finding import Finding, NotChecked, Severity
from archfit.model.report import Tally
from archfit.model.rule import Result
from archfit.model.subject import Kind
from archfit.model.words import in_words, visible
from archfit.report.crash_lines import crash_lines
from archfit.report.host_table import host_lines
from archfit.report.identity import identity

_COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}

#: Gaps of one kind are counted; so many of their places are named.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Style:
    """``width`` in columns; ``colour`` only for a terminal."""

    width: int = 80
    colour: bool = False
    all_rules: bool = True  #: no rule was left out by --select or --ignore

    def paint(self, text: str, code: str) -> str:
        """The text in a colour (an SGR parameter), or as it is."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def each(result: Result) -> Result | None:
    """A result in a tree is shown only when there is something to say about it."""
    if result.findings or result.not_checked:
        return Result(result.subject, {}, result.findings, result.not_checked)
    return None


def each_named(result: Result) -> Result | None:
    """A subject that was named by itself is always answered."""
    return result


def writer(style: Style) -> Callable[[Iterator[Result], TextIO, Tally], None]:
    """``write`` for a terminal or a file of this style."""

    def write(items: Iterator[Result], out: TextIO, tally: Tally) -> None:
        held: list[tuple[Finding, str]] = []
        gaps: list[NotChecked] = []
        crashes: list[tuple[str, list[str]]] = []
        for result in items:
            gaps += result.not_checked
            if result.subject.kind is Kind.LOG:
                crashes.append((result.subject.name, list(crash_lines(result.facts, style.width))))
            held += [(found, result.subject.name) for found in result.findings]
            if result.facts and (result.subject.kind is Kind.HOST or not result.findings):
                out.write("\n".join(_subject(result, style)) + "\n")
        held.sort(key=lambda pair: (pair[0].severity.rank, -pair[0].confidence))
        for found, name in held:
            out.write("\n".join(_finding(found, name, style)) + "\n\n")
        for name, lines in crashes:
            if lines:
                head = [style.paint(name, "1")] if len(crashes) > 1 else []
                out.write("\n".join(head + lines) + "\n\n")
        out.write("\n".join(_summary(tally, gaps, style)) + "\n")

    return write


def _subject(result: Result, style: Style) -> Iterator[str]:
    if result.subject.kind is Kind.HOST:
        yield from host_lines(result.facts, style.width)
        yield ""
        return
    tried = lab.VERDICT.of(result.facts)
    if tried:
        counts = f"{lab.FAILED.of(result.facts)} of {lab.RUNS.of(result.facts)} runs of the lab"
        verdict = f"{tried} ({counts}); {lab.CAUSE.of(result.facts) or 'no cause found'}"
    elif result.subject.kind is Kind.LOG:
        verdict = "no cause found that archfit knows"
    elif not result.judged:
        verdict = "not checked"
    elif not style.all_rules:
        verdict = "nothing found by the rules chosen"
    else:
        verdict = "fits" if not result.not_checked else "fits, as far as it was checked"
    yield f"{style.paint(visible(result.subject.name), '1')}: {verdict}"
    yield from (f"  {line}" for line in identity(result.facts, style.width - 2))


def _finding(found: Finding, name: str, style: Style) -> Iterator[str]:
    label = style.paint(found.severity.value, _COLOURS[found.severity])
    sure = "" if found.confidence >= 0.9 else f"  ({found.confidence:.0%} sure)"
    yield f"{label} {style.paint(found.rule, '1')}  {visible(name)}{sure}"
    yield from _wrapped(found.message, style.width, "  ")
    yield from _side("needs", found.need, style.width)
    yield from _side("offers", found.offer, style.width)
    for proof in found.evidence:
        yield from _wrapped(f"{proof.where}: {proof.text}", style.width, "  | ")
    for number, remedy in enumerate(found.remedies):
        lead = "remedy" if number == 0 else "or"
        yield from _wrapped(f"{lead:7} {remedy.title}", style.width, "  ", " " * 10)
        if remedy.command:
            yield from (f"          $ {visible(line)}" for line in remedy.command.splitlines())
        if remedy.verify:
            yield f"          verify: {visible(remedy.verify)}"


def _side(label: str, side: Mapping[str, object], width: int) -> Iterator[str]:
    for number, (key, value) in enumerate(side.items()):
        lead = label if number == 0 else ""
        yield from _wrapped(f"{lead:7} {key} {in_words(value)}", width, "  ", " " * 12)


def _wrapped(text: str, width: int, first: str, rest: str = "") -> list[str]:
    return textwrap.wrap(
        visible(text),
        width,
        initial_indent=first,
        subsequent_indent=rest or first,
        # A path or a command broken in two can't be copied.
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def _summary(tally: Tally, gaps: list[NotChecked], style: Style) -> Iterator[str]:
    counts = [
        f"{tally.severities[s.value]} {s.value}{'s' if tally.severities[s.value] != 1 else ''}"
        for s in Severity
        if tally.severities[s.value]
    ]
    found = style.paint(", ".join(counts), "1") if counts else "no findings"
    if tally.files > 1:
        kinds: Counter[str] = Counter()
        for (kind, _), number in tally.kinds.items():
            kinds[kind] += number
        parts = ", ".join(f"{n:,} {_plural(kind, n)}" for kind, n in kinds.most_common())
        go = f", {tally.go:,} with Go in them" if tally.go else ""
        yield f"{found} in {tally.files:,} files ({parts or 'nothing executable'}{go})"
    elif tally.judged:
        yield found
    yield from _gaps(gaps, style)


def _plural(kind: str, number: int) -> str:
    if number == 1:
        return kind
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def _gaps(gaps: list[NotChecked], style: Style) -> Iterator[str]:
    kinds: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        # The same reason with another file's name in it is the same reason.
        place = gap.subject.partition(":")[2] or gap.subject
        reason = gap.reason.removeprefix(f"{place}: ")
        kinds.setdefault((gap.what, reason), []).append(place)
    for (what, reason), places in sorted(kinds.items(), key=lambda kind: -len(kind[1])):
        named = ", ".join(places[:_NAMED]) + (" ..." if len(places) > _NAMED else "")
        times = f"{len(places)} times, " if len(places) > 1 else ""
        yield from _wrapped(
            f"not checked: {what}: {reason} ({times}{named})", style.width, "", "  "
        )


def facts_lines(facts: Facts, width: int) -> Iterator[str]:
    """Every fact on its line: key, value, trust, source. For `archfit facts`."""
    lead = max((len(key) for key in facts), default=0)
    for key, fact in facts.items():
        text = f"{key:{lead}}  {in_words(fact.value)}  [{fact.trust.name}: {fact.source}]"
        yield from _wrapped(text, width, "", " " * (lead + 2))
