"""Whether a smaller case still fails for the same reason.

The reason is the cause by its id, as `archfit check` tells it from the output, together
with the phase that failed and, where a link lacks symbols, the symbol; never the exact text.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from archfit.host import experiment, lab_store, slots
from archfit.lab import twins
from archfit.lab.case import Case
from archfit.lab.flag_words import join

#: What stands for the folder of the case, in variables and on the command line.
ROOT = "{root}"
_LINK = re.compile(
    r"link: running |collect2:|linker command failed|undefined reference|\bld(?:\.\w+)?: "
)
_RUN = re.compile(r"^(?:panic: |fatal error: |SIG[A-Z]+: |goroutine \d+ |signal: |runtime: )", re.M)
_COMPILE = re.compile(r"^# \S|: (?:fatal )?error: |^\S+\.(?:go|c|cc|cpp|h|hpp|S):\d+", re.M)
#: Of an output so much is looked at: causes stand at its ends.
_KEPT = 1 << 20


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for all candidates. ``inner``: where the command runs, below the root."""

    home: str
    inner: str
    programs: frozenset[str]
    env: Mapping[str, str]
    timeout: float
    jobs: int
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case ended. ``phase``: load, compile, link, run, or "" for one that went well."""

    cause: str
    phase: str
    symbols: tuple[str, ...]
    message: str
    status: int
    seconds: float
    timed_out: bool
    text: str
    twins: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """What has to stay: the cause, the phase, and of a missing symbol (or "") that it is
    missing, and that its other spelling is there where it was (``twin``)."""

    cause: str
    phase: str
    symbol: str = ""
    twin: bool = False

    def holds(self, seen: Verdict) -> bool:
        """The case shows the same."""
        same = (seen.cause, seen.phase) == (self.cause, self.phase)
        twin = not self.twin or any(row[0] == self.symbol for row in seen.twins)
        return same and twin and (not self.symbol or self.symbol in seen.symbols)


def goal_of(seen: Verdict, cause: str = "") -> Goal:
    """What a first run shows; of missing symbols the one with a twin, else the first."""
    named = [wanted for wanted, _, _ in seen.twins] + list(seen.symbols)
    linked = seen.phase == "link" and named
    symbol = named[0] if linked else ""
    return Goal(cause or seen.cause, seen.phase, symbol, bool(symbol and seen.twins))


def look(case: Case, setting: Setting, goal: Goal | None = None) -> Verdict:
    """Run a case in a free slot, or know from before how it ends.

    With a goal, a case that does not show it is run up to ``setting.tries`` times: a crash
    may come only sometimes. Raises Unavailable when the command can't be started.
    """
    path = os.path.join(setting.home, "tried", case.key())
    known = known_verdict(path)
    if known is not None:
        return known
    with slots.free_slot(os.path.join(setting.home, "slots"), setting.jobs) as slot:
        seen = _run(case, setting, slot)
        for _ in range(setting.tries - 1):
            if goal is None or goal.holds(seen) or seen.timed_out:
                break
            seen = _run(case, setting, slot)
    lab_store.write(path, json.dumps(asdict(seen)).encode())
    return seen


def known_verdict(path: str) -> Verdict | None:
    """One that was written down."""
    data = lab_store.read(path)
    if data is None:
        return None
    row = json.loads(data)
    row["symbols"] = tuple(row["symbols"])
    row["twins"] = tuple(tuple(one) for one in row["twins"])
    return Verdict(**row)


def environment(case: Case, setting: Setting, slot: str) -> dict[str, str]:
    """All that the command sees; what it writes for itself goes into the slot."""
    tree = os.path.join(slot, "tree")
    env = {name: value.replace(ROOT, tree) for name, value in setting.env.items()}
    for name, words in case.env:
        env[name] = join(words).replace(ROOT, tree)
    goflags = env.get("GOFLAGS", "")
    env["GOFLAGS"] = f"{goflags} -work".strip()
    env["GOTMPDIR"] = env["TMPDIR"] = lab_store.folder(slot, "tmp")
    env["LC_ALL"] = "C"
    env["PWD"] = os.path.normpath(os.path.join(tree, setting.inner))
    return env


def _run(case: Case, setting: Setting, slot: str) -> Verdict:
    tree, work = os.path.join(slot, "tree"), os.path.join(slot, "tmp")
    lab_store.remove(work)
    slots.put_tree(tree, case.files, setting.programs)
    env = environment(case, setting, slot)
    argv = [word.replace(ROOT, tree) for word in case.argv]
    argv[0] = shutil.which(argv[0], path=env.get("PATH")) or argv[0]
    done = experiment.run(
        argv,
        cwd=lab_store.folder(tree, setting.inner),
        env=env,
        timeout=setting.timeout,
        merge=True,
    )
    text = done.out.decode("utf-8", "replace").replace(tree, ".").replace(work, "$TMP")
    text = re.sub(r"^WORK=.*\n", "", text, flags=re.M)
    if len(text) > _KEPT:
        text = text[: _KEPT // 2] + text[-_KEPT // 2 :]
    missing = twins.undefined(text) if done.status else []
    work = next(iter(slots.below(work, "go-build")), work)
    there = twins.twins(missing, twins.objects_of(work, tree)) if missing else []
    lab_store.remove(os.path.join(slot, "tmp"))
    if done.timed_out or done.status == 0:
        return Verdict("", "", (), "", done.status, done.seconds, done.timed_out, text)
    told = text + "".join(f"{twin.line}\n" for twin in there)
    cause, message = _cause(told)
    return Verdict(
        cause,
        phase_of(text),
        tuple(missing),
        message,
        done.status,
        done.seconds,
        done.timed_out,
        text[-65536:],
        tuple((one.wanted, one.there, one.where) for one in there),
    )


def _cause(text: str) -> tuple[str, str]:
    """The first answer for a text, and how it is put."""
    import archfit

    findings = archfit.diagnose(text).findings
    return (findings[0].rule, findings[0].message) if findings else ("", "")


def phase_of(text: str) -> str:
    """Which step of a failed command failed, by what it wrote."""
    if _LINK.search(text):
        return "link"
    if _RUN.search(text):
        return "run"
    return "compile" if _COMPILE.search(text) else "load"
