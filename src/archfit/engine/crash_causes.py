"""The rules of `archfit check`, asked once for each cluster, about its example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archfit.engine.diagnose import text_result
from archfit.engine.registry import rules
from archfit.formats.text_pieces import pieces
from archfit.host.stream import streamed
from archfit.model.finding import Finding

Question = tuple[str, str, tuple[tuple[str, str], ...]]


def causes(questions: Iterable[Question]) -> Iterator[tuple[Finding, ...]]:
    """For each (name, text, context) the findings in rank order, in the order asked."""
    return streamed(_answer, questions, start=_start, args=(), lost=_lost)


def _start() -> None:
    rules()


def _answer(question: Question) -> tuple[Finding, ...]:
    name, text, context = question
    data = text.encode("utf-8", "surrogatepass")
    result = text_result(rules(), name, pieces(data), len(data), dict(context))
    return result.findings


def _lost(question: Question) -> tuple[Finding, ...]:
    return ()
