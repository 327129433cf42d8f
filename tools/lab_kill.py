"""Kill a matrix at random moments, let it go on, and see that it comes to the same result.

    tools/lab_kill.py                      ten kills of 2 releases x gcc x linux/amd64
    tools/lab_kill.py --kills 3 --go 1.26 --case abort,go-nil,c-exit

The reference is a run that nobody disturbed. Before each kill what the lab keeps of cells, and
every other time of programs too, is removed (Go's build cache stays); the run gets SIGKILL at a
moment between its start and the time the reference took; then it is run again to its end. The
digest of its result (`archfit.lab.matrix_document`) has to be that of the reference, and cells
that were whole when it was killed must not have been done again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

#: What is removed before a kill, in turn: so that building is hit, and so that running is.
_FORGOTTEN = (("programs", "cells"), ("cells",))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--go", default="1.26,1.27")
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--target", default="linux/amd64")
    parser.add_argument("--case", default="")
    parser.add_argument("--seed", type=int, default=8)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    cache = Path(tempfile.mkdtemp(prefix="archfit-lab-kill-"))
    try:
        return _all(args, chance, cache)
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def _all(args: argparse.Namespace, chance: random.Random, cache: Path) -> int:
    _share_go(cache)
    _run(args, cache)  # Go's library is compiled once, and is not part of what is timed
    whole: dict[tuple[str, ...], float] = {}
    for names in _FORGOTTEN:
        _forget(cache, names)
        begin = time.monotonic()
        reference = _run(args, cache)
        whole[names] = time.monotonic() - begin
        print(
            f"reference without {' and '.join(names)}: {len(reference['cells'])} cells,"
            f" {whole[names]:.1f} s, {reference['digest'][:16]}",
            flush=True,
        )
    bad = number = tries = 0
    while number < args.kills and tries < 3 * args.kills:
        tries += 1
        names = _FORGOTTEN[number % 2]
        _forget(cache, names)
        moment = chance.uniform(0.4, whole[names])
        if _ended(args, cache, moment):
            continue  # it was faster this time: that was no kill
        number += 1
        kept = _kept(cache)
        again = _run(args, cache)
        redone = [name for name, when in kept.items() if _kept(cache).get(name) != when]
        same = again["digest"] == reference["digest"]
        bad += not same or bool(redone)
        print(
            f"kill {number:2} after {moment:5.1f} s: {len(kept):3} cells kept,"
            f" {len(redone)} of them done again; {'same result' if same else 'ANOTHER RESULT'}",
            flush=True,
        )
        if not same:
            _differences(reference, again)
    print("all the same" if not bad else f"{bad} of {args.kills} went wrong")
    return 1 if bad or number < args.kills else 0


def _share_go(cache: Path) -> None:
    """Go's build cache is the lab's own: it is Go's business that killing does it no harm."""
    from archfit.host.lab_store import home

    (cache / "lab").mkdir(parents=True)
    (cache / "lab" / "go-build").symlink_to(Path(home()) / "go-build")


def _argv(args: argparse.Namespace) -> list[str]:
    case = ["--case", args.case] if args.case else []
    return [
        *(sys.executable, "-m", "archfit", "lab", "matrix", "crashes", "--quiet"),
        *("--go", args.go, "--cc", args.cc, "--target", args.target, "--format", "json"),
        *case,
    ]


def _env(cache: Path) -> dict[str, str]:
    return {**os.environ, "ARCHFIT_CACHE": str(cache)}


def _run(args: argparse.Namespace, cache: Path) -> dict[str, Any]:
    done = subprocess.run(
        _argv(args), env=_env(cache), capture_output=True, text=True, check=False, cwd=cache
    )
    if not done.stdout:
        sys.exit(f"the matrix ended with {done.returncode}: {done.stderr}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _ended(args: argparse.Namespace, cache: Path, moment: float) -> bool:
    """True when it had ended before."""
    run = subprocess.Popen(
        _argv(args), env=_env(cache), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=cache,
    )  # fmt: skip
    try:
        run.wait(moment)
        return True
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
        run.wait()
        return False


def _forget(cache: Path, names: tuple[str, ...]) -> None:
    for name in names:
        shutil.rmtree(cache / "lab" / name, ignore_errors=True)


def _kept(cache: Path) -> dict[str, int]:
    cells = (cache / "lab" / "cells").glob("*/*/outcome.json")
    return {str(path): path.stat().st_mtime_ns for path in cells}


def _differences(one: dict[str, Any], other: dict[str, Any]) -> None:
    for old, new in zip(one["cells"], other["cells"], strict=True):
        for key in old:
            if old[key] != new[key] and key not in ("seconds", "peak", "text", "output"):
                print(f"  {old['case']} go{old['go']}: {key}: {old[key]} -> {new[key]}")


if __name__ == "__main__":
    sys.exit(main())
