"""The facts of one subject, unjudged: what `archfit facts` freezes."""

from __future__ import annotations

import json

from archfit.engine.host_facts import HOST_ID, gather
from archfit.engine.run import Run
from archfit.engine.settings import Settings
from archfit.host.door import Door
from archfit.host.files import replace_with
from archfit.host.recording import Recording
from archfit.model.errors import Misuse
from archfit.model.rule import Result
from archfit.model.subject import Kind, Subject


def facts_of(name: str, settings: Settings, door: Door, record: str = "") -> Result:
    """Facts of ``host``, of a file, or of standard input (``-``).

    ``record``: a file that gets every answer the door gave, for replay elsewhere.
    Raises Misuse for a folder, and for a recording of something that is no host.
    """
    if record and name != HOST_ID:
        raise Misuse("--record goes with the subject `host`", "archfit facts host --record FILE")
    if name == HOST_ID:
        recording = Recording(door) if record else None
        facts, gaps = gather(recording or door, costly=True)
        if recording is not None:
            replace_with(record, json.dumps(recording.document(), indent=1) + "\n")
        return Result(Subject(HOST_ID, Kind.HOST, "host"), facts, (), tuple(gaps))
    if name != "-" and door.is_dir(name):
        raise Misuse(
            f"{name} is a folder; facts are of one subject",
            f"archfit check --format jsonl {name}",
        )
    run: Run[Result] = Run(settings, door, each=lambda result: result)
    return next(run.over([name]))
