"""What the runs of one cell come to: its verdict, cause, stack trust and signature."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from archfit.crash.stack_trust import stack_trust
from archfit.engine.diagnose import text_result
from archfit.engine.registry import chosen
from archfit.formats import go_traceback
from archfit.formats.go_dump import Dump
from archfit.host.experiment import Done
from archfit.lab.signature import headline, signature
from archfit.model.rule import Rule

#: Characters of an output that are kept with a cell.
_KEPT = 24_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ``how``: dies, ends, lives or hangs. ``level``: of stack trust. ``cause``: of
    archfit's own diagnosis, with its ``confidence``. ``core``: a core file was written."""

    how: str
    status: int
    signature: str
    headline: str
    cause: str
    confidence: float
    level: str
    reason: str
    chain: str
    core: bool
    seconds: float
    peak: int
    text: str


def observe(done: Done, context: Mapping[str, str], diagnosed: bool = True) -> Run:
    """What one run shows. ``context``: of the diagnosis, {"goos", "goarch"}."""
    text = done.err.decode("utf-8", "replace")
    dump = _death(text)
    how = _how(done, dump)
    cause, confidence, level, reason = "", 0.0, "", ""
    if how == "dies" and diagnosed:
        cause, confidence = _cause(text + _ending(done, dump), context)
        level, reason = "none", "it died without a text"
        if dump is not None:
            trust = stack_trust(dump)
            level, reason = trust.level, trust.reason
    chains = [line.partition(": ")[2] for line in text.splitlines() if line.startswith("CHAIN: ")]
    dies = how == "dies"
    return Run(
        how,
        done.status,
        signature(dump, done.status) if dies else "",
        headline(dump, text) if dies else "",
        cause,
        confidence,
        level,
        reason,
        chains[0] if chains else "",
        done.core,
        done.seconds,
        done.peak,
        text[:_KEPT],
    )


def _death(text: str) -> Dump | None:
    """The first dump that tells of a death, relayed parts and mere lists left out."""
    for dump in go_traceback.read(text):
        if dump.kind != "goroutines" and not dump.relayed and not dump.served:
            return dump
    return None


def _how(done: Done, dump: Dump | None) -> str:
    if done.timed_out:
        return "hangs"
    if done.status < 0 or (dump is not None and done.status):
        return "dies"
    return "ends" if done.status else "lives"


def _ending(done: Done, dump: Dump | None) -> str:
    """What a shell would say of its end, when the program itself said nothing."""
    if done.status >= 0 or dump is not None:
        return ""
    return f"\n./program: {signal.strsignal(-done.status) or f'signal {-done.status}'}\n"


@cache
def _rules() -> tuple[Rule, ...]:
    return chosen((), ())


def _cause(text: str, context: Mapping[str, str]) -> tuple[str, float]:
    result = text_result(_rules(), "stderr", [text], len(text), context)
    first = result.findings[0] if result.findings else None
    return (first.rule, first.confidence) if first else ("", 0.0)


def build_cause(text: str, context: Mapping[str, str]) -> str:
    """The cause of a failed build, by archfit's own diagnosis; "" when it names none."""
    return _cause(text, context)[0]


def typical(runs: Sequence[Run]) -> Run:
    """The run that stands for the cell: of those that went the most usual way, the first.

    Runs that died come before all others: what happens sometimes has to be seen.
    """
    pool = [run for run in runs if run.how == "dies"] or list(runs)
    ways = Counter((run.how, run.cause, run.signature) for run in pool)
    most = max(ways, key=lambda way: (ways[way], way))
    return next(run for run in pool if (run.how, run.cause, run.signature) == most)


def verdict(runs: Sequence[Run]) -> str:
    """``dies``, or ``dies 3 of 5`` when it does not always go one way."""
    how = [run.how for run in runs]
    worst = next((w for w in ("dies", "hangs", "ends", "lives") if w in how), "")
    count = how.count(worst)
    return worst if count == len(how) else f"{worst} {count} of {len(how)}"
