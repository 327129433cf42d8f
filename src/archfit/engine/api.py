"""The library's public functions; `archfit.check` and so on lead here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike, fspath

from archfit.engine.facts_of import facts_of
from archfit.engine.registry import card
from archfit.engine.run import Run
from archfit.engine.settings import Settings
from archfit.host.live import Live
from archfit.model.rule import Result

Path = str | PathLike[str]


def check(
    *subjects: Path,
    host: Path = "",
    root: Path = "",
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Iterator[Result]:
    """Judge subjects as `archfit check` does, one result each, in the order given.

    No subject = this host. A folder gives a result for each file that carries facts or
    could not be read. ``host``: a facts file judged against in the place of this machine;
    ``root``: a folder that holds another machine's files; ``select`` and ``ignore``: rule
    ids or families. Raises Misuse for an unknown rule, Malformed or Unavailable for a bad
    ``host``; what is wrong with a subject stands in its result.
    """
    settings = Settings(tuple(select), tuple(ignore), "error", fspath(host), fspath(root))
    run: Run[Result] = Run(settings, Live(), each=_carrying, named=_same)
    return run.over([fspath(subject) for subject in subjects])


def facts(subject: Path) -> Result:
    """The facts of `host`, a file or `-` (standard input), unjudged. Misuse for a folder."""
    return facts_of(fspath(subject), Settings(), Live())


def diagnose(text: str, host: Path = "", context: Mapping[str, str] | None = None) -> Result:
    """The cause of a failure whose output is ``text``.

    ``host``: a facts file of the machine it failed on; ``context``: what else is known,
    as ``{"goos": "darwin", "goarch": "arm64"}``. No cause found = no findings.
    """
    settings = Settings(host=fspath(host), context=tuple((context or {}).items()))
    run: Run[Result] = Run(settings, Live(), each=_same)
    return run.text("text", text)


def explain(rule_id: str) -> str:
    """The card of a rule. Raises Misuse for an unknown id."""
    return card(rule_id)


def _same(result: Result) -> Result:
    return result


def _carrying(result: Result) -> Result | None:
    return result if result.facts or result.not_checked else None
