"""A run: subjects as given -> results, in order, streamed; trees with all cores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar

from archfit.engine import lab_result
from archfit.engine.examiner import Examiner, count
from archfit.engine.host_facts import HOST_ID, gather
from archfit.engine.registry import chosen
from archfit.engine.settings import Settings
from archfit.facts import host as h
from archfit.facts.frozen import SCHEMA, thaw
from archfit.formats.magic import FIRST_TWO, HEAD, recognise
from archfit.formats.text_pieces import is_text, pieces
from archfit.host import files
from archfit.host.door import Door
from archfit.host.files import reason
from archfit.host.walk import Place, Visit, apart, pseudo_mounts
from archfit.model.errors import ArchfitError, Malformed, Misuse
from archfit.model.fact import Fact
from archfit.model.finding import NotChecked
from archfit.model.image import Window
from archfit.model.report import Tally
from archfit.model.rule import Result
from archfit.model.subject import Kind, Subject

T = TypeVar("T")

#: A NUL in the first so many bytes makes a file no text.
_TEXT_HEAD = 1 << 16

#: A facts file larger than this is not one.
_FACTS_LIMIT = 64 << 20


@dataclass(slots=True)
class Part(Generic[T]):
    """A part of a run: what ``each`` made of its results, and their counts."""

    items: list[T] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


class Run(Generic[T]):
    """Judges subjects against one host.

    ``each`` turns a result into what the report needs of it, in the process where
    it was judged, so that nothing else crosses between processes or stays in memory.
    It returns None for what the report does not show. ``named`` does the same for a
    subject that was given by name instead of met in a tree. ``tally`` grows as the run goes.
    """

    def __init__(
        self,
        settings: Settings,
        door: Door,
        each: Callable[[Result], T | None],
        named: Callable[[Result], T | None] | None = None,
        progress: Callable[[Tally], None] | None = None,
    ) -> None:
        self.settings = settings
        self.tally = Tally()
        self._door = door
        self._each = each
        self._named = named or each
        self._progress = progress or (lambda tally: None)
        self._host: dict[str, Fact] | None = None
        self._host_gaps: list[NotChecked] = []
        self._examiner: Examiner | None = None
        self._given: list[str] = []
        self._mark = ""

    def over(self, names: Sequence[str]) -> Iterator[T]:
        """What ``each`` makes of the subjects, in the order given; none = this host.

        Raises Misuse for an unknown rule or a bad host file, before anything is looked at.
        """
        _ = self.examiner
        if not names:
            yield from self._take(self._host_result())
        for name in names:
            self._mark = self._next_mark(name)
            if name == "-":
                yield from self._take(self._standard_input())
            elif self._door.is_dir(name):
                inside = lab_result.of_folder(self._door, name)
                if inside:
                    self.tally.files += 1
                    yield from self._take(self._path(inside))
                else:
                    yield from self._tree(name)
            else:
                self.tally.files += 1
                yield from self._take(self._path(name))

    # -- one subject ---------------------------------------------------------

    def _take(self, result: Result) -> Iterator[T]:
        count(result, self.tally)
        item = self._named(result)
        if item is not None:
            yield item

    def _next_mark(self, name: str) -> str:
        """What is put behind the ids of a subject that was given before, alone or in a tree."""
        path = self._door.realpath(name).rstrip("/") if name != "-" else name
        before = sum(
            path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/")
            for other in self._given
        )
        self._given.append(path)
        return f"#{before + 1}" if before else ""

    def _host_result(self) -> Result:
        if self.settings.host:
            return self.examiner.judge(Subject(HOST_ID, Kind.HOST, "host"), self.host)
        facts, gaps = gather(self._door, costly=True)
        return self.examiner.judge(Subject(HOST_ID, Kind.HOST, "host"), facts, gaps)

    def _path(self, path: str) -> Result:
        try:
            with files.window(path) as (data, mode):
                return self._data(path, data, mode)
        except ArchfitError as error:
            return _unread(path, error.why, self._mark)

    def _standard_input(self) -> Result:
        try:
            with files.standard_input() as (data, mode):
                return self._data("-", data, mode)
        except ArchfitError as error:
            return _unread("-", error.why, self._mark)

    def _data(self, name: str, data: Window, mode: int) -> Result:
        form = recognise(data[:HEAD])
        if form:
            result = self.examiner.file(name, data, mode, mark=self._mark)
            if result.facts or result.not_checked:
                return result
            return _unread(name, f"{name}: nothing in it can be read as {form}", self._mark)
        if _maybe_facts(data):
            subject, facts = thaw(_json(data))
            own = Subject(subject.id + self._mark, subject.kind, subject.name)
            return self.examiner.judge(own, facts)
        if lab_result.is_result(data):
            return lab_result.result_of(_json(data), name, self._mark)
        if len(data) and is_text(data[:_TEXT_HEAD]):
            return self._diagnosed(name, pieces(data), len(data))
        return _unread(name, f"{name}: {_nothing(data)}", self._mark)

    def text(self, name: str, text: str) -> Result:
        """A text that is already in memory, diagnosed."""
        return self._diagnosed(name, [text], len(text))

    def _diagnosed(self, name: str, parts: Iterable[str], size: int) -> Result:
        """A text needs no host: neither its facts nor an examiner are made for it."""
        from archfit.engine.diagnose import text_result

        rules = chosen(self.settings.select, self.settings.ignore)
        result = text_result(rules, name, parts, size, self._context())
        if not self._mark:
            return result
        own = Subject(result.subject.id + self._mark, Kind.LOG, name)
        findings = tuple(replace(found, subject=own.id) for found in result.findings)
        return replace(result, subject=own, findings=findings)

    def _context(self) -> dict[str, str]:
        """What is known beside a text: the host given with --host, then --context."""
        told = {}
        if self.settings.host:
            told = {"goos": h.OS.of(self.host) or "", "goarch": h.ISA.of(self.host) or ""}
        return {key: value for key, value in (told | dict(self.settings.context)).items() if value}

    # -- the host's side -----------------------------------------------------

    @property
    def host(self) -> dict[str, Fact]:
        """Facts judged against: of ``settings.host`` when given, else of this machine."""
        if self._host is None:
            if self.settings.host:
                self._host = read_host(self.settings.host)
            else:
                from archfit.engine.scenery import inside

                machine = inside(self.settings, self._door)
                self._host, self._host_gaps = gather(machine, costly=False)
        return self._host

    @property
    def examiner(self) -> Examiner:
        """Made once, when the first subject needs it."""
        if self._examiner is None:
            self._examiner = _examiner(self.settings, self._door, self.host)
        return self._examiner

    # -- trees ---------------------------------------------------------------

    def _tree(self, root: str) -> Iterator[T]:
        from archfit.host.pool import ordered_map

        whole: list[Place] = [root]
        parts = ordered_map(
            _examine_here,
            whole,
            start=_start,
            args=self._to_worker(root),
            lost=partial(self._one_by_one, root),
        )
        for part in parts:
            yield from self._add(part)

    def _to_worker(self, root: str) -> tuple[Any, ...]:
        return self.settings, self._door, self.host, self._each, self._mark, root

    def _one_by_one(self, root: str, places: list[Place]) -> tuple[Part[T], list[Place]]:
        """A stretch in which a reader died, file by file: the others lose nothing."""
        from archfit.host.pool import ordered_map

        whole: Part[T] = Part()
        try:
            files, folders = apart(places[0])
        except OSError as error:
            path = places[0] if isinstance(places[0], str) else places[0][0]
            _keep(whole, self._each, _unread(path, reason(error), self._mark))
            return whole, places[1:]
        parts = ordered_map(
            _examine_here,
            files,
            start=_start,
            args=self._to_worker(root),
            lost=partial(_dead, self._each),
            longest=1,
        )
        for part in parts:
            whole.tally.add(part.tally)
            whole.items += part.items
        return whole, folders + places[1:]

    def _add(self, part: Part[T]) -> Iterator[T]:
        self.tally.add(part.tally)
        self._progress(self.tally)
        yield from part.items


def read_host(path: str) -> dict[str, Fact]:
    """Facts of a host from what `archfit facts host` wrote: its facts, or with `--record`
    its answers. Raises Misuse."""
    from archfit.host import recorded

    try:
        with files.window(path) as (data, _):
            document = _json(data)
        if isinstance(document, dict) and document.get("schema") == recorded.SCHEMA:
            return gather(recorded.Recorded(document), costly=True)[0]
        subject, facts = thaw(document)
    except ArchfitError as error:
        raise Misuse(f"--host {path}: {error.why}", "archfit facts host > host.json") from None
    if subject.kind is not Kind.HOST:
        raise Misuse(
            f"--host {path}: facts of a {subject.kind.value}, not of a host",
            "archfit facts host > host.json",
        )
    return facts


def _nothing(data: Window) -> str:
    return "neither a binary, archive or script nor text" if len(data) else "empty"


def _maybe_facts(data: Window) -> bool:
    return data[:1] == b"{" and SCHEMA.encode() in data[:4096]


def _json(data: Window) -> object:
    if len(data) > _FACTS_LIMIT:
        raise Malformed(f"not a facts file: {len(data)} bytes")
    try:
        return json.loads(data[:])
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not a facts file: {error}", "archfit facts host > host.json") from None


def _unread(path: str, why: str, mark: str = "") -> Result:
    subject = Subject(f"file:{path}{mark}", Kind.FILE, path)
    return Result(subject, {}, (), (NotChecked("read", subject.id, why),))


def _examiner(settings: Settings, door: Door, host: dict[str, Fact]) -> Examiner:
    from archfit.engine.scenery import scene

    return Examiner(scene(settings, door, host), settings.select, settings.ignore)


# -- what runs in a worker ----------------------------------------------------


def _examine(
    examiner: Examiner, each: Callable[[Result], T | None], visit: Visit, root: str, mark: str
) -> Part[T]:
    part: Part[T] = Part()
    for path, fd, why in visit:
        if fd < 0:
            _keep(part, each, _unread(path, why, mark))
            continue
        try:
            with files.window_of(fd, path) as (data, mode):
                result = examiner.file(path, data, mode, root, mark)
        except ArchfitError as error:
            result = _unread(path, error.why, mark)
        _keep(part, each, result)
    part.tally.files = visit.files
    return part


def _keep(part: Part[T], each: Callable[[Result], T | None], result: Result) -> None:
    count(result, part.tally)
    item = each(result)
    if item is not None:
        part.items.append(item)


class _Worker:
    """What one worker process holds between tasks."""

    examiner: Examiner
    each: Callable[[Result], object]
    mark: str
    root: str
    pseudo: dict[str, str]


def _start(
    settings: Settings,
    door: Door,
    host: dict[str, Fact],
    each: Callable[[Result], object],
    mark: str,
    root: str,
) -> None:
    import gc

    _Worker.examiner = _examiner(settings, door, host)
    _Worker.each = each
    _Worker.mark = mark
    _Worker.root = root
    _Worker.pseudo = pseudo_mounts()
    # Nothing here makes cycles, and a collector that looks for them costs a tenth of the run.
    gc.disable()


def _examine_here(places: list[Place]) -> tuple[Part[Any], list[Place]]:
    here = _Worker
    visit = Visit(here.root, places, HEAD, FIRST_TWO, recognise, here.pseudo)
    part = _examine(here.examiner, here.each, visit, here.root, here.mark)
    return part, visit.left


def _dead(each: Callable[[Result], T | None], places: list[Place]) -> tuple[Part[T], list[Place]]:
    part: Part[T] = Part()
    part.tally.files = 1
    place = places[0]
    path = place if isinstance(place, str) else place[0] + place[1][0]
    why = "its reader died: the file shrank while it was read"
    _keep(part, each, _unread(path, why))
    return part, []
