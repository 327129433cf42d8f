"""Many crashes to few causes: signs in processes, merges, and says what each cluster is."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from archfit.crash.clustering import clusters
from archfit.crash.signature import Signature
from archfit.engine.crash_batch import Batch, Batcher, Origin
from archfit.engine.crash_state import Known, State
from archfit.formats.crash_record import NO_DAY
from archfit.host.crash_sources import Work
from archfit.host.stream import streamed
from archfit.model.finding import Finding

#: Gaps that are named; the rest is counted.
NAMED_GAPS = 50
#: What this process works with, once `_start` has run in it.
_batchers: list[Batcher] = []

#: Turns work into batches, in the order of the work.
Engine = Callable[[Iterable[Work], bool], Iterator[Batch]]


@dataclass(slots=True)
class Cluster:
    """One cause, as far as stacks tell.

    ``id`` comes from the content of its leader's signature. ``count``: crashes of this run and
    of the state; ``new``: of this run. ``origins``: crashes by (program, version, goos, goarch);
    ``days``: by day since 1970. ``example``: its name and text, of the leader.
    ``findings``: None when no rule was asked.
    """

    id: str
    signature: Signature
    count: int = 0
    new: int = 0
    stacks: int = 0
    origins: dict[Origin, int] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)
    example: tuple[str, str] = ("", "")
    findings: tuple[Finding, ...] | None = None


@dataclass(slots=True)
class Clustering:
    """What came out. ``crashes``: of this run; ``gaps``: what was no crash, by name."""

    clusters: list[Cluster] = field(default_factory=list)
    crashes: int = 0
    stacks: int = 0
    size: int = 0
    gaps: list[tuple[str, str]] = field(default_factory=list)
    lost: int = 0
    members: list[tuple[str, str]] = field(default_factory=list)


def _start(ids: bool) -> None:
    _batchers[:] = [Batcher(ids)]


def _batch(work: Work) -> Batch:
    return _batchers[0].batch(work)


def _lost(work: Work) -> Batch:
    return Batch(gaps=[(work.name, "its reader died twice")], lost=1)


def processes(work: Iterable[Work], ids: bool) -> Iterator[Batch]:
    """The engine of one machine: all its processors."""
    return streamed(_batch, work, start=_start, args=(ids,), lost=_lost)


class Gathering:
    """Collects batches; knows each distinct signature once, and each crash as three numbers."""

    def __init__(self, state: State | None = None, ids: bool = False) -> None:
        self.state = state or State()
        self.gaps: list[tuple[str, str]] = []
        self.lost = 0
        self.size = 0
        self._ids: list[str] | None = [] if ids else None
        self._numbers: dict[bytes, int] = {}
        self._signatures: list[Signature] = []
        self._examples: list[tuple[str, bytes]] = []
        self._origins: dict[Origin, int] = {}
        self._which: list[npt.NDArray[np.int32]] = []
        self._origin: list[npt.NDArray[np.int32]] = []
        self._day: list[npt.NDArray[np.int32]] = []
        self.crashes = 0
        for known in self.state.known:
            self._number(known.signature.digest, known.signature, known.example)

    def _number(self, digest: bytes, signature: Signature, example: tuple[str, bytes]) -> int:
        number = self._numbers.setdefault(digest, len(self._signatures))
        if number == len(self._signatures):
            self._signatures.append(signature)
            self._examples.append(example)
        return number

    def add(self, batch: Batch) -> None:
        """Take the crashes of a batch."""
        for digest, (signature, name, text) in batch.fresh.items():
            self._number(digest, signature, (name, text))
        here = np.array([self._numbers[d] for d in batch.digests], np.int32)
        there = np.array(
            [self._origins.setdefault(o, len(self._origins)) for o in batch.origins], np.int32
        )
        if batch.which:
            self._which.append(here[_array(batch.which)])
            self._origin.append(there[_array(batch.origin)])
            self._day.append(_array(batch.day))
        self.crashes += len(batch.which)
        self.size += batch.size
        if self._ids is not None:
            self._ids += batch.ids
        self.note(batch.gaps, batch.lost)

    def note(self, gaps: Sequence[tuple[str, str]], count: int) -> None:
        """Remember what was not read."""
        self.gaps += gaps[: NAMED_GAPS - len(self.gaps)]
        self.lost += count

    def clustering(self) -> tuple[Clustering, State]:
        """The clusters, most crashes first, and the state that goes on from here."""
        which = np.concatenate(self._which) if self._which else np.zeros(0, np.int32)
        counts = np.bincount(which, minlength=len(self._signatures))
        places = self._placed(counts)
        made = self._made(places, counts, which)
        numbers = np.array([made[1][place] for place in places], np.int32)
        members: list[tuple[str, str]] = []
        if self._ids is not None:
            names = [cluster.id for cluster in made[0]]
            members = list(zip(self._ids, [names[n] for n in numbers[which].tolist()], strict=True))
        ranked = sorted(made[0], key=lambda c: (-c.count, c.id))
        known = [
            Known(signature, made[0][number].id, self._examples[at])
            for at, (signature, number) in enumerate(
                zip(self._signatures, numbers.tolist(), strict=True)
            )
        ]
        state = State(known, {c.id: (c.count, c.origins, c.days) for c in ranked})
        stacks = int((counts > 0).sum())
        result = Clustering(ranked, self.crashes, stacks, self.size, self.gaps, self.lost, members)
        return result, state

    def _placed(self, counts: npt.NDArray[np.int64]) -> list[int]:
        """For each signature the place of its cluster's leader; known ones stay where they are."""
        total = len(self._signatures)
        old = len(self.state.known)
        leader_of = {
            known.cluster: place
            for place, known in enumerate(self.state.known)
            if known.cluster == cluster_id(known.signature)
        }
        places = [leader_of[known.cluster] for known in self.state.known]
        leaders = sorted(leader_of.values())
        order = [*leaders, *range(old, total)]
        found = clusters(
            [self._signatures[i] for i in order],
            [int(counts[i]) for i in order],
            founded=len(leaders),
        )
        return [*places, *(order[place] for place in found[len(leaders) :])]

    def _made(
        self, places: Sequence[int], counts: npt.NDArray[np.int64], which: npt.NDArray[np.int32]
    ) -> tuple[list[Cluster], dict[int, int]]:
        number_of: dict[int, int] = {}
        made: list[Cluster] = []
        for at, place in enumerate(places):
            number = number_of.setdefault(place, len(made))
            if number == len(made):
                signature = self._signatures[place]
                cluster = Cluster(cluster_id(signature), signature)
                name, text = self._examples[place]
                cluster.example = name, unpacked(text)
                made.append(cluster)
            made[number].new += int(counts[at])
            made[number].stacks += 1
        for cluster in made:
            cluster.count = cluster.new
            before = self.state.totals.get(cluster.id)
            if before is not None:
                cluster.count += before[0]
                cluster.origins, cluster.days = dict(before[1]), dict(before[2])
        numbers = np.array([number_of[place] for place in places], np.int64)
        if len(which):
            self._count(made, numbers[which])
        return made, number_of

    def _count(self, made: list[Cluster], clusters_of: npt.NDArray[np.int64]) -> None:
        names = list(self._origins)
        for cluster, place, count in _pairs(clusters_of, np.concatenate(self._origin), 0):
            origins = made[cluster].origins
            origins[names[place]] = origins.get(names[place], 0) + count
        for cluster, day, count in _pairs(clusters_of, np.concatenate(self._day), NO_DAY):
            if day != NO_DAY:
                days = made[cluster].days
                days[day] = days.get(day, 0) + count


def _pairs(
    clusters_of: npt.NDArray[np.int64], values: npt.NDArray[np.int32], least: int
) -> Iterator[tuple[int, int, int]]:
    """(cluster, value, how often), in order."""
    joined = (clusters_of << 32) + (values.astype(np.int64) - least)
    found, counts = np.unique(joined, return_counts=True)
    for both, count in zip(found.tolist(), counts.tolist(), strict=True):
        yield both >> 32, (both & 0xFFFFFFFF) + least, count


def cluster_id(leader: Signature) -> str:
    """`c-` and 12 hexadecimal digits of the leader's content."""
    return f"c-{leader.digest.hex()[:12]}"


def unpacked(text: bytes) -> str:
    """The text of an example."""
    return zlib.decompress(text).decode("utf-8", "replace") if text else ""


def _array(values: array[int]) -> npt.NDArray[Any]:
    return np.frombuffer(values, np.int32)
