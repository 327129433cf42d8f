"""Every error a user can meet, as one tree.

::

    ArchfitError          has .why and .hint (the command to try next, or "")
    ├── Malformed         the input is bad; becomes a part of the report
    ├── Unavailable       this host can't do it; becomes a NotChecked
    │   └── Denied        for lack of a right: what is there stays unknown
    └── Misuse            the command line or settings are wrong; exit status 2
"""

from __future__ import annotations


class ArchfitError(Exception):
    """Base of all errors that archfit raises on purpose."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint

    def __reduce__(self) -> tuple[type[ArchfitError], tuple[str, str]]:
        return type(self), (self.why, self.hint)


class Malformed(ArchfitError):
    """The bytes or the text looked at break their own format."""


class Unavailable(ArchfitError):
    """This host lacks what the step needs: a tool, a right, a file."""


class Denied(Unavailable):
    """This user has no right to look, so that "it is not there" can't be said."""


class Misuse(ArchfitError):
    """The caller asked for something that makes no sense; exit status 2."""
