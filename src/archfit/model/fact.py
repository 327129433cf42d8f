"""Keys, facts and how far a fact can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Trust(IntEnum):
    """How much a signal can be bent, from the worst to the best."""

    DECLARED = 1  #: somebody says so: an environment variable, a setting, a file name
    REPORTED = 2  #: a program's answer (`uname -m`, `go env`)
    STORED = 3  #: written into the file by its builder: build info, a load command
    HEADER = 4  #: the slice's own header, which the kernel itself obeys
    OBSERVED = 5  #: kernel state of the running process
    REPRODUCED = 6  #: an experiment of the lab


class Fact(NamedTuple):
    """A value, where it comes from (file + offset, command, line), and its trust.

    A named tuple and no dataclass: a tree makes a hundred thousand of them, and a frozen
    dataclass takes three times as long to make.

    ``value`` is plain data: str, int, float, bool, None, and lists and
    dicts with string keys of those, so that any fact can be frozen as JSON.
    """

    value: object
    trust: Trust
    source: str


#: Facts of one subject, by the name of their key.
Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Key(Generic[T]):
    """A typed name. All keys stand in the catalogue, `archfit.facts`."""

    name: str
    kind: type[T]
    doc: str

    def of(self, facts: Facts) -> T | None:
        """The value under this key, or None when the fact is absent."""
        fact = facts.get(self.name)
        return None if fact is None else fact.value  # type: ignore[return-value]

    def require(self, facts: Facts) -> T:
        """The value under this key; KeyError when the fact is absent."""
        return facts[self.name].value  # type: ignore[return-value]
