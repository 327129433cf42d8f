"""Which program a script asks for, and whether it is on the host, as facts."""

from __future__ import annotations

from typing import Any

from archfit.facts import binary as b
from archfit.formats import fat, script
from archfit.formats.isa_of_head import isa_of_head
from archfit.formats.magic import recognise
from archfit.model.errors import Denied, Malformed, Unavailable
from archfit.model.fact import Fact, Trust
from archfit.model.image import FileProbe, Image
from archfit.model.scene import Scene

_LINE = "first line"
#: A PE header stands in the first page of any linker's output.
_HEAD = 1024


def _run(image: Image, facts: dict[str, Fact], scene: Scene) -> None:
    found = script.read(image.data)
    if found is None:
        return
    facts["binary.format"] = Fact("script", Trust.HEADER, "#!")
    facts["script.interpreter"] = Fact(found.interpreter, Trust.HEADER, _LINE)
    if found.args:
        facts["script.args"] = Fact(found.args, Trust.HEADER, _LINE)
    facts["script.program"] = Fact(found.program, Trust.HEADER, _LINE)
    facts["script.crlf"] = Fact(found.crlf, Trust.HEADER, _LINE)
    for key, faulty in (
        (b.SCRIPT_BOM, found.bom),
        (b.SCRIPT_CUT, found.cut),
        (b.SCRIPT_UNSPLIT, found.unsplit),
    ):
        if faulty:
            facts[key.name] = Fact(True, Trust.HEADER, _LINE)
    if scene.door is None:
        raise Unavailable(f"the host's facts do not speak of {found.interpreter}")
    if not found.interpreter.startswith("/"):
        raise Unavailable(f"{found.interpreter} depends on the folder it is started in")
    asked = ("script", found.interpreter, found.program)
    resolved = scene.memo.get(asked)
    if resolved is None:
        resolved = _resolved(found, scene)
        scene.remember(asked, resolved)
    facts["script.resolved"] = Fact(resolved, Trust.OBSERVED, "files and PATH of the host")


def _resolved(found: script.Script, scene: Scene) -> dict[str, Any]:
    """The interpreter must be there; if it is `env`, what counts is the program that it starts."""
    if found.program == found.interpreter:
        return _look(found.interpreter, scene)
    if not _there(found.interpreter, scene):
        return {"path": None, "searched": [found.interpreter]}
    if "/" in found.program:
        return _look(found.program, scene)
    paths = scene.door.which(found.program)
    if paths:
        return _look(paths[0], scene)
    for folder in scene.door.env.get("PATH", "").split(":"):
        if folder.startswith("/"):
            _there(f"{folder}/{found.program}", scene)
    return {"path": None, "searched": ["PATH"]}


def _there(path: str, scene: Scene) -> bool:
    """Whether a file is there. Raises Denied when a folder on the way may not be searched."""
    if scene.door.exists(path):
        return True
    try:
        scene.door.read(path, 1)
    except Denied:
        raise
    except Unavailable:
        pass
    return False


def _look(path: str, scene: Scene) -> dict[str, Any]:
    if not _there(path, scene):
        return {"path": None, "searched": [path]}
    out: dict[str, Any] = {"path": path}
    try:
        head = scene.door.read(path, _HEAD)
    except Unavailable:  # it is there and may be executed without being readable
        return out
    form = recognise(head)
    if form:
        out["format"] = {"fat": "macho"}.get(form, form)
    if form == "fat":
        try:
            out["isas"] = list(dict.fromkeys(arch.isa for arch in fat.entries(head)))
        except Malformed:
            return out
        out["os"] = "darwin"
        return out
    known = isa_of_head(head)
    if known is not None:
        out["isa"] = known[1]
        if known[0] is not None:
            out["os"] = known[0]
    return out


PROBE = FileProbe(
    "script",
    ("script",),
    (
        b.FORMAT,
        b.INTERPRETER,
        b.SCRIPT_ARGS,
        b.SCRIPT_PROGRAM,
        b.SCRIPT_CRLF,
        b.SCRIPT_BOM,
        b.SCRIPT_CUT,
        b.SCRIPT_UNSPLIT,
        b.SCRIPT_RESOLVED,
    ),
    _run,
)
