"""A failing build made small: the driver of passes, what it keeps, and its result.

The user's files are read once and never written. All work lies in the lab's cache under
the digest of the case, so that the same command goes on where it was killed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from archfit.host import lab_store, slots
from archfit.lab import flag_words
from archfit.lab.case import (
    BODIES,
    DECLARATIONS,
    FILES,
    FLAGS,
    FOLDERS,
    LINES,
    Case,
    Pass,
    content_key,
)
from archfit.lab.oracle import ROOT, Goal, Setting, Verdict, goal_of, look
from archfit.lab.reduction import Trial, moved, reduced
from archfit.lab.restructure import FOLD, INLINE, MERGE, PROMOTE, Move
from archfit.lab.twins import Twin
from archfit.model.errors import Misuse, Unavailable

#: From the coarse to the fine.
_FIRST_ROUND: tuple[Pass | Move, ...] = (
    *(PROMOTE, BODIES, FOLDERS, FILES, FLAGS, DECLARATIONS),
    *(FILES, FOLD, MERGE, INLINE, LINES),
)
#: Done again while they help; more rounds than these were never needed.
_AGAIN: tuple[Pass | Move, ...] = (FILES, FLAGS, DECLARATIONS, FOLD, MERGE, INLINE, LINES)
_ROUNDS = 4
#: Raised with every change of the passes or of what is kept of a candidate.
_FORM = "2"
#: A first run may take so long; a candidate ten times what the first run took.
_FIRST = 900.0


@dataclass(frozen=True, slots=True)
class Reduction:
    """``first`` and ``last``: the case before and after, each with how it ended.

    ``steps``: (name of the pass, pieces before, pieces after, seconds); ``tried``: cases that
    were run in all, ``resumed``: whether some of them were run before this call.
    """

    first: Case
    last: Case
    before: Verdict
    after: Verdict
    goal: Goal
    steps: tuple[tuple[str, int, int, float], ...]
    tried: int
    resumed: bool
    seconds: float
    inner: str
    programs: frozenset[str]

    @property
    def command(self) -> str:
        """The one command that shows it, in the reduced folder."""
        words = [f"{k}={shlex.quote(flag_words.join(v))}" for k, v in self.last.env]
        line = " ".join([*words, shlex.join(self.last.argv)]).replace(ROOT, "$PWD")
        return f"cd {shlex.quote(self.inner)} && {line}" if self.inner != "." else line

    @property
    def flag_changes(self) -> list[str]:
        """Each flag that was there: `- ...` taken away, `  ...` needed, where it was."""
        left = Counter(map(_without_file, self.last.flags()))
        rows = []
        for flag in self.first.flags():
            needed = left[_without_file(flag)] > 0
            left[_without_file(flag)] -= needed
            rows.append(f"{'  ' if needed else '- '}{flag}")
        return rows

    @property
    def twins(self) -> list[Twin]:
        """Missing names with the other spelling that is there."""
        return [Twin(*row) for row in self.after.twins]


def _without_file(flag: str) -> str:
    """A file may have been renamed."""
    return flag[max(flag.find("#cgo"), 0) :]


def minimise(
    argv: Sequence[str],
    folder: str,
    *,
    environ: Mapping[str, str],
    cause: str = "",
    jobs: int = 2,
    timeout: float = 0.0,
    tries: int = 1,
    plan: Sequence[Pass | Move] = (),
    say: Callable[[str], None] = lambda _text: None,
) -> Reduction:
    """Reduce what ``argv`` does in ``folder`` to the least that fails for the same cause.

    ``cause``: the id it has to be (else what the first run shows); ``timeout``: seconds for
    a candidate (0: ten times the first run, at least 20); ``tries``: runs of a candidate
    that does not show it at once; ``plan``: these passes once, not all while they help.
    Raises Misuse: no command, no folder; Unavailable: the command succeeds, no cause is known
    for its failure, or it fails otherwise in a copy.
    """
    begin = time.monotonic()
    if not argv:
        raise Misuse("no command is given", "archfit lab minimise -- go build ./...")
    root, inner = _root(os.path.abspath(folder))
    files, programs = slots.read_tree(root)
    env, variables = _environment(environ, root)
    first = Case(files, variables, tuple(_moved(word, root) for word in argv))
    names = ",".join(step.name for step in plan)
    digest = lab_store.digest(
        [
            _FORM,
            first.key(),
            inner,
            repr(sorted(env.items())),
            names,
            *_programs(argv, environ),
            cause,
            str(tries),
        ]
    )
    home = lab_store.folder(lab_store.home(), "minimise", digest[:32])
    with lab_store.lock(f"minimise-{digest[:32]}"):
        resumed = not slots.is_empty(os.path.join(home, "tried"))
        say("the command as it is")
        limit = timeout or _FIRST
        setting = Setting(home, inner, programs, env, limit, max(jobs, 1), tries)
        wanted = Goal(cause, "") if cause else None
        before = look(first, setting, wanted)
        goal = _goal(before, cause)
        if not timeout:
            setting = Setting(
                home, inner, programs, env, max(20.0, 10 * before.seconds), max(jobs, 1), tries
            )
        last, steps = _passes(first, setting, goal, plan, say)
        after = look(last, setting, goal)
        tried = slots.count(os.path.join(home, "tried"))
        lab_store.remove(os.path.join(home, "slots"))
    seconds = time.monotonic() - begin
    return Reduction(
        first, last, before, after, goal, steps, tried, resumed, seconds, inner, programs
    )


def _root(folder: str) -> tuple[str, str]:
    """The folder of the outermost module or workspace around it, and the way down from there."""
    if not os.path.isdir(folder):
        raise Misuse(f"{folder}: no such folder")
    real = os.path.realpath(folder)
    found, above = "", real
    while True:
        there = [name for name in ("go.work", "go.mod") if os.path.isfile(f"{above}/{name}")]
        if "go.work" in there or (there and not found):
            found = above
        if os.path.dirname(above) == above:
            break
        above = os.path.dirname(above)
    root = found or real
    return root, os.path.relpath(real, root)


def _environment(
    environ: Mapping[str, str], root: str
) -> tuple[dict[str, str], tuple[tuple[str, tuple[str, ...]], ...]]:
    """The environment without the variables that hold flags, and those."""
    names = (*flag_words.VARIABLES, "GOFLAGS")
    moved = {name: _moved(value, root) for name, value in environ.items()}
    flags = tuple((name, tuple(flag_words.split(moved[name]))) for name in names if moved.get(name))
    passing = ("_", "PWD", "OLDPWD", "SHLVL", "TMPDIR", "GOTMPDIR", "COLUMNS", "LINES")
    return {k: v for k, v in moved.items() if k not in (*names, *passing)}, flags


def _moved(text: str, root: str) -> str:
    """With the folder's path, where it stands as a path, as the place of the copy."""
    return re.sub(rf"{re.escape(root)}(?=$|[/\s:;,'\"])", lambda _: ROOT, text)


def _programs(argv: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """What the command and the go command are on this machine: others may fail otherwise."""
    for name in (argv[0], "go"):
        path = shutil.which(name, path=environ.get("PATH"))
        yield lab_store.identity(path) if path else ""


def _goal(before: Verdict, cause: str) -> Goal:
    if before.timed_out:
        raise Unavailable("the command did not end in its time", "give it more with --timeout")
    if before.status == 0:
        raise Unavailable(
            "the command succeeds in a copy of the module: there is nothing to reduce",
            "run it where it fails; a copy has no files from outside of the module",
        )
    if not before.cause:
        said = [line for line in before.text.splitlines() if line.strip()]
        raise Unavailable(
            f"the command fails, but no cause is known for it: {said[-1] if said else 'no output'}"
        )
    if cause and before.cause != cause:
        raise Unavailable(
            f"the command fails for another cause in a copy of the module: {before.cause}: "
            f"{before.message}",
            f"archfit lab minimise --cause {before.cause} ...",
        )
    return goal_of(before, cause)


def _passes(
    case: Case,
    setting: Setting,
    goal: Goal,
    own: Sequence[Pass | Move],
    say: Callable[[str], None],
) -> tuple[Case, tuple[tuple[str, int, int, float], ...]]:
    """All passes in their order, then some again; each one's result is kept on disk."""
    steps: list[tuple[str, int, int, float]] = []
    plan = [(0, step) for step in own or _FIRST_ROUND]
    plan += [] if own else [(number, step) for number in range(1, _ROUNDS) for step in _AGAIN]
    start = ""
    for at, (number, step) in enumerate(plan):
        if number and step is _AGAIN[0]:
            if case.key() == start:
                break  # a whole round changed nothing
            start = case.key()
        begin, size = time.monotonic(), _size(step, case)
        kept = _read_best(setting.home, at)
        if kept is None:
            if isinstance(step, Move):
                kept = moved(step, case, setting, goal, say)
            else:
                kept = reduced(Trial(step, case, setting, goal, say), number > 0 or step is LINES)
            _write_best(setting.home, at, kept)
        if _size(step, kept) < size:
            steps.append((step.name, size, _size(step, kept), time.monotonic() - begin))
        case = kept
    return case, tuple(steps)


def _size(step: Pass | Move, case: Case) -> int:
    """What a step makes less of: its pieces, or the files."""
    return len(case.files) if isinstance(step, Move) else len(step.pieces(case))


def _write_best(home: str, at: int, case: Case) -> None:
    for data in case.files.values():
        path = os.path.join(home, "blobs", content_key(data))
        if lab_store.read(path, 1 << 30) is None:
            lab_store.write(path, data)
    row = {
        "files": {path: content_key(data) for path, data in case.files.items()},
        "env": case.env,
        "argv": case.argv,
    }
    lab_store.write(os.path.join(home, "steps", str(at)), json.dumps(row).encode())


def _read_best(home: str, at: int) -> Case | None:
    data = lab_store.read(os.path.join(home, "steps", str(at)))
    if data is None:
        return None
    row = json.loads(data)
    files: dict[str, bytes] = {}
    for path, digest in row["files"].items():
        blob = lab_store.read(os.path.join(home, "blobs", digest), 1 << 30)
        if blob is None:
            return None
        files[path] = blob
    env = tuple((name, tuple(words)) for name, words in row["env"])
    return Case(files, env, tuple(row["argv"]))
