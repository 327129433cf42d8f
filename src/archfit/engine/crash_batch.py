"""One piece of crashes, signed: runs in a worker, and gives numbers instead of texts."""

from __future__ import annotations

import re
import zlib
from array import array
from dataclasses import dataclass, field

from archfit.crash.signature import Signature
from archfit.crash.signer import Signer, all_of
from archfit.formats.crash_record import NO_DAY, Record, record
from archfit.formats.text_pieces import pieces
from archfit.host.crash_sources import Work, lines_of
from archfit.model.errors import ArchfitError

#: Characters of an example that are kept.
EXAMPLE = 16 << 10
#: Gaps of one piece that are named; the others are counted.
_NAMED = 20
_TARGET = re.compile(r"(linux|darwin|windows|freebsd)[-_/](amd64|arm64|386|arm)(?![a-z0-9])")
_BY_FILE = (("asm_amd64.s", "amd64"), ("asm_arm64.s", "arm64"), ("\nrax  ", "amd64"))

#: program, version, goos, goarch of a crash; "" for what is not known.
Origin = tuple[str, str, str, str]


@dataclass(slots=True)
class Batch:
    """The crashes of one piece of work.

    ``digests``: its distinct signatures; ``fresh``: those that this worker had not given before,
    with the place of the first crash and its text, packed by zlib. A crash is one entry of
    ``which`` (place in ``digests``), ``origin`` (place in ``origins``) and ``day``; ``ids`` are
    there when asked for. ``gaps``: what was no crash, and why; ``lost`` counts all of them.
    """

    digests: list[bytes] = field(default_factory=list)
    fresh: dict[bytes, tuple[Signature, str, bytes]] = field(default_factory=dict)
    origins: list[Origin] = field(default_factory=list)
    which: array[int] = field(default_factory=lambda: array("i"))
    origin: array[int] = field(default_factory=lambda: array("i"))
    day: array[int] = field(default_factory=lambda: array("i"))
    ids: list[str] = field(default_factory=list)
    gaps: list[tuple[str, str]] = field(default_factory=list)
    lost: int = 0
    size: int = 0


class Batcher:
    """Turns work into batches. ``ids``: keep the id of each crash; ``whole``: every batch has
    all its signatures, as an engine needs that does not keep its workers."""

    def __init__(self, ids: bool = False, whole: bool = False) -> None:
        self._ids = ids
        self._whole = whole
        self._signer = Signer()
        self._given: set[bytes] = set()
        self._batch = Batch()
        self._numbers: dict[bytes, int] = {}
        self._origins: dict[Origin, int] = {}

    def batch(self, work: Work) -> Batch:
        """The batch of a piece of work; what can't be read is a gap in it."""
        self._batch = Batch()
        self._numbers, self._origins = {}, {}
        if self._whole:
            self._given = set()
        try:
            if work.kind == "texts":
                for name, data in work.texts:
                    self._text(name, data)
            else:
                self._lines(work)
        except ArchfitError as error:
            self._gap(work.name, error.why)
        return self._batch

    def _lines(self, work: Work) -> None:
        data = lines_of(work)
        self._batch.size = len(data)
        at = work.start
        for line in data.split(b"\n"):
            if line and not line.isspace():
                try:
                    self._record(record(line), work.name, at)
                except ArchfitError as error:
                    self._gap(f"{work.name}, byte {at}", error.why)
            at += len(line) + 1

    def _record(self, found: Record, source: str, at: int) -> None:
        text = found.text
        if text:
            signature = self._signer.text(text, found.program)
        else:
            signature = self._signer.stack(
                found.stack, found.kind, found.message, found.signal, found.program
            )
            text = "\n".join([f"{found.kind}: {found.message}", *found.stack])
        goarch = found.goarch or _isa(text)
        origin = (found.program, found.version, found.goos, goarch)
        name = found.id or f"{source}, byte {at}"
        self._add(signature, origin, found.day, name, text)

    def _text(self, name: str, data: bytes) -> None:
        text = "".join(pieces(data))
        self._batch.size += len(data)
        try:
            signatures = all_of(text)
        except ArchfitError as error:
            self._gap(name, error.why)
            return
        target = _TARGET.search(name)
        goos, goarch = (target[1], target[2]) if target else ("", _isa(text))
        origin = ("", "", goos, goarch)
        for place, signature in enumerate(signatures, 1):
            which = name if len(signatures) == 1 else f"{name}#{place}"
            self._add(signature, origin, NO_DAY, which, text)

    def _add(self, signature: Signature, origin: Origin, day: int, name: str, text: str) -> None:
        batch = self._batch
        digest = signature.digest
        number = self._numbers.get(digest)
        if number is None:
            number = self._numbers[digest] = len(batch.digests)
            batch.digests.append(digest)
            if digest not in self._given:
                self._given.add(digest)
                shown = text[:EXAMPLE].encode("utf-8", "replace")
                batch.fresh[digest] = (signature, name, zlib.compress(shown, 1))
        place = self._origins.get(origin)
        if place is None:
            place = self._origins[origin] = len(batch.origins)
            batch.origins.append(origin)
        batch.which.append(number)
        batch.origin.append(place)
        batch.day.append(day)
        if self._ids:
            batch.ids.append(name)

    def _gap(self, name: str, why: str) -> None:
        self._batch.lost += 1
        if len(self._batch.gaps) < _NAMED:
            self._batch.gaps.append((name, why))


def _isa(text: str) -> str:
    """Of the registers or the runtime's assembly files, where the text shows them."""
    return next((isa for mark, isa in _BY_FILE if mark in text), "")
