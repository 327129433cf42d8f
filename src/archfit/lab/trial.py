"""A recipe carried out on this machine: what every command said, kept with what it was given."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from time import time_ns
from typing import Any

from archfit.host import experiment, lab_store
from archfit.lab import catalogue
from archfit.lab.recipe import Recipe, Step, Variant, copied
from archfit.lab.tool_names import Tools
from archfit.model.errors import Malformed, Unavailable

#: Characters of each stream of a command that are kept.
_KEPT = 1 << 18
#: Of the user's environment a recipe sees these alone, so that its result is not the user's.
_PASSED = (
    *("PATH", "HOME", "TMPDIR", "USER", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("GOCACHE", "GOPATH", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOAUTH"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
#: What a script of a recipe says and returns when this machine does not allow what it needs.
_NOT_ALLOWED, _SKIPPED = "archfit-lab: ", 77


@dataclass(frozen=True, slots=True)
class Said:
    """One command and its answer. ``status``: -N when signal N killed it."""

    step: str
    kind: str
    argv: tuple[str, ...]
    status: int
    out: str
    err: str
    seconds: float
    timed_out: bool = False

    @property
    def text(self) -> str:
        """Both streams."""
        return f"{self.out}\n{self.err}" if self.out and self.err else self.out or self.err


@dataclass(frozen=True, slots=True)
class Trial:
    """One variant of a recipe, carried out. ``gap``: why it was not run, or "".

    ``failed``: the build step that failed, or "". ``digest``: of the recipe and its sources;
    ``tools``: name -> version; ``date``: ISO 8601, UTC; ``folder``: where it was carried out.
    """

    recipe: str
    variant: str
    digest: str
    date: str
    said: tuple[Said, ...] = ()
    gap: str = ""
    failed: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    #: rule, message and by of the cause that was found when it failed; {} when none was sought.
    cause: Mapping[str, str] = field(default_factory=dict)

    def of(self, step: str) -> Said:
        """The answer of a step. Unavailable when it was not carried out."""
        found = next((said for said in self.said if said.step == step), None)
        if found is None:
            raise Unavailable(self.gap or self._stopped() or f"{self.recipe}: no step {step}")
        return found

    def _stopped(self) -> str:
        """Which build step ended it, with the last line that it said."""
        ended = next((said for said in self.said if said.step == self.failed), None)
        if ended is None:
            return ""
        line = (ended.text.strip().splitlines() or ["no answer"])[-1]
        return f"{self.recipe}: the step {ended.step!r} failed: {line[-200:]}"

    @property
    def tries(self) -> tuple[Said, ...]:
        """The repeated steps."""
        return tuple(said for said in self.said if said.kind == "try")


def machine_values() -> dict[str, str]:
    """``$host`` and ``$other``: this machine's ISA and a foreign one, in Go's spelling."""
    own = catalogue.machine().split("/")[1]
    return {"host": own, "other": "arm64" if own != "arm64" else "amd64"}


def carry_out(
    recipe: Recipe,
    variant: Variant,
    runs: int = 1,
    offline: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> Trial:
    """Carry a variant out in its own folder of the lab, each `try` step ``runs`` times.

    What this machine lacks ends it with a ``gap``; it raises nothing for that. The trial is
    kept in the folder as `trial.json`, the commands' answers beside it as text.
    """
    values = {**machine_values(), "once": f"{time_ns():x}"}
    name = variant_name(variant)
    folder = os.path.join(lab_store.home(), "recipes", recipe.id, _slug(name) or "only")
    tools = Tools(offline)
    said: list[Said] = []
    gap = failed = ""
    with lab_store.lock(f"recipe-{recipe.id}-{_slug(name)}"):
        lab_store.remove(folder)
        for path, content in copied(recipe.id, recipe.sources):
            lab_store.write(os.path.join(folder, path), content)
        try:
            for step in recipe.of(variant, values):
                progress(f"{recipe.id} {name}: {step.name}")
                if step.network and offline:
                    raise Unavailable(f"{step.name} needs the network (--offline)")
                for _ in range(runs if step.kind == "try" else 1):
                    said.append(_carried(step, folder, tools))
                    _allowed(said[-1])
                if step.kind == "build" and (said[-1].status or said[-1].timed_out):
                    failed = step.name
                    break
        except Unavailable as error:
            gap = error.why
        now = datetime.now(UTC).isoformat(timespec="seconds")
        trial = Trial(
            recipe.id, name, recipe.digest, now, tuple(said), gap, failed, tools.used, folder
        )
        lab_store.folder(folder)
        for number, answer in enumerate(said):
            path = os.path.join(folder, f"{number:02}-{_slug(answer.step)}.log")
            lab_store.write(path, answer.text.encode())
        keep(trial)
    return trial


def keep(trial: Trial) -> None:
    """Write a trial into its folder, in the place of the one there."""
    lab_store.write(os.path.join(trial.folder, "trial.json"), dump(trial))


def kept(recipe: Recipe, variant: Variant) -> Trial | None:
    """The last trial of a variant on this machine; None when it was never carried out."""
    name = variant_name(variant)
    path = os.path.join(lab_store.home(), "recipes", recipe.id, _slug(name) or "only", "trial.json")
    data = lab_store.read(path)
    return None if data is None else thaw(data, path)


def variant_name(variant: Variant) -> str:
    """The name, this machine's ISA put in."""
    name = variant.name
    for key, value in machine_values().items():
        name = name.replace(f"${key}", value)
    return name


def dump(trial: Trial) -> bytes:
    """As JSON, schema ``archfit.lab-trial/1``."""
    document = {"schema": "archfit.lab-trial/1", **asdict(trial)}
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def thaw(data: bytes, path: str) -> Trial:
    """A trial from what `dump` wrote. Raises Malformed."""
    try:
        table: dict[str, Any] = json.loads(data)
        if table.pop("schema") != "archfit.lab-trial/1":
            raise Malformed(f"{path}: no trial of the lab")
        rows = table.pop("said")
        said = tuple(Said(**{**row, "argv": tuple(row["argv"])}) for row in rows)
        return Trial(**table, said=said)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Malformed(f"{path}: no trial of the lab: {error}") from None


def _carried(step: Step, folder: str, tools: Tools) -> Said:
    argv = [word for raw in step.argv for word in tools.words(raw)]
    env = {key: os.environ[key] for key in _PASSED if key in os.environ}
    env |= {"LC_ALL": "C", "GOTOOLCHAIN": "local", "GOWORK": "off", "GIT_TERMINAL_PROMPT": "0"}
    env |= {"GOFLAGS": "-mod=mod -buildvcs=false", "WORK": folder}
    env |= {key: tools.text(text.replace("{work}", folder)) for key, text in step.env.items()}
    argv = [word.replace("{work}", folder) for word in argv]
    cwd = lab_store.folder(folder, step.cwd)
    done = experiment.run(argv, cwd=cwd, env=env, timeout=step.timeout, limit=_KEPT)
    out, err = (stream.decode("utf-8", "replace") for stream in (done.out, done.err))
    return Said(
        step.name,
        step.kind,
        tuple(argv),
        done.status,
        out,
        err,
        round(done.seconds, 3),
        done.timed_out,
    )


def _allowed(said: Said) -> None:
    """Raises Unavailable when a script says that this machine does not allow what it needs."""
    if said.status == _SKIPPED and _NOT_ALLOWED in said.err:
        raise Unavailable(said.err.split(_NOT_ALLOWED, 1)[1].splitlines()[0])


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")
