"""The one place where a probe's or a rule's failure becomes a NotChecked."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from archfit.model.errors import ArchfitError
from archfit.model.finding import NotChecked

T = TypeVar("T")
P = ParamSpec("P")


def attempt(
    what: str, subject: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> tuple[T | None, NotChecked | None]:
    """What ``call`` returns, or why it could not: one bad file or rule never ends a run."""
    try:
        return call(*args, **kwargs), None
    except ArchfitError as error:
        return None, NotChecked(what, subject, error.why)
    except Exception as error:  # noqa: BLE001
        return None, NotChecked(what, subject, f"it failed: {type(error).__name__}: {error}")
