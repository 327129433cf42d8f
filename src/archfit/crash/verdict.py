"""The cause of a crash, as a value; `archfit.crash.cause` finds it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """``id``: without the family (c-segv). ``says``: what happened, in a sentence's part.

    ``function``: the C function that Go called, or the Go function that failed; "" unknown.
    ``line``: of the text, where the crash begins.
    """

    id: str
    confidence: float
    says: str
    function: str = ""
    line: int = 0
