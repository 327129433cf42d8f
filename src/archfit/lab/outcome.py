"""What repeated trials say: a verdict, and the manner of the failure."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import StrEnum

from archfit.lab.trial import Said, Trial


class Word(StrEnum):
    """How often it fails."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"
    NOT_BUILT = "can't be built"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``failed`` of ``runs`` trials. ``manner``: how it failed, in words, or "".

    ``crash``: it was started, and died of a signal or of what Go's runtime reports; what
    does not even start, or says itself why it gives up, fails and does not crash.
    """

    word: Word
    failed: int
    runs: int
    manner: str = ""
    crash: bool = False

    @property
    def verdict(self) -> str:
        """In words: `crashes always`, `fails sometimes`, `never`, `can't be built`, `not run`."""
        if self.word in (Word.ALWAYS, Word.SOMETIMES):
            return f"{'crashes' if self.crash else 'fails'} {self.word.value}"
        return self.word.value

    @property
    def text(self) -> str:
        """The verdict with its count: `crashes sometimes (2 of 5)`."""
        if self.word in (Word.NOT_BUILT, Word.NOT_RUN):
            return self.verdict
        return f"{self.verdict} ({self.failed} of {self.runs})"


def bad(said: Said, expect: str) -> bool:
    """A trial failed: another status than 0, out of time, or not the output that was due."""
    return bool(said.status or said.timed_out) or expect not in said.out


def failures(trial: Trial, expect: str) -> list[Said]:
    """The trials that failed; of what can't be built, the command that failed."""
    if trial.failed:
        return [trial.of(trial.failed)]
    return [said for said in trial.tries if bad(said, expect)]


def outcome(trial: Trial, expect: str) -> Outcome:
    """The verdict of one variant, from its trials alone."""
    if trial.gap:
        return Outcome(Word.NOT_RUN, 0, 0)
    if trial.failed:
        return Outcome(Word.NOT_BUILT, 0, 0, "the build stops")
    tries, failed = trial.tries, failures(trial, expect)
    if not tries:
        return Outcome(Word.NOT_RUN, 0, 0)
    if not failed:
        return Outcome(Word.NEVER, 0, len(tries))
    word = Word.ALWAYS if len(failed) == len(tries) else Word.SOMETIMES
    how, crash = manner(failed[0])
    return Outcome(word, len(failed), len(tries), how, crash)


def manner(said: Said) -> tuple[str, bool]:
    """How a failed trial ended, and whether that is a crash."""
    if said.timed_out:
        return "hangs", False
    if said.text.startswith("dyld"):
        return "the loader refuses it", False  # dyld(1) aborts before the program's first line
    if "goroutine " in said.text:
        return "Go's runtime reports it", True
    number = -said.status if said.status < 0 else said.status - 128
    # 255 and the like are no signals: a translator's own refusal.
    if number in signal.valid_signals():
        return f"killed by {signal.Signals(number).name}", True
    return f"does not start, or gives up itself (status {said.status})", False
