"""Facts files of recorded machines, for `--host`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from archfit.engine.host_facts import gather
from archfit.facts.frozen import freeze
from archfit.host.live import Live
from archfit.host.recorded import Recorded
from archfit.model.rule import Result
from archfit.model.subject import Kind, Subject

RECORDED = Path(__file__).parent / "recorded"


def host_file(
    name: str, folder: Path, changes: dict[str, Any] | None = None, loaders_without: str = ""
) -> Path:
    """A facts file of the recorded machine ``name``, or of this one for `here`, with some
    facts changed."""
    document = json.loads((RECORDED / f"{name}.json").read_text()) if name != "here" else None
    facts, gaps = gather(Live() if document is None else Recorded(document), costly=True)
    frozen: Any = freeze(Result(Subject("host", Kind.HOST, name), facts, (), tuple(gaps)))
    for key, value in (changes or {}).items():
        frozen["facts"][key] = {
            "value": value,
            "trust": "OBSERVED",
            "source": "changed by a test",
        }
    if loaders_without:
        loaders = frozen["facts"]["host.loaders"]
        loaders["value"] = [row for row in loaders["value"] if row["libc"] != loaders_without]
    path = folder / f"{name}.host.json"
    path.write_text(json.dumps(frozen))
    return path
